"""Matrices that lie in files and are mapped into memory: larger than memory, gone with their last user."""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from blendkit.temporaries import errors_naming

_OFTEN_S = 0.2
_ALIGNED = 64  # bytes: a file of no size cannot be mapped


class MappedMatrices:
    """Makes matrices in files of one folder, which should lie on a disk with room for them.

    Inside its `with` block a thread gives their memory back to the system several times a second: pages that were used
    count as the process's own until then, and whole matrices would seem to fill the memory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()
        self._ended = threading.Event()

    def __enter__(self) -> MappedMatrices:
        threading.Thread(target=self._give_back_often, daemon=True).start()
        return self

    def __exit__(self, *why: object) -> None:
        self._ended.set()

    def _give_back_often(self) -> None:
        while not self._ended.wait(_OFTEN_S):
            self.give_back()

    def new(self, shape: tuple[int, int], dtype: Any) -> NDArray[Any]:
        """Return a class-major matrix (N, C) of zeros.

        Its file has no name once it is mapped, where the system allows that (not on Windows): the disk's room is free
        again when nothing holds the matrix, also after a kill. Raises OSError, which names the file, on a full disk.
        """
        size = max(int(np.prod(shape)) * np.dtype(dtype).itemsize, _ALIGNED)
        path = self._folder / uuid4().hex
        try:
            with errors_naming(path, path), path.open("w+b") as handle:
                _take_room(handle.fileno(), size)
                held = mmap.mmap(handle.fileno(), size)
        finally:
            with suppress(OSError):  # Windows keeps a mapped file; the folder's owner removes it
                path.unlink()
        self._maps.add(held)
        count = int(np.prod(shape))
        return np.frombuffer(held, dtype, count).reshape(shape[::-1]).T

    def holds(self, values: NDArray[Any]) -> bool:
        """Return whether an array lies in one of these matrices."""
        base: Any = values
        while base is not None and not isinstance(base, mmap.mmap):
            base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
        return base is not None and base in self._maps

    def give_back(self) -> None:
        """Give the memory of all matrices back to the system, which reads them again when they are used."""
        for held in list(self._maps):
            if hasattr(mmap, "MADV_DONTNEED"):
                held.madvise(mmap.MADV_DONTNEED)


def _take_room(file: int, size: int) -> None:
    """Let a file have a size, and the disk's room for it: a write to a mapped hole ends the process on a full disk."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:  # macOS and Windows
        os.truncate(file, size)
