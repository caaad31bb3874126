"""`blendkit detect`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._completion import complete_written_formats
from blendkit.cli._detect_options import merging_options, naming_option, reading_options, threshold_options
from blendkit.cli._options import OUT_FOLDER, json_option
from blendkit.cli._show import event
from blendkit.cli._threshold_lines import show_classes, threshold_events
from blendkit.errors import counted

if TYPE_CHECKING:
    from blendkit.detecting import Merging, Reading, ThresholdRule


@click.command()
@click.argument("source")
@click.option("--out", required=True, type=OUT_FOLDER, help="Folder to write; it gets a folder for every format.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    shell_complete=complete_written_formats,
    default=("raven",),
    show_default=True,
    metavar="NAME",
    help="Format to write: raven, audacity, kaleidoscope, csv (BirdNET-Analyzer's), birdnet, parquet, or that of a "
    "plugin (`blendkit formats list`). May be repeated.",
)
@threshold_options
@merging_options
@naming_option
@reading_options
@json_option
def detect(
    source: str, out: Path, formats: tuple[str, ...], thresholds: ThresholdRule, merging: Merging, naming: Any,
    reading: Reading, json_out: bool,
) -> None:  # fmt: skip
    """Write the detections of SOURCE (a run's folder, a store, a score file) for Raven, Audacity and other tools.

    A class is detected in a chunk where its score is at or above its threshold: one for all classes, one per class
    from a file, or one per class that reaches a wanted precision on recordings that did not choose it.
    """
    from blendkit import detecting

    found = detecting.detect(source, out, thresholds, formats=formats, merging=merging, naming=naming, reading=reading)
    frame = found.to_frame()
    heard, hit = len(found.table.recordings), len(set(found.table.recording.tolist()))
    if json_out:
        threshold_events(found.thresholds, frame)
        event("detect", {"detections": len(found), "recordings": heard, "recordings_with_detections": hit,
                         "out": str(out), "files": list(found.files), "notes": list(found.notes)})  # fmt: skip
        return
    show_classes(found.thresholds, frame, found.notes)
    hits, files = counted(len(found), "detection", "detections"), counted(len(found.files), "file", "files")
    click.echo(f"{hits} in {hit} of {counted(heard, 'recording', 'recordings')}, {files} in {out}")
    if not len(found):
        click.echo("the tables have a header and no lines")
    for name in dict.fromkeys(formats):
        click.echo(f"  {name}: {out / name}")
