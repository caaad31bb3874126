"""The reference page of commands, made from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator

import click
from reference_ops import plain

from blendkit.cli.top import GROUPS, cli


def pages() -> dict[str, str]:
    """Return {path in the site: Markdown}."""
    made = {}
    for group, names in GROUPS.items():
        parts = [text for name in names for text in _command(name)]
        made[f"reference/commands/{group}.md"] = "\n".join([f"# Commands: {group}", "", *parts])
    return made


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, groups included."""
    for names in GROUPS.values():
        for name in names:
            yield from _below(name, _loaded(name))


def _loaded(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                yield from _below(f"{name} {inner}", found)


def _command(name: str) -> Iterator[str]:
    for full, command in _below(name, _loaded(name)):
        yield f"{'#' * (2 + full.count(' '))} {full}\n"
        context = click.Context(command, info_name=f"blendkit {full}")
        if not isinstance(command, click.Group):
            usage = " ".join(["blendkit", full, *command.collect_usage_pieces(context)])
            yield f"```text\n{usage}\n```\n"
        yield f"{_help(command)}\n"
        rows = [_option(p, context) for p in command.params if isinstance(p, click.Option)]
        if rows:
            yield "\n".join(["| option | meaning |", "|---|---|", *rows, ""])


def _help(command: click.Command) -> str:
    return plain((command.help or "").replace("\b\n", ""))


def _option(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    names, text = record if record else (", ".join(option.opts), option.help or "")
    return f"| `{names}` | {plain(text).replace('|', chr(92) + '|')} |"
