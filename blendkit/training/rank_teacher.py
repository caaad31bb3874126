"""A teacher of ranks: what a student is taught of it, how, and how well the two agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from blendkit.core import Float32, Float64, Matrix, Scores
from blendkit.errors import BlendkitError
from blendkit.training.settings import Distil

_TEMPERATURE = {"bce": 2.0, "listwise": 0.1}  # probabilities are softened, the shares of ranks (0 to 1) sharpened


def settled(how: Distil, *, ranks: bool) -> Distil:
    """Return the settings with a loss and a temperature that fit the teacher's scores.

    Raises BlendkitError for a loss that ranks have no values for, a map of what are no ranks, and a temperature that
    nothing uses.
    """
    problems = []
    loss = how.loss or ("listwise" if ranks and how.rank_map is None else "bce")
    if how.rank_map is not None and not ranks:
        problems.append("--rank-map: the teacher's scores are not ranks; leave it out")
    if how.rank_map is not None and loss != "bce":
        problems.append(f"--rank-map makes logits of ranks, --loss {loss} needs none; leave one out")
    if ranks and loss == "bce" and how.rank_map is None:
        problems.append("--loss bce needs logits, the teacher's scores are ranks; use listwise, or --rank-map normal")
    if loss == "pairwise" and how.temperature is not None:
        problems.append("--temperature: the pairwise loss has none; leave it out")
    if problems:
        raise BlendkitError("these settings of a student do not go together", problems)
    return replace(how, loss=loss, temperature=how.temperature or _TEMPERATURE.get(loss))


def orders_only(how: Distil) -> bool:
    """Return whether a student learns the order of chunks within a class, and no probabilities."""
    return how.loss in ("listwise", "pairwise") or how.rank_map is not None


def taught(teacher: Scores, how: Distil) -> Float32:
    """Return (N, C) what a student is taught: the teacher's logits, or their order.

    Of N rows the one with average rank r (from 1) within its class has the share (r - 1/2) / N. An ordering loss takes
    the shares; `rank_map: normal` takes the normal score, the standard normal quantile of the share, as logit.
    """
    if not orders_only(how):
        return teacher.values.astype(np.float32)
    shares = (_average_ranks(teacher.values) - 0.5) / len(teacher.values)
    if how.rank_map is None:
        return np.asarray(shares, np.float32)
    from scipy.special import ndtri

    return np.asarray(ndtri(shares), np.float32)


def _average_ranks(values: Matrix) -> Float64:
    """The ranks (N, C) within each class, from 1, ties sharing their mean.

    They come from scipy: numba, which ranks faster elsewhere, starts its threads here before torch trains, and sets the
    number of torch's, too.
    """
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, axis=0), np.float64)


def rank_agreement(found: Matrix, wanted: Matrix) -> float:
    """Return the mean over classes of Spearman's rank correlation.

    found, wanted (N, C). Classes whose wanted values are all equal are left out; nan if that are all.
    """
    a, b = (2 * _average_ranks(x) - (len(x) + 1) for x in (found, wanted))
    spread = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    varied = (b != 0).any(axis=0)
    each = (a * b).sum(axis=0) / np.where(spread > 0, spread, 1)
    return float(each[varied].mean()) if varied.any() else float("nan")
