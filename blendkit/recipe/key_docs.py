"""What every key of a recipe means, in a sentence: for the schema that editors read, and for the page on recipes."""

from __future__ import annotations

KEY_DOCS: dict[str, dict[str, str]] = {
    "RecipeModel": {
        "recipe": "The version of this format: 1.",
        "name": "The recipe's name, which is also the name of its default output folder.",
        "description": "A sentence for people; `blendkit recipes list` shows it.",
        "taxonomy": "Tables of the classes: ids, scientific names, genera, classes. A second table adds names (eBird).",
        "audio": "Folders of recordings below the data folder; the first that holds audio is used.",
        "labels": "Label files that figures are measured on: all whose recordings are scored, together.",
        "template": "A sample submission: it fixes the columns and, where its rows fit, their order; of score files "
        "alone it fixes the rows, too, unless it has none of theirs. null: none.",
        "names": "How site, date and hour are read from the names of recordings.",
        "chunk_s": "Seconds of a chunk, the unit that gets one row of scores.",
        "recording_s": "The true length of recordings in seconds; shorter ones get silence. null: their own.",
        "remainder": "What becomes of the end of a recording that fills no chunk: `pad` it with silence, or `drop` it.",
        "channels": "How one channel is made of several: their mean, the first, the loudest, or one by its number.",
        "silence": "Windows of digital silence: `score` them as all others, or give them the floor.",
        "budget": "The time that a run may take: 90m, 1h30m, or seconds. null: as long as it takes.",
        "tuned_on": "Label files on which weights or values of this recipe were chosen, or `{labels: FILE, recordings: "
        "[...]}` of some of their recordings: figures on them are in-sample.",
        "defaults": "Keys that all members of one `use` have unless they give them themselves.",
        "members": "The sources of scores: models and score files, each under a name of its own.",
        "streams": "Forks of other streams, with steps of their own; nothing is scored twice.",
        "blends": "Several streams made into one.",
        "output": "The stream that becomes the submission.",
        "also": "Further streams to write, each into a file of its own.",
    },
    "MemberModel": {
        "use": "The installed member that gives the scores (`blendkit members list`).",
        "tta": "Test-time augmentation: the mean over the same audio at several shifts in time.",
        "missing_rows": "Rows that the member lacks: an error that lists them, the median of each class, or `nothing`: "
        "what a detector gives where it found nothing.",
        "unknown_classes": "Classes that the run does not have: an error that lists them, or left out.",
        "isolate": "Run the member in a process of its own. null: as its adapter declares.",
        "sha256": "The hash that its file must have, or a mapping of file parameters to hashes.",
        "limit_s": "Seconds that it may take for one recording, in a process of its own. null: by its length.",
        "optional": "A run may leave the member out to keep its time budget.",
        "fill_uncovered": "Scores of the classes that the member does not know; without it they count for nothing.",
        "steps": "What is done to its scores, in this order.",
    },
    "StreamModel": {
        "from": "The stream that it starts from.",
        "fill_uncovered": "Scores of the classes that the stream does not cover.",
        "steps": "What is done to its scores, in this order.",
    },
    "BlendModel": {
        "by": "How streams are blended: by rank, logit, prob, or another blend (`blendkit ops list`).",
        "of": "The streams and their weights, which are relative for most blends.",
        "weights_by": "Weights that differ by group of classes; groups left out use `of`.",
        "mixed": "Allow streams of different spaces where values are blended as they are.",
        "params": "The parameters of the blend itself, such as an exponent.",
        "fill_uncovered": "Scores of the classes that no stream covers.",
        "steps": "What is done to the blend, in this order.",
    },
    "WeightsBy": {
        "class_name": "Weights for taxonomic classes: {Insecta: {a: 1, b: 3}}.",
        "genus": "Weights for genera; a genus goes before its class.",
        "classes": "Weights for lists of classes, which go before all other groups.",
        "split": "Weights that change at a column of the template.",
        "covered_by": "Weights for classes that a member covers (yes) and does not cover (no).",
        "artefact": "File of `search stack`: coefficients for every class, refused on recordings they were fitted on.",
        "allow_seen": "Apply the file also to recordings that it was fitted on. Figures on these are in-sample.",
    },
    "ClassGroup": {"classes": "Ids of the classes.", "of": "The streams and their weights in these classes."},
    "ColumnSplit": {
        "at": "The first column, counted from 0, that has the weights of `after`.",
        "before": "The weights of the columns before it.",
        "after": "The weights from it on.",
    },
    "TTAModel": {
        "shifts_s": "Shifts in seconds; 0 is the unshifted window.",
        "edge": "What stands beyond the ends of a recording, or `drop` for windows that reach beyond them.",
        "weights": "A weight for every shift; none: all alike.",
        "mean": "What is averaged over the shifts: logits or probabilities.",
    },
    "Where": {
        "class_name": "The classes of these taxonomic classes.",
        "classes": "These classes, by id.",
        "covered_by": "The classes that this member covers.",
        "not_covered_by": "The classes that this member does not cover.",
        "top": "The highest covered classes, this many; those that tie with the last count too. Goes with `of`.",
        "of": "Of what the highest are taken: of each chunk, or of each recording by their maximum in it.",
        "not": "All classes but those that this chooses.",
    },
    "Fill": {
        "value": "A constant in the space of the stream.",
        "logit": "A constant logit, turned into the space of the stream.",
        "prior": "A label file: each class gets its rate in it.",
        "congeners": "The mean or the highest score of the covered classes of the same genus.",
        "by_class": "Other values than `value:` for some classes, by class id.",
        "after": "The step (op or id) after which the scores are put in; by default before the first one.",
    },
    "FitLabels": {
        "labels": "The label file to fit on.",
        "folds": "Folds of a cross-fit: no recording gets a fit that saw its labels. 0: one fit for all.",
    },
    "NamesModel": {
        "preset": "A recorder's or an archive's names, or `auto`: the preset that most names fit.",
        "pattern": "A regular expression with the groups site, date, time, offset or epoch, in place of a preset.",
        "tz": "The time zone of names that state none: an IANA name, UTC-5, UTC+05:30 or Z.",
        "report_tz": "The zone in which date and hour are wanted. null: that of the names.",
        "site": "Where the site is read: in the name, or the first folder below the audio folder.",
        "deployments": "A table of recorders and their sites, in place of `site:`.",
    },
}  # by model and key; a key that is missing here fails a test


