"""`blendkit activity`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._detect_options import merging_options, naming_option, reading_options, threshold_options
from blendkit.cli._options import OUT_FOLDER, json_option
from blendkit.cli._show import event, print_table
from blendkit.cli._threshold_lines import threshold_events
from blendkit.errors import counted

if TYPE_CHECKING:
    from blendkit.detecting import Activity, Merging, Reading, ThresholdRule


@click.command()
@click.argument("source")
@click.option("--out", required=True, type=OUT_FOLDER, help="Folder to write: two tables, thresholds and a picture.")
@click.option(
    "--format",
    "table",
    default="csv",
    show_default=True,
    type=click.Choice(["csv", "parquet"]),
    help="Form of the tables.",
)
@threshold_options
@merging_options
@naming_option
@reading_options
@click.option(
    "--replicates", default=1000, show_default=True, type=click.IntRange(2), help="Number of bootstrap replicates."
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of every random draw.")
@json_option
def activity(
    source: str, out: Path, table: Any, thresholds: ThresholdRule, merging: Merging, naming: Any, reading: Reading,
    replicates: int, seed: int, json_out: bool,
) -> None:  # fmt: skip
    """Write when and where the classes of SOURCE are detected: by hour, by date and by site, with the effort.

    Times and sites come from the recordings' names. A rate is detections per hour listened; its interval redraws whole
    recordings. Another tool's detections need --audio for it. Thresholds are given or chosen as by `blendkit detect`.
    """
    from blendkit import detecting

    found = detecting.activity(
        source, out, thresholds, merging=merging, naming=naming, reading=reading, table=table, replicates=replicates,
        seed=seed, level=thresholds.level,
    )  # fmt: skip
    if json_out:
        threshold_events(found.thresholds)
        event("activity", {"detections": len(found.table), "recordings": len(found.table.recordings),
                           "cells": {p.part: len(p.cells) for p in found.parts}, "out": str(out),
                           "files": list(found.files), "notes": list(found.notes)})  # fmt: skip
        return
    for note in found.notes:
        click.echo(f"note: {note}")
    _print(found)
    hits = counted(len(found.table), "detection", "detections")
    click.echo(f"{hits} in {counted(len(found.table.recordings), 'recording', 'recordings')}")
    if not len(found.table):
        click.echo("there is no line of activity")
    click.echo(f"{len(found.files)} files in {out}: {', '.join(found.files)}")


def _print(found: Activity) -> None:
    """Print the effort and all detections of every hour, date or site, up to 24 of each."""
    from blendkit.errors import shorten

    for p in found.parts:
        lines = [
            (cell, int(p.recordings[k]), f"{p.hours[k]:.2f}".replace("nan", "-"), int(p.detections[:, k].sum()))
            for k, cell in enumerate(p.cells)
        ]
        print_table("", [p.part, "recordings", "hours", "detections"], lines[:24])
        if len(lines) > 24:
            click.echo(f"and {len(lines) - 24} more: {shorten(p.cells[24:])}")
