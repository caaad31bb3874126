"""Recordings: which moved most between two streams, strips of chunks by class, sites and hours, statuses."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np

from blendkit.core import Float64, Rows, Scores
from blendkit.errors import BlendkitError
from blendkit.metrics import doubled_ranks
from blendkit.reporting.packed_arrays import packed
from blendkit.reporting.report_size_limits import Effort
from blendkit.reporting.report_sources import Material

_HOUR_S = 3600.0
_LISTED = 1000  # recordings in the table


def recording_facts(material: Material, rival: str | None, effort: Effort) -> dict[str, Any] | None:
    """Return the recordings' table, effort by site and hour, and strips of those that moved most."""
    scores = material.scores[material.main]
    rows = scores.rows
    if not len(rows):
        return None
    ranks = _percentiles(scores)
    moved = None if rival is None else _moved(ranks, scores, material.scores[rival])
    bounds, names = rows.offsets(), rows.recordings()
    per = [float(moved[a:b].mean()) if moved is not None else 0.0 for a, b in pairwise(bounds.tolist())]
    order = sorted(range(len(names)), key=lambda i: -per[i])[:_LISTED]
    shown = _that_fit(order, bounds.tolist(), len(scores.classes), effort.cells)
    return {
        "rival": rival,
        "count": len(names),
        "listed": [_line(material, rows, names[i], int(bounds[i]), int(bounds[i + 1]), per[i], moved is not None)
                   for i in order],
        "strips": _strips(material, scores, ranks, shown, bounds.tolist(), names),
        "effort": _effort(rows),
        "statuses": _statuses(material),
    }  # fmt: skip


def _percentiles(scores: Scores) -> Float64:
    """Ranks (N, C) inside each class, from 0 to 1."""
    values = np.ascontiguousarray(scores.values)
    return np.asarray(doubled_ranks(values) / (2 * len(values)), np.float64)


def _moved(ranks: Float64, scores: Scores, other: Scores) -> Float64 | None:
    """By how much of the ranks each chunk (N,) moved on the mean of all classes; None if the rows differ."""
    try:
        found = other.align(scores.rows, scores.classes, unknown_classes="ignore")
    except BlendkitError:
        return None
    both = found.covered & scores.covered
    if not both.any():
        return None
    return np.asarray(np.abs(ranks[:, both] - _percentiles(found)[:, both]).mean(axis=1))


def _line(
    material: Material, rows: Rows, name: str, first: int, last: int, moved: float, known: bool
) -> dict[str, Any]:
    truth = material.truth
    labelled = int(truth.labelled[first:last].sum()) if truth is not None and len(truth.labelled) == len(rows) else 0
    hour, date = int(rows.hour[first]), rows.date[first]
    return {
        "name": name, "chunks": last - first, "labelled": labelled, "site": str(rows.site[first]),
        "hour": hour if hour >= 0 else None, "date": "" if np.isnat(date) else str(date),
        "moved": moved if known else None,
    }  # fmt: skip


def _that_fit(order: list[int], bounds: list[int], classes: int, cells: int) -> list[int]:
    """The first recordings whose strips have room."""
    found, left = [], cells
    for i in order:
        left -= (bounds[i + 1] - bounds[i]) * classes
        if left < 0:
            break
        found.append(i)
    return found


def _strips(
    material: Material, scores: Scores, ranks: Float64, shown: list[int], bounds: list[int], names: list[str]
) -> dict[str, Any] | None:
    """Ranks of the shown recordings' chunks in 256 steps, and the cells that labels call present."""
    if not shown:
        return None
    at = np.concatenate([np.arange(bounds[i], bounds[i + 1]) for i in shown])
    truth = material.truth
    fits = truth is not None and truth.classes == scores.classes and len(truth.truth) == len(ranks)
    return {
        "recordings": [names[i] for i in shown],
        "chunks": [bounds[i + 1] - bounds[i] for i in shown],
        "starts": scores.rows.start_s[at].tolist(),
        "classes": list(scores.classes),
        "names": [material.taxonomy.common_name(c) or material.taxonomy.scientific_name(c) for c in scores.classes],
        "ranks": packed(np.rint(ranks[at] * 255).astype(np.uint8)),
        "present": packed((truth.truth & truth.labelled[:, None])[at].astype(np.uint8)) if truth and fits else None,
    }


def _effort(rows: Rows) -> dict[str, Any] | None:
    """Recordings and hours of sound per site and hour of the day; None where names give neither."""
    first = rows.offsets()[:-1]
    sites = [str(s) for s in rows.site[first]]
    hours = rows.hour[first].tolist()
    if not any(sites) and all(h < 0 for h in hours):
        return None
    length = np.add.reduceat(rows.end_s - rows.start_s, first) / _HOUR_S
    counts = Counter(zip(sites, hours, strict=True))
    heard: Counter[str] = Counter()
    for site, seconds in zip(sites, length.tolist(), strict=True):
        heard[site] += seconds
    named = sorted(set(sites))
    grid = [[counts.get((s, h), 0) for h in range(24)] for s in named]
    return {"sites": named, "recordings": grid, "hours": [heard[s] for s in named],
            "unknown": sum(h < 0 for h in hours)}  # fmt: skip


def _statuses(material: Material) -> dict[str, Any] | None:
    """How many recordings have which status, and those that a person should look at."""
    found = material.facts.get("recordings") or {}
    if not found:
        return None
    counts = Counter(str(s["status"]) for s in found.values())
    odd = [
        {"name": n, "status": s["status"], "chunks": s["chunks"], "seconds": s["duration_s"], "note": s["note"]}
        for n, s in found.items()
        if s["status"] != "ok" or s["note"]
    ]
    return {"counts": dict(sorted(counts.items())), "odd": odd[:_LISTED], "more": max(0, len(odd) - _LISTED)}
