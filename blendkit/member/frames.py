"""Members made from a function that scores whole files and returns a frame."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from blendkit.audio import WindowPool
from blendkit.core import composed, logit
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.member.frame_checks import FrameError, as_numbers, indexed, require_once
from blendkit.member.protocol import BELOW_FLOAT32, MemberContext, MemberInfo

if TYPE_CHECKING:
    import pandas as pd


Gives = Literal["logit", "prob"]


@dataclass(frozen=True)
class FrameMember:
    """A function of a list of files that returns a (file, start_time, end_time) frame, one column per class."""

    info: MemberInfo
    function: Callable[[list[str]], Any]
    gives: Gives

    def predict_files(self, files: Sequence[Path]) -> pd.DataFrame:
        """Return logits of the run's classes; the function's other columns are left out."""
        frame = self.function([str(f) for f in files])
        frame = indexed(frame, "the function").rename(columns=lambda c: composed(str(c)))
        require_once(frame, "the function")  # names that differ in the encoding of their accents alone are one
        lacks = [c for c in self.info.classes if c not in frame.columns]
        columns = [c for c in self.info.classes if c in frame.columns]
        values = as_numbers(frame[columns], "the function's frame")
        out = frame[columns].astype(np.float64)
        if self.gives == "prob":
            if values.size and (values.min() < 0 or values.max() > 1):
                raise FrameError(
                    f"`gives: prob`, but scores lie in [{values.min():g}, {values.max():g}]", ["did you mean logit?"]
                )
            out[columns] = logit(values, floor=BELOW_FLOAT32)
        covered = dict(zip(self.info.classes, self.info.covered, strict=True))
        missing = [c for c in lacks if covered[c]]
        if missing:
            hints = [f"{c!r}{did_you_mean(c, list(map(str, frame.columns)))}" for c in missing[:5]]
            raise FrameError(f"the function gave no column for {len(missing)} of its classes", hints)
        filled: pd.DataFrame = out.assign(**dict.fromkeys(lacks, 0.0))
        return filled


def frame_member(
    function: Callable[[list[str]], Any],
    context: MemberContext,
    classes: Sequence[str],
    *,
    gives: Gives = "logit",
    pool: WindowPool = "mean",
    notes: Sequence[str] = (),
) -> FrameMember:
    """Make a member from a function, for a plugin's factory to return.

    classes: the function's columns, by class id; columns that are not classes of the run are left out. pool:
    how windows are pooled onto a chunk, by shared time or as the highest. gives: what the columns hold.
    """
    classes = [composed(str(c)) for c in classes]
    wanted = context.classes or tuple(classes)
    known = set(classes)
    covered = tuple(c in known for c in wanted)
    if not any(covered):
        raise BlendkitError("none of the function's classes is one of the run's", [f"it gives {shorten(classes)}"])
    info = MemberInfo(tuple(wanted), covered, 0, 0.0, notes=tuple(notes), pool=pool)
    return FrameMember(info, function, gives)


def import_code(member: str, function: str) -> Callable[..., Any]:
    """Return the function `module:name`. Raises BlendkitError if there is none."""
    module, _, name = function.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        details = [f"expected importable `module:name`: {error}"]
        raise BlendkitError(f"{member}: no function {function!r}", details) from error
    if not callable(found):
        raise BlendkitError(f"{member}: {function!r} is a {type(found).__name__}, not a function")
    made: Callable[..., Any] = found
    return made
