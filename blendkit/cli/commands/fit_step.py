"""`blendkit fit step` and `blendkit fit places`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from blendkit.blending import Surroundings
from blendkit.cli._options import PATH


@click.command()
@click.argument("op")
@click.argument("scores", required=False)
@click.option(
    "--labels", type=PATH, help="Label file. Priors need nothing else; calibration needs SCORES of the same recordings."
)
@click.option("--space", type=click.Choice(["logit", "prob", "rank"]), help="What SCORES are; a store holds logits.")
@click.option("--taxonomy", type=PATH, help="The classes (default: those of SCORES, or of the labels).")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A parameter of the fit, as in k_site=4.")
@click.option("--rows", help="Score files: row id column, or NPZ array of row ids.")
@click.option("--classes", help="NPZ files: the array of class ids.")
@click.option(
    "--chunk-s", default=5.0, show_default=True, type=click.FloatRange(0.1, 3600), help="Chunk length in seconds."
)
@click.option("--out", required=True, type=PATH, help="The artefact (.npz: plain arrays and one JSON text).")
def step(
    op: str,
    scores: str | None,
    labels: Path | None,
    space: Any,
    taxonomy: Path | None,
    settings: tuple[str, ...],
    rows: str | None,
    classes: str | None,
    chunk_s: float,
    out: Path,
) -> None:
    """Fit what a step applies: a prior, a calibration map, a reference for ranks; `artefact:` in a recipe names it.

    SCORES: out-of-fold scores for calibration, scores of a reference set for quantile_map; a store, FILE.npz:ARRAY, a
    CSV or a run's folder. The artefact holds the recordings it saw, and a recipe that applies it to these is refused.
    """
    from blendkit.blending import fit_op
    from blendkit.core import Taxonomy
    from blendkit.errors import BlendkitError
    from blendkit.io import read_labels, read_taxonomy
    from blendkit.recipe import checked_fit, yaml_value

    info = _fitted_op(op)
    given = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals:
            raise BlendkitError(f"--set {text}: expected key=value")
        given[key] = yaml_value(value, f"--set {key}")
    params = checked_fit(info, given)
    found = None if scores is None else _scores(scores, info.spaces, space, rows, classes, chunk_s)
    taxa = Taxonomy({}) if taxonomy is None else read_taxonomy([taxonomy])
    table = None if labels is None else read_labels(labels)
    made = fit_op(info, params, found, table, Surroundings(taxa, chunk_s=chunk_s))
    made.save(out)
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
    from blendkit.io import read_finds, read_sites
    from blendkit.ops import near_places

    made = near_places(read_sites(sites), read_finds(finds), radius_km=radius_km, k=k)
    made.save(out)
    click.echo(f"wrote {out}: {len(made.classes)} classes at {len(made.levels)} sites")


def _fitted_op(name: str) -> Any:
    from blendkit.errors import BlendkitError, shorten
    from blendkit.ops import info_of
    from blendkit.registry import OPS, registry

    info = info_of(registry(OPS).get(name))
    if info is None or info.fit is None:
        infos = [i for n in registry(OPS).names() if (i := info_of(registry(OPS).get(n))) is not None]
        raise BlendkitError(f"{name} is not fitted", [f"fitted ops: {shorten([i.name for i in infos if i.fit], 20)}"])
    return info


def _scores(
    text: str, spaces: tuple[str, ...], space: Any, rows: str | None, classes: str | None, chunk_s: float
) -> Any:
    from blendkit.blending import convert
    from blendkit.errors import BlendkitError
    from blendkit.io import Names, read_source

    found, _ = read_source(text, Names(rows, classes, None, chunk_s))
    own = found.space if Path(text).is_dir() and found.space == "logit" else space
    if own is None:
        raise BlendkitError(f"{text}: say what its scores are: --space logit, prob or rank")
    found = found.with_values(found.values, own)
    target: Any = own if own in spaces else spaces[0]
    if own == "rank" and target != "rank":
        raise BlendkitError(f"{text}: ranks cannot become a {target} again")
    return convert(found, target, lambda note: click.echo(f"note: {note}"))
