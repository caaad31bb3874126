"""`blendkit blend`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._blend_options import blended_files
from blendkit.cli._compile_notice import announced
from blendkit.cli._options import OUT_FOLDER, json_option, judged
from blendkit.cli._report_lines import report_of_blend
from blendkit.cli._show import COLOURS, event, progress_emitter

if TYPE_CHECKING:
    from blendkit.core import MissingRows, UnknownClasses
    from blendkit.io import ColumnNames
    from blendkit.offline import Blended, BlendFiles, Judging


@click.command()
@blended_files
@click.option(
    "--out",
    type=OUT_FOLDER,
    default=Path("out/blend"),
    show_default=True,
    help="Folder to write submission.csv, recipe.yaml and run.json to.",
)
@judged
@click.option(
    "--report/--no-report",
    default=True,
    show_default=True,
    help="Write OUT/report.html: all that is known of the blend, as one HTML file.",
)
@json_option
def blend(
    given: BlendFiles,
    spaces: tuple[tuple[str, Any], ...],
    by: str | None,
    missing_rows: MissingRows,
    unknown_classes: UnknownClasses,
    names: ColumnNames,
    out: Path,
    judging: Judging,
    report: bool,
    json_out: bool,
) -> None:
    """Blend score files A, B, ... into OUT/submission.csv, and say what the blend is worth.

    Files are read in any format of `blendkit formats list`. Logits or probabilities on a like scale are averaged as
    they are, everything else by ranks. With --labels the weights are searched, and judged on recordings that the search
    did not use; without, they are equal and nothing is measured. OUT/recipe.yaml says all that was done: `blendkit run`
    makes the same submission from it.
    """
    from blendkit.offline import BlendSettings, Rules, blend_files

    settings = BlendSettings(names, dict(spaces), by, missing_rows, unknown_classes)
    with progress_emitter(json_out) as emit, announced(json_out):
        made = blend_files(given, out=out, settings=settings, judging=judging, emit=emit)
    page = report_of_blend(made, Rules(judging), json_out) if report else None
    if json_out:
        event("blend", _payload(made))
    else:
        _print(made, judging.level, page)


def _payload(made: Blended) -> dict[str, Any]:
    out: dict[str, Any] = {
        "files": [{"name": f.name, "format": f.format, "space": f.space, "why": f.why} for f in made.facts],
        "by": made.by, "why": made.why, "weights": dict(made.weights),
        "submission": str(made.run.submission), "recipe": str(made.recipe), "command": made.command,
        "notes": list(made.notes),
    }  # fmt: skip
    if made.found is None or made.verdict is None:
        return {**out, "verdict": None}
    g = made.found.guarded
    gain = {k: getattr(made.verdict.gain, k) for k in ("estimate", "low", "high", "sd", "p")}
    figures: dict[str, Any] = {"in_sample": made.found.after, "nested": g.nested}
    figures |= {"best_member": g.best_member, "alone": g.alone}
    return {
        **out,
        **figures,
        "gain": gain,
        "better": g.better,
        "judgement": made.verdict.judgement,
        "verdict": made.verdict.text,
    }


def _print(made: Blended, level: float, page: Path | None) -> None:
    from blendkit.offline import EQUAL, weights_text

    for text in made.run.alarms:  # before all else: the result is not what it seems
        click.secho(f"warning: {text}", fg="red", bold=True)
    for facts in made.facts:
        click.echo(str(facts))
    click.echo(f"blended by {made.why}")
    for text in (n for n in made.notes if n not in made.run.alarms):
        click.echo(f"note: {text}")
    if made.found is None or made.verdict is None:
        click.echo(f"weights: {weights_text(made.weights)}: {EQUAL}")
    else:
        found, g = made.found, made.found.guarded
        held = f"{g.nested:.6f} held out ({found.split}), {found.after:.6f} on the labels that chose it"
        click.echo(f"macro-AUC: {held}; the best alone, chosen likewise: {g.alone:.6f}")
        low, high = found.gain.low, found.gain.high
        equal = f"{found.gain.estimate:+.6f}, {level:.0%} interval {low:+.6f} to {high:+.6f}"
        click.echo(f"held-out gain over equal weights: {equal}")
        click.secho(made.verdict.text, fg=COLOURS[made.verdict.judgement], bold=True)
        if made.verdict.judgement == "not" or high < 0:
            click.echo(f"delivered: {weights_text(made.weights)}")
    click.echo(f"wrote {made.run.submission}: {made.run.rows} rows x {made.run.classes} classes, re-read and checked")
    if page is not None:
        click.echo(f"to look at: {page}")
    click.echo(f"the same again: {made.command}")
