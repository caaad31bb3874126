"""What a frame of a file member must be: the classes, files and numbers that it was asked for."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from blendkit.core import composed
from blendkit.errors import BlendkitError, broken, shorten
from blendkit.io import Windowed, repeated_windows
from blendkit.member.protocol import FileMember

_KEYS = ["file", "start_time", "end_time"]


class FrameError(BlendkitError):
    """A file member's frame does not fit the recordings that were asked for; its frames of others may."""


def predicted_windows(member: FileMember, files: Mapping[str, Path]) -> Windowed:
    """Call a member on files (recording id to path) and return its windows.

    The frame may name a file by the path that was given, by an absolute path, or by the tail of one. Raises FrameError
    for a frame that lacks columns, names other files, or holds no numbers; BlendkitError if the member fails.
    """
    try:
        frame = member.predict_files(list(files.values()))
    except BlendkitError:
        raise
    except Exception as error:  # a member may be a third party's: the error names its package
        raise broken("predict_files", type(member), error) from error
    frame = indexed(frame, "predict_files")
    given = [str(f) for f in frame.index.get_level_values(0)]
    meant = _meant(given, {str(path): r for r, path in files.items()})
    lacks = [c for c in member.info.classes if c not in frame.columns]
    asked = (("classes missing", lacks), ("files not requested", sorted(set(given) - set(meant))))
    problems = [f"{what}: {shorten(which)}" for what, which in asked if which]
    if problems:
        raise FrameError("the frame of predict_files does not fit its request", problems)
    start, end = (as_numbers(frame.index.get_level_values(k), f"{_KEYS[k]} of the frame") for k in (1, 2))
    values = as_numbers(frame[list(member.info.classes)], "the frame of predict_files")
    windowed = Windowed([meant[f] for f in given], start, end, values, member.info.classes)
    if twice := repeated_windows(windowed):
        raise FrameError("the frame of predict_files holds windows more than once", [shorten(twice, 3)])
    return windowed


def indexed(frame: Any, source: str) -> Any:
    """Return a frame indexed by file, start and end, which may be columns. Raises FrameError for what is no such."""
    if not hasattr(frame, "columns") or not hasattr(frame, "index"):
        raise FrameError(f"{source} gave a {type(frame).__name__}, expected a frame indexed by {_KEYS}")
    require_once(frame, source)
    if list(frame.index.names) == _KEYS:
        return frame
    if not set(_KEYS) <= set(frame.columns):
        raise FrameError(f"{source} gave a frame without {_KEYS}", [f"has {shorten(list(frame.columns))}"])
    return frame.set_index(_KEYS)


def require_once(frame: Any, source: str) -> None:
    """Raise FrameError for columns that a frame has twice."""
    twice = [str(c) for c, n in Counter(frame.columns).items() if n > 1]
    if twice:
        raise FrameError(f"{source} gave a frame with columns that occur twice", [shorten(twice)])


def as_numbers(table: Any, source: str) -> Any:
    """Return a frame or an index as an array of float64. Raises FrameError if it holds anything else."""
    try:
        return table.to_numpy(np.float64)
    except (TypeError, ValueError) as error:
        raise FrameError(f"{source} holds what is no number", [str(error)]) from error


def _meant(given: Sequence[str], asked: Mapping[str, str]) -> dict[str, str]:
    """Return the recording of every path that means one of the paths asked for (path to recording)."""
    real = {composed(os.path.realpath(path)): r for path, r in asked.items()}
    found = {}
    for text in dict.fromkeys(given):
        plain, parts = composed(text), PurePath(composed(text)).parts
        if text in asked:
            found[text] = asked[text]
        elif Path(plain).is_absolute():
            found[text] = real.get(composed(os.path.realpath(text)), "")
        else:
            ends = [r for path, r in real.items() if parts and PurePath(path).parts[-len(parts) :] == parts]
            found[text] = ends[0] if len(ends) == 1 else real.get(composed(os.path.realpath(text)), "")
    return {text: r for text, r in found.items() if r}
