"""Figures of out-of-fold logits for each kind of rows, with intervals that redraw whole groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Matrix
from blendkit.metrics import Interval, cluster_codes, paired_bootstrap
from blendkit.training.examples import Examples

REPLICATES = 1000
Logits = Matrix
KINDS = (("clip", "clips"), ("chunk", "soundscape chunks"))


def clusters_of(examples: Examples) -> NDArray[np.str_]:
    """Return (N,) the cluster of each row: its group where there are more than ten groups, else its recording."""
    return examples.group if len(set(examples.group.tolist())) > 10 else examples.recording


def judge(examples: Examples, logits: Logits, against: Mapping[str, Logits] | None = None) -> dict[str, Any]:
    """Return {kind: {rows, macro_auc, top_one, gains}} of out-of-fold logits (N, C), with 95 % intervals.

    top_one: the share of clips whose highest class is theirs; None for chunks, which may hold several classes.
    against {name: (N, C)}: others on the same rows; gains holds the paired differences to them. Rows whose logits
    are not finite count nowhere; a kind without a class of both kinds of rows is left out.
    """
    known = np.isfinite(logits).all(axis=1)
    for other in (against or {}).values():
        known = known & np.isfinite(other).all(axis=1)
    found = {}
    for kind, _ in KINDS:
        rows = np.flatnonzero((examples.kind == kind) & known)
        part = examples.take(rows)
        truth = part.targets > 0.5
        if not (truth.any(axis=0) & ~truth.all(axis=0)).any() or len(set(clusters_of(part).tolist())) < 2:
            continue
        scores = {"": logits[rows], **{n: x[rows] for n, x in (against or {}).items()}}
        boot = paired_bootstrap(truth, scores, clusters_of(part).tolist(), REPLICATES)
        right = {n: _right(truth, x) for n, x in scores.items()} if kind == "clip" else {}
        gains = {n: {"macro_auc": _as_list(boot.difference("", n))} for n in against or {}}
        for n in gains if right else ():
            gains[n]["top_one"] = share_interval(right[""] - right[n], clusters_of(part))
        found[kind] = {
            "rows": len(rows),
            "classes": int((truth.any(axis=0) & ~truth.all(axis=0)).sum()),
            "macro_auc": _as_list(boot.interval("")),
            "top_one": share_interval(right[""], clusters_of(part)) if right else None,
            "gains": gains,
        }
    return found


def share_interval(right: Float64, clusters: NDArray[np.str_]) -> list[float]:
    """Return [mean, low, high] of (N,) values, redrawing whole clusters (95 %)."""
    code, count = cluster_codes(clusters.tolist(), np.ones((len(right), 1), bool))
    sums, sizes = np.bincount(code, right, count), np.bincount(code, minlength=count)
    drawn = np.random.default_rng(0).integers(0, count, (REPLICATES, count))
    shares = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(shares, (0.025, 0.975))
    return [float(right.mean()), float(low), float(high)]


def _right(truth: Bools, logits: Logits) -> Float64:
    return np.asarray(truth[np.arange(len(truth)), logits.argmax(axis=1)], np.float64)


def _as_list(interval: Interval) -> list[float]:
    return [interval.estimate, interval.low, interval.high]
