"""`blendkit search`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from blendkit.cli._compile_notice import announced
from blendkit.cli._options import LEDGER, PATH, json_option, judged, offline, open_workshop, set_option
from blendkit.cli._show import event, number

if TYPE_CHECKING:
    from blendkit.metrics import Interval
    from blendkit.offline import Bench, Found, Workshop
    from blendkit.recipe import Recipe

C = TypeVar("C", bound=Callable[..., Any])


@click.group()
def search() -> None:
    """Search weights or values of a recipe from saved logits, and judge what was found.

    A search sees the labels it is scored on, so its own figure flatters it. Every result therefore also
    comes from recordings the search did not see (the folds of the members' files, else two halves), with
    the interval of its gain over the best single member, and a verdict.
    """


def _common(command: C) -> C:
    file = click.option("--ledger-file", type=PATH, default=LEDGER, show_default=True, help="Where results are kept.")
    return set_option(offline(judged(file(json_option(command)))))


@search.command()
@click.argument("recipe")
@click.option("--steps", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Members picked.")
@_common
def greedy(recipe: str, steps: int, **options: Any) -> None:
    """Weigh the output's blend by greedy selection with replacement (Caruana et al. 2004)."""
    from blendkit.offline import greedy_weights

    _search(recipe, lambda workshop, loaded, how: greedy_weights(workshop, loaded, steps, **how), options)


@search.command()
@click.argument("recipe")
@click.option("--by-class-name", is_flag=True, help="Separate weights for every taxonomic class (Aves, Insecta ...).")
@_common
def line(recipe: str, by_class_name: bool, **options: Any) -> None:
    """Weigh the output's blend by coordinate ascent on the exact weight path."""
    from blendkit.offline import line_weights

    by = "class_name" if by_class_name else None
    _search(recipe, lambda workshop, loaded, how: line_weights(workshop, loaded, by, **how), options)


@search.command()
@click.argument("recipe")
@click.option(
    "--over",
    multiple=True,
    required=True,
    metavar="PATH=FIRST:LAST:STEP",
    help="A value to search, as in seqhead.gaussian.sigma=0.5:2:0.5, or a list A,B,C. May be repeated.",
)
@click.option("--share", "shares", multiple=True, metavar="BLEND.MEMBER=FIRST:LAST:STEP", help="A share to search.")
@_common
def grid(recipe: str, over: tuple[str, ...], shares: tuple[str, ...], **options: Any) -> None:
    """Search values of steps, one at a time with the others held, until none gains."""
    from blendkit.offline import check_shares, grid_values, read_axis, read_share

    def go(workshop: Workshop, loaded: Recipe, how: dict[str, Any]) -> Found:
        axes = [read_axis(o, "--over") for o in over] + [read_share(s, loaded) for s in shares]
        check_shares(axes)
        for axis in axes:
            axis.applied(loaded, axis.values[0])  # an unknown path fails here, before any work
        return grid_values(workshop, loaded, axes, **how)

    _search(recipe, go, options)


def _search(name: str, go: Callable[[Workshop, Recipe, dict[str, Any]], Found], options: dict[str, Any]) -> None:
    from blendkit.core import cluster_labels

    json_out = options["json_out"]
    workshop, recipe = open_workshop(
        name, options["overrides"], options["data"], options["store"], options["allow_outside"], json_out
    )

    def clusters(bench: Bench) -> list[str]:
        return cluster_labels(bench.rows, options["clusters"], bench.labelled)

    how = {k: options[k] for k in ("replicates", "seed", "level")}
    with announced(json_out):
        found = go(workshop, recipe, {"clusters": clusters, **how})
    _to_ledger(options["ledger_file"], workshop, recipe, found)
    if json_out:
        _tell(found)
    else:
        _print(found, options["level"])


def _to_ledger(path: Path, workshop: Workshop, recipe: Recipe, found: Found) -> None:
    """Keep what was found, under a name of its own; its figure is the nested one, for the other saw its labels."""
    from blendkit.core import text_hash
    from blendkit.recipe import filled_text, make_plan, with_values
    from blendkit.searching import append_entry

    plan = make_plan(with_values(recipe, found.values, "search"))
    told = {"recipe": f"{recipe.model.name} (searched)", "sha256": text_hash(filled_text(plan))}
    rows = int(workshop.bench(plan).labelled.sum())
    seen = {"in_sample": found.after, "values": found.values, "rows": rows, "accepted": found.guarded.accepted}
    append_entry(path, {"kind": "oof", "from": "search", "oof": found.guarded.nested, **told, **seen})


def _tell(found: Found) -> None:
    g = found.guarded
    event(
        "search",
        {
            "values": found.values,
            "recipe_before": found.before,
            "in_sample": found.after,
            "nested": g.nested,
            "fold_mean": number(g.fold_mean),
            "optimism": found.after - g.nested,
            "single": g.single,
            "single_macro": g.single_macro,
            "gain": _bounds(g.gain),
            "gain_over_recipe": _bounds(found.gain),
            "accepted": g.accepted,
            "verdict": g.verdict,
            "split": found.split,
            "folds": g.folds,
            "notes": found.notes,
        },
    )


def _bounds(gain: Interval) -> dict[str, float | None]:
    return {k: number(getattr(gain, k)) for k in ("estimate", "low", "high", "sd", "p")}


def _print(found: Found, level: float) -> None:
    import json

    g = found.guarded
    for address, value in found.values.items():
        click.echo(f"--set '{address}={json.dumps(value)}'")
    parts = f"{found.split}, {g.folds} parts; mean of the parts' own figures {g.fold_mean:.6f}"
    click.echo("")
    click.echo(f"recipe as it is:  {found.before:.6f}")
    click.echo(f"in-sample:        {found.after:.6f}  (on the labels that chose it)")
    click.echo(f"nested:           {g.nested:.6f}  ({parts})")
    click.echo(f"optimism:         {found.after - g.nested:+.6f}")
    click.echo(f"best input alone: {g.single_macro:.6f}  ({g.single}, with the steps after the blend)")
    for what, gain in ((f"{g.single} alone", g.gain), ("the recipe as it is", found.gain)):
        bounds = f"{level:.0%} interval {gain.low:+.6f} to {gain.high:+.6f}"
        click.echo(f"nested gain over {what}: {gain.estimate:+.6f}, {bounds}")
    click.echo(f"verdict: {g.verdict}")
    if found.gain.estimate <= 0:
        click.echo("         and no better than the recipe as it is: keep that")
    for text in found.notes:
        click.echo(f"note: {text}")
    click.echo("note: fitted steps are cross-fitted by recording, not fitted anew for every part of the search")
