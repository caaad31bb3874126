"""Gates: ops that edit a cell where other streams show a certain pattern.

A gate returns (mask, edited), both (N, C): the cells it selects, and their new values. In `gates:` the first gate that
selects a cell edits it, and every gate reads the stream as it was before any of them.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from blendkit.core import Bools, Float64, Matrix
from blendkit.metrics import percentile_rank
from blendkit.ops.declare import Offsets, ProbsOf, RanksOf, UnitInterval, op
from blendkit.ops.kernels.along_time import EdgeRule
from blendkit.ops.moving_windows import smoothed
from blendkit.ops.parameter_marks import KeptRanks

Gate = tuple[Bools, Float64]
RanksOfMain = Annotated[Float64 | None, KeptRanks("main")]
_CONTEXT_RADIUS, _CONTEXT_WIDTH = 3, 1.2  # chunks


@op(
    "fake_only",
    also_called=(("gate 1, fake-only, noise suppression", "{main: proto, check: sed}"),),
    kind="gate",
    scope="set",
    classwise=True,
    spaces=("rank",),
    thresholds=True,
)
def fake_only(
    x: Matrix,
    *,
    main: ProbsOf,
    check: ProbsOf,
    above: UnitInterval = 0.50,
    below: UnitInterval = 0.05,
    alpha: UnitInterval = 0.08,
    main_ranks: RanksOfMain = None,
) -> Gate:
    """Move towards the main model's rank where the main model is sure and the check model is not.

    p_main > above and p_check < below: x <- (1 - alpha) x + alpha rank(p_main). x: (N, C) ranks; main, check: streams
    (N, C) of probabilities. The thresholds are absolute, so rescaling these streams changes the effect of the gate.
    Source: the first gate of the EoS chain (0.50, 0.05, 0.08; 0.12 in a fork).
    """
    mask = (main > above) & (check < below)
    own = percentile_rank(main) if main_ranks is None else main_ranks
    return mask, (1 - alpha) * x + alpha * own


@op(
    "temporal",
    also_called=(("gate 2, temporal continuity, proto_cont", "{main: proto, check: sed}"),),
    kind="gate",
    scope="set",
    classwise=True,
    spaces=("rank",),
    thresholds=True,
)
def temporal_gate(
    x: Matrix,
    *,
    main: ProbsOf,
    check: ProbsOf,
    offsets: Offsets | None = None,
    context_above: UnitInterval = 0.88,
    rank_above: UnitInterval = 0.77,
    check_below: UnitInterval = 0.14,
    alpha: UnitInterval = 0.15,
    main_ranks: RanksOfMain = None,
) -> Gate:
    """Raise ranks where the main model scores a class highly over several chunks and the check model does not.

    context = rank(k * p_main), p_main correlated in its recording with k_d ~ (1 + (d / 1.2)^2 / 2)^(-1.5), d = -3 .. 3,
    the first and last chunk repeated. context > context_above, rank(p_main) > rank_above, p_check < check_below:
    x <- (1 - alpha) x + alpha max(rank(p_main), context). x: (N, C) ranks; main, check: probabilities (N, C).
    Source: the second gate of the EoS chain (0.88, 0.77, 0.14, 0.15); 2026's second place used it alone, with
    check_below 1.
    """
    d = np.arange(_CONTEXT_RADIUS + 1)
    taps = (1 + (d / _CONTEXT_WIDTH) ** 2 / 2) ** -1.5  # heavier tails than a Gaussian of this width in chunks
    taps /= taps[0] + 2 * taps[1:].sum()
    smooth = smoothed(np.asarray(main, np.float64), taps, offsets, EdgeRule.NEAREST)
    context, own = percentile_rank(smooth), percentile_rank(main) if main_ranks is None else main_ranks
    mask = (context > context_above) & (own > rank_above) & (check < check_below)
    return mask, (1 - alpha) * x + alpha * np.maximum(own, context)


@op(
    "spike",
    also_called=(("gate 3, SED spike, SED-only", "{main: proto, check: sed}"),),
    kind="gate",
    scope="chunk",
    classwise=True,
    spaces=("rank",),
    thresholds=True,
)
def spike(
    x: Matrix, *, main: RanksOf, check: RanksOf, check_above: UnitInterval = 0.95, main_below: UnitInterval = 0.80,
    alpha: UnitInterval = 0.12,
) -> Gate:  # fmt: skip
    """Move towards the check model's rank where it is sure and the main model is not.

    rank(check) > check_above and rank(main) < main_below: x <- (1 - alpha) x + alpha rank(check). x: (N, C) ranks;
    main, check: streams (N, C) as ranks. Source: the third gate of the EoS chain (0.95, 0.80, 0.12).
    """
    return (check > check_above) & (main < main_below), (1 - alpha) * x + alpha * check


@op(
    "rank_gate",
    also_called=(("rank-gated member", "{by: other}"),),
    scope="chunk",
    classwise=True,
    spaces=("prob", "unit"),
    effect="rescale",
)
def rank_gate(x: Matrix, *, by: RanksOf, floor: UnitInterval = 0.5) -> Matrix:
    """Attenuate by another stream's rank: p <- p (floor + (1 - floor) rank(by)).

    x: (N, C) probabilities; by: a stream (N, C) as ranks. For several gates use several steps. Returns (N, C). Source:
    the gates with which 2026's second place used the labels of an uncalibrated teacher (floor 0.5).
    """
    return np.asarray(x * (floor + (1 - floor) * by), x.dtype)


@op(
    "replace_where_sure",
    also_called=(("threshold-dependent weights", "{by: other, above: 0.5}"),),
    kind="gate",
    scope="chunk",
    classwise=True,
    spaces=("prob", "unit"),
    thresholds=True,
)
def replace_where_sure(x: Matrix, *, by: ProbsOf, above: UnitInterval = 0.5, alpha: UnitInterval = 0.5) -> Gate:
    """Mix in another stream where it is above a threshold: x <- (1 - alpha) x + alpha p_by.

    x: (N, C) probabilities; by: a stream (N, C) of probabilities. Source: threshold-dependent
    weights of 2025's second place.
    """
    return by > above, (1 - alpha) * x + alpha * by
