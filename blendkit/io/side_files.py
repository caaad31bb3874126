"""Files beside a matrix that name its rows and classes: `<stem>_rows.csv`, `row_ids.txt`, `<stem>_classes.txt` ..."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blendkit.errors import BlendkitError, shorten
from blendkit.io.npz_arrays import array_texts, read_npy
from blendkit.io.text_tables import open_table

_ROWS = ("rows", "row_ids", "ids")
_CLASSES = ("classes", "class_names", "labels")
_SUFFIXES = (".csv", ".tsv", ".txt", ".npy")
_HEADERS = {"row_id", "row_ids", "rows", "class", "classes", "label", "labels", "primary_label", "scientific_name"}


def side_names(matrix: Path, of: str, given: str | None) -> list[str]:
    """Return the row ids (`of` rows) or class ids (`of` classes) beside a matrix, one a line, or an NPY of text.

    given: the file's name in the same folder; default: `<stem>_rows.csv`, `rows.txt`, `row_ids.npy` and the like. A
    table of several columns must have one called row_id (class, label). Raises BlendkitError if there is no such file,
    or several.
    """
    found = _found(matrix, of, given)
    if len(found) != 1:
        stems = _ROWS if of == "rows" else _CLASSES
        expected = f"expected {matrix.stem}_{stems[0]}.csv or {stems[0]}.txt; name another with `{of}:` or --{of}"
        seen = f"several could be them: {shorten(p.name for p in found)}" if found else "none such lies beside it"
        raise BlendkitError(f"{matrix.name}: which file names its {of}?", [seen, expected])
    path = found[0]
    if path.suffix.lower() == ".npy":
        return array_texts(read_npy(path))
    frame, _ = open_table(path, f"the {of} of {matrix.name}")
    named = [c for c in frame.columns if c.strip().lower() in _HEADERS]
    if len(frame.columns) > 1 and len(named) != 1:
        raise BlendkitError(
            f"{path.name}: which column names the {of}?", [f"has {shorten(frame.columns)}", "expected one column"]
        )
    if named:
        return [str(v).strip() for v in frame[named[0]]]
    return [str(frame.columns[0]).strip(), *(str(v).strip() for v in frame.iloc[:, 0])]


def _found(matrix: Path, of: str, given: str | None) -> Sequence[Path]:
    if given is not None:
        return [p for p in (matrix.parent / given,) if p.is_file()]
    stems = _ROWS if of == "rows" else _CLASSES
    for named in ([f"{matrix.stem}_{s}" for s in stems], list(stems)):  # those of this very file come first
        there = [matrix.with_name(f"{n}{s}") for n in named for s in _SUFFIXES]
        found = [p for p in there if p.is_file() and p != matrix]
        if found:
            return found
    return []
