"""End this process without mercy just before its k-th change of a file, to see what a later one makes of the rest."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path
from typing import Any

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND


def kill_at(event: int, below: Path, count: Path) -> None:
    """From now on count the changes below a folder, and kill this process before number `event` (from 1).

    The number of changes so far is in the file `count`, which lies elsewhere. A hook cannot be taken away again.
    """
    root, numbers = f"{below.resolve()}{os.sep}", itertools.count(1)  # each number is taken once, whatever the thread
    counter = os.open(count, os.O_RDWR | os.O_CREAT | os.O_TRUNC)

    def hook(name: str, args: tuple[Any, ...]) -> None:
        if not (name in CHANGES or (name == "open" and _writes(args))) or not _path(args).startswith(root):
            return
        seen = next(numbers)
        os.pwrite(counter, str(seen).encode(), 0)
        if seen == event:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _writes(args: tuple[Any, ...]) -> bool:
    return isinstance(args[0], str | bytes | os.PathLike) and bool((args[2] or 0) & WRITING)


def _path(args: tuple[Any, ...]) -> str:
    """The absolute path of what is changed; `shutil.rmtree` names files by their folder's descriptor."""
    path, last = os.fsdecode(args[0]) if isinstance(args[0], str | bytes | os.PathLike) else "", args[-1]
    if path and not os.path.isabs(path):  # noqa: PTH117
        inside = isinstance(last, int) and last >= 0 and Path(f"/proc/self/fd/{last}").exists()
        path = f"{os.readlink(f'/proc/self/fd/{last}') if inside else os.getcwd()}{os.sep}{path}"  # noqa: PTH109, PTH115
    return os.path.realpath(os.path.dirname(path)) + os.sep + os.path.basename(path) if path else ""  # noqa: PTH119, PTH120
