"""`blendkit fit step`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._given_paths import PATH
from blendkit.cli._options import OUT_ARTEFACT, foldless_columns

if TYPE_CHECKING:
    from blendkit.io import ColumnNames


@click.command()
@click.argument("op")
@click.argument("scores", required=False)
@click.option(
    "--labels",
    type=PATH,
    help="Labels, in any form `eval` takes. Priors need only them; calibration also needs SCORES of their recordings.",
)
@click.option(
    "--space", type=click.Choice(["logit", "prob", "rank"]), help="Space of SCORES (a store always holds logits)."
)
@click.option(
    "--taxonomy", type=PATH, help="Taxonomy of the classes (default: the classes of SCORES, or of the labels)."
)
@click.option(
    "--audio", type=PATH, help="Folder of the recordings of the fit: copies of them under other names are refused, too."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set a parameter of the fit, as in k_site=4. May be repeated.",
)
@foldless_columns
@click.option(
    "--out", required=True, type=OUT_ARTEFACT, help="Artefact to write (.npz: plain arrays and one JSON text)."
)
def step(
    op: str,
    scores: str | None,
    labels: Path | None,
    space: Any,
    taxonomy: Path | None,
    audio: Path | None,
    settings: tuple[str, ...],
    names: ColumnNames,
    out: Path,
) -> None:
    """Fit the file that a step applies: a prior, a calibration map, or a reference for ranks.

    A recipe names the file with `artefact:`.

    SCORES are out-of-fold scores for calibration, or scores of a reference set for quantile_map: a store,
    FILE.npz:ARRAY, a CSV or a run's folder. The artefact lists the recordings it was fitted on, and a recipe that
    applies it to one of these is refused.
    """
    from blendkit import blending

    made = blending.fit_step_artefact(
        op, out, scores=scores, space=space, labels=labels, taxonomy=taxonomy, audio=audio, settings=settings,
        names=names,
        note=lambda text: click.echo(f"note: {text}"),
    )  # fmt: skip
    click.echo(f"wrote {out}: {op}, {len(made.classes)} classes, fitted on {len(made.saw)} recordings")
