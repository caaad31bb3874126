"""What commands print: tables, lines and progress bars for people, NDJSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._budget_lines import LINES
from blendkit.cli._progress_bars import Bars
from blendkit.cli._tables import event, interval_cell, print_table
from blendkit.errors import counted
from blendkit.events import Emit

if TYPE_CHECKING:
    from blendkit.store import Stored

_SHOWN = 60  # recordings in a table
COLOURS = {"real": "green", "undecided": "yellow", "not": "red"}  # of verdicts
__all__ = [
    "COLOURS",
    "count_words",
    "emitter",
    "event",
    "interval_cell",
    "print_table",
    "progress_emitter",
    "recording_events",
    "show_statuses",
]


def emitter(json_out: bool) -> Emit:
    """Return a function that prints events without a progress bar: as NDJSON, or as lines for people."""
    return _ndjson if json_out else _for_people


def _ndjson(name: str, payload: dict[str, Any]) -> None:
    if name != "progress":  # of every call of a model: for bars alone
        event(name, payload)


def _for_people(name: str, payload: dict[str, Any]) -> None:
    if name == "sample_world":
        click.echo("no --data given: running on the built-in sample world, a small synthetic Pantanal")
        click.echo(f"sample world: {payload['folder']}")
    elif (name == "names" and payload["of"]) or (name == "scoring" and payload.get("text")):
        click.echo(payload["text"])
    elif name == "left_out":
        click.echo(f"{counted(len(payload['files']), 'file', 'files')} left out:")
        for text in payload["files"]:
            click.echo(f"  {text}")
    elif name in ("member", "store"):
        for note in payload["notes"]:
            click.echo(f"{payload['name']}: {note}")
    elif name in LINES:
        LINES[name](payload)


@contextmanager
def progress_emitter(json_out: bool) -> Iterator[Emit]:
    """Yield a function that prints events of scoring: as NDJSON, or as lines and, on a terminal, progress bars.

    One bar counts the recordings that all members have scored; below it one per member shows its own speed and time.
    """
    if json_out:
        yield _ndjson
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"),
               TextColumn("{task.fields[speed]}"), TextColumn("{task.fields[left]}"))  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Bars(progress, _for_people)


def recording_events(status: Mapping[str, Stored]) -> None:
    """Print the status of every recording as NDJSON."""
    for recording, s in status.items():
        event("recording", {"recording": recording, "status": s.status, "chunks": s.chunks, "note": s.note})


def count_words(status: Mapping[str, Stored]) -> str:
    """Return how many recordings have which status: `70 ok, 1 unreadable`."""
    counts = Counter(s.status for s in status.values())
    return ", ".join(f"{n} {s}" for s, n in sorted(counts.items()))


def show_statuses(status: Mapping[str, Stored], json_out: bool) -> None:
    """Print the status of every recording: as NDJSON, or as a table and a count.

    Of many recordings the table shows those that a person should look at.
    """
    if json_out:
        recording_events(status)
        return
    from blendkit.scoring import is_odd

    odd = list(status.items()) if len(status) <= _SHOWN else [(r, s) for r, s in status.items() if is_odd(s)]
    rows = [(r, s.status, s.chunks, f"{s.duration_s:.3f}", s.note) for r, s in odd[:_SHOWN]]
    if rows:
        print_table("", ["recording", "status", "chunks", "seconds", "note"], rows)
    if len(odd) > _SHOWN:
        click.echo(f"and {len(odd) - _SHOWN} more with a status or note to look at; --json lists all")
    click.echo(f"{counted(len(status), 'recording', 'recordings')}: {count_words(status)}")
