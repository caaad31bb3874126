"""Stacking: coefficients of members' logits per class, held together by taxon and by all classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64
from blendkit.errors import BlendkitError
from blendkit.metrics import counted_cells, macro_auc
from blendkit.searching.held_out_gain import divisions
from blendkit.searching.problem import Problem, problem_of

StackLoss = Literal["logistic", "pairwise"]
STRENGTHS = (0.01, 0.1, 1.0)
_FOLDS, _STEPS = 3, 60
_STILL = 1e-6  # of a member's size: what varies less is constant
_RIDGE = 1e-4  # on the common coefficients, so that equal members share a weight


@dataclass(frozen=True, eq=False)
class Stack:
    """coefficients (C, K) of the members' logits in each class, members in the order of names.

    common (K,): what they are drawn towards. strength: of the pull, chosen by held-out clusters. A class without
    positives and negatives has the coefficients of its taxon.
    """

    names: tuple[str, ...]
    coefficients: Float64
    common: Float64
    strength: float

    def scores(self, members: Mapping[str, NDArray[Any]]) -> Float64:
        """Return the sum of the members' logits (N, C) with the coefficients; order is all that it means."""
        return np.asarray(sum(self.coefficients[:, k] * members[n] for k, n in enumerate(self.names)), np.float64)


def fit_stack(
    y: Bools,
    members: Mapping[str, NDArray[Any]],
    taxa: Sequence[str],
    clusters: Sequence[str],
    *,
    mask: Bools | None = None,
    covered: Mapping[str, Bools] | None = None,
    loss: StackLoss = "logistic",
    nonnegative: bool = True,
    strengths: Sequence[float] = STRENGTHS,
    seed: int = 0,
) -> Stack:
    """Fit coefficients b_c of every class c by a ridge that pulls them to those of its taxon, and these to common ones.

    mean_c loss_c(b_c) + s mean_c |b_c - m_taxon(c)|^2 + s mean_t |m_t - m|^2, where loss_c weighs positives and
    negatives alike (`logistic`), or is the mean of log(1 + exp(z_n - z_p)) over all pairs of a positive and a negative
    (`pairwise`, a smooth AUC). The strength s is the one with the highest macro-AUC on held-out clusters. y (N, C);
    members {name: (N, C)} logits; taxa (C,); clusters (N,) labels, whole in one part. mask, covered as in `greedy`.
    Raises BlendkitError for no strengths, and as `greedy` does.
    """
    if not strengths:
        raise BlendkitError("stacking needs at least one strength")
    problem = problem_of(y, members, mask, covered)
    rows = _rows_used(y, mask)
    chosen = strengths[0] if len(strengths) == 1 else _strength(problem, taxa, [clusters[i] for i in rows], loss,
                                                                nonnegative, strengths, seed)  # fmt: skip
    fitted = _fit(problem, _groups(taxa, problem.classes), chosen, loss, nonnegative)
    out = np.tile(fitted.common, (y.shape[1], 1))
    for c, taxon in enumerate(taxa):
        if taxon in fitted.of_taxon:
            out[c] = fitted.of_taxon[taxon]
    out[problem.classes] = fitted.of_class
    return Stack(tuple(problem.scores), out / fitted.scale, fitted.common / fitted.scale, chosen)


@dataclass(frozen=True, eq=False)
class _Fitted:
    """Coefficients of logits that were divided by scale (K,): of classes (C', K), of taxa, of all (K,)."""

    of_class: Float64
    of_taxon: dict[str, Float64]
    common: Float64
    scale: Float64


def _rows_used(y: Bools, mask: Bools | None) -> list[int]:
    """The rows that `problem_of` keeps, in its order."""
    keep = counted_cells(y.shape, mask)
    live = (y & keep).any(axis=0) & (~y & keep).any(axis=0)
    return np.flatnonzero(keep[:, live].any(axis=1)).tolist()


def _groups(taxa: Sequence[str], classes: Int64) -> list[str]:
    return [taxa[c] for c in classes.tolist()]


def _strength(
    problem: Problem, taxa: Sequence[str], clusters: list[str], loss: StackLoss, nonnegative: bool,
    strengths: Sequence[float], seed: int,
) -> float:  # fmt: skip
    """The strength with the highest macro-AUC on held-out parts; the strongest of equals."""
    (parts,) = divisions(clusters, _FOLDS, 1, seed)
    label = np.array(parts)
    kept = np.ones(problem.y.shape, bool) if problem.mask is None else problem.mask
    ranked = {s: np.zeros(problem.y.shape) for s in strengths}
    for part in np.unique(label):
        seen = kept & (label != part)[:, None]
        try:
            inner = problem_of(problem.y, problem.scores, seen)
        except BlendkitError:
            continue  # nothing to learn from without this part
        groups = _groups(_groups(taxa, problem.classes), inner.classes)
        for s in strengths:
            fitted = _fit(inner, groups, s, loss, nonnegative)
            coefficients = np.tile(fitted.common, (problem.y.shape[1], 1))
            coefficients[inner.classes] = fitted.of_class
            z = _summed(problem, coefficients / fitted.scale)
            ranked[s][label == part] = (z - z.mean(axis=0))[label == part]
    macros = {s: macro_auc(problem.y, x, kept).macro for s, x in ranked.items()}
    return max(strengths, key=lambda s: (round(macros[s], 6), s))


