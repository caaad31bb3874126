"""Files that are never half-written, and hashes of what they hold."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.temporaries import errors_naming, temporary_beside


def check_place(path: Path, *, folder: bool) -> None:
    """Raise BlendkitError if something in the way keeps a folder, or else a file, from being written there.

    Nothing is made: a command asks this before it starts, because a wrong place must not cost hours.
    """
    for above in path.parents:
        if above.is_dir():
            break
        if above.exists():
            raise BlendkitError(f"{path}: {above} is a file, so that it can hold nothing; choose another name")
    if folder and path.exists() and not path.is_dir():
        raise BlendkitError(f"{path}: exists and is not a folder; choose another name, or delete the file")
    if not folder and path.is_dir():
        raise BlendkitError(f"{path}: is a folder, and a file is to be written; add the name of a file")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are not there yet. Raises BlendkitError as `check_place` does."""
    check_place(folder, folder=True)
    folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`; on success fsync it and rename it into place.

    Whatever happens inside, `path` holds either its old content or the whole new one. Raises BlendkitError where a
    folder has this name, or a file that of a folder above it. An OSError, such as that of a full disk, names `path`.
    """
    check_place(path, folder=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_beside(path) as temporary, errors_naming(temporary, path):
        yield temporary
        sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder for files; on success it gets the name `path`, with all of them or not at all.

    Raises BlendkitError, before anything is made, if something has that name.
    """
    if path.exists():
        raise BlendkitError(f"{path} exists already", ["choose another name, or delete it"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_beside(path) as temporary, errors_naming(temporary, path):
        temporary.mkdir()
        yield temporary
        temporary.rename(path)
        sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Wait until a file's content is on the disk. Windows does this only for a file that is open for writing."""
    with path.open("r+b") as handle:
        os.fsync(handle.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, on systems that can; some file systems refuse it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with suppress(PermissionError):  # a folder that may be written but not listed
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(folder)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_texts(folder: Path, texts: Iterable[tuple[str, str]]) -> None:
    """Write many texts as UTF-8 into a folder that nobody reads yet: (path below it, text).

    They are brought to the disk at the end, together: one after the other, thousands of files cost minutes of waiting.
    """
    paths = []
    for name, text in texts:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        paths.append(path)
    for path in paths:
        sync_file(path)
    for place in {p.parent for p in paths}:
        sync_folder(place)


def write_once(path: Path, text: str) -> None:
    """Write `text` as UTF-8 unless the file is there: of several processes, the first one's file stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_beside(path) as temporary, errors_naming(temporary, path):
        temporary.write_text(text, encoding="utf-8", newline="\n")
        sync_file(temporary)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            if not path.exists():
                temporary.replace(path)
        sync_folder(path.parent)


def write_json(path: Path, value: object, *, sort: bool = True) -> None:
    """Write indented JSON, its keys sorted or in their own order, whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as handle:
        json.dump(value, handle, sort_keys=sort, indent=1, ensure_ascii=False, allow_nan=False)  # never whole in memory
        handle.write("\n")


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
