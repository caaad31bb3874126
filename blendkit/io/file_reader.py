"""Readers of score files, told apart by content: what a reader is, and how the one for a file is found."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from blendkit.core import FileSpace
from blendkit.errors import BlendkitError, shorten
from blendkit.io.class_columns import has_row_ids
from blendkit.io.file_kinds import Kind, file_kind, require_whole, why_unreadable
from blendkit.io.packed_files import FAILURES
from blendkit.io.readers.detection_tables import END_COLUMNS, LABEL_COLUMNS, START_COLUMNS, Detections
from blendkit.io.readers.score_table import Table
from blendkit.io.score_places import score_file
from blendkit.io.sqlite_files import open_database
from blendkit.io.text_form import is_number, text_form
from blendkit.io.text_tables import english_columns, plain_name
from blendkit.io.unpacked_size_limits import check_arrow
from blendkit.io.windows_to_chunks import Windowed
from blendkit.registry import READERS, registry
from blendkit.store import STORE_FACTS

MATRIX, FOLDER, PARTS = "matrix", "folder", "parts"
_LISTED = 1000  # names of a folder that are looked at


@dataclass(frozen=True)
class FileHead:
    """What the beginning of a file or folder shows.

    columns: the header of a table, the arrays of an NPZ, the tables of a database and their columns (`table.column`),
    the names in a folder. first: the cells of the first row of a text table. start: the first bytes of a file. why: of
    an unknown kind, what is known of it.
    """

    path: Path
    kind: Kind
    columns: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    start: bytes = b""
    why: str = ""

    @property
    def is_table(self) -> bool:
        """Whether it is one table of rows and columns: text, Parquet or Arrow."""
        return self.kind in ("text", "Parquet", "Arrow")

    @cached_property
    def plain_columns(self) -> frozenset[str]:
        """The columns in lower case, without blanks at their ends; those of another language also in English."""
        return frozenset([c.strip().lower() for c in self.columns]) | frozenset(english_columns(self.columns).values())


@dataclass(frozen=True)
class ColumnNames:
    """Names of the parts of a score file; None: the default. chunk_s: the length of its chunks in seconds.

    classes, score: in a table of detections the columns of labels and scores. array: of an NPZ; format: the reader, by
    name, for a file that several recognise or none.
    """

    rows: str | None = None
    classes: str | None = None
    folds: str | None = None
    chunk_s: float = 5.0
    array: str | None = None
    format: str | None = None
    score: str | None = None


@dataclass(frozen=True)
class Reader:
    """One format. An entry point of the group `blendkit.readers` names an instance.

    about: whose files it reads, in one sentence. recognises: whether a file's beginning is of this format, and of no
    other. read: the file's scores: rows of chunks (`Table`), windows of any length (`Windowed`) or single detections
    (`Detections`); it raises BlendkitError naming what is wrong, and never returns a file's rows in part. space: what
    its scores are, where the format fixes it.
    """

    about: str
    recognises: Callable[[FileHead], bool]
    read: Callable[[Path, ColumnNames], Table | Windowed | Detections]
    space: FileSpace = "unknown"


def file_head(path: Path) -> FileHead:
    """Look at the beginning of a file or folder. Raises BlendkitError if it cannot be read, is empty or is cut off."""
    try:
        kind = file_kind(path)
        if kind == "folder":
            return FileHead(path, kind, tuple(sorted(p.name for p in path.iterdir())[:_LISTED]))
        with path.open("rb") as file:
            start = file.read(1 << 12)
        require_whole(path, kind)
    except (*FAILURES, NotImplementedError) as error:
        raise BlendkitError(f"{path.name}: cannot read this file", [why_unreadable(path, error)]) from error
    if kind != "text":
        return FileHead(path, kind, _inner_names(path, kind), start=start)
    if not start.strip():
        raise BlendkitError(f"{path.name}: this file is empty")
    try:
        form = text_form(path)
    except BlendkitError as error:
        return FileHead(path, "unknown", start=start, why="; ".join(error.problems) or error.title)
    return FileHead(path, "text", form.header, form.first, start)


def find_reader(path: Path, names: ColumnNames) -> tuple[str, Reader]:
    """Return the reader of a file, and its name: the one that is named, else the only one that recognises the file.

    A folder is read by the reader of folders, where the one that is named reads single files.
    A table whose column of row ids is named is a matrix. Raises BlendkitError if no reader fits, or several do.
    """
    readers = registry(READERS)
    if names.format is not None:
        return names.format, _named_reader(path, readers.get(names.format))
    head = file_head(path)
    if names.rows is not None and head.is_table:
        return MATRIX, readers.get(MATRIX)
    found = {n: r for n in readers.names() if (r := readers.get(n)).recognises(head)}
    if len(found) == 1:
        return next(iter(found.items()))
    if found:
        raise BlendkitError(
            f"{path.name}: several formats fit: {', '.join(found)}", ["name the right one with `format:` or --format"]
        )
    if stores := _stores_within(path):
        what = "a store" if len(stores) == 1 else f"{len(stores)} stores"
        ways = [f"name {'it' if len(stores) == 1 else 'one of them'}: {path / stores[0]}"]
        raise BlendkitError(f"{path.name}: this folder holds {what}: {shorten(stores)}", ways)
    shown = head.why or ("it is a folder" if head.kind == "folder" else f"it is a {head.kind} file")
    shown += f" with {shorten(head.columns, 8)}" if head.columns else ""
    problems = [shown, *_lacking(head), "`blendkit formats list` lists what can be read"]
    raise BlendkitError(f"{path.name}: no format fits this file", problems)


def _named_reader(path: Path, reader: Reader) -> Reader:
    """Return the reader that was named; for a folder that it does not know, one of folders, for its files."""
    if not path.is_dir() or reader.recognises(file_head(path)):
        return reader
    of_folders = map(registry(READERS).get, (FOLDER, PARTS))
    return next((r for r in of_folders if r.recognises(file_head(path))), reader)


def _stores_within(path: Path) -> list[str]:
    """Return the names of the stores in a folder that holds nothing else, as a run's `logits`."""
    inside = [p for p in path.iterdir() if not p.name.startswith(".")] if path.is_dir() else []
    return sorted(p.name for p in inside) if all((p / STORE_FACTS).is_file() for p in inside) else []


