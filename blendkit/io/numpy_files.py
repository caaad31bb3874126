"""Arrays of NPY and NPZ files, whose headers are checked before anything is read: files of others may be crafted."""

from __future__ import annotations

import math
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError, shorten
from blendkit.io.file_kinds import why_unreadable

UNPACKED = 1 << 30  # bytes that any array in an NPZ may have, however small the file is
PACKED_FOLD = 100  # a larger array may have so many times its packed size: scores never pack that well


@dataclass(frozen=True)
class ArrayHeader:
    """What an array says of itself: its shape, whether its columns follow each other (not its rows), and its type."""

    shape: tuple[int, ...]
    by_columns: bool
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        return "(pickled)" if self.dtype.hasobject else f"{self.shape}"

    @property
    def size(self) -> int:
        """Bytes of its values."""
        return math.prod(self.shape) * self.dtype.itemsize


def npz_headers(path: Path) -> dict[str, ArrayHeader]:
    """Return the header of every array of an NPZ, by name. Raises BlendkitError for a file that is none."""
    with _opened(path) as archive:
        found = {}
        for info in archive.infolist():
            if info.filename.endswith(".npy"):
                with archive.open(info) as file:
                    found[info.filename.removesuffix(".npy")] = _header(file)
        return found


def read_npz_arrays(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return arrays of an NPZ by name.

    Raises BlendkitError, before anything is read, for pickled arrays, for sizes that contradict their shape, and for
    arrays above 1 GiB that were packed more than a hundredfold; all of them at once.
    """
    with _opened(path) as archive:
        infos = {n: archive.getinfo(f"{n}.npy") for n in names}
        problems = []
        for name, info in infos.items():
            with archive.open(info) as file:
                header = _header(file)
                problems += [f"{name}: {p}" for p in _problems(header, info.file_size - file.tell())]
            most = max(UNPACKED, PACKED_FOLD * info.compress_size)
            if info.file_size > most:
                problems.append(f"{name}: unpacks {info.compress_size} bytes to {info.file_size}, at most {most}")
        if problems:
            raise BlendkitError(f"{path.name}: cannot read this NPZ (pickled arrays are refused)", [shorten(problems)])
        out = {}
        for name, info in infos.items():
            with archive.open(info) as file:
                out[name] = _array(file)
        return out


def read_npy(path: Path) -> NDArray[Any]:
    """Return the array of an NPY file. Raises BlendkitError for a pickled one, and for a size that contradicts it."""
    try:
        with path.open("rb") as file:
            header = _header(file)
            problems = _problems(header, path.stat().st_size - file.tell())
            if problems:
                raise BlendkitError(f"{path.name}: cannot read this NPY", problems)
            file.seek(0)
            return _array(file)
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
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, NotImplementedError) as error:
        raise _unreadable(path, error) from error
    except (zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> BlendkitError:
    return BlendkitError(f"{path.name}: cannot read this NPZ", [why_unreadable(path, error)])


def _header(file: IO[bytes]) -> ArrayHeader:
    """Read an array's header up to its values. Raises ValueError if it is none."""
    try:
        version = np.lib.format.read_magic(file)
        read: Any = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # headers of Python 2 are read all the same
            return ArrayHeader(*read(file))
    except Exception as error:  # a header is Python source, and numpy lets every error of its parser out
        raise ValueError(f"its header cannot be read: {error}") from error


def _problems(header: ArrayHeader, there: int) -> list[str]:
    if header.dtype.hasobject:
        return ["a pickled array, which is never loaded"]
    if header.size != there:
        return [f"its header says {header.dtype} {header}, which is {header.size} bytes; {there} follow"]
    return []


def _array(file: IO[bytes]) -> NDArray[Any]:
    """Read an array whose header was checked."""
    header = _header(file)
    data = file.read(header.size)
    if len(data) != header.size:
        raise ValueError(f"it ends after {len(data)} of {header.size} bytes")
    return np.ndarray(header.shape, header.dtype, data, order="F" if header.by_columns else "C")