# Of parameters that several ops or members share. A text is true of all of them; what is special, a docstring says.
_LEVEL = "How far scores move to what relatives of one {} have: 0 leaves the level out"
SHARED_DOCS = {
    **{level: _LEVEL.format(name) for level, name in (
        ("genus", "genus"), ("family", "family"), ("order", "order"), ("class_name", "class"))},
    "sonotypes": "Whether sound types of one genus are relatives (`group`), or none of anything (`skip`)",
    "min_positives": "Classes with fewer chunks that hold them stay as they are, or borrow a map",
    "borrow": "Whether a class in too few chunks gets the map of its taxon, or else of all classes",
    "batch": "Windows that the model scores in one call",
    "input": "The name of the graph's input, where it has several",
    "model": "The file of the model",
    "backbone": "The file of the model whose features the head takes",
    "labels": "The class list of the model",
    "synonyms": "A CSV of two names a line, which are one species; it goes before blendkit's own list",
    "label": "The column of labels in a table of detections",
    "score": "The column of scores in a table of detections",
    "pool": "How windows become chunks: their highest score, their mean by shared time, or what else it names",
    "rate": "The sample rate that the model takes, in Hz",
    "window_s": "Seconds of a window",
    "hop_s": "Seconds from one window to the next",
    "anchor": "Where windows start: at every chunk, at the recording's start, or centred on chunks",
    "normalise": "Whether each window's mean is removed and its peak scaled, as perch-hoplite does",
    "arguments": "Keyword arguments for the function",
    "mix": "What is averaged over folds: probabilities or logits",
    "head": "The file of the head on the features",
    "mel": "The settings of the log-mel picture",
}  # fmt: skip
STEP_DOCS = {
    "id": "A name of its own, where an op occurs twice in a stream.",
    "where": "Act on some classes only.",
    "to": "Convert the stream to this space: logit, prob, rank or unit (numbers from 0 to 1).",
    "as": "Take the numbers of the stream, as they are, for logits or probabilities.",
    "gates": "Several gates of which each cell is edited by the first that selects it.",
    "fit": "Fit the op on labels inside the run: `fit: {labels: FILE, folds: 5}`.",
    "artefact": "A fitted file to apply, as `blendkit fit step` writes it.",
    "allow_seen": "Apply the file also to recordings that it was fitted on. Figures on these are in-sample.",
}
