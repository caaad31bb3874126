"""`blendkit whatif`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._compile_notice import announced
from blendkit.cli._completion import complete_shares, complete_values, recipe_argument
from blendkit.cli._data_options import RecipeCommand, offline
from blendkit.cli._options import OUT_PICTURE, OUT_POINTS, json_option, judged, set_option
from blendkit.cli._show import emitter, event, print_table

if TYPE_CHECKING:
    from blendkit.offline import Judging, Place, Sweep, WhatIf

_SHOWN = 40  # most rows of a table; of more points only the best are shown


@click.command(cls=RecipeCommand)
@recipe_argument
@click.option(
    "--share",
    "shares",
    multiple=True,
    shell_complete=complete_shares,
    metavar="BLEND.MEMBER=SHARE",
    help="Set a member's final share; the others keep their ratio; a range 0:1:0.05 sweeps it. May be repeated.",
)
@click.option(
    "--sweep",
    "sweeps",
    multiple=True,
    shell_complete=complete_values,
    metavar="PATH=FIRST:LAST:STEP",
    help="Sweep any value from FIRST to LAST, as in seqhead.gaussian.sigma=0.5:2:0.5, or a list A,B,C. At most twice.",
)
@set_option
@offline
@judged
@click.option("--csv", "csv_path", type=OUT_POINTS, help="CSV to write every point to.")
@click.option("--plot", type=OUT_PICTURE, help="File (.png or .svg) to write a curve or a heat map to.")
@json_option
def whatif(
    recipe: str,
    shares: tuple[str, ...],
    sweeps: tuple[str, ...],
    overrides: tuple[str, ...],
    place: Place,
    judging: Judging,
    csv_path: Path | None,
    plot: Path | None,
    json_out: bool,
) -> None:
    """Measure RECIPE with other shares and values, from saved logits: no audio, no model.

    Figures are exact macro-AUCs of the recipe's output over the labelled chunks. A share is swept along the exact path
    from none of a member to all of it. The best point is then measured again as a run computes it, because rounding
    may make or break a tie. The best of many points is in-sample, because the same labels chose it: `blendkit search`
    measures what such a choice is worth.
    """
    from blendkit import offline as work
    from blendkit.errors import BlendkitError
    from blendkit.figures import check_plot_path, save_figure

    if plot is not None:
        check_plot_path(plot)
    written = csv_path or plot
    if written is not None and not any(len(work.read_axis(t, "--sweep").values) > 1 for t in (*shares, *sweeps)):
        raise BlendkitError(f"{written}: nothing is swept; --csv and --plot need a range, as in 0:1:0.05")
    with announced(json_out):
        found = work.whatif(
            recipe, shares=shares, sweeps=sweeps, overrides=overrides, place=place, judging=judging,
            emit=emitter(json_out),
        )  # fmt: skip
    if csv_path is not None:
        _write_csv(csv_path, found)
    if plot is not None and found.swept is not None:
        save_figure(found.plot(), plot)
    if json_out:
        _emit(found)
        return
    _print(found, judging.level)
    for path in (p for p in (csv_path, plot) if p is not None):
        click.echo(f"wrote {path}")


def _write_csv(path: Path, found: WhatIf) -> None:
    import csv

    from blendkit.io import safe_cell
    from blendkit.store import atomic_path

    axes = () if found.swept is None else found.swept.axes
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow([*(safe_cell(a.label) for a in axes), "macro_auc"])
        writer.writerows([*(safe_cell(str(p)) for p in point), repr(macro)] for point, macro in found.points())


def _emit(found: WhatIf) -> None:
    swept, gain = found.swept, found.gain
    payload: dict[str, Any] = {"base": found.base, "changed" if swept is None else "best": found.best}
    payload["notes"] = list(found.notes)
    if swept is not None:
        payload["axes"] = [{"label": a.label, "values": list(a.values)} for a in swept.axes]
        payload["macro_auc"] = swept.macro.ravel().tolist()
        payload["shape"], payload["how"] = list(swept.macro.shape), swept.how
        payload["alike"] = list(found.alike)
        payload["best_at"] = [a.values[i] for a, i in zip(swept.axes, swept.best, strict=True)]
    if gain is None:
        payload["no_interval"] = found.why_not
    else:
        payload["gain"] = {"estimate": gain.estimate, "low": gain.low, "high": gain.high, "sd": gain.sd, "p": gain.p}
    event("whatif", payload)


def _print(found: WhatIf, level: float) -> None:
    swept, gain = found.swept, found.gain
    if swept is not None:
        _print_points(found, swept)
    click.echo(f"recipe as it is:  macro-AUC {found.base:.6f}")
    if swept is None:
        click.echo(f"changed:          macro-AUC {found.best:.6f}")
    else:
        best = f"best of {swept.macro.size}:"
        click.echo(f"{best:17s} macro-AUC {found.best:.6f}{found.where()}  ({swept.how})")
        alike = sum(round(m, 3) == round(found.best, 3) for _, m in found.points()) - 1
        click.echo(f"{max(alike, 0)} of the other {swept.macro.size - 1} points show the same at three decimals")
    if gain is None:
        click.echo(f"gain: {found.best - found.base:+.6f}; no interval: {found.why_not}")
    else:
        click.echo(f"gain: {gain.estimate:+.6f}, {level:.0%} interval {gain.low:+.6f} to {gain.high:+.6f}")
    if len(found.alike) > 1:
        from blendkit.errors import shorten

        click.echo(f"not told apart from the best, of the points that were redrawn: {shorten(found.alike, 11)}")
    if swept is not None:
        click.echo("in-sample: the same labels chose this point; `blendkit search` measures what a choice is worth")
    for text in found.notes:
        click.echo(f"note: {text}")


def _print_points(found: WhatIf, swept: Sweep) -> None:
    points = found.points()
    many = len(points) > _SHOWN
    shown = sorted(points, key=lambda p: -p[1])[:10] if many else points
    title = f"the best 10 of {len(points)} points; --csv writes all" if many else ""
    header = [*(a.label for a in swept.axes), "macro-AUC", "change"]
    print_table(title, header, [(*point, f"{m:.6f}", f"{m - found.base:+.6f}") for point, m in shown])
