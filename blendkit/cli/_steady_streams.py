"""Standard streams that never end a command: whoever reads them may stop reading, or never have been there."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, TextIO

# A pipe whose reader is gone; Windows calls that an invalid argument.
_NOBODY_READS = {errno.EPIPE, *([errno.EINVAL] if os.name == "nt" else [])}


class _Output(io.FileIO):
    """A standard stream, which is left open. What nobody reads is dropped, and the work goes on.

    So is what finds no room on a full disk: hours of work are not lost for a log. Whoever reads standard output misses
    something then; `failed` holds why, until the command has ended (`output_failure`).
    """

    failed: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write bytes; return how many were written or dropped."""
        try:
            return super().write(data)
        except OSError as error:
            _to_nowhere(self.fileno())
            if error.errno not in _NOBODY_READS:
                self.failed = OSError(error.errno, error.strerror, "standard output")
            return memoryview(data).nbytes


def steady_streams() -> None:
    """Make the standard streams of this process steady.

    A stream that is closed becomes an empty one: else the next file that is opened would have its number, and would get
    what libraries write to it. Letters that a stream's encoding lacks are written as their numbers.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            _to_nowhere(number)
    sys.stdout, sys.stderr = _steady(sys.stdout, 1), _steady(sys.stderr, 2)


def output_failure() -> OSError | None:
    """Return why some of standard output could not be written, None where all of it was, or where nobody read it."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.failed if isinstance(raw, _Output) else None


def _steady(stream: TextIO | None, number: int) -> TextIO:
    if stream is not None and not _is_own(stream, number):
        return stream  # someone put it there, or it is a console of Windows
    raw = _Output(number, "w", closefd=False)
    if not isinstance(stream, io.TextIOWrapper):
        return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace")
    unbuffered = stream.write_through
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        stream.encoding,
        "backslashreplace" if stream.errors == "strict" else stream.errors,
        line_buffering=stream.line_buffering,
        write_through=unbuffered,
    )


def _is_own(stream: TextIO, number: int) -> bool:
    """Return whether a stream is Python's own one of this number."""
    if not isinstance(stream, io.TextIOWrapper) or stream not in (sys.__stdout__, sys.__stderr__):
        return False
    raw = getattr(stream.buffer, "raw", stream.buffer)
    return type(raw) is io.FileIO and raw.fileno() == number


def _to_nowhere(number: int) -> None:
    """Let a file descriptor lead to nowhere, for all who write to it."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)
