"""`blendkit whatif`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._compile_notice import announced
from blendkit.cli._options import PATH, json_option, judged, offline, open_workshop, plain_recipe, set_option
from blendkit.cli._show import event, number, say, table

if TYPE_CHECKING:
    from blendkit.metrics import Interval
    from blendkit.offline import Axis, Sweep, Workshop
    from blendkit.recipe import Recipe

_SHOWN = 40  # rows of a table; beyond it the best ones


@click.command()
@click.argument("recipe")
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="BLEND.MEMBER=SHARE",
    help="Set a member's final share, the others' ratio kept; a range 0:1:0.05 sweeps it. May be repeated.",
)
@click.option(
    "--sweep",
    "sweeps",
    multiple=True,
    metavar="PATH=FIRST:LAST:STEP",
    help="Sweep any value, both ends included, as in seqhead.gaussian.sigma=0.5:2:0.5, or a list A,B,C. At most two.",
)
@set_option
@offline
@judged
@click.option("--csv", "csv_path", type=PATH, help="Write every point to this CSV.")
@click.option("--plot", type=PATH, help="Write a curve or a heat map to this .png or .svg.")
@json_option
def whatif(
    recipe: str,
    shares: tuple[str, ...],
    sweeps: tuple[str, ...],
    overrides: tuple[str, ...],
    data: Path | None,
    store: Path | None,
    allow_outside: bool,
    clusters: Any,
    replicates: int,
    seed: int,
    level: float,
    csv_path: Path | None,
    plot: Path | None,
    json_out: bool,
) -> None:
    """Measure RECIPE with other shares and values, from saved logits: no audio, no model.

    Figures are exact macro-AUCs of the recipe's output over the labelled chunks. A share is swept along
    the exact path between none and all of a member; the best point is then measured again as a run makes
    it, whose rounding may make or break a tie. The best of many points is in-sample, for the same labels
    chose it: `blendkit search` says what such a choice is worth.
    """
    from blendkit.reporting import check_plot_path

    if plot is not None:
        check_plot_path(plot)
    workshop, changed = open_workshop(recipe, overrides, data, store, allow_outside, json_out)
    base = plain_recipe(recipe)
    changed, axes = _axes(changed, shares, sweeps, bool(overrides), csv_path or plot)
    with announced(json_out):
        found = _sweep(workshop, changed, axes)
        best = found.recipe(changed, found.best) if found is not None else changed
        figures, gain = _gain(workshop, base, best, clusters, replicates, seed, level)
    if found is not None and csv_path is not None:
        _write_csv(csv_path, found)
    if found is not None and plot is not None:
        _plot(plot, found, figures["base"])
    notes = _notes(workshop, base)
    if json_out:
        _tell(found, figures, gain, notes)
    else:
        _print(found, figures, gain, notes, level)
        for path in (p for p in (csv_path, plot) if p is not None and found is not None):
            say(f"wrote {path}")


def _axes(
    recipe: Recipe, shares: tuple[str, ...], sweeps: tuple[str, ...], changed: bool, written: Path | None
) -> tuple[Recipe, list[Axis]]:
    """Apply what has one value, return what has several.

    Raises BlendkitError for more than two of these, for none where one is needed, and for no change at all.
    """
    from blendkit.errors import BlendkitError
    from blendkit.offline import check_shares, read_axis, read_share

    found = [read_share(s, recipe) for s in shares] + [read_axis(s, "--sweep") for s in sweeps]
    check_shares(found)
    if not found and not changed:
        raise BlendkitError(
            "nothing to change: give --share, --sweep or --set",
            ["as in --share eos7.seqhead=0.1 --sweep seqhead.site_hour_prior.strength=0:1:0.05"],
        )
    wide = [a for a in found if len(a.values) > 1]
    if len(wide) > 2:
        raise BlendkitError(f"{len(wide)} sweeps; at most two make a table or a picture", [a.says for a in wide])
    if written is not None and not wide:
        raise BlendkitError(f"{written}: nothing is swept; --csv and --plot need a range, as in 0:1:0.05")
    for axis in found:
        there = axis.applied(recipe, axis.values[0])  # an unknown path fails here, before any work
        recipe = there if len(axis.values) == 1 else recipe
    return recipe, wide


def _sweep(workshop: Workshop, recipe: Recipe, axes: list[Axis]) -> Sweep | None:
    from blendkit.offline import sweep

    return sweep(workshop, recipe, axes) if axes else None


def _gain(
    workshop: Workshop, base: Recipe, best: Recipe, clusters: Any, replicates: int, seed: int, level: float
) -> tuple[dict[str, float], Interval | str]:
    """Figures of the recipe as it is and of the best point; the interval of their difference, or why there is none."""
    from blendkit.core import cluster_labels
    from blendkit.errors import BlendkitError
    from blendkit.metrics import paired_bootstrap

    (bench, old), (other, new) = workshop.output(base), workshop.output(best)
    figures = {"base": bench.auc(old).macro, "best": other.auc(new).macro}
    labels = cluster_labels(bench.rows, clusters, bench.labelled)
    if len(other.rows) != len(bench.rows):
        return figures, "the changed recipe has other rows"
    try:
        boot = paired_bootstrap(
            bench.truth, {"base": old.values, "best": new.values}, labels, replicates, seed, bench.labelled
        )
    except BlendkitError as error:
        return figures, error.title
    return figures, boot.difference("best", "base", level)


def _notes(workshop: Workshop, recipe: Recipe) -> list[str]:
    from blendkit.recipe import make_plan

    return list(workshop.bench(make_plan(recipe)).notes)


def _points(found: Sweep) -> list[tuple[tuple[Any, ...], float]]:
    """Every point as ((value of each axis), macro-AUC)."""
    import itertools

    values = itertools.product(*(a.values for a in found.axes))
    return list(zip(values, found.macro.ravel().tolist(), strict=True))


def _write_csv(path: Path, found: Sweep) -> None:
    import csv

    from blendkit.store import atomic_path

    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow([*(a.label for a in found.axes), "macro_auc"])
        writer.writerows([*point, repr(macro)] for point, macro in _points(found))


def _plot(path: Path, found: Sweep, base: float) -> None:
    from blendkit.reporting import plot_curve, plot_heat_map

    if len(found.axes) == 1:
        plot_curve(path, found.axes[0].label, found.axes[0].values, found.macro, base)
    else:
        labels, values = [a.label for a in found.axes], [a.values for a in found.axes]
        plot_heat_map(path, labels, values, found.macro, base)


def _tell(found: Sweep | None, figures: dict[str, float], gain: Interval | str, notes: list[str]) -> None:
    best = "changed" if found is None else "best"
    payload: dict[str, Any] = {"base": figures["base"], best: figures["best"], "notes": notes}
    if found is not None:
        payload["axes"] = [{"label": a.label, "values": list(a.values)} for a in found.axes]
        payload["macro_auc"] = [number(m) for m in found.macro.ravel().tolist()]
        payload["shape"], payload["how"] = list(found.macro.shape), found.how
        payload["best_at"] = [a.values[i] for a, i in zip(found.axes, found.best, strict=True)]
    if isinstance(gain, str):
        payload["no_interval"] = gain
    else:
        payload["gain"] = {"estimate": gain.estimate, "low": gain.low, "high": gain.high, "sd": gain.sd, "p": gain.p}
    event("whatif", payload)


def _print(
    found: Sweep | None, figures: dict[str, float], gain: Interval | str, notes: list[str], level: float
) -> None:
    if found is not None:
        _print_points(found, figures["base"])
    click.echo(f"recipe as it is:  macro-AUC {figures['base']:.6f}")
    if found is None:
        click.echo(f"changed:          macro-AUC {figures['best']:.6f}")
    else:
        at = ", ".join(f"{a.label} = {a.values[i]}" for a, i in zip(found.axes, found.best, strict=True))
        best = f"best of {found.macro.size}:"
        click.echo(f"{best:17s} macro-AUC {figures['best']:.6f} at {at}  ({found.how})")
        alike = sum(round(m, 3) == round(figures["best"], 3) for _, m in _points(found)) - 1
        click.echo(f"{max(alike, 0)} of the other {found.macro.size - 1} points show the same at three decimals")
    if isinstance(gain, str):
        click.echo(f"gain: {figures['best'] - figures['base']:+.6f}; no interval: {gain}")
    else:
        click.echo(f"gain: {gain.estimate:+.6f}, {level:.0%} interval {gain.low:+.6f} to {gain.high:+.6f}")
    if found is not None:
        click.echo("in-sample: the same labels chose this point; `blendkit search` measures what a choice is worth")
    for text in notes:
        click.echo(f"note: {text}")


def _print_points(found: Sweep, base: float) -> None:
    points = _points(found)
    shown = points
    if len(points) > _SHOWN:
        shown = sorted(points, key=lambda p: -p[1])[:10]
    title = "" if len(points) <= _SHOWN else f"the best 10 of {len(points)} points; --csv writes all"
    header = [*(a.label for a in found.axes), "macro-AUC", "change"]
    table(title, header, [(*point, f"{m:.6f}", f"{m - base:+.6f}") for point, m in shown])
