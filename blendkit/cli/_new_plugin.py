"""The command `new` of the groups `members`, `ops`, `readers` and `writers`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from blendkit.cli._options import NEW_PLACE

if TYPE_CHECKING:
    from blendkit.testing import PluginKind


def add_new(group: click.Group, kind: PluginKind) -> None:
    """Give a group the command `new`, which writes the package of a plugin of its kind."""

    @group.command("new", help=f"Write the package of your own {kind}: code, test and README, ready to install.")
    @click.argument("name")
    @click.option("--out", type=NEW_PLACE, help="Folder to write; it must not be there yet (default: blendkit-NAME).")
    def new(name: str, out: Path | None) -> None:
        from blendkit.testing import new_plugin

        files = new_plugin(kind, name, out)
        folder = files[0].parent
        click.echo(f"wrote {folder}: {', '.join(f.name for f in files)}")
        click.echo(f"next: cd {folder} && pip install -e '.[test]' && pytest")
