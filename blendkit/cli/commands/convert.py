"""`blendkit convert`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._completion import complete_source_formats, complete_written_formats
from blendkit.cli._given_paths import PATH
from blendkit.cli._options import NEW_PLACE, json_option, source_columns
from blendkit.cli._show import event
from blendkit.errors import counted

if TYPE_CHECKING:
    from blendkit.core import FileSpace
    from blendkit.io import ColumnNames, Converted

SOLUTIONS = "solutions"


@click.command()
@click.argument("source")
@click.argument("target", required=False, type=NEW_PLACE)
@click.option("--out", type=NEW_PLACE, help="The same as TARGET.")
@click.option(
    "--from",
    "source_format",
    metavar="NAME",
    shell_complete=complete_source_formats,
    help="Format of SOURCE (`blendkit formats list`), where its content does not tell it; or `solutions`, which a "
    "notebook and a .py file always are.",
)
@click.option(
    "--to",
    metavar="NAME",
    shell_complete=complete_written_formats,
    help="Format to write (`blendkit formats list`). Default: by the suffix of TARGET, for scores matrix, arrays or "
    "npy, for detections csv or parquet.",
)
@click.option(
    "--space", type=click.Choice(["logit", "prob", "rank"]), help="Space of the scores, where SOURCE does not say it."
)
@source_columns
@click.option("--audio", type=PATH, help="Folder of the recordings: names and lengths of files, for detections.")
@click.option("--taxonomy", type=PATH, help="Taxonomy of the classes: their ids and names, for detections.")
@click.option(
    "--names",
    "naming",
    default="id",
    show_default=True,
    type=click.Choice(["id", "scientific", "common"]),
    help="What the classes of detections are called; names come from --taxonomy.",
)
@json_option
def convert(
    source: str, target: Path | None, out: Path | None, source_format: str | None, to: str | None,
    space: FileSpace | None,
    names: ColumnNames, json_out: bool, **carried: Any,
) -> None:  # fmt: skip
    """Write what SOURCE holds (scores or detections, in any format that is read) to TARGET in another format.

    Scores stay scores, and are read back and compared; detections stay detections, or become the scores of chunks
    where TARGET holds scores. Detections of scores need a threshold: `blendkit detect` takes it.

    A notebook (.ipynb, .py) or JSON with a dictionary `solutions = {...}` becomes a recipe; without TARGET it is
    printed. Nothing in it is executed, and what lies outside of the dictionary is listed.
    """
    target = _one_target(target, out)
    if source_format == SOLUTIONS or (source_format is None and Path(source).suffix.lower() in (".ipynb", ".py")):
        _solutions(Path(source), target, to, json_out)
        return
    if target is None:
        raise click.UsageError("where to? `blendkit convert SOURCE TARGET`")
    from dataclasses import replace

    from blendkit.io import Carried, convert_file

    made = convert_file(
        source, target, to=to, names=replace(names, format=source_format), space=space or "unknown",
        carried=Carried(**carried),
    )  # fmt: skip
    _show(source, made, json_out)


def _one_target(target: Path | None, out: Path | None) -> Path | None:
    if target is not None and out is not None:
        raise click.UsageError("TARGET and --out are the same: give one")
    return target or out


def _show(source: str, made: Converted, json_out: bool) -> None:
    if json_out:
        event("convert", {"source": source, **asdict(made), "path": str(made.path)})
        return
    one, many = ("chunk", "chunks") if made.holds == "scores" else ("detection", "detections")
    space = "" if made.space == "unknown" else f", {made.space}"
    click.echo(
        f"wrote {made.path} ({made.format}): {counted(made.count, one, many)} of "
        f"{counted(made.recordings, 'recording', 'recordings')}, {counted(made.classes, 'class', 'classes')}{space}"
    )
    for name in made.files:
        if made.holds == "scores" and name != made.path.name:
            click.echo(f"  and beside it {name}")
    for note in made.notes:
        click.echo(f"  note: {note}")


def _solutions(source: Path, target: Path | None, to: str | None, json_out: bool) -> None:
    from blendkit.io import read_solutions
    from blendkit.recipe import make_plan, parse_recipe
    from blendkit.store import write_text

    if to is not None:
        raise click.UsageError("--to is for scores and detections; a `solutions` dictionary becomes a recipe")
    made = read_solutions(source)
    plan = make_plan(parse_recipe(made.text, target.name if target is not None else source.name))
    if target is None:
        click.echo(made.text, nl=False)
        return
    write_text(target, made.text)
    if json_out:
        event("convert", {"source": str(source), "path": str(target), "members": len(plan.members),
                          "notes": list(made.notes), "outside": list(made.outside)})  # fmt: skip
        return
    click.echo(f"wrote {target}: {len(plan.members)} members, {len(plan.streams)} streams")
    for note in made.notes:
        click.echo(f"  note: {note}")
    if made.outside:
        click.echo("not in the recipe, but in the notebook's code by name (write what counts as steps):")
    for line in made.outside:
        click.echo(f"  [ ] {line}")
