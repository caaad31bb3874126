"""Which cells to listen to first: where models disagree, and where a model is unsure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blendkit.core import Bools, Float64, Matrix
from blendkit.errors import BlendkitError
from blendkit.metrics.ranks import percentile_rank


def disagreement(streams: Sequence[Matrix], covered: Sequence[Bools]) -> Float64:
    """Return (N, C) how far models are apart in each cell; nan in classes that fewer than two of them cover.

    streams: scores (N, C) in any spaces; covered (C,): of each. A model's share of a cell is the share of chunks with
    scores at least as high there, ties as halves: 0.001 is its highest thousandth. The disagreement is the decimal
    logarithm of the largest share over the smallest: 2 says that one model puts the chunk a hundred times nearer to
    the top of its list than another. Differences among low scores, which are noise, so count little. Raises
    BlendkitError for fewer than two streams.
    """
    if len(streams) < 2:
        raise BlendkitError(f"disagreement is between at least two streams of scores, got {len(streams)}")
    n, c = streams[0].shape
    low, high, count = np.full((n, c), np.inf), np.full((n, c), -np.inf), np.zeros(c, np.int64)
    for x, own in zip(streams, covered, strict=True):
        share = np.log10(1 + 0.5 / max(n, 1) - percentile_rank(x))  # of N untied rows from 1/2N on
        low[:, own] = np.minimum(low, share)[:, own]
        high[:, own] = np.maximum(high, share)[:, own]
        count += own
    with np.errstate(invalid="ignore"):  # infinity less infinity, where nothing covers a class
        return np.where(count >= 2, high - low, np.nan)


def uncertainty(x: Matrix, threshold: Float64) -> Float64:
    """Return (N, C) how unsure scores are: 0 at their class's threshold (C,), lower with the distance from it."""
    return -np.abs(x.astype(np.float64) - threshold)
