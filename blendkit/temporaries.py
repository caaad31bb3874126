"""Temporary files and folders that say whose they are, so that what a dead process left is found and removed.

A file that is not finished yet lies beside its place as `.NAME.PID.THREAD.HOST.tmp`; a scratch folder lies in the
folder for temporary files as `blendkit-PID-HOST-...`. HOST is short for the name of the computer: folders can be shared
between computers and containers, and the number of a process means something on its own only.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path

WINDOWS = os.name == "nt"
DAY_S = 86400.0  # older than this, and nobody works on it any more
# whole names, with what only blendkit puts into them: nothing else may be removed because of its name
_BESIDE = re.compile(r"\..+\.(?P<pid>\d+)\.\d+\.(?P<host>[0-9a-f]{6})\.tmp")
_SCRATCH = re.compile(r"blendkit-(?P<pid>\d+)-(?P<host>[0-9a-f]{6})-[a-z0-9_]{8}")  # as tempfile ends its names
_LONGEST = 200  # bytes of a name that leave room for the rest, of the 255 that file systems allow
_IN_USE: set[str] = set()  # temporaries of this process: in a container, the process before may have had its number


@contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """Yield the name of a temporary file or folder beside `path`; what has that name in the end is removed.

    Before the first of a process, what dead processes left in this folder is removed.
    """
    _remove_abandoned_once(path.parent.absolute())
    own = path.with_name(f".{_shortened(path.name)}.{os.getpid()}.{threading.get_ident()}.{this_host()}.tmp")
    _IN_USE.add(str(own))
    try:
        yield own
    finally:
        _remove(own)
        _IN_USE.discard(str(own))


def _shortened(name: str) -> str:
    """Return a name that leaves room in a longer one; two long names stay two."""
    own = os.fsencode(name)
    return name if len(own) <= _LONGEST else f"{name[: _LONGEST // 8]}-{hashlib.sha256(own).hexdigest()[:16]}"


@contextmanager
def errors_naming(temporary: Path, path: Path) -> Iterator[None]:
    """Let errors on a temporary file or folder, and those that name no file, name the place that it is for."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # a library's own words
            error.strerror, error.filename = error.strerror or str(error), error.filename or str(path)
            raise
        named = str(temporary if error.filename is None else error.filename)
        inside = named.removeprefix(str(temporary))
        if inside == named or (inside and not inside.startswith(os.sep)):
            raise
        why = os.strerror(error.errno) if error.filename is None else error.strerror
        raise OSError(error.errno, why, f"{path}{inside}") from error


def is_temporary(name: str) -> bool:
    """Return whether blendkit gives such names to what it has not finished yet."""
    return _BESIDE.fullmatch(name) is not None


def remove_abandoned(folder: Path) -> None:
    """Remove what dead processes left in a folder under the names of `temporary_beside`."""
    _remove_all(folder, _BESIDE)


@lru_cache(maxsize=1000)  # else every part of a large store would cost a look at all of its files
def _remove_abandoned_once(folder: Path) -> None:
    remove_abandoned(folder)


class _Scratch(tempfile.TemporaryDirectory[str]):
    """A folder that is gone after `cleanup` even if Ctrl-C or SIGTERM comes in the middle of it."""

    def cleanup(self) -> None:
        """Remove the folder; where that is interrupted, the rest of it goes before the interruption goes on."""
        try:
            super().cleanup()
        except BaseException:
            shutil.rmtree(self.name, ignore_errors=True)
            raise


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder for files that nobody needs afterwards, and remove those that dead processes left."""
    remove_abandoned_scratch()
    # on Windows a file that is still mapped cannot be removed; the next process does it
    return _Scratch(prefix=f"blendkit-{os.getpid()}-{this_host()}-", ignore_cleanup_errors=True)


def remove_abandoned_scratch() -> None:
    """Remove the scratch folders that dead processes left."""
    _remove_all(Path(tempfile.gettempdir()), _SCRATCH, folders=True)


@cache
def this_host() -> str:
    """Return six hex digits that stand for this computer's name."""
    import platform

    return hashlib.sha256(platform.node().encode()).hexdigest()[:6]


def _remove_all(folder: Path, names: re.Pattern[str], *, folders: bool = False) -> None:
    """Remove what dead processes left under such names; folders: and nothing but folders."""
    try:
        found = [(e, names.fullmatch(e.name)) for e in os.scandir(folder)]
    except OSError:
        return  # nothing can be left in a folder that is not there
    for entry, match in found:
        with suppress(OSError):  # another process may remove it first
            if match is None or (folders and not entry.is_dir(follow_symlinks=False)):
                continue
            if _is_abandoned(entry, int(match["pid"]), match["host"]):
                _remove(Path(entry.path))


def _is_abandoned(entry: os.DirEntry[str], pid: int, host: str) -> bool:
    about = entry.stat(follow_symlinks=False)
    if hasattr(os, "getuid") and about.st_uid != os.getuid():
        return False
    if pid == os.getpid() and host == this_host():
        return entry.name.startswith(".") and entry.path not in _IN_USE
    old = time.time() - about.st_mtime > DAY_S
    return old or (host == this_host() and not may_run(pid))


def may_run(pid: int) -> bool:
    """Return whether a process of this computer runs. On Windows nobody can ask: `os.kill` would end it."""
    if WINDOWS:
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is another user's
        return True
    return True


def _remove(path: Path) -> None:
    """Remove a file or folder if it is there; one that cannot be removed stays for a later process."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
