"""Where samples are kept: in memory, or for long recordings on disk, so that memory use stays flat."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from blendkit.core import Float32
from blendkit.errors import DeliveryError

SAMPLES_PER_BYTE = 1000  # no codec stores silence in less; a header that states more is not believed
LONG_S = 1800.0  # seconds; the samples of a longer recording are on disk while it is scored, not in memory
BLOCK_S = 60  # seconds of a long recording that are read and resampled at a time


class ScratchError(DeliveryError):
    """The folder for temporary files cannot hold the samples: no fault of the recording, so it ends the command."""


@contextmanager
def _room(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        ways = ["the samples of long recordings are kept there while they are scored", "TMPDIR names another folder"]
        raise ScratchError(f"{path}: {error.strerror or error}", ways) from error


def lies_on_disk(count: int, rate: int, scratch: Path | None) -> bool:
    """Return whether `count` samples at `rate` Hz go to a file, which needs a scratch folder."""
    return scratch is not None and count > LONG_S * rate


def block_size(rate: int) -> int:
    """Return how many samples of a long recording are worked on at a time."""
    return BLOCK_S * rate


def release(samples: Float32) -> None:
    """Let go of the memory that the parts of mapped samples took which were read; they stay readable.

    Without it, all of a recording that was read once would count as this process's memory. For samples in memory
    nothing happens.
    """
    mapped = getattr(samples, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


class Kept:
    """Frames (n, channels) float32 that arrive block by block; they move to a file in `scratch` once they are many.

    Nobody has to say beforehand how many there will be: headers lie, and streams do not know.
    """

    def __init__(self, channels: int, rate: int, scratch: Path | None) -> None:
        self.channels, self.rate, self.scratch = channels, rate, scratch
        self.count = 0
        self._blocks: list[Float32] = []
        self._path: Path | None = None

    def append(self, frames: Float32) -> None:
        """Add a block (n, channels); the caller must not write to it afterwards."""
        self._make_room(len(frames))
        self._write(frames)
        self.count += len(frames)

    def skip(self, count: int) -> None:
        """Add `count` frames of silence."""
        self._make_room(count)
        self.count += count
        if self._path is None:
            self._blocks.append(np.zeros((count, self.channels), np.float32))
        else:
            with _room(self._path):
                os.truncate(self._path, 4 * self.channels * self.count)  # a hole, which takes no space

    def blocks(self) -> Iterator[Float32]:
        """Yield all frames in order, in blocks."""
        frames, size = self.frames(), block_size(self.rate)
        for first in range(0, self.count, size):
            yield frames[first : first + size]
            release(frames)

    def frames(self) -> Float32:
        """Return all frames (n, channels), mapped from their file if they lie there."""
        if self._path is not None:
            return np.memmap(self._path, np.float32, "r", shape=(self.count, self.channels))
        if len(self._blocks) != 1:
            self._blocks = [np.concatenate([np.zeros((0, self.channels), np.float32), *self._blocks])]
        return self._blocks[0]

    def _make_room(self, more: int) -> None:
        """Move to a file before the frames are too many for memory."""
        if self._path is not None or not lies_on_disk(self.count + more, self.rate, self.scratch):
            return
        assert self.scratch is not None
        with _room(self.scratch):
            handle, name = tempfile.mkstemp(dir=self.scratch, suffix=".f32")
        os.close(handle)
        self._path = Path(name)
        for block in self._blocks:
            self._write(block)
        self._blocks = []

    def _write(self, frames: Float32) -> None:
        if self._path is None:
            self._blocks.append(frames)
        else:
            size = block_size(self.rate)
            with _room(self._path), self._path.open("ab") as file:
                for first in range(0, len(frames), size):  # they may be mapped from the file of another
                    file.write(np.ascontiguousarray(frames[first : first + size]).data)
                    release(frames)
