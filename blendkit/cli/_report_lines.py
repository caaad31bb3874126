"""What commands say of a report that they wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from blendkit.cli._show import event
from blendkit.errors import BlendkitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blendkit.engine import RunResult
    from blendkit.offline import Blended, Place, Rules
    from blendkit.reporting import Report

report_option = click.option(
    "--report", is_flag=True, help="Also write OUT/report.html: all that is known of the result, as one HTML file."
)


def said_report(made: Report, json_out: bool, figures: Sequence[Path] = ()) -> None:
    """Print what a report says first, and where it and its pictures lie."""
    path, verdict = Path(str(made.path)), made.data.verdict
    size = path.stat().st_size
    if json_out:
        alarms = list(verdict.alarms)
        drawn = {"figures": [str(f) for f in figures]} if figures else {}
        event("report", {"file": str(path), "bytes": size, "headline": verdict.headline, "alarms": alarms, **drawn})
        return
    click.echo(f"{verdict.headline}. {verdict.sentences[0]}")
    for text in verdict.alarms:
        click.secho(f"warning: {text}", fg="red", bold=True)
    click.echo(f"wrote {path}: {size / 1e6:.1f} MB, for any browser, without a network")
    if figures:
        click.echo(f"wrote {len(figures)} pictures to {figures[0].parent}")


def report_of_run(
    recipe: str, overrides: Sequence[str], result: RunResult, place: Place, *, whole: bool, json_out: bool
) -> None:
    """Write the report of a run beside its submission, with the members if all were scored as the recipe says.

    What was delivered stays delivered: a report that cannot be made is a warning.
    """
    from blendkit.engine import REPORT
    from blendkit.reporting import report

    out = result.out / REPORT
    try:
        made = (
            report(recipe, out=out, overrides=overrides, place=place, run=result.out)
            if whole
            else report(result.out, out=out)
        )
    except BlendkitError as error:
        _no_report(error, json_out)
        return
    said_report(made, json_out)


def report_of_blend(made: Blended, rules: Rules, json_out: bool) -> Path | None:
    """Write the report of a blend beside its recipe, and return its path; one that cannot be made is a warning."""
    from blendkit.engine import LOGITS, REPORT
    from blendkit.offline import Place
    from blendkit.reporting import report

    folder = made.run.out
    try:
        found = report(
            made.recipe, out=folder / REPORT, place=Place(made.data, folder / LOGITS), rules=rules,
            verdict=made.verdict, run=folder,
        )  # fmt: skip
    except BlendkitError as error:
        _no_report(error, json_out)
        return None
    if json_out:
        said_report(found, json_out)
    return found.path


def _no_report(error: BlendkitError, json_out: bool) -> None:
    if json_out:
        event("report", {"file": None, "why_not": str(error)})
    else:
        click.secho(f"warning: no report: {error}", fg="red", bold=True)
