"""Compare recipes and score files with each other, on the same labelled chunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from blendkit.core import (
    JoinedContents,
    LabelTable,
    ScoreKind,
    Scores,
    Taxonomy,
    all_rows,
    copies_said,
    named_as,
    require_kind,
    require_path,
    same_rows,
    text_hash,
)
from blendkit.errors import BlendkitError, counted, shorten
from blendkit.events import Emit, silent
from blendkit.io import (
    NOT_KNOWN,
    ColumnNames,
    Provenance,
    is_source,
    names_by_file,
    read_labels,
    read_score_file,
    read_taxonomy,
    truth_for,
)
from blendkit.offline.cliffs_of_shares import score_cliffs
from blendkit.offline.comparison import Comparison, LabelledChunks, Rules, compare_scores
from blendkit.offline.offline_files import Place, open_workspaces
from blendkit.offline.score_kinds import refuse_labels, score_kind, unlike_kinds
from blendkit.offline.workspace import Workspaces
from blendkit.recipe import Plan, Recipe, filled_text, make_plan

Source = Scores | Recipe | Path | str


@dataclass(frozen=True)
class Labels:
    """Where the truth comes from, where no recipe among the sources says it. taxonomy: further classes it may name."""

    table: LabelTable | Path | str
    taxonomy: Taxonomy | Path | str | None = None


@dataclass
class SourcesRead:
    """What was read from sources: their scores by name, and the truth of the first one's rows, None without labels.

    hashes and plans: of the recipes; folds: of the first file that has them; taxonomy: of the labels or of the first
    recipe; files: what is known of the scores that were read from files; tuned: the recipes that were tuned, or have
    something fitted, on labelled recordings; partial: tables of detections alone; workspaces: of the recipes.
    """

    scores: dict[str, Scores]
    hashes: dict[str, str]
    folds: dict[str, str]
    truth: LabelledChunks | None
    taxonomy: Taxonomy | None
    notes: list[str]
    files: dict[str, Provenance] = field(default_factory=dict)
    tuned: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    plans: dict[str, Plan] = field(default_factory=dict)
    workspaces: dict[str, Workspaces] = field(default_factory=dict)


def compare(
    sources: Mapping[str, Source] | Sequence[Path | str],
    labels: Labels | LabelTable | Path | str | None = None,
    *,
    names: ColumnNames | None = None,
    overrides: Sequence[str] = (),
    place: Place | None = None,
    rules: Rules | None = None,
    emit: Emit = silent,
) -> Comparison:
    """Compare scores, score files and recipes (from their saved logits) with the first of them.

    labels: needed where no recipe is among the sources. overrides and place: of the recipes. Raises BlendkitError for
    fewer than two sources, a source given twice, sources without labels, and as `compare_scores` does.
    """
    require_kind(sources, (Mapping, list, tuple), "sources", 'give ["first.csv", "second.csv"], or {"name": scores}')
    if len(sources) < 2:
        raise BlendkitError("give at least two sources to compare")
    read = read_sources(sources, labels, names=names, overrides=overrides, place=place, emit=emit)
    if read.truth is None:
        raise BlendkitError("no recipe among the sources says where labels are: give --labels (labels=...)")
    return compare_read(read, read.truth, rules or Rules())


def read_sources(
    sources: Mapping[str, Source] | Sequence[Path | str],
    labels: Labels | LabelTable | Path | str | None = None,
    *,
    names: ColumnNames | None = None,
    overrides: Sequence[str] = (),
    place: Place | None = None,
    emit: Emit = silent,
) -> SourcesRead:
    """Read scores, score files and recipes (from their saved logits), and the labels of the first one's rows.

    Raises BlendkitError for a source given twice, and for labels that match no row.
    """
    if isinstance(sources, Mapping):
        named = {name: (name, source) for name, source in sources.items()}
    else:
        if any(isinstance(s, Scores) for s in sources):
            raise BlendkitError("scores in memory have no names", ['give them by name: {"a": first, "b": second}'])
        for one in sources:
            require_path(one, "a source", "Scores.from_frame(table, space) makes scores of a table in memory")
        twice = [s for s in sources if list(sources).count(s) > 1]
        if twice:
            raise BlendkitError(f"{twice[0]} is given twice")
        named = {str(s): ("", s) for s in sources}
    read = SourcesRead({}, {}, {}, None, None, [])
    path = labels.table if isinstance(labels, Labels) else labels
    for _, source in named.values():
        if isinstance(source, Path | str):
            refuse_labels(source, path)
    given = _read_labels(labels)
    table = given.table if given is not None and isinstance(given.table, LabelTable) else None
    files = [s for _, s in named.values() if isinstance(s, Path | str) and is_source(s)]
    own = dict(zip(map(str, files), names_by_file(files, names or ColumnNames()), strict=True))
    for text, (name, source) in named.items():
        _add(read, text, name, source, own.get(str(source)), table, overrides, place, emit)
    _name_classes(read, given)
    _fill_detections(read)
    if given is not None:
        _label(read, given, next(iter(named)), None if path is None or isinstance(path, LabelTable) else str(path))
    return read


def compare_read(read: SourcesRead, truth: LabelledChunks, rules: Rules) -> Comparison:
    """Compare sources that were read with the first of them."""
    found = compare_scores(read.scores, truth, rules, _members(read, rules))
    notes = (*found.notes, *_kinds(read, truth), *read.notes, *_cliffs(read.scores, truth))
    return replace(
        found,
        notes=notes,
        hashes=read.hashes,
        labelled_rows=int(truth.labelled.sum()),
        measured_on=truth.measured_on,
        same_rows=all(same_rows(truth.rows, s.rows) for n, s in read.scores.items() if n not in read.partial),
        tuned=tuple(read.tuned),
    )


def _members(read: SourcesRead, rules: Rules) -> dict[str, Scores] | None:
    """The members of the first source, with their steps, if it is a recipe of several and a plateau asks for them."""
    own = next(iter(read.scores))
    if rules.crowd is None or rules.crowd.correlation is not None or own not in read.plans:
        return None
    plan = read.plans[own]
    return read.workspaces[own].streams(plan, tuple(plan.members), quiet=True) if len(plan.members) > 1 else None


def _cliffs(scores: dict[str, Scores], truth: LabelledChunks) -> list[str]:
    """Say where a rank blend of the first source with another has a cliff at a share near 0."""
    (first, own), *others = scores.items()
    rows = truth.rows.take(np.flatnonzero(truth.labelled))
    y, every = truth.truth[truth.labelled], np.ones(len(rows), bool)
    at = {n: s.align(rows, truth.classes, source=n, unknown_classes="ignore") for n, s in ((first, own), *others)}
    notes = [score_cliffs(y, every, {first: at[first], n: at[n]}, ranks=True) for n, _ in others]
    return [f"in a rank blend, {text}" for found in notes for text in found]


def _kinds(read: SourcesRead, truth: LabelledChunks) -> list[str]:
    """Say which files are in-sample or out-of-fold, and where such are compared with others."""
    labelled = truth.rows.recording[truth.labelled].tolist()
    found = {own: score_kind(known, labelled) for own, known in read.files.items()}
    each = [f"{own}: {n}" for own, (kind, notes) in found.items() if kind != "unknown" for n in notes]
    found |= {n: ("unknown", []) for n in read.scores if n not in read.files and n not in read.hashes}  # in memory
    if unknown := [own for own, (kind, _) in found.items() if kind == "unknown"]:
        edited = shorten([n for n in unknown if n in read.files and read.files[n].edited])
        each.append(f"{shorten(unknown)}: {NOT_KNOWN}{edited and f': {edited} changed after it was written'}")
    kinds: dict[str, ScoreKind] = {own: kind for own, (kind, _) in found.items()}
    each += copies_said(labelled, JoinedContents(p.contents for p in read.files.values())) if read.files else []
    return [*unlike_kinds({**kinds, **dict.fromkeys(read.tuned, "in-sample")}), *each]


def _add(
    read: SourcesRead, text: str, name: str, source: Source, names: ColumnNames | None, labels: LabelTable | None,
    overrides: Sequence[str], place: Place | None, emit: Emit,
) -> None:  # fmt: skip
    """Read one source under its name, or under the name that the file or recipe holds."""
    if isinstance(source, Scores):
        read.scores[name] = source
        return
    if not isinstance(source, Recipe) and is_source(source):
        file = read_score_file(source, names=names, reach=labels)
        read.folds = read.folds or file.folds
        own = text if (name or file.name) in read.scores else name or file.name
        read.scores[own], read.files[own] = file.scores, file.known
        read.partial += [] if file.whole else [own]
        read.notes += [f"{own}: {n}" for n in file.notes]
        return
    workspaces, recipe = open_workspaces(source, overrides, place, emit, labels=labels)
    workspace, scores = workspaces.output(recipe)
    own = name or recipe.model.name
    own = text if own in read.scores else own
    read.scores[own], read.folds = scores, read.folds or workspace.folds
    read.plans[own], read.workspaces[own] = make_plan(recipe), workspaces
    read.hashes[own] = text_hash(filled_text(read.plans[own]))
    in_sample = workspace.tuned(workspace.around.files) or workspace.seen(read.plans[own])
    read.tuned += [own] if in_sample else []
    read.truth = read.truth or LabelledChunks.of(workspace)
    read.taxonomy = read.taxonomy or workspace.around.taxonomy
    read.notes += [f"{own}: {n}" for n in workspace.notes]


def _read_labels(labels: Labels | LabelTable | Path | str | None) -> Labels | None:
    given = labels if isinstance(labels, Labels) or labels is None else Labels(labels)
    if given is None or isinstance(given.table, LabelTable):
        return given
    return replace(given, table=read_labels(given.table))


def _fill_detections(read: SourcesRead) -> None:
    """Give tables of detections the rows of the first other source: what they do not name was not detected."""
    whole = next((s for n, s in read.scores.items() if n not in read.partial), None)
    if whole is None:
        return
    for name in read.partial:
        own = read.scores[name]
        rows = named_as(own.rows, whole.rows)
        lacking = len({*whole.rows.ids()} - {*rows.ids()})
        if 0 < lacking < len(whole):
            rows = all_rows([rows, whole.rows])
            read.scores[name] = own.align(rows, own.classes, source=name, missing_rows="nothing")
            count = counted(lacking, "chunk that it does not name counts", "chunks that it does not name count")
            read.notes.append(f"{name}: {count} as nothing found")


def _name_classes(read: SourcesRead, labels: Labels | None) -> None:
    """Give columns that no recipe made the ids of their classes, by the taxonomy of the labels or of a recipe."""
    given = labels and labels.taxonomy
    taxonomy = given if isinstance(given, Taxonomy) else read_taxonomy(given) if given else read.taxonomy
    known = {c for n in read.hashes for c in read.scores[n].classes}
    known |= labels.table.classes if labels is not None and isinstance(labels.table, LabelTable) else set()
    for name in [n for n in read.scores if n not in read.hashes]:
        read.scores[name], notes = read.scores[name].known_to(taxonomy or Taxonomy({}), known, source=name)
        read.notes += [f"{name}: {n}" for n in notes]


def _label(read: SourcesRead, labels: Labels, what: str, path: str | None) -> None:
    """Take the truth from labels that were given, in place of a recipe's own."""
    first = next(iter(read.scores.values()))
    also = {c for scores in read.scores.values() for c in scores.classes}
    taxa = labels.taxonomy or read.taxonomy
    try:
        known = truth_for(labels.table, first.rows, first.classes, taxa, what, path=path, also=also)
    except BlendkitError as error:
        own = Path(what) / "recipe.yaml"
        ways = [f"{what} holds a run; compare its recipe {own}, if that has rows with labels"] if own.is_file() else []
        raise BlendkitError(error.title, [*error.problems, *ways]) from error
    read.notes += known.notes
    scored = set(first.rows.recordings())
    for name, scores in list(read.scores.items())[1:]:
        if lacking := [r for r in scores.rows.recordings() if r not in scored]:
            who = counted(len(lacking), "recording", "recordings")
            read.notes.append(f"{name}: {who} that {what} lacks left out: {shorten(lacking, 3)}")
    contents = JoinedContents(p.contents for p in read.files.values())
    read.truth = LabelledChunks(first.rows, first.classes, known.values, known.labelled, read.folds, contents)
    read.taxonomy = known.taxonomy if known.taxonomy.table else read.taxonomy
