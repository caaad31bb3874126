"""`blendkit formats`: `list` and `show FILE`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blendkit.cli._given_paths import PATH
from blendkit.cli._new_plugin import add_new
from blendkit.cli._options import json_option, named_columns
from blendkit.cli._show import event, print_table
from blendkit.cli.commands.listing import show_blocked

if TYPE_CHECKING:
    from blendkit.io import ColumnNames


@click.group()
def formats() -> None:
    """List the formats of files read and written, or show what is in one."""


@click.group()
def readers() -> None:
    """Write a reader of your own; `blendkit formats list` lists all."""


@click.group()
def writers() -> None:
    """Write a writer of your own; `blendkit formats list` lists all."""


add_new(readers, "reader")
add_new(writers, "writer")


@formats.command("list")
@json_option
def formats_list(json_out: bool) -> None:
    """List every format that is read, and those that `blendkit detect` and `blendkit convert` write, each with its
    source; a broken plugin shows why it cannot load.
    """
    from blendkit.registry import READERS, WRITERS

    for group, does in ((READERS, "reads"), (WRITERS, "writes")):
        rows = _entries(group)
        if json_out:
            for name, about, space, source in rows:
                event("entry", {"name": name, "does": does, "summary": about, "space": space, "source": source})
        else:
            print_table("", ["name", f"what it {does}", "space", "from"], rows)
        show_blocked(group, json_out)


def _entries(group: str) -> list[tuple[str, str, str, str]]:
    """Return (name, about, space, source) of every entry of a group of formats."""
    from blendkit.errors import BlendkitError
    from blendkit.registry import WRITERS, registry

    found, rows = registry(group), []
    for name in found.names():
        try:
            entry = found.get(name)
            space = "any" if group == WRITERS and entry.space == "unknown" else entry.space
            rows.append((name, entry.about, space, found.source(name)))
        except BlendkitError as error:
            rows.append((name, f"BROKEN: {error.problems[0]}", "", found.source(name)))
    return rows


@formats.command("show")
@click.argument("file", type=PATH)
@named_columns
@json_option
def formats_show(file: Path, names: ColumnNames, json_out: bool) -> None:
    """Show which format a file or folder has, and what blendkit sees in it."""
    from blendkit.errors import shorten
    from blendkit.io import look_into

    seen = look_into(file, names)
    if json_out:
        event("file", {"path": str(file), **asdict(seen)})
        return
    click.echo(f"{file}: {seen.format} ({seen.about})")
    said = [
        ("stored as", seen.kind),
        ("columns" if seen.kind != "folder" else "files", f"{len(seen.columns)}: {shorten(seen.columns, 8)}"),
        ("holds", f"{seen.rows} {seen.holds}"),
        ("recordings", f"{len(seen.recordings)}: {shorten(seen.recordings)}"),
        ("classes", f"{len(seen.classes)}: {shorten(seen.classes, 8)}"),
        ("space", seen.space if seen.space != "unknown" else "not recorded in this format: state it"),
    ]
    for name, text in said:
        click.echo(f"  {name}: {text}")
    for note in seen.notes:
        click.echo(f"  note: {note}")
