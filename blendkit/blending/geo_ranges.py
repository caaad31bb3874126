"""Tables of where classes occur, from a model of places: `fit places --birdnet-geo`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from blendkit.core import Float64, Taxonomy
from blendkit.errors import BlendkitError, shorten
from blendkit.events import ignore_text
from blendkit.io import WEEKS, WHOLE_YEAR, RangeTable, read_sites, read_taxonomy, write_range_table
from blendkit.member import ClassMap, GeoModel, MemberContext, by_scientific_name
from blendkit.ops import RateTable
from blendkit.registry import GEO_MODELS, registry
from blendkit.store import save_artefact

Place = tuple[float, float]  # latitude and longitude in degrees


def fit_ranges(
    model: str,
    out: Path | str,
    *,
    taxonomy: Path | str,
    sites: Path | str | None = None,
    place: Place | None = None,
    week: int | None = None,
    synonyms: Path | str | None = None,
    note: Callable[[str], None] = ignore_text,
) -> RangeTable:
    """Ask a model of places which classes occur where and when, write the table to `out`, and return it.

    model: the name of a model of places, such as `birdnet-geo`. taxonomy: the classes, with scientific names. sites: a
    CSV of site, latitude, longitude; or place: one (latitude, longitude), which stands for every recording. week: 1 to
    48 or -1 (the whole year), used for every date; by default every week, and the whole year for recordings without a
    date. synonyms: a CSV of two names a line. note: called with which classes were matched. A class that the model
    lacks is NaN, not known. `out` ending in .csv is for range_mask and range_penalty, in .npz for place_prior, which
    takes one week only. Raises BlendkitError for places off Earth, other weeks, and a model that is not installed.
    """
    out = Path(out)
    _check(week, sites, place, out)
    weeks = _weeks(week, out)
    places = {"": place} if place is not None else read_sites(Path(str(sites)))
    if not places:
        raise BlendkitError(f"{sites}: lists no sites")
    taxa = read_taxonomy(Path(taxonomy))
    found = registry(GEO_MODELS).get(model)()
    mapped = _mapped(model, found, taxa, synonyms)
    note(f"{model}: {mapped.note}")
    missing = [c for c, known in zip(mapped.classes, mapped.covered, strict=True) if not known]
    if missing:
        note(f"{model}: not known, so that no step changes them: {len(missing)} classes: {shorten(missing, 20)}")
    table = _table(found, places, weeks, mapped)
    if out.suffix == ".npz":
        save_artefact(_prior(table), out)
    else:
        write_range_table(table, out)
    return table


def _check(week: int | None, sites: Path | str | None, place: Place | None, out: Path) -> None:
    """Raise BlendkitError with all that is wrong with a request."""
    problems = []
    if week is not None and week != WHOLE_YEAR and not 1 <= week <= WEEKS:
        problems.append(
            f"week {week}: expected 1 to {WEEKS}, four a month from its days 1, 8, 15 and 22; or {WHOLE_YEAR} for the "
            "whole year"
        )
    if (sites is None) == (place is None):
        problems.append("expected either a CSV of sites, or one latitude and longitude")
    limits = {} if place is None else {"latitude": (place[0], 90), "longitude": (place[1], 180)}
    problems += [f"{n} {at:g}: expected -{most} to {most} degrees" for n, (at, most) in limits.items()
                 if not abs(at) <= most]  # fmt: skip
    if out.suffix not in (".csv", ".npz"):
        problems.append(f"{out}: expected .csv (for range_mask, range_penalty) or .npz (for place_prior)")
    if problems:
        raise BlendkitError("this table of places cannot be made", problems)


def _weeks(week: int | None, out: Path) -> list[int]:
    """Return the weeks to ask for: the one given; else all, or for place_prior, which knows no dates, the year."""
    if week is not None:
        return [week]
    return [WHOLE_YEAR] if out.suffix == ".npz" else [*range(1, WEEKS + 1), WHOLE_YEAR]


def _mapped(name: str, model: GeoModel, taxa: Taxonomy, synonyms: Path | str | None) -> ClassMap:
    """Return the model's column for each class of the taxonomy."""
    context = MemberContext(classes=taxa.classes, taxonomy=taxa)
    own = None if synonyms is None else Path(synonyms)
    return by_scientific_name(name, model.labels, context, synonyms=own)


def _table(model: GeoModel, places: Mapping[str, Place], weeks: Sequence[int], mapped: ClassMap) -> RangeTable:
    """Return the probabilities at every place and week, NaN for classes without a column."""
    known = np.array(mapped.covered, bool)
    rows = [mapped.place(model.probabilities(*at, weeks)) for at in places.values()]
    p = np.where(known, np.concatenate(rows).astype(np.float64), np.nan)
    return RangeTable(tuple((s, w) for s in places for w in weeks), mapped.classes, p)


def _prior(table: RangeTable) -> RateTable:
    """Return the table for place_prior: against an even chance, which is also the rate of what is not known.

    So the step adds strength x logit p, and 0 to a class that the model lacks.
    """
    even = np.full(len(table.classes), 0.5)
    least = float(np.finfo(np.float32).eps)  # a probability of exactly 0 or 1 has no logit
    p = cast(Float64, np.clip(np.where(np.isnan(table.p), even, table.p), least, 1 - least))
    return RateTable("site", table.classes, tuple(s for s, _ in table.levels), even, p, ())
