"""What blendkit sees in a score file: its format, its parts, and what was assumed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blendkit.core import FileSpace, NameRule, path_ids, rows_from_ids
from blendkit.io.file_reader import ColumnNames, file_head, read_found
from blendkit.io.readers.detection_tables import Detections
from blendkit.io.readers.score_table import Table


@dataclass(frozen=True)
class FileSeen:
    """A file as its reader sees it.

    kind: how it is stored; columns: its columns, arrays, tables or names; holds: chunks, windows or detections, and
    rows how many; recordings and classes: their ids, sorted; space: what its scores are, where the format fixes it.
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
    path, names = Path(path), names or ColumnNames()
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
    return FileSeen(
        read.format, read.about, head.kind, head.columns, holds, n, tuple(sorted(recordings)), tuple(sorted(classes)),
        read.space, found.notes,
    )  # fmt: skip
