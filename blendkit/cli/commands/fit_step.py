"""`blendkit fit step` and `blendkit fit places`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._options import PATH, foldless_columns

if TYPE_CHECKING:
    from blendkit.io import ColumnNames


@click.command()
@click.argument("op")
@click.argument("scores", required=False)
@click.option(
    "--labels", type=PATH, help="Label file. Priors need nothing else; calibration needs SCORES of the same recordings."
)
@click.option("--space", type=click.Choice(["logit", "prob", "rank"]), help="What SCORES are; a store holds logits.")
@click.option("--taxonomy", type=PATH, help="The classes (default: those of SCORES, or of the labels).")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A parameter of the fit, as in k_site=4.")
@foldless_columns
@click.option("--out", required=True, type=PATH, help="The artefact (.npz: plain arrays and one JSON text).")
def step(
    op: str,
    scores: str | None,
    labels: Path | None,
    space: Any,
    taxonomy: Path | None,
    settings: tuple[str, ...],
    names: ColumnNames,
    out: Path,
) -> None:
    """Fit what a step applies: a prior, a calibration map, a reference for ranks; `artefact:` in a recipe names it.

    SCORES: out-of-fold scores for calibration, scores of a reference set for quantile_map; a store, FILE.npz:ARRAY, a
    CSV or a run's folder. The artefact holds the recordings it saw, and a recipe that applies it to these is refused.
    """
    from blendkit import blending

    made = blending.fit_step_artefact(
        op, out, scores=scores, space=space, labels=labels, taxonomy=taxonomy, settings=settings, names=names,
        note=lambda text: click.echo(f"note: {text}"),
    )  # fmt: skip
    click.echo(f"wrote {out}: {op}, {len(made.classes)} classes, fitted on {len(made.saw)} recordings")


@click.command()
@click.argument("finds", type=PATH)
@click.option("--sites", required=True, type=PATH, help="CSV: site, latitude, longitude (degrees).")
@click.option(
    "--radius-km", default=300.0, show_default=True, type=click.FloatRange(0, min_open=True), help="Of the Gaussian."
)
@click.option(
    "--k",
    default=20.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Finds that the overall share counts for.",
)
@click.option("--out", required=True, type=PATH, help="The artefact (.npz), for place_prior.")
def places(finds: Path, sites: Path, radius_km: float, k: float, out: Path) -> None:
    """Make the table of place_prior from FINDS: a CSV of primary_label, latitude and longitude, as train.csv is."""
    from blendkit import blending

    made = blending.fit_places(finds, sites, out, radius_km=radius_km, k=k)
    click.echo(f"wrote {out}: {len(made.classes)} classes at {len(made.levels)} sites")
