"""`blendkit search`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._compile_notice import announced
from blendkit.cli._completion import recipe_argument
from blendkit.cli._data_options import RecipeCommand, offline
from blendkit.cli._given_paths import PATH
from blendkit.cli._options import LEDGER, NEW_PLACE, OUT_FILE, json_option, judged, set_option, several
from blendkit.cli._show import COLOURS, emitter, event
from blendkit.cli._stopping import Stopped

if TYPE_CHECKING:
    from blendkit.metrics import Interval
    from blendkit.offline import Found, Grown, Judging, Place


@click.group()
def search() -> None:
    """Search weights or values of a recipe from saved logits, and judge the result.

    A search uses the labels it is measured on, so its own figure is too high. Every result is therefore also measured
    on recordings that the search did not use (quarters of the recordings, held out in turn), and shown with the
    interval of its gain over the best member alone, and one word: real, undecided or not.
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


@search.command(cls=RecipeCommand)
@recipe_argument
@click.option("--steps", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Number of picks.")
@_COMMON
def greedy(recipe: str, steps: int, **options: Any) -> None:
    """Weigh the output's blend by greedy selection with replacement (Caruana et al. 2004)."""
    from blendkit.offline import GreedySearch

    _search(recipe, GreedySearch(steps), **options)


@search.command(cls=RecipeCommand)
@recipe_argument
@click.option(
    "--by-class-name",
    "by",
    flag_value="class_name",
    default=None,
    help="Also search weights for every taxonomic class (Aves, Insecta ...).",
)
@click.option("--by-class", "by", flag_value="class", help="Also search weights for every class.")
@_COMMON
def line(recipe: str, by: Any, **options: Any) -> None:
    """Weigh the output's blend by coordinate ascent on the exact weight path.

    Weights of groups or classes are pulled towards those of all classes, as strongly as recordings that are held out
    inside the search say.
    """
    from blendkit.offline import LineSearch

    _search(recipe, LineSearch(by), **options)


@search.command(cls=RecipeCommand)
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


@search.command()
@recipe_argument
@click.option(
    "--loss",
    type=click.Choice(["logistic", "pairwise"]),
    default="logistic",
    show_default=True,
    help="What is made small; pairwise: a smooth AUC.",
)
@click.option("--negative", is_flag=True, help="Allow coefficients below 0.")
@click.option(
    "-o",
    "--out",
    type=OUT_FILE,
    help="File for the coefficients (.npz), which a recipe names as `weights_by: {artefact: FILE}`.",
)
@click.option(
    "--audio", type=PATH, help="Folder of the labelled recordings: copies under other names are refused, too (--out)."
)
@_COMMON
def stack(recipe: str, loss: Any, negative: bool, out: Path | None, audio: Path | None, **options: Any) -> None:
    """Weigh the members' logits class by class, pulled towards weights of the taxon and of all classes.

    The file of --out lists the recordings that the coefficients were fitted on, and a recipe that applies it to one of
    these is refused, unless it says `allow_seen: true`.
    """
    from blendkit.offline import StackSearch

    _search(recipe, StackSearch(loss, negative, out, audio), **options)


@search.command("recipe")
@recipe_argument
@click.option(
    "--minutes", default=10.0, show_default=True, type=click.FloatRange(0.01, 100_000), help="Time for all of it."
)
@click.option(
    "--beam", default=3, show_default=True, type=click.IntRange(1, 100), help="Chains kept from round to round."
)
@click.option(
    "--price", default=0.0005, show_default=True, type=click.FloatRange(0, 1),
    help="Of every step, in macro-AUC: of two like chains the shorter wins.",
)  # fmt: skip
@click.option(
    "--looks", type=OUT_FILE, help="File of all figures looked at; a search that was stopped goes on from it."
)
@click.option("-o", "--recipe-out", type=NEW_PLACE, help="New file to write the found recipe to.")
@_COMMON
def search_recipe(
    recipe: str, minutes: float, beam: int, price: float, looks: Path | None, recipe_out: Path | None, *,
    overrides: tuple[str, ...], place: Place, judging: Judging, ledger_file: Path, json_out: bool,
) -> None:  # fmt: skip
    """Find the chain itself: steps of every member, the blend, its weights, and steps after it.

    Starts from RECIPE, from equal weights or from a member alone, whatever is best, and changes one thing at a time,
    over a stated list of steps and values. The search is repeated without each quarter of the recordings, and what it
    finds there is measured on that quarter.
    """
    from blendkit import offline as work
    from blendkit.store import write_text

    with announced(json_out), _to_go_on_with(looks):
        grown = work.search_recipe(
            recipe, work.Growth(minutes, beam, price, judging.seed), overrides=overrides, place=place, judging=judging,
            ledger=ledger_file, looks=looks, emit=emitter(json_out),
        )  # fmt: skip
    if recipe_out is not None:
        write_text(recipe_out, grown.text())
    if json_out:
        _emit(
            grown.found,
            {"recipe": grown.text(), "rounds": grown.rounds, "looks": grown.looks, "finished": grown.finished},
        )
    else:
        _print(grown.found, judging.level)
        _print_grown(grown, recipe_out)


@contextmanager
def _to_go_on_with(looks: Path | None) -> Iterator[None]:
    """Say, where the search is stopped, how it is gone on with."""
    try:
        yield
    except (Stopped, KeyboardInterrupt):
        kept = f"what was looked at is in {looks}: the same command goes on from there"
        lost = "with --looks FILE, a search that is stopped can go on from what it looked at"
        click.echo(lost if looks is None else kept, err=True)
        raise


def _print_grown(grown: Grown, written: Path | None) -> None:
    for one in grown.worths:
        worth = "others need it" if math.isinf(one.worth) else f"{one.worth:+.6f} on the labels that chose it"
        again = f"; found in {one.again} of {grown.found.guarded.parts} searches without a part"
        click.echo(f"{one.stream}: {one.step}: {worth}{again}")
    ended = "ended by itself" if grown.finished else "was stopped by the clock: more --minutes may find more"
    click.echo(f"{grown.rounds} rounds, {grown.looks} looks at figures; the search {ended}")
    click.echo(f"wrote {written}" if written is not None else f"\n{grown.text()}")


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


def _emit(found: Found, more: dict[str, Any] | None = None) -> None:
    g = found.guarded
    event(
        "search",
        {
            "values": found.values,
            "recipe_before": found.before,
            "in_sample": found.after,
            "nested": g.nested,
            "optimism": found.after - g.nested,
            "best_member": g.best_member,
            "alone": g.alone,
            "gain": _bounds(g.gain),
            "gain_over_recipe": _bounds(found.gain),
            "better": g.better,
            "judgement": g.judgement,
            "verdict": found.meaning,
            "split": found.split,
            "parts": g.parts,
            "notes": found.notes,
            **(more or {}),
        },
    )


def _bounds(gain: Interval) -> dict[str, float | None]:
    return {k: getattr(gain, k) for k in ("estimate", "low", "high", "sd", "p")}


def _print(found: Found, level: float) -> None:
    import json

    g = found.guarded
    for address, value in found.values.items():
        click.echo(f"--set '{address}={json.dumps(value)}'")
    click.echo("")
    click.echo(f"recipe as it is:  {found.before:.6f}")
    click.echo(f"in-sample:        {found.after:.6f}  (on the labels that chose it)")
    click.echo(f"nested:           {g.nested:.6f}  ({found.split})")
    click.echo(f"optimism:         {found.after - g.nested:+.6f}  (what searching adds to its own figure)")
    click.echo(f"best input alone: {g.alone:.6f}  (chosen on the same parts; on all labels {g.best_member})")
    for what, gain in (("the best input alone", g.gain), ("the recipe as it is", found.gain)):
        bounds = f"{level:.0%} interval {gain.low:+.6f} to {gain.high:+.6f}"
        click.echo(f"nested gain over {what}: {gain.estimate:+.6f}, {bounds}")
    click.echo(f"a gain over the best input alone in {100 * g.better:.0f} of 100 redraws of the recordings")
    click.secho(f"verdict: {g.judgement}: {found.meaning}", fg=COLOURS[g.judgement], bold=True)
    if found.beside:
        click.echo(f"         {found.beside}")
    for text in found.notes:
        click.echo(f"note: {text}")
    click.echo("note: fitted steps are cross-fitted by recording, not fitted anew for every part of the search")
