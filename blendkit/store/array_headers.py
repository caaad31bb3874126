"""Arrays in NPY and NPZ files, whose headers are checked before anything is read: files of others may be crafted."""

from __future__ import annotations

import math
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

UNPACKED = 1 << 30  # bytes that any array in an NPZ may have, however small the file is
PACKED_FOLD = 100  # a larger array may have so many times its packed size: scores never pack that well
BROKEN_NPZ = (
    OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


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

    def problems(self, there: int) -> list[str]:
        """Return why it cannot be read from `there` bytes; an empty list if it can."""
        if self.dtype.hasobject:
            return ["a pickled array, which is never loaded"]
        if min(self.shape, default=0) < 0 or self.size != there:
            return [f"its header says {self.dtype} {self}, which is {self.size} bytes; {there} follow"]
        return []


def read_header(file: IO[bytes]) -> ArrayHeader:
    """Read an array's header up to its values. Raises ValueError if it is none."""
    try:
        version = np.lib.format.read_magic(file)
        read: Any = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # headers of Python 2 are read all the same
            return ArrayHeader(*read(file))
    except Exception as error:  # a header is Python source, and numpy lets every error of its parser out
        raise ValueError(f"its header cannot be read: {error}") from error


def read_values(file: IO[bytes]) -> NDArray[Any]:
    """Return an array whose header was checked. Raises ValueError if it ends too early."""
    header = read_header(file)
    data = file.read(header.size)
    if len(data) != header.size:
        raise ValueError(f"it ends after {len(data)} of {header.size} bytes")
    return np.ndarray(header.shape, header.dtype, data, order="F" if header.by_columns else "C")


def archive_problems(archive: zipfile.ZipFile, name: str) -> list[str]:
    """Return why an array of an NPZ is not to be read: pickled, of another size than it says, packed too well."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as file:
        problems = read_header(file).problems(info.file_size - file.tell())
    most = max(UNPACKED, PACKED_FOLD * info.compress_size)
    if info.file_size > most:
        size = f"unpacks {info.compress_size} bytes to {info.file_size}, at most {most}"
        problems.append(f"{size}; if it is your own, save it without compression (np.savez)")
    return problems


def read_npz(path: Path, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Return arrays of an NPZ by name, and those of `optional` that it has.

    Raises one of BROKEN_NPZ, before anything is read, for what is no NPZ, lacks an array (KeyError with its name), or
    has one as `archive_problems` says.
    """
    with zipfile.ZipFile(path) as archive:
        held = set(archive.namelist())
        lacking = [n for n in names if f"{n}.npy" not in held]
        if lacking:
            raise KeyError(lacking[0])
        wanted = [*names, *(n for n in optional if f"{n}.npy" in held)]
        problems = [f"{n}: {p}" for n in wanted for p in archive_problems(archive, n)]
        if problems:
            raise ValueError("; ".join(problems))
        out = {}
        for name in wanted:
            with archive.open(f"{name}.npy") as file:
                out[name] = read_values(file)
    return out
