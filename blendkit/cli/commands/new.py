"""`blendkit new`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._blend_options import blended_files
from blendkit.cli._options import OUT_FILE

if TYPE_CHECKING:
    from blendkit.core import MissingRows, UnknownClasses
    from blendkit.io import ColumnNames
    from blendkit.offline import BlendFiles


@click.command()
@blended_files
@click.option(
    "-o",
    "--out",
    type=OUT_FILE,
    default=Path("recipe.yaml"),
    show_default=True,
    help="File to write the recipe to; it must not exist.",
)
def new(
    given: BlendFiles,
    spaces: tuple[tuple[str, Any], ...],
    by: str | None,
    missing_rows: MissingRows,
    unknown_classes: UnknownClasses,
    names: ColumnNames,
    out: Path,
) -> None:
    """Write a recipe that blends score files A, B, ... with equal weights, and comments that say why.

    What the files hold is found out as by `blendkit blend`. An audio member is listed with the defaults of its
    parameters, those that it needs marked as REQUIRED.
    """
    from blendkit.errors import BlendkitError
    from blendkit.offline import BlendSettings, new_recipe
    from blendkit.store import write_text

    if out.exists():
        raise BlendkitError(f"{out} exists already", ["name another file with -o"])
    text = new_recipe(given, out, settings=BlendSettings(names, dict(spaces), by, missing_rows, unknown_classes))
    write_text(out, text)
    click.echo(f"wrote {out}: {text.splitlines()[0].removeprefix('# ')}")
    if needed := [line.strip("# ").partition(":")[0] for line in text.splitlines() if line.endswith(": REQUIRED")]:
        click.echo(f"before it runs, fill in what members need, marked REQUIRED: {', '.join(needed)}")
