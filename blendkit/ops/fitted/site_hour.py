"""Site x hour priors: rates of a species by place and time, from the labelled recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Interval

from blendkit.core import NO_HOUR, Bools, Float64, Matrix, Rows
from blendkit.ops.declare import (
    NO_NUMBERS,
    ByTaxon,
    ClassIds,
    Fitted,
    FittedOf,
    NonNegative,
    Positive,
    RowsOf,
    TaxonomyOf,
    op,
)
from blendkit.ops.fitted.shared import (
    added,
    chunk_shares,
    low_figures,
    prior_term,
    recording_shares,
    round_the_clock,
    round_the_clock_of_rates,
    shrunk,
    taxa_of,
)
from blendkit.store import artefact, loader_of

PriorFloor = Annotated[float, Interval(ge=0, lt=0.5)]


@dataclass(frozen=True)
class PriorSettings:
    """The settings of a fit: shrinkage in recordings per level, hour kernel width in hours."""

    k_hour: float
    k_site: float
    k_site_hour: float
    hour_sigma: float
    count: str = "recordings"
    hour_pool: str = "counts"


@artefact("site_hour_prior", p_global=("C",), p_hour=(24, "C"), p_site=("S", "C"), p_cell=("S", 24, "C"))
@dataclass(frozen=True, eq=False)
class SiteHourPrior:
    """A fitted prior: the rate of each class overall, by hour, by site, and by site and hour.

    p_global (C,), p_hour (24, C), p_site (S, C), p_cell (S, 24, C), each already shrunk to the level
    before it. saw: the recordings it was fitted on.
    """

    classes: tuple[str, ...]
    sites: tuple[str, ...]
    p_global: Float64
    p_hour: Float64
    p_site: Float64
    p_cell: Float64
    saw: tuple[str, ...]
    settings: PriorSettings

    def __post_init__(self) -> None:
        """Check that there is a row per site."""
        if len(self.p_site) != len(self.sites):
            raise ValueError(f"{len(self.p_site)} rows of rates for {len(self.sites)} sites")

    def rate(self, site: str, hour: int) -> Float64:
        """Return (C,) rates of the finest level that is known for a site ("" or unseen) and hour (-1: unknown)."""
        at = self.sites.index(site) if site in self.sites else -1
        if at < 0:
            return self.p_global if hour == NO_HOUR else np.asarray(self.p_hour[hour])
        return np.asarray(self.p_site[at] if hour == NO_HOUR else self.p_cell[at, hour])


def fit_site_hour_prior(
    truth: Bools,
    labelled: Bools,
    rows: Rows,
    classes: Sequence[str],
    *,
    k_hour: Positive = 8.0,
    k_site: Positive = 8.0,
    k_site_hour: Positive = 4.0,
    hour_sigma: NonNegative = 1.5,
    count: Literal["recordings", "windows"] = "recordings",
    hour_pool: Literal["counts", "rates"] = "counts",
) -> SiteHourPrior:
    """Fit shrunk rates: global -> hour -> site -> site x hour, each shrunk by n / (n + K).

    truth (N, C), labelled (N,). A recording counts once, with its share of labelled chunks with the class; k_hour,
    k_site, k_site_hour: K of each level, in recordings. n counts recordings, not chunks, because the chunks of one
    recording are not independent observations.
    The hour level pools neighbouring hours, also across midnight, with a Gaussian of `hour_sigma` hours,
    weighted by their counts (0: each hour alone). count: `windows` counts every labelled chunk by itself, as those
    chains do: 12 chunks of one recording then weigh like 12 recordings. hour_pool: `rates` smooths the hours' rates
    without their counts, also as they do (`round_the_clock_of_rates`).
    Raises BlendkitError if nothing is labelled. Source: the shrunk cascade of public BirdCLEF 2026
    chains, with recordings in place of windows; `count: windows`, `hour_pool: rates` give their tables.
    """
    by_recording = count == "recordings"
    share, first = (
        recording_shares("site_hour_prior", truth, labelled, rows)
        if by_recording else chunk_shares("site_hour_prior", truth, labelled)
    )  # fmt: skip
    site, hour = rows.site[first], rows.hour[first]
    sites = tuple(sorted({str(s) for s in site if s}))
    overall = share.mean(axis=0)
    pooled = round_the_clock if hour_pool == "counts" else round_the_clock_of_rates
    by_hour = pooled(share, hour, 24, overall, k_hour, hour_sigma)
    p_site = np.array([shrunk(share[site == s], overall, k_site) for s in sites]).reshape(-1, len(classes))
    # each level is shrunk to the one before it: a cell to its site at that hour, and the site to the hour
    cells = [
        [
            shrunk(share[(site == s) & (hour == h)], shrunk(share[site == s], by_hour[h], k_site), k_site_hour)
            for h in range(24)
        ]
        for s in sites
    ]
    return SiteHourPrior(
        classes=tuple(classes),
        sites=sites,
        p_global=overall,
        p_hour=by_hour,
        p_site=p_site,
        p_cell=np.array(cells).reshape(-1, 24, len(classes)),
        saw=tuple(dict.fromkeys(str(r) for r in rows.recording[first])),
        settings=PriorSettings(k_hour, k_site, k_site_hour, hour_sigma, count, hour_pool),
    )


def fallbacks(x: Matrix, *, rows: Rows, fitted: Fitted, centre: bool = True) -> list[str]:
    """Count the recordings whose site or hour the prior could not use, and why; say it where figures come out low."""
    first = rows.offsets()[:-1]
    recordings = [str(r) for r in rows.recording[first]]
    known = [set(fitted.artefacts[fitted.pick(r)].sites) for r in recordings]
    site, hour = rows.site[first], rows.hour[first]
    counts = {
        "at a site without labels (hour level used)": sum(
            bool(s) and s not in seen for s, seen in zip(site, known, strict=True)
        ),
        "without a site in their name (hour level used)": sum(not s for s in site),
        "without an hour in their name, or with a clock reset (site level used)": int((hour == NO_HOUR).sum()),
    }
    low = [] if centre else low_figures(fitted)
    return [*(f"{n} of {len(first)} recordings {what}" for what, n in counts.items() if n), *low]


@op(
    "site_hour_prior",
    also_called=(
        ("site x hour prior, lambda by group", "{strength: 0.4, by_class_name: {Insecta: 1.0}}"),
        (
            "the same as public chains count and floor it",
            "{strength: 0.4, count: windows, hour_pool: rates, centre: false, floor: 0.0001, cap: 1000000.0}",
        ),
    ),
    scope="file",
    classwise=True,
    spaces=("logit",),
    affine=True,
    fit=fit_site_hour_prior,
    load=loader_of(SiteHourPrior),
    notes=fallbacks,
    needs=("site", "hour"),
)
def site_hour_prior(
    x: Matrix,
    *,
    rows: RowsOf,
    classes: ClassIds,
    fitted: FittedOf,
    taxonomy: TaxonomyOf | None = None,
    strength: NonNegative = 0.5,
    by_class_name: ByTaxon = NO_NUMBERS,
    cap: Positive = 4.0,
    cap_by_class_name: ByTaxon = NO_NUMBERS,
    centre: bool = True,
    floor: PriorFloor = 0.0,
) -> Matrix:
    """Add strength x (logit p(site, hour) - logit p overall) to the logits x (N, C).

    strength: the weight of the term. by_class_name: strengths of some taxa, in place of `strength` (one chain: 0.4
    for birds, 1.0 for frogs), and cap_by_class_name their caps; other groups are steps of their own, with `where`.

    The added term is limited to +-cap. A class without labels adds 0, not log epsilon, because missing
    labels are not evidence of absence. `centre: false` adds strength x logit p(site, hour), the absolute
    form of the public chains. floor: rates are limited to [floor, 1 - floor] (1e-4 in those chains), so that a class
    without labels counts as absent everywhere. An unseen site falls back to the hour, a missing hour to the site, and
    both together to the overall rate; `fallbacks` counts them. Returns (N, C) in the dtype of x.
    Source: the site and hour cascade of eos7 and of public BirdCLEF 2026 chains.
    """
    taxa = taxa_of(classes, taxonomy, {**by_class_name, **cap_by_class_name})
    each = np.array([by_class_name.get(t, strength) for t in taxa])
    caps = np.array([cap_by_class_name.get(t, cap) for t in taxa])

    def term(prior: SiteHourPrior, a: int) -> Float64:
        rate = prior.rate(str(rows.site[a]), int(rows.hour[a]))
        return prior_term(prior.classes, prior.p_global, rate, classes, each, caps, centre, floor)

    return added(x, rows, fitted, lambda a: (str(rows.site[a]), int(rows.hour[a])), term)
