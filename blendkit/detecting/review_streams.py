"""The streams between which a review looks for disagreement: members of runs, and further sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from blendkit.core import NameRule, Scores, json_value
from blendkit.detecting.opened_source import OpenedSource
from blendkit.errors import BlendkitError
from blendkit.io import AudioFolder, ColumnNames, is_source, read_score_file, split_source
from blendkit.store import LogitStore, is_store

_RUN, _LOGITS = "run.json", "logits"


@dataclass(frozen=True, eq=False)
class Streams:
    """Scores (N, C) of several models on the rows and classes of a source, by name, and what was assumed."""

    scores: dict[str, Scores]
    notes: tuple[str, ...]


def open_streams(opened: OpenedSource, others: Sequence[Path | str], columns: ColumnNames | None) -> Streams:
    """Return the streams of a source and others. A run's folder counts as the members whose logits it saved.

    Rows that a stream lacks get its median there, as detections of nothing do. Raises BlendkitError, with the way out,
    for fewer than two streams.
    """
    found: dict[str, Scores] = {}
    notes = []
    for source in (opened.path, *others):
        members = _members(source)
        for name, scores in (members or _itself(source, opened, columns)).items():
            placed, said = _placed(name, scores, opened)
            found[name if name not in found else str(source)] = placed
            notes += said
        if members:
            notes.append(f"{source}: {', '.join(members)} are compared, the members whose logits this run saved")
    if len(found) < 2:
        ways = ["name further sources after the first, such as the files of the run's `table` members",
                "a run's folder holds the logits of members that listen to audio"]  # fmt: skip
        raise BlendkitError(f"{opened.name}: one stream of scores cannot disagree: {', '.join(found)}", ways)
    return Streams(found, tuple(notes))


def _members(source: Path | str | None) -> dict[str, Scores]:
    """Return the saved logits of a run's members by name; {} for what is no run's folder."""
    folder = Path(str(source))
    if source is None or not (folder / _RUN).is_file():
        return {}
    try:
        members = json_value((folder / _RUN).read_text(encoding="utf-8"))["members"]
        hashes = {str(name): str(about["made_by"])[:12] for name, about in members.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BlendkitError(f"{folder / _RUN}: not the facts of a run", ["run the recipe again"]) from error
    stores = {p.name.rpartition("-")[2]: p for p in (folder / _LOGITS).glob("*") if is_store(p)}
    return {n: LogitStore.open(stores[h]).read(NameRule()) for n, h in hashes.items() if h in stores}


def _itself(source: Path | str | None, opened: OpenedSource, columns: ColumnNames | None) -> dict[str, Scores]:
    if source is opened.path:
        name = opened.name if source is None else split_source(source)[1] or Path(source).resolve().name.split(".")[0]
        return {name: opened.scores}
    if not is_source(str(source)):
        raise BlendkitError(f"{source}: no scores here", ["give runs' folders, stores of logits or score files"])
    file = read_score_file(str(source), "unknown", names=columns, audio=AudioFolder.of(opened.audio or None))
    return {file.name: file.scores}


def _placed(name: str, scores: Scores, opened: OpenedSource) -> tuple[Scores, list[str]]:
    """Return scores on the rows and classes of a source, and a note on rows that they lack."""
    rows, classes = opened.scores.rows, opened.scores.classes
    known, _ = scores.known_to(opened.taxonomy, classes, source=name)
    have = set(scores.rows.ids())
    lacking = sum(i not in have for i in rows.ids())
    if lacking == len(rows):
        raise BlendkitError(f"{name}: holds none of the {len(rows)} chunks of {opened.name}")
    placed = known.align(rows, classes, source=name, unknown_classes="ignore", missing_rows="median")
    if not placed.covered.any():
        raise BlendkitError(f"{name}: scores none of the classes of {opened.name}")
    note = f"{lacking} of {len(rows)} chunks are not in {name}, and get its median there"
    return placed, [note] if lacking else []
