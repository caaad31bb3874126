"""Whether a file still is as it was written: what it says of its scores was said of these alone."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.store import file_hash

_HASHES = 64  # of the files that one command asks several things of


def hash_now(path: Path) -> str:
    """Return the SHA-256 of a file; one that did not change since is hashed once."""
    stat = path.stat()
    return _hash(path.resolve(), stat.st_size, stat.st_mtime_ns)


def same_as_written(path: Path, sha256: str) -> bool:
    """Return whether a file has the content of a hash, by whatever line ends, which git and editors change."""
    stat = path.stat()
    return hash_now(path) == sha256 or _hash_of_lines(path.resolve(), stat.st_size, stat.st_mtime_ns) == sha256


@lru_cache(_HASHES)
def _hash(path: Path, size: int, changed: int) -> str:
    return file_hash(path)


@lru_cache(_HASHES)
def _hash_of_lines(path: Path, size: int, changed: int) -> str:
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def array_marks(arrays: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    """Return the CRC-32 that each array will have in an NPZ, which a ZIP's list of files holds."""
    found = {}
    for name, values in arrays.items():
        crc = _Crc()
        np.lib.format.write_array(crc, values, allow_pickle=False)
        found[name] = crc.value
    return found


def archived_marks(archive: zipfile.ZipFile) -> dict[str, int]:
    """Return the CRC-32 of each array of an NPZ, without reading it."""
    return {i.filename.removesuffix(".npy"): i.CRC for i in archive.infolist()}


class _Crc:
    """A file that keeps nothing but the CRC-32 of what is written."""

    def __init__(self) -> None:
        self.value = 0

    def write(self, data: bytes) -> int:
        """Take some bytes, and return how many."""
        self.value = zlib.crc32(data, self.value)
        return len(data)
