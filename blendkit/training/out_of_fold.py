"""Figures of out-of-fold logits for each kind of rows, with intervals that redraw whole groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, Matrix
from blendkit.errors import shorten
from blendkit.metrics import Interval, cluster_codes, paired_bootstrap
from blendkit.training.examples import Examples, Index
from blendkit.training.fold_means import fold_means

REPLICATES = 1000
Logits = Matrix
KINDS = (("clip", "clips"), ("chunk", "soundscape chunks"))


def clusters_of(examples: Examples) -> NDArray[np.str_]:
    """Return (N,) the cluster of each row: its group where there are more than ten groups, else its recording."""
    return examples.group if len(set(examples.group.tolist())) > 10 else examples.recording


def judge(
    examples: Examples, logits: Logits, against: Mapping[str, Logits] | None = None, fold: Int64 | None = None
) -> dict[str, Any]:
    """Return {kind: {rows, classes, macro_auc, by_fold, top_one, gains}} of logits (N, C), with 95 % intervals.

    macro_auc: of all rows together. by_fold, with fold (N,): {macro_auc, folds}, the mean of the folds' own figures
    and these; None where folds are too small, see `fold_means`.
    top_one: the share of clips whose highest class is theirs; None for chunks, which may hold several classes.
    against {name: (N, C)}: others on the same rows and folds; gains {name: {macro_auc, by, top_one}} holds the paired
    differences to them, of the means of folds where there are any: these order heads as unseen recordings do (see
    docs/out_of_fold.md). Rows whose logits are not finite count nowhere, nor do cells that the examples do not count; a
    kind without a class of both kinds of rows is left out.
    """
    found = {}
    for kind, _ in KINDS:
        rows, why = _counted(examples, kind, logits, against or {})
        if why or not len(rows):
            continue
        scores = {"": logits[rows], **{n: x[rows] for n, x in (against or {}).items()}}
        found[kind] = _figures(examples.take(rows), scores, kind, None if fold is None else fold[rows])
    return found


def not_judged(examples: Examples, logits: Logits, against: Mapping[str, Logits] | None = None) -> dict[str, str]:
    """Return {kind: why} for the kinds of rows that `judge` gives no figure of, though there are rows."""
    found = {kind: _counted(examples, kind, logits, against or {})[1] for kind, _ in KINDS}
    return {kind: why for kind, why in found.items() if why}


def _counted(examples: Examples, kind: str, logits: Logits, against: Mapping[str, Logits]) -> tuple[Index, str]:
    """The rows of a kind that count, and why there is no figure of them ("": there is one, or there are no rows)."""
    every = np.flatnonzero(examples.kind == kind)
    own = every[np.isfinite(logits[every]).all(axis=1)]
    theirs = np.array([np.isfinite(x[own]).all(axis=1) for x in against.values()], bool)
    rows = own[theirs.reshape(len(against), len(own)).all(axis=0)]
    part = examples.take(rows)
    truth = part.targets > 0.5
    if not len(every):
        return rows, ""
    if not len(own):
        return rows, f"a teacher behind the fit learned from all of their recordings ({len(every)} rows)"
    if not len(rows):
        return rows, f"no row counts as out-of-fold both here and in {shorten(against)}"
    if not _both_kinds(truth, part.counts).any():
        return rows, f"no class has both positive and negative rows among the {len(rows)} that count"
    if len(set(clusters_of(part).tolist())) < 2:
        return rows, f"the {len(rows)} rows that count are of one recording"
    return rows, ""


def _figures(part: Examples, scores: Mapping[str, Logits], kind: str, fold: Int64 | None) -> dict[str, Any]:
    truth, clusters = part.targets > 0.5, clusters_of(part)
    boot = paired_bootstrap(truth, scores, clusters.tolist(), REPLICATES, mask=part.counts)
    means = None
    if fold is not None:
        means = fold_means(truth, scores, fold, clusters, REPLICATES, part.counts)
        means = means or fold_means(truth, scores, fold, part.recording, REPLICATES, part.counts)  # a fold of one group
    right = {n: _right(truth, x, part.counts) for n, x in scores.items()} if kind == "clip" else {}
    gains: dict[str, dict[str, Any]] = {}
    for n in (n for n in scores if n):
        gain = means.interval("", n) if means else _as_list(boot.difference("", n))
        gains[n] = {"macro_auc": gain, "by": "mean of folds" if means else "pooled"}
        if right:
            gains[n]["top_one"] = share_interval(right[""] - right[n], clusters)
    return {
        "rows": len(part),
        "classes": int(_both_kinds(truth, part.counts).sum()),
        "macro_auc": _as_list(boot.interval("")),
        "by_fold": {"macro_auc": means.interval(""), "folds": means.each[""]} if means else None,
        "top_one": share_interval(right[""], clusters) if right else None,
        "gains": gains,
    }


def share_interval(right: Float64, clusters: NDArray[np.str_]) -> list[float]:
    """Return [mean, low, high] of (N,) values, redrawing whole clusters (95 %)."""
    code, count = cluster_codes(clusters.tolist(), np.ones((len(right), 1), bool))
    sums, sizes = np.bincount(code, right, count), np.bincount(code, minlength=count)
    drawn = np.random.default_rng(0).integers(0, count, (REPLICATES, count))
    shares = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(shares, (0.025, 0.975))
    return [float(right.mean()), float(low), float(high)]


def _both_kinds(truth: Bools, counts: Bools | None) -> Bools:
    """Return (C,) which classes have positive and negative rows that count."""
    known = np.ones(truth.shape, bool) if counts is None else counts
    return np.asarray((truth & known).any(axis=0) & (~truth & known).any(axis=0), bool)


def _right(truth: Bools, logits: Logits, counts: Bools | None) -> Float64:
    """Whether each row's highest class is true (N,); a class that does not count there is never the highest."""
    known = logits if counts is None else np.where(counts, logits, -np.inf)
    return np.asarray(truth[np.arange(len(truth)), known.argmax(axis=1)], np.float64)


def _as_list(interval: Interval) -> list[float]:
    return [interval.estimate, interval.low, interval.high]
