"""What `blendkit review` says of clips that were drawn, and of answers."""

from __future__ import annotations

import math
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._tables import event, print_table
from blendkit.cli._threshold_lines import show_without_threshold, threshold_events
from blendkit.errors import counted

if TYPE_CHECKING:
    from blendkit.detecting import ClassThresholds, Review, Reviewed

_MOST = 24  # classes of which a line is printed
_MOST_IN_FULL = 6  # classes of which every threshold is printed


def show_review(found: Review, out: Path, json_out: bool) -> None:
    """Say what was drawn of every class, and what to do next."""
    frame = found.to_frame()
    if json_out:
        for row in frame.to_dict("records"):
            event("stratum", {str(k): v for k, v in row.items()})
        event("review", {"clips": len(found), "out": str(out), "files": len(found.files), "notes": list(found.notes)})
        return
    for note in found.notes:
        click.echo(f"note: {note}")
    lines = []
    for name, own in frame.groupby("class", sort=False):
        likely = own["clips"] / own["chunks"]
        lines.append([str(name), own["name"].iloc[0], int(own["clips"].sum()), int(own["chunks"].sum()), len(own),
                      f"{likely.max():.3g} to {likely.min():.3g}"])  # fmt: skip
    print_table("", ["class", "name", "clips", "of chunks", "strata", "probability"], lines[:_MOST])
    if len(lines) > _MOST:
        click.echo(f"and {len(lines) - _MOST} more classes")
    click.echo(f"{counted(len(found), 'clip', 'clips')} to listen to, {len(found.files)} files in {out}")
    click.echo(f"  fill the column answer of {out / 'review.csv'} with y, n or u, or Answer in {out / 'raven'}")
    click.echo(f"  then: blendkit review --read {out} --out {out}_answers --precision 0.9")


def show_reviewed(found: Reviewed, out: Path, json_out: bool) -> None:
    """Say the precision at the thresholds of every class, and which thresholds were chosen."""
    frame = found.to_frame()
    if json_out:
        for row in frame.to_dict("records"):
            event("precision", {str(k): v for k, v in row.items() if v == v and v != math.inf})
        if found.thresholds is not None:
            threshold_events(found.thresholds)
        event("reviewed", {"out": str(out), "files": list(found.files), "notes": list(found.notes)})
        return
    of_thresholds = () if found.thresholds is None else found.thresholds.notes
    for note in found.notes:
        if note not in of_thresholds:
            click.echo(f"note: {note}")
    if len(found.shares) > _MOST_IN_FULL:  # all their chunks are above their lowest threshold
        frame = frame.groupby("class", sort=False).tail(1).head(_MOST)
    lines = [
        [r["class"], f"{r['threshold']:.6g}", f"{r['chunks']:.0f}", r["answers"], _precision(r)]
        for r in frame.to_dict("records")
    ]
    print_table("", ["class", "scores from", "chunks", "answers", "precision"], lines)
    if found.thresholds is not None:
        _show_thresholds(found.thresholds)
    click.echo(f"{len(found.shares)} classes with answers, {len(found.files)} files in {out}")
    click.echo(f"  labels of one class: {out / 'labels'}; all figures: {out / 'precision.csv'}")


def _precision(row: dict[Hashable, Any]) -> str:
    """Return a share with its interval in words."""
    share, low, high = (float(row[k]) for k in ("precision", "low", "high"))
    if math.isnan(share):
        return ""
    if math.isnan(low):
        return f"{share:.3f} (too few answers)"
    return f"{share:.3f} (all heard)" if math.isinf(row.get("effective", 0)) else f"{share:.3f} [{low:.3f}, {high:.3f}]"


def _show_thresholds(chosen: ClassThresholds) -> None:
    for note in chosen.notes:
        click.echo(f"note: {note}")
    lines = [
        [name, f"{value:.6g}", _precision({"precision": own.precision, "low": own.low, "high": own.high})]
        for name, value, own in zip(chosen.classes, chosen.values, chosen.chosen or (), strict=True)
        if math.isfinite(value)
    ]
    if lines:
        print_table("", ["class", "chosen threshold", "precision held out"], lines[:_MOST])
    show_without_threshold(chosen)
