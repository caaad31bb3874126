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
@click.option(
    "--store", type=click.Path(path_type=Path), help="Saved logits: also say what they say against the recipe."
)
@click.option("--sharded", is_flag=True, help="The recipe is to run in parts or on a stream: say what cannot.")
@click.option("--strict", is_flag=True, help="Exit with 1 if the linter finds anything.")
@click.option("--allow-outside", is_flag=True, help="Let the recipe name files outside --data.")
def check(
    recipe: str,
    data: Path | None,
    overrides: tuple[str, ...],
    fill: bool,
    explained: bool,
    store: Path | None,
    sharded: bool,
    strict: bool,
    allow_outside: bool,
) -> None:
    """Check RECIPE: its keys, then ops, parameters, spaces and loops, then its files and classes; and lint it.

    The files are looked up below --data, or beside a recipe of your own. All problems of a kind are
    reported together, with file, line and key; exit code 2 if there is one. The linter knows which steps
    cannot change AUC, which smooth twice or compare rescaled values with absolute thresholds; with --store it
    counts ties, weighs scales and finds members that are nearly one model.
    """
    from blendkit.engine import find_inputs, preflight
    from blendkit.recipe import (
        DataFolder,
        check_files,
        explain,
        filled_text,
        find_recipe,
        group_notes,
        lint,
        make_plan,
        parse_recipe,
    )

    text, source, folder = find_recipe(recipe)
    plan = make_plan(parse_recipe(text, source, overrides))
    if fill:
        click.echo(filled_text(plan), nl=False)
        return
    if explained:
        click.echo("\n".join(explain(plan)))
    where = data or folder
    if where is not None:
        root = DataFolder(where, allow_outside)
        files = check_files(plan, root)
        inputs = find_inputs(plan, root)
        preflight(plan, inputs, files)
        for note in group_notes(plan, inputs.taxonomy, inputs.classes):
            click.echo(f"note: {note}")
    findings = lint(plan, sharded=sharded)
    if store is not None:
        from blendkit.cli.commands.run import sample_world
        from blendkit.offline import Workshop, doubts

        findings += doubts(Workshop(DataFolder(where or sample_world(False), allow_outside), store), plan)
    for text in findings:
        click.echo(f"lint: {text}")
    checked = "files not checked (no --data)" if where is None else f"files found in {where}"
    counts = f"{len(plan.members)} members, {len(plan.streams)} streams"
    click.echo(f"{source}: {counts}, writes {', '.join(plan.outputs)}; {checked}")
    if strict and findings:
        raise click.exceptions.Exit(1)
