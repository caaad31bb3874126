"""What commands say of the thresholds of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._tables import event, print_table

if TYPE_CHECKING:
    import pandas as pd

    from blendkit.detecting import ClassThresholds


def threshold_events(thresholds: ClassThresholds, counts: pd.DataFrame | None = None) -> None:
    """Print one event per class: its threshold, what it is worth, and if given what was detected."""
    found: dict[Any, Any] = {} if counts is None else counts[["detections", "recordings"]].to_dict("index")
    rows: dict[Any, Any] = thresholds.to_frame().to_dict("index")
    for name, row in rows.items():
        own: dict[str, Any] = {"class": name, **row}
        if "recordings" in own:
            own["positive_recordings"] = own.pop("recordings")
        event("class", {k: v for k, v in {**own, **found.get(name, {})}.items() if v != ""})


def show_classes(thresholds: ClassThresholds, counts: pd.DataFrame, notes: Sequence[str]) -> None:
    """Print notes, a line for every class with detections, and the classes that have no threshold, with the reason."""
    for note in notes:
        click.echo(f"note: {note}")
    chosen = dict(zip(thresholds.classes, thresholds.chosen or (), strict=False))
    header = ["class", "threshold", "detections", "recordings"]
    more = ["precision", "recall"] if chosen else []
    lines = []
    shown: dict[Any, Any] = counts[counts["detections"] > 0].to_dict("index")
    for name, own in shown.items():
        called = str(name) if own["name"] == name else f"{own['name']} ({name})"
        line = [called, f"{own['threshold']:.6g}", int(own["detections"]), int(own["recordings"])]
        if c := chosen.get(str(name)):
            bounds = f"{c.low:.3f}, {c.high:.3f}".replace("0.", ".")
            line += [f"{c.precision:.3f} [{bounds}]", f"{c.recall:.3f}"]
        lines.append(line)
    if lines:
        print_table("", [*header, *more], lines)
    show_without_threshold(thresholds)


def show_without_threshold(thresholds: ClassThresholds) -> None:
    """Print the classes for which no threshold could be chosen, by reason."""
    from blendkit.errors import shorten

    reasons: dict[str, list[str]] = {}
    for name, why in zip(thresholds.classes, thresholds.why, strict=True):
        if why and thresholds.chosen:
            reasons.setdefault(why.partition(" (")[0].partition(":")[0], []).append(name)
    for why, names in reasons.items():
        click.echo(f"{len(names)} classes without a threshold, {why}: {shorten(names)}")