def _summed(problem: Problem, coefficients: Float64) -> Float64:
    return np.asarray(sum(coefficients[:, k] * x for k, x in enumerate(problem.scores.values())), np.float64)


def _fit(problem: Problem, groups: list[str], strength: float, loss: StackLoss, nonnegative: bool) -> _Fitted:
    """Minimise the penalised loss by L-BFGS-B; all sums run in a fixed order."""
    from scipy.optimize import minimize

    x = np.stack(list(problem.scores.values()))  # (K, N', C')
    spread, size = (np.array([float(of(one)) for one in x]) for of in (np.std, lambda one: np.abs(one).max()))
    still = spread <= _STILL * size  # says nothing of any chunk: its coefficient is 0
    scale = np.where(still, 1.0, spread)
    x = np.where(still[:, None, None], 0.0, x / scale[:, None, None])
    members, _, classes = x.shape
    names = sorted(set(groups))
    taxon = np.array([names.index(g) for g in groups])
    sizes = (members, len(names) * members, classes * members, classes)
    bounds = [(0.0, None) if nonnegative else (None, None)] * sum(sizes[:3]) + [(None, None)] * classes
    start = np.concatenate([np.full(sum(sizes[:3]), 1.0 / members), np.zeros(classes)])
    measure = _pairwise if loss == "pairwise" else _logistic

    def objective(theta: Float64) -> tuple[float, Float64]:
        common, of_taxon, of_class, shift = np.split(theta, np.cumsum(sizes)[:-1])
        m, b = of_taxon.reshape(len(names), members), of_class.reshape(classes, members)
        value, at_b, at_shift = measure(problem, x, b, shift)
        away, apart = b - m[taxon], m - common
        value += strength * ((away**2).sum() / classes + (apart**2).sum() / len(names)) + _RIDGE * (common**2).sum()
        pull, push = 2 * strength * away / classes, 2 * strength * apart / len(names)
        at_m = push.copy()
        np.subtract.at(at_m, taxon, pull)
        at_common = 2 * _RIDGE * common - push.sum(axis=0)
        return value, np.concatenate([at_common, at_m.ravel(), (at_b + pull).ravel(), at_shift])

    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS}).x
    common, of_taxon, of_class, _ = np.split(found, np.cumsum(sizes)[:-1])
    kept = np.where(still, 0.0, 1.0)
    taxa = dict(zip(names, of_taxon.reshape(len(names), members) * kept, strict=True))
    return _Fitted(of_class.reshape(classes, members) * kept, taxa, common * kept, scale)


def _weighted(x: Float64, b: Float64) -> Float64:
    """Return sum_k b[c, k] x[k] (N, C), member by member in their order."""
    out = x[0] * b[:, 0]
    for k in range(1, len(x)):
        out += x[k] * b[:, k]
    return np.asarray(out)


def _slopes(x: Float64, slope: Float64) -> Float64:
    """Return (C, K) sums over rows of x[k] times the slope of its sum (N, C)."""
    return np.stack([(one * slope).sum(axis=0) for one in x], axis=1)


def _logistic(problem: Problem, x: Float64, b: Float64, shift: Float64) -> tuple[float, Float64, Float64]:
    """The mean over classes of log-losses with positives and negatives of equal weight; its slopes in b and shift."""
    from scipy.special import expit

    y = problem.y
    kept = np.ones(y.shape, bool) if problem.mask is None else problem.mask
    w = np.where(y, 0.5 / (y & kept).sum(axis=0), 0.5 / (~y & kept).sum(axis=0)) * kept
    z = _weighted(x, b) + shift
    value = float((w * (np.logaddexp(0, z) - y * z)).sum()) / y.shape[1]
    slope = w * (expit(z) - y) / y.shape[1]
    return value, _slopes(x, slope), slope.sum(axis=0)


def _pairwise(problem: Problem, x: Float64, b: Float64, shift: Float64) -> tuple[float, Float64, Float64]:
    """The mean over classes of log(1 + exp(z_n - z_p)) over their pairs; its slopes in b (a shift changes nothing)."""
    from scipy.special import expit

    kept = np.ones(problem.y.shape, bool) if problem.mask is None else problem.mask
    z = _weighted(x, b)
    value, slope = 0.0, np.zeros(z.shape)
    for c in range(z.shape[1]):
        p, n = (np.flatnonzero(side[:, c] & kept[:, c]) for side in (problem.y, ~problem.y))
        gap = z[n, c][None, :] - z[p, c][:, None]
        value += float(np.logaddexp(0, gap).mean())
        pull = expit(gap) / gap.size
        slope[n, c] += pull.sum(axis=0)
        slope[p, c] -= pull.sum(axis=1)
    slope /= z.shape[1]
    return value / z.shape[1], _slopes(x, slope), np.zeros(len(shift))
