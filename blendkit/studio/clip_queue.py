"""Which chunks are worth listening to, and what every member says of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from blendkit.core import Bools, Float64, Int64, Rows, Scores
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.metrics import disagreement, percentile_rank, uncertainty
from blendkit.reporting import Material, plain

Order = Literal["disagreement", "top", "uncertain", "missed", "false"]
ORDERS: tuple[Order, ...] = get_args(Order)
_MOST_CELLS = 20_000_000  # of all streams together, above which disagreement is looked for in one class alone
_SHARP = 0.99  # the rank at which a chunk of a class without labels is called uncertain


@dataclass(frozen=True, eq=False)
class Listening:
    """Scores (N, C) of every stream on common rows, the main one first; truth (N, C) with labelled (N,), or None."""

    rows: Rows
    classes: tuple[str, ...]
    scores: dict[str, Scores]
    members: tuple[str, ...]
    truth: Bools | None
    labelled: Bools

    @property
    def main(self) -> Scores:
        """The scores that all is about."""
        return next(iter(self.scores.values()))

    def column(self, class_id: str) -> int:
        """Return the number of a class. Raises BlendkitError for one that there is not."""
        if class_id not in self.classes:
            raise BlendkitError(f"no class is called {class_id!r}{did_you_mean(class_id, self.classes)}")
        return self.classes.index(class_id)

    def chunks(self, order: str, class_id: str, most: int) -> dict[str, Any]:
        """Return the first chunks of an order, each with its scores; class_id "": of any class, for disagreement.

        Raises BlendkitError for an order that needs a class, labels, or several members that there are not.
        """
        if order not in ORDERS:
            raise BlendkitError(f"no order is called {order!r}{did_you_mean(order, ORDERS)}")
        columns = np.arange(len(self.classes)) if not class_id else np.array([self.column(class_id)])
        worth, what = self._worth(order, columns)
        cells = np.flatnonzero(np.isfinite(worth).ravel())
        first = cells[np.argsort(-worth.ravel()[cells], kind="stable")[:most]]
        at = zip((first // len(columns)).tolist(), columns[first % len(columns)].tolist(), strict=True)
        return {"what": what, "chunks": [self.chunk(row, c) for row, c in at]}

    def _worth(self, order: str, columns: Int64) -> tuple[Float64, str]:
        """How much a chunk belongs to the front (N, K), nan where not at all, and what that is in words."""
        x = np.asarray(self.main.values, np.float64)[:, columns]
        if order == "disagreement":
            return self._disagreement(columns), "how many powers of ten apart the members' ranks of the chunk are"
        if len(columns) != 1:
            raise BlendkitError("choose a class: only disagreement is looked for in all of them")
        if order == "top":
            return x, "the highest scores"
        if order == "uncertain":
            edge, what = self._edge(x, int(columns[0]))
            return uncertainty(x, np.array([edge])), what
        if self.truth is None or not self.labelled.any():
            raise BlendkitError("there are no labels, so no chunk is known to be missed or false", ["give --labels"])
        y = self.truth[:, columns]
        known = self.labelled[:, None] & (y if order == "missed" else ~y)
        what = "labelled chunks with the lowest scores" if order == "missed" else "chunks without it that score highest"
        return np.where(known, -x if order == "missed" else x, np.nan), what

    def _disagreement(self, columns: Int64) -> Float64:
        own = [self.scores[m] for m in self.members]
        if len(own) < 2:
            raise BlendkitError("one member cannot disagree", ["choose another order"])
        if len(self.rows) * len(columns) * len(own) > _MOST_CELLS:
            raise BlendkitError("so large an archive is searched class by class: choose a class")
        return disagreement([s.values[:, columns] for s in own], [s.covered[columns] for s in own])

    def _edge(self, x: Float64, column: int) -> tuple[float, str]:
        space = self.main.space
        if space in ("prob", "logit"):
            return (0.5 if space == "prob" else 0.0), "scores nearest to a probability of one half"
        share = _SHARP
        if self.truth is not None and self.labelled.any():
            share = 1 - float(self.truth[self.labelled, column].mean())
        return float(np.quantile(x, share)), f"scores nearest to their quantile {share:.3f}, as ranks have no threshold"

    def chunk(self, row: int, column: int) -> dict[str, Any]:
        """Return one chunk of one class: where it is, what each stream gives it, and its label (None: unknown)."""
        known = self.truth is not None and bool(self.labelled[row])
        return {
            "row": row, "recording": str(self.rows.recording[row]), "start": float(self.rows.start_s[row]),
            "end": float(self.rows.end_s[row]), "class": self.classes[column],
            "scores": plain({n: s.values[row, column] for n, s in self.scores.items()}),
            "label": bool(self.truth[row, column]) if known and self.truth is not None else None,
        }  # fmt: skip

    def around(self, row: int, column: int) -> dict[str, Any]:
        """Return a chunk's whole recording: every stream's rank (0 to 1) of the class over time, and its labels."""
        at = np.flatnonzero(self.rows.recording == self.rows.recording[row])
        ranks = {n: percentile_rank(s.values[:, [column]])[at, 0] for n, s in self._covering(column)}
        truth: list[bool | None] = [None] * len(at)
        if self.truth is not None:
            truth = [bool(self.truth[i, column]) if self.labelled[i] else None for i in at.tolist()]
        starts, ends = self.rows.start_s[at], self.rows.end_s[at]
        own = {"starts": starts, "ends": ends, "ranks": ranks, "truth": truth}
        return {**self.chunk(row, column), **{n: plain(x) for n, x in own.items()}}

    def _covering(self, column: int) -> Iterable[tuple[str, Scores]]:
        return ((n, s) for n, s in self.scores.items() if s.covered[column])


def listening_of(material: Material) -> Listening:
    """Return what can be listened to of a report's material, all streams on the rows of the main one."""
    main = material.scores[material.main]
    scores = {n: s if s is main else s.align(main.rows, main.classes, source=n, unknown_classes="ignore",
                                             missing_rows="median") for n, s in material.scores.items()}  # fmt: skip
    members = tuple(n for n, r in material.roles.items() if r in ("member", "source"))
    if material.truth is None:
        return Listening(main.rows, main.classes, scores, members, None, np.zeros(len(main.rows), bool))
    truth, labelled = _placed(material, main)
    return Listening(main.rows, main.classes, scores, members, truth, labelled)


def _placed(material: Material, main: Scores) -> tuple[Bools, Bools]:
    """Labels on the rows and classes of the main scores."""
    own = material.truth
    assert own is not None
    place = {i: k for k, i in enumerate(own.rows.ids())}
    at = np.array([place.get(i, -1) for i in main.rows.ids()], np.int64)
    column = {c: k for k, c in enumerate(own.classes)}
    columns = np.array([column.get(c, -1) for c in main.classes], np.int64)
    truth = own.truth[np.maximum(at, 0)][:, np.maximum(columns, 0)] & (at >= 0)[:, None] & (columns >= 0)
    return truth, own.labelled[np.maximum(at, 0)] & (at >= 0)
