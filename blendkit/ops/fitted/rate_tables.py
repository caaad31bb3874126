"""Priors of one key: how often a class occurs by month, by hour, or at a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from blendkit.core import NO_HOUR, Bools, Float64, Int64, Matrix, Rows
from blendkit.errors import BlendkitError, shorten
from blendkit.ops.declare import ClassIds, FittedOf, NonNegative, Positive, RowsOf, op
from blendkit.ops.fitted.shared import added, low_figures, prior_term, recording_shares, round_the_clock
from blendkit.store import artefact, load_artefact, wrong_artefact

Key = Literal["month", "hour", "site"]
UNKNOWN = ""


@artefact("rate_table", p_global=("C",), p_level=("L", "C"))
@dataclass(frozen=True, eq=False)
class RateTable:
    """A fitted prior of one key. levels (K,): months 1 to 12, hours 0 to 23, or sites; p_level (K, C), p_global (C,).

    saw: the recordings it was fitted on; empty for a table of places, which is made from finds with coordinates.
    """

    key: Key
    classes: tuple[str, ...]
    levels: tuple[str, ...]
    p_global: Float64
    p_level: Float64
    saw: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that there is a row per level."""
        if len(self.p_level) != len(self.levels):
            raise ValueError(f"{len(self.p_level)} rows of rates for {len(self.levels)} levels")

    def rate(self, level: str) -> Float64:
        """Return (C,) rates at a level, overall ones where it is unknown; one nameless place stands for all sites."""
        if self.levels == (UNKNOWN,):
            return np.asarray(self.p_level[0])
        return np.asarray(self.p_level[self.levels.index(level)]) if level in self.levels else self.p_global


def _load(path: Path, key: Key) -> RateTable:
    found = load_artefact(path, RateTable)
    if found.key != key:
        raise wrong_artefact(path, f"table of rates by {key}", ValueError(f"its rates are by {found.key}"))
    return found


def load_month(path: Path) -> RateTable:
    """Read a saved table of months. Raises BlendkitError if the file is something else."""
    return _load(path, "month")


def load_hour(path: Path) -> RateTable:
    """Read a saved table of hours. Raises BlendkitError if the file is something else."""
    return _load(path, "hour")


def load_site(path: Path) -> RateTable:
    """Read a saved table of places. Raises BlendkitError if the file is something else."""
    return _load(path, "site")


def levels_at(rows: Rows, at: Int64, key: Key) -> list[str]:
    """Return the levels of some rows (n,): their months, hours or sites; "" where the name has none."""
    if key == "site":
        return [str(s) for s in rows.site[at]]
    if key == "hour":
        return [UNKNOWN if h == NO_HOUR else str(h) for h in rows.hour[at].tolist()]
    dates = rows.date[at]
    known = ~np.isnat(dates)
    months = dates.astype("datetime64[M]").astype(int) % 12 + 1
    return [str(m) if k else UNKNOWN for m, k in zip(months.tolist(), known.tolist(), strict=True)]


def fit_month(
    truth: Bools, labelled: Bools, rows: Rows, classes: Sequence[str], *,
    k: Positive = 8.0, sigma: NonNegative = 1.0,
) -> RateTable:  # fmt: skip
    """Fit rates by month: near months, also across New Year, pooled by count (sigma months), shrunk by k recordings."""
    return _cyclic("month", truth, labelled, rows, classes, [str(m) for m in range(1, 13)], k, sigma)


def fit_hour(
    truth: Bools, labelled: Bools, rows: Rows, classes: Sequence[str], *,
    k: Positive = 8.0, sigma: NonNegative = 1.5,
) -> RateTable:  # fmt: skip
    """Fit rates by hour: near hours, also across midnight, pooled by count (sigma hours), shrunk by k recordings."""
    return _cyclic("hour", truth, labelled, rows, classes, [str(h) for h in range(24)], k, sigma)


def rate_notes(x: Matrix, *, fitted: FittedOf) -> list[str]:
    """Say it where figures come out too low."""
    return low_figures(fitted)


@op(
    "month_prior",
    also_called=(("month, wet and dry season", "{strength: 0.5}"),),
    scope="file", classwise=True, spaces=("logit",), affine=True, fit=fit_month, load=load_month,
    notes=rate_notes, needs=("date",),
)  # fmt: skip
def month_prior(
    x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf, strength: NonNegative = 0.5, cap: Positive = 4.0
) -> Matrix:
    """Add strength x (logit p(month) - logit p overall) to logits x (N, C), within +-cap.

    Names without a date add 0. Returns (N, C). Source: the season priors of BirdCLEF 2026 reports, most of which lost
    (-0.018, -0.017).
    """
    return _with_rates(x, rows, classes, fitted, strength, cap, "month")


