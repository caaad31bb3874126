"""What `blend` and `new` are given: score files, members, and what is known of them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._completion import complete_members
from blendkit.cli._given_paths import PATH
from blendkit.cli._options import bundle, chunked_columns, several

if TYPE_CHECKING:
    from blendkit.io import ColumnNames

SPACES = ("logit", "prob", "rank")


class SpaceOf(click.ParamType):  # type: ignore[type-arg]
    """A file's name and the space of its scores."""

    name = "NAME=SPACE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return the name and the space."""
        name, _, space = str(value).partition("=")
        if not name or space not in SPACES:
            self.fail(f"{value!r}: expected a name and one of {', '.join(SPACES)}, as in sed=prob", param, ctx)
        return name, space


_COLUMNS = ("rows", "classes", "folds", "chunk_s", "format")  # options of `blend`, too


def blend_command(
    sources: Sequence[str], labels: Path, taxonomy: Path | None, names: ColumnNames, *, fill: bool = False
) -> str:
    """Return the command that blends score files, as a shell takes it, with what was said of their columns.

    fill: whether some lack rows that others have.
    """
    tables = ["--labels", str(labels)] + (["--taxonomy", str(taxonomy)] if taxonomy is not None else [])
    usual, own = type(names)(), []
    for key in _COLUMNS:
        if (value := getattr(names, key)) != getattr(usual, key):
            own += [f"--{key.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else value]
    own += ["--missing-rows", "median"] if fill else []
    return shlex.join(["blendkit", "blend", *sources, *tables, *own])


def _files(**own: Any) -> object:
    from blendkit.offline import BlendFiles

    return BlendFiles(**own)


blended_files = several(
    bundle(
        "given",
        ("files", "test", "members", "audio", "labels", "taxonomy", "template"),
        _files,
        click.argument("files", nargs=-1, metavar="A B [C ...]", type=click.Path()),
        click.option("--labels", type=PATH, help="Labels, in any form `eval` takes."),
        click.option(
            "--test",
            multiple=True,
            type=PATH,
            help="The same model's scores to deliver, where A, B are out-of-fold scores with labels. Once for each of "
            "A, B, in their order.",
        ),
        click.option(
            "--member",
            "members",
            multiple=True,
            metavar="NAME",
            shell_complete=complete_members,
            help="Also blend an audio member, such as birdnet. May be repeated.",
        ),
        click.option("--audio", type=PATH, help="Folder of the recordings that --member scores."),
        click.option("--taxonomy", type=PATH, help="Taxonomy of the classes, where files call them by other names."),
        click.option("--template", type=PATH, help="Sample submission that fixes the order of rows and columns."),
    ),
    click.option(
        "--space",
        "spaces",
        multiple=True,
        type=SpaceOf(),
        help="What a file's scores are, as in sed=logit, where their values do not tell it. May be repeated.",
    ),
    click.option(
        "--by",
        type=click.Choice(SPACES[::-1]),
        help="How to blend (default: what fits all files); recipes know more, such as geometric: `blendkit ops list`.",
    ),
    click.option(
        "--missing-rows",
        type=click.Choice(["error", "median", "nothing"]),
        default="error",
        show_default=True,
        help="Rows that a file lacks and another has: an error, the median of each class of that file, or `nothing`: "
        "a detector found nothing there, as is taken of tables of detections.",
    ),
    click.option(
        "--unknown-classes",
        type=click.Choice(["error", "ignore"]),
        default="error",
        show_default=True,
        help="Classes that --taxonomy and --template lack: an error that lists them, or left out with a note.",
    ),
    chunked_columns,
)
