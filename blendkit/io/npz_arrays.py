"""Arrays of NPY and NPZ files, whose headers are checked before anything is read: files of others may be crafted."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from blendkit.errors import BlendkitError, shorten
from blendkit.io.file_kinds import why_unreadable
from blendkit.store import BROKEN_NPZ, ArrayHeader, archive_problems, read_header, read_values


def npz_headers(path: Path) -> dict[str, ArrayHeader]:
    """Return the header of every array of an NPZ, by name. Raises BlendkitError for a file that is none."""
    with _opened(path) as archive:
        found = {}
        for info in archive.infolist():
            if info.filename.endswith(".npy"):
                with archive.open(info) as file:
                    found[info.filename.removesuffix(".npy")] = read_header(file)
        return found


def only_matrix(headers: Mapping[str, ArrayHeader], rows: str | None, classes: str | None) -> str | None:
    """Return the one table of numbers, if it has a row per row id and a column per class; None of several."""
    sizes = [headers[n].shape for n in (rows, classes) if n is not None and n in headers]
    shape = tuple(s[0] for s in sizes if len(s) == 1)
    tables = [n for n, h in headers.items() if len(h.shape) > 1 and h.dtype.kind in "fiub"]
    fits = [n for n in tables if len(shape) == 2 and tuple(headers[n].shape) == shape]
    return fits[0] if fits == tables and len(fits) == 1 else None


def read_npz_arrays(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return arrays of an NPZ by name.

    Raises BlendkitError, before anything is read, for pickled arrays, for sizes that contradict their shape, and for
    arrays above 1 GiB that were packed more than a hundredfold; all of them at once.
    """
    with _opened(path) as archive:
        problems = [f"{n}: {p}" for n in names for p in archive_problems(archive, n)]
        if problems:
            raise BlendkitError(f"{path.name}: cannot read this NPZ (pickled arrays are refused)", [shorten(problems)])
        out = {}
        for name in names:
            with archive.open(f"{name}.npy") as file:
                out[name] = read_values(file)
    return out


def read_npy(path: Path) -> NDArray[Any]:
    """Return the array of an NPY file. Raises BlendkitError for a pickled one, and for a size that contradicts it."""
    try:
        with path.open("rb") as file:
            header = read_header(file)
            problems = header.problems(path.stat().st_size - file.tell())
            if problems:
                raise BlendkitError(f"{path.name}: cannot read this NPY", problems)
            file.seek(0)
            return read_values(file)
    except (OSError, ValueError, EOFError) as error:
        raise BlendkitError(f"{path.name}: cannot read this NPY", [why_unreadable(path, error)]) from error


def array_texts(values: NDArray[Any]) -> list[str]:
    """Return the cells of an array of any shape as str."""
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values.ravel().tolist()]


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with path.open("rb") as file:
            if file.read(6) == b"\x93NUMPY":
                raise ValueError("it holds one bare array; save it with its row ids and classes by np.savez")
        with zipfile.ZipFile(path) as archive:
            yield archive
    except BROKEN_NPZ as error:
        raise BlendkitError(f"{path.name}: cannot read this NPZ", [why_unreadable(path, error)]) from error
