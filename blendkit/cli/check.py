"""`blendkit check`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("recipe")
@click.option("--data", type=click.Path(path_type=Path), help="Also check the files below this folder.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Override a key of the recipe.")
@click.option("--fill", is_flag=True, help="Print the recipe with every default explicit.")
@click.option("--explain", "explained", is_flag=True, help="Print the stream graph with spaces and scopes.")
@click.option("--allow-outside", is_flag=True, help="Let the recipe name files outside --data.")
def check(
    recipe: str, data: Path | None, overrides: tuple[str, ...], fill: bool, explained: bool, allow_outside: bool
) -> None:
    """Check RECIPE: keys, ops, parameters, spaces, loops, and (with --data) files.

    Every problem is reported at once, with file, line and key. Exit code 2 if there is one.
    """
    from blendkit.cli.find import find_recipe
    from blendkit.recipe import make_plan, parse_recipe
    from blendkit.recipe.explain import explain, group_notes
    from blendkit.recipe.fill import filled_text
    from blendkit.recipe.paths import DataFolder, check_files

    text, source, folder = find_recipe(recipe)
    plan = make_plan(parse_recipe(text, source, overrides))
    where = data or folder
    notes = []
    if where is not None:
        from blendkit.engine.inputs import gather

        root = DataFolder(where, allow_outside)
        check_files(plan, root)
        inputs = gather(plan, root)
        notes = group_notes(plan, inputs.taxonomy, inputs.classes)
    if fill:
        click.echo(filled_text(plan), nl=False)
        return
    if explained:
        click.echo("\n".join(explain(plan)))
    for note in notes:
        click.echo(f"note: {note}")
    files = "files not checked (no --data)" if where is None else f"files found in {where}"
    click.echo(
        f"{source}: {len(plan.members)} members, {len(plan.streams)} streams, writes {', '.join(plan.outputs)}; {files}"
    )
