"""Files that were found inside a file: read from there, never copied, for a recording may have gigabytes."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from blendkit.audio.decoded import Status


class Patch(NamedTuple):
    """Bytes that stand in the place of those from `start` to `stop` of a file."""

    start: int
    stop: int
    data: bytes


@dataclass(frozen=True)
class FilePart:
    """One file inside a file: `head`, then the bytes from `start` to `stop` of the file at `path`.

    states_length: whether its header says how long it is; patches: what replaces damaged bytes, in order.
    """

    path: Path
    start: int
    stop: int
    head: bytes = b""
    states_length: bool = True
    patches: tuple[Patch, ...] = ()

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.head) + self.stop - self.start + sum(len(p.data) - p.stop + p.start for p in self.patches)

    def pieces(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield what it consists of: a stretch of the file (its start and stop), and the bytes behind that."""
        yield self.start, self.start, self.head
        at = self.start
        for patch in self.patches:
            yield at, patch.start, patch.data
            at = patch.stop
        yield at, self.stop, b""

    def contents(self, most: int | None = None) -> bytes:
        """Return the bytes of the part, or the first `most` of them."""
        out = bytearray(self.size if most is None else min(most, self.size))
        with PartReader(self) as reader:
            return bytes(memoryview(out)[: reader.readinto(out)])


Source = Path | FilePart  # a file, or one inside a file


@dataclass(frozen=True)
class FileParts:
    """The files that one file holds, in order, and why it could not be read as it is: a note or more.

    status: `partial` where they leave out some of the audio, `holed` where silence is in the place of lost audio.
    """

    files: tuple[FilePart, ...]
    notes: tuple[str, ...]
    status: Status = "ok"


class PartReader(io.RawIOBase):
    """A part, as a file that is open for reading. Raises OSError if the file that holds it cannot be opened."""

    def __init__(self, part: FilePart) -> None:
        self._at, self._size = 0, part.size
        self._pieces = list(part.pieces())
        self._starts = list(accumulate((b - a + len(data) for a, b, data in self._pieces[:-1]), initial=0))
        self._file = part.path.open("rb", buffering=0)

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it has places to go to."""
        return True

    def tell(self) -> int:
        """Return the place in bytes from the start of the part."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, and return it."""
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the part goes, for a decoder takes less for the end; return the number of bytes."""
        target = memoryview(buffer).cast("B")
        target = target[: max(0, self._size - self._at)]
        done = 0
        while done < len(target):
            count = self._read_piece(target[done:])
            if not count:
                break
            done += count
            self._at += count
        return done

    def _read_piece(self, target: memoryview) -> int:
        """Fill `target` with what one piece holds from here on; return the number of bytes."""
        k = bisect_right(self._starts, self._at) - 1
        start, stop, data = self._pieces[k]
        at = self._at - self._starts[k]
        if at < stop - start:
            self._file.seek(start + at)
            return self._file.readinto(target[: stop - start - at]) or 0
        rest = data[at - (stop - start) :][: len(target)]
        target[: len(rest)] = rest
        return len(rest)

    def close(self) -> None:
        """Close the file that holds the part."""
        self._file.close()
        super().close()


def path_of(source: Source) -> Path:
    """Return the file that a source is or lies in."""
    return source.path if isinstance(source, FilePart) else source


def size_of(source: Source) -> int:
    """Return how many bytes a source has."""
    return source.size if isinstance(source, FilePart) else source.stat().st_size
