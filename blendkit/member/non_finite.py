"""What stands in for a window on which a model gave NaN or an infinite value.

Models with a log-mel or a peak-normalised front end do so on digital silence, which also fills a last chunk. Such a
window is left out of the mean over its shifts. If no shift is left, it gets its recording's median, class by class;
in a recording without any finite window, `FLOOR`, so that no recording's scores depend on those scored beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from blendkit.core import Bools, Float64
from blendkit.errors import shorten

LOST = "windows gave NaN or infinite values"
NO_WINDOW = "the member gave no window of it"
NO_CHUNK = "chunks without a window of the member"
ALL_LOST = "no window of the recording has finite ones"
FLOOR = -15.0  # a logit: a probability of 3e-7; also of silent windows that are not given to a model


NOWHERE: Mapping[int, Bools] = MappingProxyType({})


class Lost(NamedTuple):
    """A recording's windows: all, those with a shift that was not finite, and those with no finite shift.

    chunks, empty: of a member that cuts its own windows, how many chunks there are and how many without a window, where
    there is any such. classes: those that were not finite, of how many; () where that is all of them, or not known.
    """

    windows: int
    lost: int
    filled: int
    chunks: int = 0
    empty: int = 0
    classes: tuple[str, ...] = ()
    of_classes: int = 0

    @property
    def everything(self) -> bool:
        """Whether the recording has no window with finite scores."""
        return self.filled == self.windows

    @property
    def said(self) -> str:
        """How many windows were lost, and what their scores are, in words."""
        if not self.windows:
            return f"{NO_WINDOW}; {ALL_LOST}: {FLOOR:g} stands in"
        median, floor = "the recording's median stands in", f"{FLOOR:g} stands in"
        parts = []
        if self.lost:
            stand_in = median if self.filled else "the mean of their other shifts is used"
            parts += [f"{self.lost} {LOST}{self._in_classes}", f"{ALL_LOST}: {floor}" if self.everything else stand_in]
        if self.empty:
            parts += [f"{self.empty} of {self.chunks} {NO_CHUNK}", floor if self.empty == self.chunks else median]
        return "; ".join(parts)

    @property
    def _in_classes(self) -> str:
        if not self.classes:
            return ""
        return f" in {len(self.classes)} of {self.of_classes} classes ({shorten(list(self.classes), 3)})"


def fill_lost(values: Float64, known: Bools, windows: Sequence[int], floor: float = FLOOR) -> Float64:
    """Return values (W, C) with a stand-in in each row that is not `known` (W,): no shift of it was finite.

    windows: how many rows each recording has, in the order of the rows; floor: stands in where nothing is known.
    """
    if known.all():
        return values
    out, first = values.copy(), 0
    for count in windows:
        own, row = known[first : first + count], slice(first, first + count)
        if not own.all():
            out[row][~own] = np.median(values[row][own], axis=0) if own.any() else floor
        first += count
    return out


def lost_by_recording(
    lost: Bools,
    known: Bools,
    recordings: Sequence[str],
    windows: Sequence[int],
    where: Mapping[int, Bools] = NOWHERE,
    classes: Sequence[str] = (),
) -> dict[str, Lost]:
    """Return what each recording lost of its windows (W,); recordings that lost none are left out.

    where: of the windows that were lost, which columns (C,), or (T * C,) of frames, were not finite.
    """
    marked = count_by_recording(lost, recordings, windows)
    filled = count_by_recording(~known, recordings, windows)
    totals = dict(zip(recordings, windows, strict=True))
    bad = _bad_classes(where, recordings, windows, classes) if classes else {}
    few = {r: tuple(c for c, one in zip(classes, own.tolist(), strict=True) if one) for r, own in bad.items()}
    few = {r: own for r, own in few.items() if len(own) < len(classes)}
    return {
        r: Lost(totals[r], n, filled.get(r, 0), classes=few.get(r, ()), of_classes=len(classes) if r in few else 0)
        for r, n in marked.items()
    }


def _bad_classes(
    where: Mapping[int, Bools], recordings: Sequence[str], windows: Sequence[int], classes: Sequence[str]
) -> dict[str, Bools]:
    """Return, per recording, which classes (C,) were not finite in a window."""
    bounds = np.cumsum([0, *windows])
    out: dict[str, Bools] = {}
    for row, columns in where.items():
        r = recordings[int(np.searchsorted(bounds, row, side="right")) - 1]
        own = np.asarray(columns.reshape(-1, len(classes)).any(axis=0))
        out[r] = own | out[r] if r in out else own
    return out


def count_by_recording(marked: Bools, recordings: Sequence[str], windows: Sequence[int]) -> dict[str, int]:
    """Return how many of its windows (W,) are marked in each recording; recordings without any are left out."""
    bounds = np.cumsum([0, *windows])
    counts = {r: int(marked[a:b].sum()) for r, a, b in zip(recordings, bounds[:-1], bounds[1:], strict=True)}
    return {r: n for r, n in counts.items() if n}
