"""Shares from stratified draws, such as the precision above a threshold, with intervals; thresholds by them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from blendkit.core import Bools, Float64, Int64, text_hash
from blendkit.errors import BlendkitError
from blendkit.metrics.count_intervals import wilson

_AIMS = 10  # steps from the wanted precision up to 1
_ROUNDING = 1e-9
FEWEST_EFFECTIVE = 5.0  # answers, below which an interval says nothing


@dataclass(frozen=True, eq=False)
class StratifiedAnswers:
    """Answers to the drawn chunks of one class: score, truth and stratum (n,), and the chunks of each stratum (H,).

    stratum: places among the strata, from 0. Chunks that nobody could answer are left out: within a stratum they count
    as the answered ones. Raises BlendkitError where lengths differ, and for a stratum with more answers than chunks.
    """

    score: Float64
    truth: Bools
    stratum: Int64
    size: Int64

    def __post_init__(self) -> None:
        """Check the shapes."""
        shapes = {self.score.shape, self.truth.shape, self.stratum.shape}
        if len(shapes) > 1 or (self.answered() > self.size).any():
            raise BlendkitError(f"these answers do not fit together: {sorted(shapes)}, strata of {self.size.tolist()}")

    def __len__(self) -> int:
        return len(self.score)

    def answered(self) -> Int64:
        """Return how many answers each stratum has (H,)."""
        return np.bincount(self.stratum, minlength=len(self.size)).astype(np.int64)

    def weights(self) -> Float64:
        """Return how many chunks each answer stands for (n,): the inverse of its inclusion probability."""
        return np.asarray((self.size / np.maximum(self.answered(), 1))[self.stratum])

    def take(self, at: Bools) -> StratifiedAnswers:
        """Return some of the answers; those that stay stand for the others of their stratum, too."""
        return replace(self, score=self.score[at], truth=self.truth[at], stratum=self.stratum[at])


@dataclass(frozen=True)
class Share:
    """A share of chunks, nan without answers, and its interval, nan with too few. chunks: how many it is of, estimated.

    answers: how many were looked at; effective: to how many of a simple random sample they are worth as much.
    """

    share: float
    low: float
    high: float
    chunks: float
    answers: int
    effective: float


@dataclass(frozen=True)
class ReviewedThreshold:
    """The lowest threshold (inf: none) whose precision reaches the wanted one, and its precision held out.

    aim: the precision that was asked for on the answers that choose, at or above the wanted one.
    """

    threshold: float
    held_out: Share | None
    aim: float = math.nan


def stratified_share(answers: StratifiedAnswers, inside: Bools, level: float = 0.95, *, finite: bool = True) -> Share:
    """Return the share of true chunks among those inside a domain, such as at or above a threshold. inside (n,).

    The share is Hajek's ratio: the sum of the weights of true answers inside over that of all answers inside, with the
    inverse inclusion probabilities as weights. The interval is Wilson's with an effective number of answers (Korn and
    Graubard 1998), p (1 - p) / V, and at most (sum of weights)^2 / sum of their squares (Kish 1965), the latter of
    strata that are not answered whole; nan if that is below 5. V is the linearised variance of the ratio under
    stratified sampling, sum_h N_h^2 s_h^2 / n_h / M^2, with s_h^2 the variance of d (y - p) in a stratum and M the
    chunks inside. For V alone the share of true chunks in each
    stratum is taken as (true + 1/2) / (inside + 1): twelve equal answers do not prove that all chunks of their stratum
    are equal. A stratum that is answered whole adds nothing to V; for others the finite correction is left out, so that
    intervals are rather too wide. They are of these chunks, not of those of other nights.
    """
    d, w = inside.astype(np.float64), answers.weights()
    total = float((w * d).sum())
    if not total:
        return Share(math.nan, math.nan, math.nan, 0.0, 0, 0.0)
    share = min(float((w * d)[answers.truth].sum()) / total, 1.0)  # sums in another order may round up
    unsure = (answers.answered() < answers.size) | (not finite)  # strata of which not all is known
    square = float((w**2 * d * unsure[answers.stratum]).sum())
    effective = math.inf
    if square:
        effective = min(total**2 / square, _by_variance(answers, d, total, unsure))
    low, high = math.nan, math.nan
    if math.isinf(effective):
        low, high = share, share
    elif effective >= FEWEST_EFFECTIVE:
        low, high = wilson(share, effective, level)
    return Share(share, low, high, total, int(d.sum()), effective)


def _by_variance(answers: StratifiedAnswers, d: Float64, total: float, unsure: Bools) -> float:
    """Return the effective number of answers by the variance; see `stratified_share`."""
    n_h = answers.answered()
    h = n_h > 0
    m, x = (np.bincount(answers.stratum, v, len(n_h))[h] for v in (d, d * answers.truth))
    n, size = n_h[h].astype(np.float64), answers.size[h]
    q, own = m / n, (x + 0.5) / (m + 1)  # how much of a stratum is inside, and the share of true ones in that
    p = float((size * q * own).sum() / total)
    spread = q * (own * (1 - p) ** 2 + (1 - own) * p**2) - (q * (own - p)) ** 2
    spread = np.where(unsure[h], spread * n / np.maximum(n - 1, 1), 0.0)
    return p * (1 - p) * total**2 / float((size.astype(np.float64) ** 2 * spread / n).sum())


def reviewed_threshold(
    answers: StratifiedAnswers, keys: Sequence[str], precision: float, *, fewest: float = 10, folds: int = 5,
    level: float = 0.95, above: float = -math.inf,
) -> ReviewedThreshold:  # fmt: skip
    """Return the lowest answered score at which the estimated precision reaches a wanted one, judged held out.

    keys (n,): a name of each answer, by which they are dealt into folds, stratum by stratum. Each fold is judged with
    the threshold of the others. Of eleven aims from the wanted precision to 1, the lowest counts whose held-out
    precision reaches the wanted one. A threshold needs `fewest` answers at or above it, in effective number: (sum of
    weights)^2 / sum of their squares, so that one chunk that stands for thousands decides nothing. above: thresholds
    lie above this score, because nobody answered there. Raises BlendkitError for a precision outside (0, 1].
    """
    if not 0 < precision <= 1:
        raise BlendkitError(f"precision lies in (0, 1], got {precision:g}")
    fold = _dealt(answers.stratum, keys, folds)
    parts = np.unique(fold)
    best = ReviewedThreshold(math.inf, None)
    if len(parts) < 2:
        return best
    aims = np.linspace(precision, 1, _AIMS + 1) if precision < 1 else np.ones(1)
    whole = _lowest(answers, aims, fewest, above)
    apart = np.array([_lowest(answers.take(fold != f), aims, fewest * (1 - 1 / folds), above) for f in parts])  # (F, A)
    for a, aim in enumerate(aims.tolist()):
        inside = answers.score >= apart[np.searchsorted(parts, fold), a]
        if not inside.any() or not math.isfinite(whole[a]):
            continue
        held_out = stratified_share(answers, inside, level, finite=False)  # other answers would choose otherwise
        reached = held_out.share >= precision - _ROUNDING
        if reached or best.held_out is None or held_out.share > best.held_out.share:
            best = ReviewedThreshold(float(whole[a]) if reached else math.inf, held_out, aim)
        if reached:
            break
    return best


def _dealt(stratum: Int64, keys: Sequence[str], folds: int) -> Int64:
    """Return the fold (n,) of each answer: strata are dealt one after the other, in the order of hashed keys."""
    order = sorted(range(len(keys)), key=lambda i: (stratum[i], text_hash(keys[i])))
    fold = np.empty(len(keys), np.int64)
    fold[order] = np.arange(len(keys)) % folds
    return fold


def _lowest(answers: StratifiedAnswers, aims: Float64, fewest: float, above: float) -> Float64:
    """Return (A,) the lowest score at which the estimated precision reaches each aim; inf where none does."""
    out = np.full(len(aims), np.inf)
    order = np.argsort(-answers.score, kind="stable")
    w, y, score = answers.weights()[order], answers.truth[order], answers.score[order]
    if not len(score):
        return out
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True))  # tied scores count together
    total, true, square = (np.cumsum(v)[last] for v in (w, w * y, w * w))
    enough = (total**2 >= fewest * square * (1 - _ROUNDING)) & (score[last] > above)
    for a, aim in enumerate(aims.tolist()):
        good = enough & (true >= aim * total * (1 - _ROUNDING))
        if good.any():
            out[a] = score[last[good]].min()
    return out
