"""`blendkit fit places`: from finds, or from a model of places."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from blendkit.cli._given_paths import PATH
from blendkit.cli._options import OUT_PLACES, Number
from blendkit.errors import BlendkitError


@click.command()
@click.argument("finds", type=PATH, required=False)
@click.option("--sites", type=PATH, help="CSV of sites with columns site, latitude, longitude (degrees).")
@click.option(
    "--radius-km",
    default=300.0,
    show_default=True,
    type=Number(0, min_open=True),
    help="With FINDS: radius of the Gaussian.",
)
@click.option(
    "--k",
    default=20.0,
    show_default=True,
    type=Number(0, min_open=True),
    help="With FINDS: weight of a species' overall share, as a number of finds.",
)
@click.option(
    "--birdnet-geo",
    is_flag=True,
    help="Ask BirdNET's location model instead of FINDS. It comes with `pip install 'blendkit[birdnet]'`.",
)
@click.option(
    "--lat", type=float, help="With --birdnet-geo: latitude of all recordings in degrees, instead of --sites."
)
@click.option("--lon", type=float, help="With --birdnet-geo: longitude of all recordings, in degrees.")
@click.option(
    "--week",
    type=int,
    help="With --birdnet-geo: one week, 1 to 48 (four a month), or -1 for the whole year, for every date. Default: "
    "every week, by the recordings' dates, and the whole year for recordings without a date.",
)
@click.option("--taxonomy", type=PATH, help="With --birdnet-geo: the classes and their scientific names (required).")
@click.option("--synonyms", type=PATH, help="With --birdnet-geo: CSV of two scientific names of one species a line.")
@click.option(
    "--out", required=True, type=OUT_PLACES,
    help="Table to write: .npz for place_prior; with --birdnet-geo also .csv, for range_mask and range_penalty.",
)  # fmt: skip
def places(
    finds: Path | None, sites: Path | None, radius_km: float, k: float, birdnet_geo: bool, lat: float | None,
    lon: float | None, week: int | None, taxonomy: Path | None, synonyms: Path | None, out: Path,
) -> None:  # fmt: skip
    """Make a table of which classes occur where, which a step of a recipe names with `artefact:`.

    From FINDS, a CSV like train.csv with primary_label, latitude and longitude: the table for place_prior. Or with
    --birdnet-geo from BirdNET's location model, at --sites or at --lat and --lon: a CSV of site, week, class and
    probability, whose classes below `at_least` range_mask and range_penalty take for absent. Classes that BirdNET
    lacks have no probability, and no step changes them.
    """
    if not birdnet_geo:
        geo = {"--lat": lat, "--lon": lon, "--week": week, "--taxonomy": taxonomy, "--synonyms": synonyms}
        _from_finds(finds, sites, out, radius_km, k, geo)
        return
    from blendkit import blending

    place = _place(finds, sites, lat, lon)
    if taxonomy is None:
        raise BlendkitError("--birdnet-geo needs --taxonomy: the classes, and the scientific names to find them by")
    made = blending.fit_ranges(
        "birdnet-geo", out, taxonomy=taxonomy, sites=sites, place=place, week=week, synonyms=synonyms,
        note=lambda text: click.echo(f"note: {text}"),
    )  # fmt: skip
    at = "everywhere" if place else f"at {len({s for s, _ in made.levels})} sites"
    click.echo(f"wrote {out}: {len(made.classes)} classes {at}, weeks: {len({w for _, w in made.levels})}")


def _from_finds(
    finds: Path | None, sites: Path | None, out: Path, radius_km: float, k: float, geo: Mapping[str, object]
) -> None:
    alien = [name for name, value in geo.items() if value is not None]
    lacks = [name for name, value in (("FINDS", finds), ("--sites", sites)) if value is None]
    problems = [f"without --birdnet-geo there is no {name}" for name in alien]
    problems += [f"give {name}, or ask BirdNET with --birdnet-geo" for name in lacks]
    if problems or finds is None or sites is None:
        raise BlendkitError("fit places from finds needs FINDS and --sites", problems)
    from blendkit import blending

    made = blending.fit_places(finds, sites, out, radius_km=radius_km, k=k)
    click.echo(f"wrote {out}: {len(made.classes)} classes at {len(made.levels)} sites")


def _place(
    finds: Path | None, sites: Path | None, lat: float | None, lon: float | None
) -> tuple[float, float] | None:  # fmt: skip
    """Return the one place, None where sites are given. Raises BlendkitError unless it is one of the two."""
    problems = ["FINDS are not used with --birdnet-geo"] if finds is not None else []
    if sites is not None and (lat is not None or lon is not None):
        problems.append("give --sites, or --lat and --lon, not both")
    if sites is None and (lat is None or lon is None):
        problems += [f"give {name}" for name, at in (("--lat", lat), ("--lon", lon)) if at is None]
        problems[-1] += ", or --sites"
    if problems:
        raise BlendkitError("fit places --birdnet-geo: which places?", problems)
    return None if lat is None or lon is None else (lat, lon)
