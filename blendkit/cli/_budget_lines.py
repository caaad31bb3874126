"""What is printed of time: a budget's costs before scoring, what is dropped on the way, and how fast a member was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from blendkit.cli._tables import print_table
from blendkit.core import in_words


def print_budget(told: dict[str, Any]) -> None:
    """Print the minutes of every member and shift, of decoding, and of what follows; and what is dropped at once."""
    rows: list[tuple[object, ...]] = []
    for m in told["members"]:
        about = f"{m['share']:.2g}{', optional' if m['optional'] else ''}"
        rows += [(f"{m['name']}, shift {shift:g} s", about, _minutes(m["each_shift_s"])) for shift in m["shifts_s"]]
    rows.append(("decoding, beside the models", "", _minutes(told["decoding_s"])))
    rows.append(("post-processing and writing (kept back)", "", _minutes(told["reserve_s"])))
    rows.append(("the start until now", "", f"{told['spent_s'] / 60:.2f}"))
    rows.append(("everything", "", _minutes(told["whole_s"])))
    rows.append(("the least: without what is optional, no shifts", "", _minutes(told["minimum_s"])))
    threads = f"models on {told['threads']} threads"
    print_table(f"time budget: {in_words(told['asked_s'])}; {threads}", ["part", "share of output", "minutes"], rows)
    if told["fits"]:
        print_dropped({"members": told["dropped_members"], "shifts": told["dropped_shifts"]})


def print_dropped(told: dict[str, Any]) -> None:
    """Print which members and shifts no longer fit into the budget."""
    for name in told["members"]:
        click.echo(f"time budget: member {name!r} is left out, of all recordings")
    for name in told["shifts"]:
        click.echo(f"time budget: the shifts of {name!r} are left out, of all recordings")


def _minutes(span: list[float]) -> str:
    return f"{span[0] / 60:.2f} .. {span[1] / 60:.2f}"


def print_rehearsal_failed(told: dict[str, Any]) -> None:
    """Say that the time for what follows scoring is a guess, and why."""
    click.echo(f"the time for post-processing is a guess: made-up scores cannot go through it: {told['text']}")


def print_speed(told: dict[str, Any]) -> None:
    """Print how fast a member was, and how long a competition's test set would take."""
    click.echo(f"{told['x_real_time']:.3g} x real time on {told['threads']} threads")
    click.echo(time_of_a_test_set(told["minutes"], told["cores"]))


def time_of_a_test_set(minutes: float | None, cores: int) -> str:
    """Say how long a competition's test set would take; minutes: None where no recording had sound."""
    if minutes is None:
        return "how long 700 recordings would take is not known: none of these has sound"
    return f"700 recordings of 60 s on {cores} cores: about {minutes:.1f} minutes"


def print_cluster(told: dict[str, Any]) -> None:
    """Print where the workers are, and the address of the pages that show them at work."""
    pages = f"; dashboard {told['dashboard']}" if told["dashboard"] else " (its dashboard needs `pip install bokeh`)"
    click.echo(f"Dask scheduler {told['scheduler']}: {told['workers']} workers so far{pages}")


LINES: dict[str, Callable[[dict[str, Any]], None]] = {
    "budget": print_budget,
    "cluster": print_cluster,
    "dropped": print_dropped,
    "rehearsal_failed": print_rehearsal_failed,
    "speed": print_speed,
}
