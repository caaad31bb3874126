"""What a shell offers while a command is typed: names of members, ops, recipes and formats, and files beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from blendkit.registry import MEMBERS, OPS, READERS, WRITERS, registry

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _names(found: Callable[[], Iterable[str]], *, files: bool = False) -> Complete:
    """Return a function that offers the names that begin as what was typed; files: and the shell's files."""

    def complete(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        named = [CompletionItem(n) for n in found() if n.startswith(typed)]
        # click's scripts offer files for an item of this type: where no name fits, a path is meant
        return named or ([CompletionItem(typed, type="file")] if files else [])

    return complete


def _registered(group: str) -> Callable[[], list[str]]:
    return lambda: registry(group).names()


def _recipes() -> list[str]:
    from blendkit.recipe import packaged_recipes

    return list(packaged_recipes())


complete_members = _names(_registered(MEMBERS))
complete_ops = _names(_registered(OPS))
complete_formats = _names(_registered(READERS))
complete_source_formats = _names(lambda: [*registry(READERS).names(), "solutions"])
complete_written_formats = _names(_registered(WRITERS))
complete_recipe_names = _names(_recipes)
complete_recipes = _names(_recipes, files=True)


def _addresses(context: click.Context, typed: str, *, shares: bool) -> list[CompletionItem]:
    """Offer the shares of a recipe's blends, or its values; nothing without a recipe."""
    from blendkit.errors import BlendkitError
    from blendkit.recipe import OpStep, load_recipe, make_plan

    # an option without its value ends click's parsing before it takes the arguments
    recipe = context.params.get("recipe") or next(iter(context.args), None)
    try:
        plan = make_plan(load_recipe(recipe or ""))
    except BlendkitError:
        return []
    found = [f"{s.name}.{n}" for s in plan.streams if s.blend is not None for n in s.inputs]
    if not shares:
        ops = [(s, o) for s in plan.streams for step in s.steps if isinstance(step, OpStep) for o in step.ops]
        found = [f"{s.name}.{o.label}.{p}" for s, o in ops for p in o.params]
        found += [f"{section}.{s.name}.steps.{o.label}.{p}" for s, o in ops for section in s.path[:1] for p in o.params]
        found += [f"members.{n}.{p}" for n, m in plan.members.items() for p in m.params]
        found += [f"blends.{s.name}.{key}" for s in plan.streams if s.blend is not None for key in ("by", "of")]
    return [CompletionItem(f"{a}=") for a in dict.fromkeys(found) if a.startswith(typed)]


def complete_values(context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the addresses of a recipe's values, as `--set` and `--sweep` take them."""
    return _addresses(context, typed, shares=False)


def complete_shares(context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the shares of a recipe's blends, as `--share` takes them."""
    return _addresses(context, typed, shares=True)


def recipe_argument(function: Any) -> Any:
    """Add the argument RECIPE: a file, or the name of a packaged recipe."""
    return click.argument("recipe", shell_complete=complete_recipes)(function)
