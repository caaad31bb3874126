"""Files that were found inside a file: read from there, never copied, for a recording may have gigabytes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FilePart:
    """One file inside a file: `head`, then the bytes from `start` to `stop` of the file at `path`.

    states_length: whether its header says how long it is.
    """

    path: Path
    start: int
    stop: int
    head: bytes = b""
    states_length: bool = True

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.head) + self.stop - self.start

    def contents(self, most: int | None = None) -> bytes:
        """Return the bytes of the part, or the first `most` of them."""
        out = bytearray(self.size if most is None else min(most, self.size))
        with PartReader(self) as reader:
            return bytes(memoryview(out)[: reader.readinto(out)])


Source = Path | FilePart  # a file, or one inside a file


@dataclass(frozen=True)
class FileParts:
    """The files that one file holds, in order, and why it could not be read as it is: a note or more.

    cut: whether they leave out some of the audio.
    """

    files: tuple[FilePart, ...]
    notes: tuple[str, ...]
    cut: bool = False


class PartReader(io.RawIOBase):
    """A part, as a file that is open for reading. Raises OSError if the file that holds it cannot be opened."""

    def __init__(self, part: FilePart) -> None:
        self._part, self._at = part, 0
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
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._part.size}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the part goes, for a decoder takes less for the end; return the number of bytes."""
        target, head = memoryview(buffer).cast("B"), self._part.head
        target = target[: max(0, self._part.size - self._at)]
        done = len(head[self._at : self._at + len(target)])
        target[:done] = head[self._at : self._at + done]
        self._file.seek(self._part.start + max(0, self._at - len(head)))
        while done < len(target):
            count = self._file.readinto(target[done:])
            if not count:
                break
            done += count
        self._at += done
        return done

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
