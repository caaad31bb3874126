"""`blendkit check`."""

from __future__ import annotations

from pathlib import Path

import click

from blendkit.cli._completion import recipe_argument
from blendkit.cli._data_options import RecipeCommand, data_folders
from blendkit.cli._options import PLACE, outside_option, set_option
from blendkit.cli._show import emitter
from blendkit.errors import first_of, shorten

_FINDINGS = 50  # of the linter that are printed


@click.command(cls=RecipeCommand)
@recipe_argument
@data_folders
@set_option
@click.option("--fill", is_flag=True, help="Print the recipe with every default written out.")
@click.option(
    "--explain",
    "explained",
    is_flag=True,
    help="Print streams with spaces and scopes, and how names are read.",
)
@click.option("--store", type=PLACE, help="Folder of saved logits: the linter also looks at their values.")
@click.option("--sharded", is_flag=True, help="Report every step that cannot run in parts or on a live stream.")
@click.option("--strict", is_flag=True, help="Exit with 1 if the linter reports anything.")
@outside_option
def check(
    recipe: str,
    data: tuple[Path, ...] | None,
    overrides: tuple[str, ...],
    fill: bool,
    explained: bool,
    store: Path | None,
    sharded: bool,
    strict: bool,
    allow_outside: bool,
) -> None:
    """Check RECIPE: its keys, then its ops, parameters, spaces and loops, then its files and classes. Then lint it.

    Files are looked up below --data, or beside a recipe of your own. All problems of a kind are reported together,
    with file, line and key; the exit code is then 2. The linter reports steps that cannot change the AUC, that smooth
    a second time, or that compare rescaled values with absolute thresholds; with --store it also reports ties,
    members on different scales and members that are nearly the same model.
    """
    from blendkit import offline
    from blendkit.recipe import explain, filled_text, make_plan, open_recipe

    if fill or explained:
        plan = make_plan(open_recipe(recipe, overrides).recipe)
        click.echo(filled_text(plan), nl=False) if fill else click.echo("\n".join(explain(plan)))
        if fill:
            return
    found = offline.check(
        recipe, data, overrides=overrides, store=store, sharded=sharded, allow_outside=allow_outside,
        emit=emitter(False),
    )  # fmt: skip
    if explained and found.named is not None:
        click.echo("\n".join(found.named.explained()))
    for note in found.notes:
        click.echo(f"note: {note}")
    for line in first_of([f"lint: {text}" for text in found.findings], _FINDINGS):
        click.echo(line)
    checked = "files not checked (no --data)" if not found.folders else f"files found in {shorten(found.folders)}"
    counts = f"{len(found.plan.members)} members, {len(found.plan.streams)} streams"
    click.echo(f"{found.plan.recipe.source}: {counts}, writes {', '.join(found.plan.outputs)}; {checked}")
    if strict and found.findings:
        raise click.exceptions.Exit(1)
