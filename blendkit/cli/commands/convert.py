"""`blendkit convert`."""

from __future__ import annotations

from pathlib import Path

import click

from blendkit.cli._options import OUT_FILE, PATH


@click.command()
@click.argument("file", type=PATH)
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Choice(["solutions"]),
    help="Format of FILE; solutions: the dictionary of public notebooks, as JSON or Python.",
)
@click.option("--out", type=OUT_FILE, help="File to write the recipe to (default: print it).")
def convert(file: Path, source: str, out: Path | None) -> None:
    """Turn another tool's FILE into a recipe.

    A `solutions = {...}` dictionary is read as a literal and never executed; an unknown key is refused with
    its line. Positions become names, so a weight no longer depends on the order of the files.
    """
    from blendkit.errors import BlendkitError
    from blendkit.io import read_solutions
    from blendkit.recipe import make_plan, parse_recipe
    from blendkit.store import write_text

    text = read_solutions(file)
    plan = make_plan(parse_recipe(text, out.name if out is not None else file.name))
    if out is None:
        click.echo(text, nl=False)
        return
    if out.exists():
        raise BlendkitError(f"{out} exists already")
    write_text(out, text)
    click.echo(f"wrote {out}: {len(plan.members)} members, {len(plan.streams)} streams")
