"""StreamFigures of single classes: the AUC by every stream, precision and recall, and reliability."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, FileSpace, Float64, Int64, Matrix, Scores
from blendkit.metrics import precision_from_counts, reliability, retrieved_counts
from blendkit.offline import LabelledChunks
from blendkit.reporting.packed_arrays import packed
from blendkit.reporting.report_size_limits import Effort
from blendkit.reporting.report_sources import Material
from blendkit.reporting.stream_facts import StreamFigures

_BINS = 10


def class_facts(
    material: Material, truth: LabelledChunks, figures: StreamFigures, effort: Effort
) -> dict[str, Any] | None:
    """Return the table of scored classes, with curves of the output and of its strongest rival; None without any."""
    main = material.main
    live = figures.auc[main].scored
    if not len(live):
        return None
    names = [truth.classes[i] for i in live]
    taxonomy = material.taxonomy
    shown = [main, *_rival(material, figures)]
    counts = {n: retrieved_counts(figures.y, figures.values[n]) for n in shown}
    return {
        "ids": names,
        "names": [taxonomy.common_name(c) or taxonomy.scientific_name(c) for c in names],
        "groups": [taxonomy.group_of(c, "class_name") or "" for c in names],
        "positives": figures.y[:, live].sum(axis=0).tolist(),
        "labelled": len(figures.y),
        "auc": {n: _covered_auc(s, names, figures.auc[n].per_class[live]) for n, s in material.scores.items()},
        "ap": {n: precision_from_counts(counts[n], len(truth.classes)).per_class[live].tolist() for n in shown},
        "curves": {n: _curves(counts[n], figures.values[n], live, effort.curves, scores=n == main) for n in shown},
        "reliability": {
            n: r for n in shown if (r := _reliability(figures.y, figures.values[n], live, material.scores[n].space))
        },
    }


def _covered_auc(scores: Scores, names: Sequence[str], auc: Float64) -> list[float]:
    """AUCs (L,) of the classes `names`; nan where the stream does not cover a class, whose constant would be 0.5."""
    covered = {c for c, own in zip(scores.classes, scores.covered, strict=True) if own}
    return [float(v) if c in covered else math.nan for c, v in zip(names, auc, strict=True)]


def _rival(material: Material, figures: StreamFigures) -> list[str]:
    """The strongest stream that is no blend, beside the output."""
    others = [n for n, r in material.roles.items() if n != material.main and r in ("member", "source")]
    return [max(others, key=lambda n: figures.auc[n].macro)] if others else []


def _curves(
    counts: Mapping[int, tuple[Int64, Int64]], x: Matrix, live: Int64, most: int, *, scores: bool
) -> dict[str, Any]:
    """Positives found and chunks retrieved at distinct scores of each class, one class after the other.

    At most `most` points of a class: those at equal steps of what is retrieved. The counts are whole numbers, so that a
    page computes precision and recall exactly; scores: with the thresholds.
    """
    found, retrieved, cuts, offsets = [], [], [], [0]
    for c in live.tolist():
        f, r = counts[c]
        if len(f) > most:
            kept = np.unique(np.searchsorted(r, np.linspace(1, r[-1], most)))
            rises = np.flatnonzero(np.diff(f, prepend=0))  # the corners, where precision is highest
            kept = np.union1d(kept, rises[np.linspace(0, len(rises) - 1, min(most, len(rises))).astype(int)])
            f, r = f[kept], r[kept]
        found.append(f)
        if scores:
            cuts.append(np.sort(x[:, c])[::-1][r - 1].astype(np.float64))
        retrieved.append(r)
        offsets.append(offsets[-1] + len(f))
    arrays: dict[str, list[NDArray[Any]]] = {
        "found": found,
        "retrieved": retrieved,
        **({"scores": cuts} if scores else {}),
    }
    return {**{n: packed(np.concatenate(a)) for n, a in arrays.items()}, "offsets": offsets}


def _reliability(y: Bools, x: Matrix, live: Int64, space: FileSpace) -> dict[str, Any] | None:
    """Predicted and observed shares in ten bins per class; None for scores that are no probabilities."""
    part = np.asarray(x)[:, live]
    if space not in ("prob", "unknown") or part.min() < 0 or part.max() > 1:
        return None
    table = reliability(y[:, live], part, _BINS)
    return {"count": table.class_count, "predicted": table.class_predicted, "observed": table.class_observed,
            "ece": table.class_ece}  # fmt: skip
