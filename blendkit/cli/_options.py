"""Options that several commands share, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from blendkit.offline import Workshop
    from blendkit.recipe import Recipe
    from blendkit.scoring import How


C = TypeVar("C", bound=Callable[..., Any])
PATH: Any = click.Path(path_type=Path)
LEDGER = Path("out/ledger.jsonl")
_OFFLINE = (
    click.option(
        "--data", type=PATH, help="Folder of the recipe's files (default: its own; packaged recipes: the sample world)."
    ),
    click.option("--store", type=PATH, help="Where members' logits were saved (default: out/<recipe>/logits)."),
    click.option("--allow-outside", is_flag=True, help="Let the recipe name files outside --data."),
)
_JUDGED = (
    click.option(
        "--clusters",
        default="recording",
        show_default=True,
        type=click.Choice(["recording", "site", "date", "site-date"]),
        help="What is redrawn whole: chunks of one recording are no independent observations.",
    ),
    click.option("--replicates", default=1000, show_default=True, type=click.IntRange(2), help="Bootstrap replicates."),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of all that is drawn."),
    click.option(
        "--level",
        default=0.95,
        show_default=True,
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        help="Confidence level of intervals.",
    ),
)
set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="PATH=VALUE",
    help="Override a key of the recipe, as in blends.eos7.of.seqhead=0.1. May be repeated.",
)
_HOW = (
    click.option(
        "--provider",
        default="cpu",
        show_default=True,
        envvar="BLENDKIT_PROVIDER",
        show_envvar=True,
        type=click.Choice(["cpu", "cuda", "openvino", "auto"]),
        help="What runs ONNX graphs; auto takes CUDA where onnxruntime has it.",
    ),
    click.option("--allow-code", is_flag=True, help="Let the recipe name Python functions to call (`use: callable`)."),
)
json_option = click.option("--json", "json_out", is_flag=True, help="Print NDJSON events.")


def offline(command: C) -> C:
    """Add the options of commands that work from saved logits."""
    for option in reversed(_OFFLINE):
        command = option(command)
    return command


def machine(command: C) -> C:
    """Add the options that say what may run."""
    for option in reversed(_HOW):
        command = option(command)
    return command


def how_of(provider: str, allow_code: bool) -> How:
    """Return what a machine and its user allow."""
    from blendkit.graphs import best_provider
    from blendkit.scoring import How

    found: Any = best_provider() if provider == "auto" else provider
    return How(found, allow_code)


def judged(command: C) -> C:
    """Add the options of commands that give intervals."""
    for option in reversed(_JUDGED):
        command = option(command)
    return command


def open_workshop(
    name: str, overrides: tuple[str, ...], data: Path | None, store: Path | None, allow_outside: bool, json_out: bool
) -> tuple[Workshop, Recipe]:
    """Return a recipe and the place where its saved logits and its data lie."""
    from blendkit.cli.commands.run import sample_world
    from blendkit.offline import Workshop
    from blendkit.recipe import DataFolder, find_recipe, make_plan, parse_recipe

    text, source, folder = find_recipe(name)
    recipe = parse_recipe(text, source, overrides)
    make_plan(recipe)
    where = data or folder or sample_world(json_out)
    stores = store or Path("out") / recipe.model.name / "logits"
    return Workshop(DataFolder(where, allow_outside), stores), recipe


def plain_recipe(name: str) -> Recipe:
    """Return a recipe as its file has it, without --set."""
    from blendkit.recipe import find_recipe, parse_recipe

    text, source, _ = find_recipe(name)
    return parse_recipe(text, source)
