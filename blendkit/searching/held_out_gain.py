"""Nested evaluation of a search: what it gains on recordings it did not see, and one word for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64
from blendkit.errors import BlendkitError
from blendkit.metrics import Bootstrap, CrossFitted, Interval, check_shapes, counted_cells, macro_auc

Search = Callable[[Bools], Float64]
"""From the cells (N, C) that may be learned from to blended scores (N, C) of all rows."""
Judgement = Literal["real", "undecided", "not"]
REAL = 0.7
_FEWEST = 3  # clusters whose redraws tell anything
_NESTED, _ALONE, _BEFORE = "nested", "alone", "before"


@dataclass(frozen=True, eq=False)
class Guarded:
    """The nested evaluation of a search.

    in_sample: the macro-AUC on the cells it searched; nested: of blends that never saw the positives they are measured
    on (`blendkit.metrics.CrossFitted`); optimism: in_sample - nested. best_member: the member with the highest
    macro-AUC on all cells; alone: of the member that is best on the same parts as each blend was searched on, so that
    its choice is judged as the blend's is. gain: nested less alone; better: the share of redraws with a gain, no change
    counting half; gain_over_before: nested less given scores, None without any. parts: how often the search was
    repeated without a part of the recordings.
    """

    in_sample: float
    nested: float
    optimism: float
    best_member: str
    alone: float
    gain: Interval
    better: float
    gain_over_before: Interval | None
    parts: int

    @property
    def judgement(self) -> Judgement:
        """One word for the gain, see `word_for`."""
        return word_for(self.better)


def word_for(better: float) -> Judgement:
    """Return one word for a held-out gain, from the share of redraws of the recordings in which there is a gain.

    `real` from 0.7, `not` up to 0.3, else `undecided` (nan too): the one rule for every verdict. A higher limit hides
    more real gains and reverses hardly fewer verdicts; how often each word is wrong is measured by
    `tests/benchmarks/bench_verdicts.py`.
    """
    if better >= REAL:
        return "real"
    return "not" if better <= round(1 - REAL, 9) else "undecided"


def divisions(
    clusters: Sequence[str], parts: int = 4, times: int = 2, seed: int = 0, counted: Bools | None = None
) -> list[list[str]]:
    """Return `times` divisions of the clusters into equal parts, each a label per row (N,).

    counted (N,): the rows with labels; clusters without any are no part of an equal division, and go to the first.

    Which part a cluster is in depends on the seed and the names, not on the order of rows. One division alone would
    make the figure hang on its luck. Fewer clusters than parts make a part each.
    """
    measured = clusters if counted is None else np.asarray(clusters, object)[counted].tolist()
    names = sorted(set(measured))
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(times):
        place = dict(zip((names[i] for i in rng.permutation(len(names))), range(len(names)), strict=True))
        out.append([str(place.get(c, 0) % parts) for c in clusters])
    return out


def guard(
    y: Bools,
    members: Mapping[str, NDArray[Any]],
    fit: Search,
    divided: Sequence[Sequence[object]],
    clusters: Sequence[object],
    *,
    before: NDArray[Any] | None = None,
    mask: Bools | None = None,
    replicates: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Guarded:
    """Search once on everything, then once without each part; compare on the unseen positives with the best member.

    y (N, C); members {name: (N, C)}; fit(cells) searches by those cells alone and returns blended scores
    (N, C); divided: part labels per row (N,), of one division of the clusters or of several, which are averaged; each
    part holds whole clusters (N,). before (N, C): scores that the blend is compared with, too. mask as in `macro_auc`.
    Raises BlendkitError for fewer than two parts, a cluster in two parts, and as `paired_bootstrap` does.
    """
    for name, x in members.items():
        check_shapes(y, x, mask, f"scores {name!r}")
    parts = held_out(y, divided, clusters, mask)
    keep = np.array(counted_cells(y.shape, mask))
    in_sample = macro_auc(y, fit(keep), mask).macro
    counts = CrossFitted(y, clusters, replicates, seed, mask, len(parts))
    rows_of = [rows for division in parts for rows in division]
    for rows in rows_of:
        seen = keep & ~rows[:, None]
        counts.add(_NESTED, fit(seen), rows)
        counts.add(_ALONE, members[_best(y, members, seen)], rows)
        if before is not None:
            counts.add(_BEFORE, before, rows)
    boot = counts.bootstrap()
    nested, alone = boot.estimate[_NESTED], boot.estimate[_ALONE]
    over = None if before is None else boot.difference(_NESTED, _BEFORE, level)
    gain = boot.difference(_NESTED, _ALONE, level)
    best = _best(y, members, keep)
    optimism = in_sample - nested
    return Guarded(in_sample, nested, optimism, best, alone, gain, _better(boot), over, len(rows_of))


def held_out(
    y: Bools, divided: Sequence[Sequence[object]], clusters: Sequence[object], mask: Bools | None = None
) -> list[list[Bools]]:
    """Return the rows (N,) that `guard` holds out in turn, of every division that leaves enough to learn from.

    Raises BlendkitError for fewer than two parts, a cluster in two parts, and where no division leaves enough.
    """
    keep = np.array(counted_cells(y.shape, mask))
    named = [str(c) for c in clusters]
    given = [np.array([str(f) for f in division], object) for division in divided]
    listed = [[np.asarray(own == part, bool) for part in _parts(own, named, keep)] for own in given]
    usable = [parts for parts in listed if all(_searchable(y, keep & ~rows[:, None]) for rows in parts)]
    if not usable:
        raise BlendkitError(
            "too few labels to hold any out: without some recordings no class has both positives and negatives",
            ["label more recordings, or take the weights as they are (`compare` measures them)"],
        )
    return usable


def _better(boot: Bootstrap) -> float:
    """Return the share of replicates with a gain; nan where none could be measured, and of two clusters.

    One of four redraws of two holds the first alone, and one the second: they tell no gain from luck.
    """
    if boot.clusters < _FEWEST:
        return float("nan")
    drawn = boot.replicates[_NESTED] - boot.replicates[_ALONE]
    drawn = drawn[~np.isnan(drawn)]
    return float(((drawn > 0) + 0.5 * (drawn == 0)).mean()) if len(drawn) else float("nan")


def _searchable(y: Bools, cells: Bools) -> bool:
    """Return whether some class has both positives and negatives among the cells (N, C)."""
    return bool(((y & cells).any(axis=0) & (~y & cells).any(axis=0)).any())


def _best(y: Bools, members: Mapping[str, NDArray[Any]], cells: Bools) -> str:
    """Return the member with the highest macro-AUC on some cells; the first of equals."""
    macros = {n: macro_auc(y, x, cells).macro for n, x in members.items()}
    return max(macros, key=lambda n: macros[n])


def _parts(labels: NDArray[Any], clusters: list[str], keep: Bools) -> list[str]:
    """Return the parts with cells that count, in sorted order."""
    used = np.flatnonzero(keep.any(axis=1)).tolist()
    of: dict[str, set[str]] = {}
    for i in used:
        of.setdefault(clusters[i], set()).add(labels[i])
    split = [c for c, found in of.items() if len(found) > 1]
    if split:
        raise BlendkitError(
            f"{len(split)} clusters are split over several folds, such as {split[0]!r}",
            ["every cluster must be in one fold: use coarser folds, or smaller clusters"],
        )
    parts = sorted({str(labels[i]) for i in used})
    if len(parts) < 2:
        raise BlendkitError(
            f"nested scores need at least two folds to hold out, found {len(parts)}: {len(used)} chunks have labels",
            [
                f"of {len(of)} recordings (or sites); none can be used for both the search and its evaluation",
                "label chunks of more recordings; until then, blend with equal weights, without labels",
            ],
        )
    return parts
