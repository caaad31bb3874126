"""How commands speak: tables and bars for people, NDJSON for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from blendkit.events import Emit

SPEC_VERSION = 1


def say(text: str, *, json_out: bool = False) -> None:
    """Print a line for people; nothing in --json mode."""
    if not json_out:
        click.echo(text)


def event(name: str, payload: dict[str, Any]) -> None:
    """Print one NDJSON event: {spec_version, timestamp, event, payload}."""
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    click.echo(json.dumps({"spec_version": SPEC_VERSION, "timestamp": stamp, "event": name, "payload": payload}))


def number(x: float) -> float | None:
    """Return a float as JSON knows it: nan as null."""
    return None if math.isnan(x) else x


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; right-aligned columns hold numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if title:
        click.echo(title)  # a table's own title wraps at its width
    out = Table(box=SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(header):
        numbers = bool(rows) and all(isinstance(r[i], int | float) or r[i] in ("", None) for r in rows)
        out.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        out.add_row(*(Text("" if v is None else str(v)) for v in row))
    width = None if sys.stdout.isatty() else 160
    Console(width=width, highlight=False).print(out)


def emitter(json_out: bool) -> Emit:
    """Return what shows the events of work without a progress bar: NDJSON, or lines for people."""
    return event if json_out else _for_people


def _for_people(name: str, payload: dict[str, Any]) -> None:
    if name == "sample_world":
        click.echo("no --data given: running on the built-in sample world, a small synthetic Pantanal")
        click.echo(f"sample world: {payload['folder']}")
    elif name == "member":
        for note in payload["notes"]:
            click.echo(f"{payload['name']}: {note}")


@contextmanager
def progress_emitter(json_out: bool) -> Iterator[Emit]:
    """Yield what shows the events of scoring: NDJSON, or lines and, on a terminal, a progress bar."""
    if json_out:
        yield event
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("scoring recordings", total=None, visible=False)

        def emit(name: str, payload: dict[str, Any]) -> None:
            if name == "scoring":
                progress.update(task, total=payload["to_score"], visible=payload["to_score"] > 0)
            elif name == "scored":
                progress.advance(task, len(payload["recordings"]))
            else:
                _for_people(name, payload)

        yield emit
