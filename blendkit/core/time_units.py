"""In which unit times are, that a table gives as plain numbers and that cannot be seconds."""

from __future__ import annotations

import numpy as np

from blendkit.core.arrays import Float64

_IN_A_SECOND = {1000: "milliseconds", 1_000_000: "microseconds"}
_RATES = (8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000, 192000, 250000, 256000, 384000)  # bats' as well
_IN_A_SECOND |= {r: f"samples at {r} Hz" for r in _RATES}
_USUAL_S = (5.0, 3.0, 10.0, 1.0, 2.0, 60.0, 30.0)  # lengths of windows and labels
_UNCLEAR = "milliseconds, microseconds or samples"
SMALL_UNITS = "the numbers of chunks, or minutes"
_WEEK_S = 7 * 24 * 3600
_DAY_FRACTION_S = 0.005  # 0.005 of a day is 7 minutes: no label of a few ms is that long in all rows of a table
_MINUTE_S = 60
_LONGEST_MIN = 0.25  # of a minute: windows and labels of one length are seldom longer than 15 s
_NEAR = 0.8  # of the chunks
_ENOUGH = 20  # times by which it can be told that all lie in the beginning of their recordings
_TOLERANCE = 1e-3  # seconds; times may be rounded to milliseconds


def unit_of_times(start_s: Float64, end_s: Float64) -> str:
    """Return what times (N,), read as seconds, look like if they can be none; "" if they can.

    Smaller units: an end after more than a week, or several spans of at least 1000 that all lie on multiples
    of 500. Fractions of a day, as spreadsheets store times: ends up to 1, and no span longer than 5 ms.
    """
    if not len(end_s) or not np.isfinite([start_s, end_s]).all() or not (start_s < end_s).all():
        return ""
    length = end_s - start_s
    on_grid = not (start_s % 500).any() and not (end_s % 500).any()
    if end_s.max() > _WEEK_S or (on_grid and length.min() >= 1000 and start_s.max() > 0):
        return unit_of_lengths(length) or ("milliseconds" if len(length) == 1 or on_grid else _UNCLEAR)
    return "fractions of a day" if end_s.max() <= 1 and length.max() < _DAY_FRACTION_S else ""


def unit_of_lengths(length_s: Float64, chunk_s: float | None = None) -> str:
    """Return the unit in which one length (N times it, read as seconds) is a chunk or a usual window; "" if none is.

    Windows of several lengths say nothing: "".
    """
    if not len(length_s) or length_s.max() - length_s.min() > 2 * _TOLERANCE:
        return ""
    length = float(length_s.mean())
    for window in (*(() if chunk_s is None else (chunk_s,)), *_USUAL_S):
        many = round(length / window)
        if abs(many * window - length) <= _TOLERANCE and many in _IN_A_SECOND:
            return _IN_A_SECOND[many]
    return ""


def looks_small(start_s: Float64, end_s: Float64, reach_s: Float64, chunk_s: float) -> bool:
    """Return whether times (N,), read as seconds, seem to count chunks or minutes of recordings of `reach_s` (N,).

    Minutes: at least 20 of one length, up to a quarter, that all lie in the first 60th of their recordings. Chunks: as
    many of length 1 that start at whole numbers, none of them above the number of chunks, which the last one nears.
    """
    length = end_s - start_s
    if len(length) < _ENOUGH or length.max() - length.min() > 2 * _TOLERANCE or not start_s.max() > 0:
        return False
    if length.max() <= _LONGEST_MIN:
        return bool((end_s <= reach_s / _MINUTE_S + _TOLERANCE).all())
    share = end_s / (reach_s / chunk_s)
    ones = abs(float(length.mean()) - 1) <= _TOLERANCE and not (start_s % 1).any() and chunk_s > 1
    return ones and bool(_NEAR <= share.max() <= 1 + _TOLERANCE)
