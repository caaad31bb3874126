"""`blendkit search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._compile_notice import announced
from blendkit.cli._completion import recipe_argument
from blendkit.cli._data_options import offline
from blendkit.cli._options import LEDGER, OUT_FILE, json_option, judged, set_option, several
from blendkit.cli._show import emitter, event

if TYPE_CHECKING:
    from blendkit.metrics import Interval
    from blendkit.offline import Found, Judging, Place


@click.group()
def search() -> None:
    """Search weights or values of a recipe from saved logits, and judge the result.

    A search uses the labels it is measured on, so its own figure is too high. Every result is therefore also measured
    on recordings that the search did not use (the folds of the members' files, else two halves), and shown with the
    interval of its gain over the best member alone, and a verdict.
    """


_COMMON = several(
    set_option,
    offline,
    judged,
    click.option(
        "--ledger-file",
        type=OUT_FILE,
        default=LEDGER,
        show_default=True,
        help="File of the ledger that results are added to.",
    ),
    json_option,
)


@search.command()
@recipe_argument
@click.option("--steps", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Number of picks.")
@_COMMON
def greedy(recipe: str, steps: int, **options: Any) -> None:
    """Weigh the output's blend by greedy selection with replacement (Caruana et al. 2004)."""
    from blendkit.offline import GreedySearch

    _search(recipe, GreedySearch(steps), **options)


@search.command()
@recipe_argument
@click.option(
    "--by-class-name", is_flag=True, help="Search separate weights for every taxonomic class (Aves, Insecta ...)."
)
@_COMMON
def line(recipe: str, by_class_name: bool, **options: Any) -> None:
    """Weigh the output's blend by coordinate ascent on the exact weight path."""
    from blendkit.offline import LineSearch

    _search(recipe, LineSearch(by_class_name), **options)


@search.command()
@recipe_argument
@click.option(
    "--over",
    multiple=True,
    required=True,
    metavar="PATH=FIRST:LAST:STEP",
    help="Value to search, as in seqhead.gaussian.sigma=0.5:2:0.5, or a list A,B,C. May be repeated.",
)
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="BLEND.MEMBER=FIRST:LAST:STEP",
    help="Share of a member to search. May be repeated.",
)
@_COMMON
def grid(recipe: str, over: tuple[str, ...], shares: tuple[str, ...], **options: Any) -> None:
    """Search values of steps, one at a time with the others fixed, until no change gains."""
    from blendkit.offline import GridSearch

    _search(recipe, GridSearch(over, shares), **options)


def _search(
    recipe: str, method: Any, *, overrides: tuple[str, ...], place: Place, judging: Judging, ledger_file: Path,
    json_out: bool,
) -> None:  # fmt: skip
    from blendkit import offline as work

    with announced(json_out):
        found = work.search(
            recipe, method, overrides=overrides, place=place, judging=judging, ledger=ledger_file,
            emit=emitter(json_out),
        )  # fmt: skip
    if json_out:
        _emit(found)
    else:
        _print(found, judging.level)


def _emit(found: Found) -> None:
    g = found.guarded
    event(
        "search",
        {
            "values": found.values,
            "recipe_before": found.before,
            "in_sample": found.after,
            "nested": g.nested,
            "fold_mean": g.fold_mean,
            "optimism": found.after - g.nested,
            "best_member": g.best_member,
            "best_member_macro": g.best_member_macro,
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
    return {k: getattr(gain, k) for k in ("estimate", "low", "high", "sd", "p")}


def _print(found: Found, level: float) -> None:
    import json

    g = found.guarded
    for address, value in found.values.items():
        click.echo(f"--set '{address}={json.dumps(value)}'")
    parts = f"{found.split}, {g.folds} parts; mean of the figures of the parts {g.fold_mean:.6f}"
    click.echo("")
    click.echo(f"recipe as it is:  {found.before:.6f}")
    click.echo(f"in-sample:        {found.after:.6f}  (on the labels that chose it)")
    click.echo(f"nested:           {g.nested:.6f}  ({parts})")
    click.echo(f"optimism:         {found.after - g.nested:+.6f}")
    click.echo(f"best input alone: {g.best_member_macro:.6f}  ({g.best_member}, with the steps after the blend)")
    for what, gain in ((f"{g.best_member} alone", g.gain), ("the recipe as it is", found.gain)):
        bounds = f"{level:.0%} interval {gain.low:+.6f} to {gain.high:+.6f}"
        click.echo(f"nested gain over {what}: {gain.estimate:+.6f}, {bounds}")
    colour = "red" if not g.accepted else "green" if g.gain.low > 0 else "yellow"
    click.secho(f"verdict: {g.verdict}", fg=colour, bold=True)
    if found.gain.estimate <= 0:
        click.echo("         and no better than the recipe as it is: keep that")
    for text in found.notes:
        click.echo(f"note: {text}")
    click.echo("note: fitted steps are cross-fitted by recording, not fitted anew for every part of the search")
