"""`blendkit fit`: features, seqhead, student, and what steps apply."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "features": "blendkit.cli.commands.fit_features:features",
    "seqhead": "blendkit.cli.commands.fit_seqhead:seqhead",
    "step": "blendkit.cli.commands.fit_step:step",
    "places": "blendkit.cli.commands.fit_step:places",
    "student": "blendkit.cli.commands.fit_student:student",
}


class _Lazy(click.Group):
    """Imports a command only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=_Lazy)
def fit() -> None:
    """Train small things on top of frozen models, and fit what steps apply; all of it runs without torch."""