@op(
    "diel_prior",
    also_called=(("hour of day, diel likelihood ratio", "{strength: 0.5}"),),
    scope="file", classwise=True, spaces=("logit",), affine=True, fit=fit_hour, load=load_hour,
    notes=rate_notes, needs=("hour",),
)  # fmt: skip
def diel_prior(
    x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf, strength: NonNegative = 0.5, cap: Positive = 4.0
) -> Matrix:
    """Add strength x (logit p(hour) - logit p overall) to logits x (N, C), within +-cap; the hour is that of the name.

    Names without an hour add 0. Returns (N, C). Source: the diel likelihood ratios of BirdCLEF 2026's second place,
    which it left off (-0.006).
    """
    return _with_rates(x, rows, classes, fitted, strength, cap, "hour")


def unchanged_by_table(x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf) -> list[str]:
    """Return which recordings and classes of x (N, C) a table of places says nothing of, in words."""
    table: RateTable = fitted.artefacts[0]  # a table of places is not cross-fitted: it has no folds
    sites = [] if table.levels == (UNKNOWN,) else levels_at(rows, rows.offsets()[:-1], table.key)
    unknown = [s or "no site in the name" for s in sites if s not in table.levels]
    lacks = [c for c in classes if c not in table.classes]
    notes = []
    if unknown:
        where = shorten(sorted(set(unknown)))
        notes.append(f"{len(unknown)} of {len(sites)} recordings unchanged, for the table lacks their sites: {where}")
    if lacks:
        notes.append(f"{len(lacks)} classes unchanged, for the table lacks them: {shorten(lacks)}")
    return notes


@op(
    "place_prior",
    also_called=(("geographic proximity prior", ""),),
    scope="file",
    classwise=True,
    spaces=("logit",),
    affine=True,
    load=load_site,
    notes=unchanged_by_table,
    needs=("site",),
)
def place_prior(
    x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf, strength: NonNegative = 0.5, cap: Positive = 4.0
) -> Matrix:
    """Add strength x (logit p(class | near the site) - logit p(class)) to logits x (N, C), within +-cap.

    The table comes from finds with coordinates (`near_places`; `blendkit fit places`). Unknown sites add 0. Returns
    (N, C). Source: spatial densities of focal recordings, which a leak-free audit found to lose 0.03.
    """
    return _with_rates(x, rows, classes, fitted, strength, cap, "site")


def near_places(
    sites: dict[str, tuple[float, float]],
    finds: Sequence[tuple[str, float, float]],
    *,
    radius_km: float = 300.0,
    k: float = 20.0,
    saw: Sequence[str] = (),
) -> RateTable:
    """Return a table of places: the share of each class among finds near a site, shrunk to its share of all by k finds.

    sites: {site: (latitude, longitude)} in degrees; finds: (class, latitude, longitude). A find has the weight
    exp(-(distance / radius)^2 / 2), distance on the great circle. saw: the recordings behind the finds. Raises
    BlendkitError without sites or finds.
    """
    if not sites or not finds:
        raise BlendkitError("a table of places needs sites and finds with coordinates")
    classes = tuple(sorted({c for c, _, _ in finds}))
    at = {c: i for i, c in enumerate(classes)}
    which = np.array([at[c] for c, _, _ in finds])
    where = np.radians(np.array([f[1:] for f in finds], np.float64))
    overall = np.bincount(which, minlength=len(classes)) / len(finds)
    rows = []
    for place in sites.values():
        weight = np.exp(-0.5 * (_distances_km(np.radians(np.array(place)), where) / radius_km) ** 2)
        near = np.bincount(which, weight, len(classes))
        rows.append((near + k * overall) / (weight.sum() + k))
    return RateTable("site", classes, tuple(sites), overall, np.array(rows), tuple(saw))


def _distances_km(a: Float64, b: Float64) -> Float64:
    """Return great-circle distances in km (haversine) of a (2,) and b (n, 2), in radians."""
    half = np.sin((b - a) / 2) ** 2
    return np.asarray(2 * 6371.0 * np.arcsin(np.sqrt(half[:, 0] + np.cos(a[0]) * np.cos(b[:, 0]) * half[:, 1])))


def _cyclic(
    key: Key, truth: Bools, labelled: Bools, rows: Rows, classes: Sequence[str],
    levels: list[str], k: float, sigma: float,
) -> RateTable:  # fmt: skip
    share, first = recording_shares(f"{key} prior", truth, labelled, rows)
    known = {v: i for i, v in enumerate(levels)}
    at = np.array([known.get(v, -1) for v in levels_at(rows, first, key)])
    overall = share.mean(axis=0)
    p_level = round_the_clock(share, at, len(levels), overall, k, sigma)
    return RateTable(key, tuple(classes), tuple(levels), overall, p_level, tuple(str(r) for r in rows.recording[first]))


def _with_rates(
    x: Matrix, rows: Rows, classes: tuple[str, ...], fitted: FittedOf, strength: float, cap: float, key: Key
) -> Matrix:
    each = np.full(len(classes), strength)
    first = rows.offsets()[:-1]
    level = dict(zip(first.tolist(), levels_at(rows, first, key), strict=True))

    def term(table: RateTable, a: int) -> Float64:
        return prior_term(table.classes, table.p_global, table.rate(level[a]), classes, each, cap, True)

    return added(x, rows, fitted, lambda a: level[a], term)
