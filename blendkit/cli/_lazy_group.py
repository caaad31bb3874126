"""Groups of commands that are imported only when they are called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import click

from blendkit.errors import did_you_mean


class LazyGroup(click.Group):
    """Knows every command's name and one-line help; imports a command only to run it.

    table: {name: (module:attribute, one-line help)}; groups: {job: names}, in the order in which help lists them.
    """

    def __init__(
        self, *args: Any, table: Mapping[str, tuple[str, str]], groups: Mapping[str, Sequence[str]] | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.table, self.groups = table, groups or {"commands": tuple(table)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the groups."""
        return [name for names in self.groups.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in self.table:
            return None
        module, attribute = self.table[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by job, without importing them."""
        widest = max(map(len, self.table))
        for job, names in self.groups.items():
            with formatter.section(job.capitalize()):
                formatter.write_dl([(name.ljust(widest), self.table[name][1]) for name in names])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command for an unknown one."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}{did_you_mean(args[0], self.table)}", ctx)
        return super().resolve_command(ctx, args)