def _lacking(head: FileHead) -> list[str]:
    """Return what a table of detections or labels lacks to be scores."""
    if head.kind == "text" and head.start.lstrip()[:1] in (b"[", b"{"):
        return ["it looks like JSON, which is read as labels alone: save scores as CSV or Parquet"]
    if head.kind == "text" and len(head.columns) == 1 and len(head.columns[0].split()) > 1:
        return ["its columns seem to be separated by blanks: save it with commas or tabs"]
    if len(head.columns) > 1 and all(has_row_ids([c], {c: c}) for c in head.columns[1:]):
        return ["its columns are row ids: transpose it, so that each row is a chunk and each column a class"]
    if head.is_table and _has_two_headers(head):
        return ["it seems to have two rows of names: keep the one that names recordings, times and classes"]
    if not head.is_table or not head.plain_columns & {*LABEL_COLUMNS, "primary_label", "species"}:
        return _without_window(head)
    if head.plain_columns & set(START_COLUMNS) and not head.plain_columns & {*END_COLUMNS, "duration"}:
        return ["it has labels and start times, but no end times: add a column `end`"]
    named = "a column of scores by another name is read with --format detections --score COLUMN"
    return [f"it seems to hold labels without scores: `labels:` in a recipe and --labels read these; {named}"]


def _has_two_headers(head: FileHead) -> bool:
    """Return whether names are blank or repeated, and most cells of the row below are texts."""
    odd = len(set(head.columns)) < len(head.columns) or "" in head.columns[1:]
    texts = [cell for cell in head.first if cell.strip() and not is_number(cell)]
    return odd and 2 * len(texts) > len(head.first)


def _without_window(head: FileHead) -> list[str]:
    """Say which of file, start and end a table of windows lacks, where it has at least one of the times."""
    plain = {plain_name(c)[0] for c in head.columns}
    has = {"file": plain & {"file", "filename", "recording", "path"}, "start_time": plain & {"start", "start_time"},
           "end_time": plain & {"end", "end_time"}}  # fmt: skip
    lacks = [name for name, found in has.items() if not found]
    if not lacks or not (has["start_time"] or has["end_time"]):
        return []
    return [f"windows are named by file, start_time and end_time (in seconds): add {' and '.join(lacks)}"]


@dataclass(frozen=True, eq=False)
class ReadFile:
    """What a file holds: the name and description of its format, the space of its scores, and what was found."""

    format: str
    about: str
    space: FileSpace
    found: Table | Windowed | Detections


def read_found(path: Path, names: ColumnNames) -> ReadFile:
    """Read a file, or the submission of a run's folder, by the reader that its content or `names.format` tells.

    Raises BlendkitError as readers do, and for a table of chunks without rows: detections alone may be none.
    """
    path = score_file(path)
    used, reader = find_reader(path, names)
    found = reader.read(path, names)
    if isinstance(found, Table) and not found.row_ids:
        raise BlendkitError(f"{path.name}: a header and no rows: there are no scores in it", [f"format: {used}"])
    own = found.space if isinstance(found, Detections) and reader.space == "unknown" else reader.space
    return ReadFile(used, reader.about, own, found)


def _inner_names(path: Path, kind: Kind) -> tuple[str, ...]:
    """Return the columns of a Parquet or Arrow file, the tables of a database, the arrays of an NPZ."""
    try:
        return tuple(_NAMES[kind](path)) if kind in _NAMES else ()
    except (BlendkitError, MemoryError):
        raise
    except Exception:
        return ()


def _parquet_columns(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    names: list[str] = pq.read_schema(path).names
    return names


def _arrow_columns(path: Path) -> list[str]:
    from pyarrow import feather

    check_arrow(path)
    names: list[str] = feather.read_table(path, memory_map=True).column_names
    return names


def _tables(path: Path) -> list[str]:
    with open_database(path) as connection:
        query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
        tables = [str(r[0]) for r in connection.execute(query)]
        columns = [(t, connection.execute("SELECT name FROM pragma_table_info(?)", (t,)).fetchall()) for t in tables]
    return [*tables, *(f"{t}.{c}" for t, found in columns for (c,) in found)]


def _arrays(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]


_NAMES: dict[str, Callable[[Path], Any]] = {
    "Parquet": _parquet_columns, "Arrow": _arrow_columns, "sqlite": _tables, "npz": _arrays,
}  # fmt: skip
