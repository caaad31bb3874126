"""What blendkit sees in a score file: its format, its parts, and what was assumed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blendkit.core import FileSpace, NameRule, path_ids, rows_from_ids
from blendkit.io.file_reader import ColumnNames, file_head, read_found
from blendkit.io.provenance import known_space
from blendkit.io.readers.detection_tables import Detections
from blendkit.io.readers.score_table import Table
from blendkit.io.score_places import score_file
from blendkit.store import LogitStore, is_store


@dataclass(frozen=True)
class FileSeen:
    """A file as its reader sees it.

    kind: how it is stored; columns: its columns, arrays, tables or names; holds: chunks, windows or detections, and
    rows how many; recordings and classes: their ids, sorted; space: what its scores are, where the format fixes it or
    blendkit wrote it beside them.
    """

    format: str
    about: str
    kind: str
    columns: tuple[str, ...]
    holds: str
    rows: int
    recordings: tuple[str, ...]
    classes: tuple[str, ...]
    space: FileSpace
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        parts = f"{self.rows} {self.holds}, {len(self.recordings)} recordings, {len(self.classes)} classes"
        return f"FileSeen({self.format}: {parts})"


def look_into(path: Path | str, names: ColumnNames | None = None) -> FileSeen:
    """Read a score file, and say which format fits and what it holds. Raises BlendkitError as `read_scores` does."""
    given, names = Path(path), names or ColumnNames()
    path = score_file(given)
    if is_store(path):
        return _store_seen(path)
    head = file_head(path)
    read = read_found(path, names)
    found = read.found
    if isinstance(found, Table):
        rows = rows_from_ids(found.row_ids, names.chunk_s, NameRule())
        holds, n, recordings, classes = "chunks", len(found.row_ids), set(rows.recordings()), set(found.classes)
    else:
        detected = isinstance(found, Detections)
        holds, n = "detections" if detected else "windows", len(found.recording)
        recordings = set(path_ids(found.recording).values())
        classes = set(found.label) if isinstance(found, Detections) else set(found.classes)
    space = known_space(path, "unknown") if read.space == "unknown" else read.space
    said = () if path == given else (f"of a run's folder {path.name} is read",)
    return FileSeen(
        read.format, read.about, head.kind, head.columns, holds, n, tuple(sorted(recordings)), tuple(sorted(classes)),
        space, (*said, *found.notes),
    )  # fmt: skip


def _store_seen(path: Path) -> FileSeen:
    store = LogitStore.open(path)
    held = store.recordings()
    return FileSeen(
        "store", "Logits that `blendkit score` or `blendkit run` saved.", "folder",
        tuple(sorted(p.name for p in path.iterdir())), "chunks", sum(s.chunks for s in held.values()),
        tuple(sorted(held)), store.classes, "logit", tuple(store.notes),
    )  # fmt: skip
