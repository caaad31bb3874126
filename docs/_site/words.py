"""What the keys of run.json and timings.json and the files of a store mean; tests hold them to what is written."""

from __future__ import annotations

RUN_JSON = {
    "blendkit": "the version that ran",
    "recipe": "the recipe with every default written out",
    "recipe_sha256": "its hash: equal recipes have equal hashes, whatever their comments and order of keys",
    "inputs": "the SHA-256 of every file that was read, by its name in the data folder",
    "names": "how site, date and hour were read, and for how many recordings",
    "name_rule": "the rule itself, with its deployments; `detect`, `activity` and `review` take it",
    "mode": "`audio`, `template` (no test audio was there) or `tables` (score files alone)",
    "members": "by member: the hash of what made its logits (`made_by`), all that it depends on, and notes",
    "recordings": "by recording: its status, a note, seconds and chunks",
    "left_out": "files that are no recordings, or that a rehearsal did not take",
    "provenance": "what the scores of the submission are and which recordings made them: `read_provenance` reads it",
    "saw_by": "the recordings that each member or fitted step was trained or fitted on, and whether all are known",
    "labels": "the label files that figures are measured on, and the number of labelled rows",
    "streams": "by stream: its space, the classes covered, and the macro-AUC where there are labels",
    "written": "by written stream: file, hash, rows, classes, ties made by writing, uncovered classes, and what it saw",
    "warnings": "what a person should know",
    "files": "the files of the folder that blendkit wrote: these alone a later run replaces",
    "budget": "with a time budget alone: the seconds asked for, and the members, shifts and recordings left out",
}
TIMINGS_JSON = {
    "host": "the name of the machine",
    "python": "the version of Python",
    "cores": "the CPUs that the process could use",
    "threads": "the threads of each model",
    "finished": "date and time of the end",
    "seconds": "of the stages: scored, streams (blending), written",
    "decode_s": "seconds of decoding",
    "resample_s": "seconds of resampling",
    "members": "by member: recordings that were scored now, seconds, and speed",
    "minutes_for_N_recordings_on_K_cores": "the minutes that a test set of N recordings would take on K cores",
    "budget": "with a time budget alone: the seconds asked for, used, and kept in reserve",
}
STORE_FILES = {
    "store.json": "the facts, written once: format, what made the values, classes or features, and their hash",
    "journal-*.jsonl": "one per process: a line per finished part, behind its own hash; no process changes another's",
    "part-*.parquet": "values of some recordings; the name is derived from the content",
    "index-*.parquet": "the lines of parts that were packed into larger ones of about 1,000 recordings",
    "checked.json": "sizes and times of parts whose hash was right; it may be lost",
}
STORE_FACTS = {
    "format": "the version of this format",
    "made_by": "the hash of `about.facts`: of all that the logits depend on beside the audio",
    "classes": "the classes, in the order of their columns",
    "covered": "for each class whether the model scores it",
    "about": "the member, its facts, notes, and what it learned from",
    "sha256": "the hash of the other keys: an edited file is an error",
}
STORE_PART = {
    "recording": "the recording's id",
    "start_s": "where the chunk starts, in seconds",
    "end_s": "where it ends",
    "one per class": "the logits, float32; a part that is not packed yet holds them in one column of lists, `logits`",
}
JOURNAL_LINE = {
    "part": "the file's name, `part-<16 hexadecimal digits>.parquet`; any other is refused",
    "sha256": "its hash",
    "size": "its bytes",
    "changed_ns": "when it was last changed, in nanoseconds",
    "of": "the `made_by` of the store's facts: a line of another store is an error",
    "at": "when the line was written, in nanoseconds since 1970: of two parts with a recording the newer counts",
    "recordings": "by recording: its entry",
}
STORED = {
    "key": "the hash of the recording's file, and the settings of decoding",
    "chunks": "how many rows it has",
    "status": "`ok`, or what was wrong with it",
    "note": "the reason, in words",
    "duration_s": "its length in seconds",
    "content": "hashes of its sound, by which copies and cuts are found",
    "mix": "of a mixed copy: what it is made of",
}
