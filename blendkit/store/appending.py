"""Lines at the end of a file, whole ones, from as many processes at once as there are."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blendkit.store.files import sync_folder

_LOCKED_AT = 1 << 30  # a place that no such file reaches: readers are not kept waiting


def add_line(path: Path, line: str) -> None:
    """Add a line, flushed to the disk: one write at the end of the file, so that lines of others cannot come between.

    If a process was ended within the last line, the new one still starts on a line of its own. Raises OSError that
    names the file, if the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with _locked(handle):
            data = (b"" if _ends_with_a_line(handle) else b"\n") + line.encode() + b"\n"
            if os.write(handle, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        os.close(handle)
    if new:
        sync_folder(path.parent)


def _ends_with_a_line(handle: int) -> bool:
    """Return whether a file is empty or ends with the end of a line; if others write just then, a line stays empty."""
    if os.lseek(handle, 0, os.SEEK_END) == 0:
        return True
    os.lseek(handle, -1, os.SEEK_END)
    return os.read(handle, 1) == b"\n"


@contextmanager
def _locked(handle: int) -> Iterator[None]:
    """On Windows, let no other process append meanwhile: there, going to the end and writing are two steps."""
    try:
        import msvcrt
    except ImportError:
        yield
        return
    locking, lock, unlock = (getattr(msvcrt, name) for name in ("locking", "LK_LOCK", "LK_UNLCK"))
    os.lseek(handle, _LOCKED_AT, os.SEEK_SET)
    locking(handle, lock, 1)
    try:
        yield
    finally:
        os.lseek(handle, _LOCKED_AT, os.SEEK_SET)
        locking(handle, unlock, 1)
