"""Exact tie-aware macro ROC-AUC, of all rows at once or from parts that merge exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, Matrix, notebook_view
from blendkit.errors import BlendkitError
from blendkit.metrics.kernels.pair_counts import NAN_FOUND, PairCount, count_pairs

if TYPE_CHECKING:
    import pandas as pd

_FAR_BELOW, _MOST = 0.4, 0.75  # a macro-AUC, and a share of the classes, that chance does not explain


@dataclass(frozen=True, eq=False, repr=False)
class MacroAUC:
    """macro: the mean over scored classes (nan if there are none); per_class (C,), nan where skipped.

    scored and skipped are class indices; a class is skipped without positives or without negatives.
    """

    macro: float
    per_class: Float64
    scored: Int64
    skipped: Int64

    def __len__(self) -> int:
        return len(self.scored)

    def __repr__(self) -> str:
        return f"MacroAUC({self.macro:.6f} over {len(self.scored)} classes, {len(self.skipped)} skipped)"

    @property
    def shape(self) -> tuple[int]:
        """(C,)."""
        return (len(self.per_class),)

    def to_frame(self, classes: Sequence[str] | None = None) -> pd.DataFrame:
        """Return one row per class: its AUC, nan where skipped. classes (C,): their names."""
        import pandas as pd

        index = pd.Index(range(len(self.per_class)) if classes is None else list(classes), name="class")
        return pd.DataFrame({"auc": self.per_class}, index=index)

    def _repr_html_(self) -> str:
        """Show the classes in a notebook, lowest first."""
        return notebook_view(repr(self), self.to_frame().sort_values("auc"))


def wrong_way_round(auc: MacroAUC) -> list[str]:
    """Say it, in one line, where AUCs are those of scores that fall where they should rise; else nothing.

    Chance alone puts half of the classes below 0.5, but not the mean below 0.4 with three of four.
    """
    low, scored = int((auc.per_class[auc.scored] < 0.5).sum()), len(auc.scored)
    if not (auc.macro < _FAR_BELOW and low >= _MOST * scored):
        return []
    asked = "are these distances, or 1 - p?"
    return [f"most classes rank the wrong way round ({low} of {scored} have an AUC below 0.5): {asked}"]


def macro_auc(y: Bools, x: Matrix, mask: Bools | None = None) -> MacroAUC:
    """Return the macro-averaged ROC-AUC of scores x (N, C) against truth y (N, C), ties counted half.

    Per class 2U = sum(2*[p > n] + [p == n]) over positive/negative pairs is an exact integer, divided once
    at the end, and the mean is a correctly rounded sum, so the order of rows and classes does not matter.
    mask (N,) or (N, C) leaves out unlabelled cells, whose values are not read. Raises BlendkitError for
    NaN (row, class) or other shapes.
    """
    check_shapes(y, x, mask)
    counts = count_pairs(y, x, mask)
    if (counts[:, PairCount.TWICE_U] == NAN_FOUND).any():
        refuse_nan(x, mask)
    return auc_of(counts[:, PairCount.TWICE_U], counts[:, PairCount.POSITIVES] * counts[:, PairCount.NEGATIVES])


def auc_of(twice_u: Int64, pairs: Int64) -> MacroAUC:
    """Return the AUCs of exact pair counts: 2U (C,) over twice the positive-negative pairs (C,)."""
    per_class = np.full(len(pairs), np.nan)
    live = pairs > 0
    per_class[live] = twice_u[live] / (2 * pairs[live])
    macro = math.fsum(per_class[live]) / int(live.sum()) if live.any() else math.nan
    return MacroAUC(macro, per_class, np.flatnonzero(live), np.flatnonzero(~live))


def check_shapes(y: NDArray[Any], x: NDArray[Any], mask: NDArray[Any] | None = None, name: str = "scores") -> None:
    """Raise BlendkitError unless y and x are arrays (N, C), y is 0 or 1, and mask, if any, is bool (N,) or (N, C).

    Whole numbers beyond 2^53 are refused, too: as float64 different ones would be equal.
    """
    anything: tuple[tuple[str, Any], ...] = (("truth", y), (name, x), ("mask", mask))
    for what, given in anything:
        if given is not None and not isinstance(given, np.ndarray):
            way = "give numpy arrays (N, C): `np.asarray(values)`, or `frame.to_numpy()` of a table"
            raise BlendkitError(f"{what} is a {type(given).__name__}, expected an array", [way])
    if x.dtype.kind in "iu" and x.size and max(-int(x.min()), int(x.max())) > 2**53:
        most = max(int(x.max()), int(x.min()), key=abs)
        way = "give ranks (`percentile_rank` of parts of the number, say), or numbers below 2^53"
        raise BlendkitError(f"{name} hold the whole number {most}: beyond 2^53 float64 cannot tell all apart", [way])
    if y.shape != x.shape or y.ndim != 2:
        raise BlendkitError(f"truth has shape {y.shape}, {name} {x.shape}; expected equal (N, C)")
    if mask is not None and (mask.dtype != bool or mask.shape not in (y.shape, y.shape[:1])):
        raise BlendkitError(f"mask is {mask.dtype} {mask.shape}; expected bool {y.shape[:1]} or {y.shape}")
    if y.dtype != bool and not (binary := (y == 0) | (y == 1)).all():
        row, column = np.argwhere(~binary)[0]
        raise BlendkitError(
            f"truth is {y[row, column]} at row {row}, class {column}; expected 0 or 1",
            ["truth comes first, scores come second"],
        )


def counted_cells(shape: tuple[int, ...], mask: Bools | None) -> Bools:
    """Return (N, C) true where a cell counts under a mask (N,), (N, C) or none; read-only."""
    if mask is None:
        return np.broadcast_to(np.True_, shape)
    return np.broadcast_to(mask[:, None] if mask.ndim == 1 else mask, shape)


def refuse_nan(x: Matrix, mask: Bools | None) -> None:
    """Raise BlendkitError with the first row and class if a cell that counts is NaN."""
    bad = np.argwhere(np.isnan(x) & counted_cells(x.shape, mask))
    if len(bad):
        raise BlendkitError(f"scores are NaN in {len(bad)} cells, first at row {bad[0][0]}, class {bad[0][1]}")


@dataclass(frozen=True, eq=False)
class AUCState:
    """The counts behind the AUC of some rows, per class: distinct values with their positives and negatives.

    States of disjoint rows add up (`a + b`) to exactly the state of all rows: shards and clusters merge
    without loss, unlike averaged AUCs or binned scores.
    """

    values: tuple[Float64, ...]
    positives: tuple[Int64, ...]
    negatives: tuple[Int64, ...]

    def __add__(self, other: AUCState) -> AUCState:
        if len(self.values) != len(other.values):
            raise BlendkitError(f"states of {len(self.values)} and {len(other.values)} classes cannot merge")
        merged = [
            _tally(np.concatenate([v, w]), np.concatenate([p, q]), np.concatenate([n, m]))
            for v, w, p, q, n, m in zip(
                self.values,
                other.values,
                self.positives,
                other.positives,
                self.negatives,
                other.negatives,
                strict=True,
            )
        ]
        return AUCState(*zip(*merged, strict=True)) if merged else self

    def result(self) -> MacroAUC:
        """Return the AUC of all rows that went in: the same bits as `macro_auc` on them."""
        twice_u = [
            int((p * (2 * (np.cumsum(n) - n) + n)).sum()) for p, n in zip(self.positives, self.negatives, strict=True)
        ]
        pairs = [int(p.sum()) * int(n.sum()) for p, n in zip(self.positives, self.negatives, strict=True)]
        return auc_of(np.array(twice_u, np.int64), np.array(pairs, np.int64))


def auc_state(y: Bools, x: Matrix, mask: Bools | None = None) -> AUCState:
    """Return the mergeable state of some rows; arguments and errors as for `macro_auc`."""
    check_shapes(y, x, mask)
    keep = counted_cells(y.shape, mask)
    refuse_nan(x, mask)
    parts = [
        _tally(v[k].astype(np.float64) + 0.0, t[k].astype(np.int64), (~t[k]).astype(np.int64))  # + 0.0: -0.0 is 0.0
        for v, t, k in zip(x.T, np.asarray(y, bool).T, keep.T, strict=True)
    ]
    return AUCState(*zip(*parts, strict=True)) if parts else AUCState((), (), ())


def _tally(values: Float64, positives: Int64, negatives: Int64) -> tuple[Float64, Int64, Int64]:
    """Sum the counts of equal values; values come out sorted."""
    distinct, which = np.unique(values, return_inverse=True)
    p, n = np.zeros(len(distinct), np.int64), np.zeros(len(distinct), np.int64)
    np.add.at(p, which, positives)
    np.add.at(n, which, negatives)
    return distinct, p, n
