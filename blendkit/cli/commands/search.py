"""`blendkit search`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._compile_notice import announced
from blendkit.cli._completion import complete_shares, recipe_argument
from blendkit.cli._data_options import RecipeCommand, offline
from blendkit.cli._given_paths import PATH
from blendkit.cli._options import (
    LEDGER,
    NEW_PLACE,
    OUT_ARTEFACT,
    OUT_LINES,
    Number,
    json_option,
    judged,
    set_option,
    several,
)
from blendkit.cli._search_lines import emit_found, print_found, print_grown
from blendkit.cli._show import emitter
from blendkit.cli._stopping import Stopped

if TYPE_CHECKING:
    from blendkit.offline import Judging, Place


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
        type=OUT_LINES,
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
    metavar="PATH=FIRST:LAST:STEP",
    help="Value to search, as in seqhead.gaussian.sigma=0.5:2:0.5, or a list A,B,C. May be repeated.",
)
@click.option(
    "--share",
    "shares",
    multiple=True,
    shell_complete=complete_shares,
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
    type=OUT_ARTEFACT,
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
@click.option("--minutes", default=10.0, show_default=True, type=Number(0.01, 100_000), help="Time for all of it.")
@click.option(
    "--beam", default=3, show_default=True, type=click.IntRange(1, 100), help="Chains kept from round to round."
)
@click.option(
    "--price", default=0.0005, show_default=True, type=Number(0, 1),
    help="Of every step, in macro-AUC: of two like chains the shorter wins.",
)  # fmt: skip
@click.option(
    "--looks", type=OUT_LINES, help="File of all figures looked at; a search that was stopped goes on from it."
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
        emit_found(
            grown.found,
            {"recipe": grown.text(), "rounds": grown.rounds, "looks": grown.looks, "finished": grown.finished},
        )
    else:
        print_found(grown.found, judging.level)
        print_grown(grown, recipe_out)


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
        emit_found(found)
    else:
        print_found(found, judging.level)
