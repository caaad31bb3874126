"""The answers of a review: what people wrote into its table or its Raven selections."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from blendkit.core import json_value
from blendkit.detecting.review_table import (
    ANSWER,
    CLIP,
    RAVEN,
    SEAL,
    TABLE,
    ReviewClips,
    edited_cells,
    read_clips_table,
)
from blendkit.errors import BlendkitError, shorten
from blendkit.io import meaning_of, open_table, plain_name
from blendkit.store import last_seal

_ANSWER_COLUMNS = (ANSWER.lower(), "annotation", "annotations")
_SHOWN = 10  # problems


def read_answered(path: Path) -> tuple[ReviewClips, tuple[str, ...]]:
    """Return the clips of a review with their answers, and notes.

    path: the table; or the folder of a review, whose table and Raven selections both count. Raises BlendkitError for
    answers that are none, that contradict each other, or of clips that the table lacks, all at once.
    """
    table = path / TABLE if path.is_dir() else path
    if not table.is_file():
        raise BlendkitError(f"{table}: no such file", ["give the folder that `blendkit review` wrote, or its table"])
    clips, notes = read_clips_table(table)
    _require_as_drawn(table, clips)
    if not path.is_dir():
        return clips, notes
    found = dict(zip(clips.clip, clips.answer, strict=True))
    problems: list[str] = []
    count = 0
    for file in sorted((path / RAVEN).rglob("*.txt")):
        for line, clip, text in _answers_of(file):
            answer, where = meaning_of(text), f"{file.relative_to(path).as_posix()}, line {line}"
            before = found.get(clip)
            if answer is None or before is None:
                wrong = f"answer {text!r}, expected y, n or u" if answer is None else f"clip {clip!r} is not in {TABLE}"
                problems.append(f"{where}: {wrong}")
            elif before and before != answer:
                problems.append(f"{where}: {clip} is answered {answer} here and {before} elsewhere")
            else:
                count += not before
                found[clip] = answer
    if problems:
        raise BlendkitError(f"{path}: {len(problems)} answers cannot be taken", problems[:_SHOWN])
    said = (f"{count} answers come from Raven selections",) if count else ()
    return replace(clips, answer=tuple(found[c] for c in clips.clip)), (*notes, *said)


def _require_as_drawn(table: Path, clips: ReviewClips) -> None:
    """Raise BlendkitError naming edited cells beside the answers, where the folder says what was drawn."""
    try:
        drawn = json_value(last_seal(table.parent, SEAL).read_text(encoding="utf-8"))["drawn"]
        edited = edited_cells(clips, drawn)
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return  # a table by itself, or of an earlier blendkit
    if edited:
        ways = "undo these edits: only answers are read from this table, and the others say what they stand for"
        raise BlendkitError(f"{table}: {len(edited)} cells were edited", [*edited[:_SHOWN], ways])


def _answers_of(file: Path) -> list[tuple[int, str, str]]:
    """Return (line, clip, answer) of every answered selection of a Raven table."""
    frame, _ = open_table(file, "this selection table")
    plain = {plain_name(c)[0]: c for c in frame.columns}
    columns = [plain[c] for c in _ANSWER_COLUMNS if c in plain]
    if CLIP.lower() not in plain or not columns:
        raise BlendkitError(f"{file}: no column {CLIP}, or none of {shorten(_ANSWER_COLUMNS)}",
                            [f"has {shorten(frame.columns, 16)}"])  # fmt: skip
    texts = [
        next((t.strip() for t in cells if t.strip()), "") for cells in zip(*(frame[c] for c in columns), strict=True)
    ]
    clips = frame[plain[CLIP.lower()]]
    return [(int(n), c.strip(), t) for n, c, t in zip(frame.index, clips, texts, strict=True) if t]
