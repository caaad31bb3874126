"""`blendkit fit features`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blendkit.cli._options import PATH, channels_option, chunk_option, json_option, machine, settings_option
from blendkit.cli._show import event, print_table, progress_emitter

if TYPE_CHECKING:
    from blendkit.audio import Channels
    from blendkit.scoring import Runtime


@click.command()
@click.argument("member")
@click.argument("audio", nargs=-1, required=True, type=PATH)
@click.option("--out", required=True, type=PATH, help="Feature store to fill.")
@settings_option
@click.option(
    "--features",
    multiple=True,
    metavar="NAME",
    help="Feature to save: embedding, a block, `blocks` for all blocks (default: both), or any tensor of an ONNX graph "
    "by its name; NAME@K says that its axis K (0: the batch) holds the channels. May be repeated.",
)
@chunk_option
@channels_option
@machine
@json_option
def features(
    member: str,
    audio: tuple[Path, ...],
    out: Path,
    settings: tuple[str, ...],
    features: tuple[str, ...],
    chunk_s: float,
    channels: Channels,
    runtime: Runtime,
    json_out: bool,
) -> None:
    """Save the features that MEMBER gives for AUDIO: files or folders; for training, one folder per class.

    The store is Parquet with one row per chunk and one fixed-size list per feature. Run again to resume.
    """
    from blendkit import scoring

    with progress_emitter(json_out) as emit:
        status = scoring.fit_features(
            member,
            audio,
            out,
            names=features,
            settings=settings,
            chunk_s=chunk_s,
            channels=channels,
            runtime=runtime,
            emit=emit,
        )
    if json_out:
        for recording, s in status.items():
            event("recording", {"recording": recording, "status": s.status, "chunks": s.chunks, "note": s.note})
        return
    bad = [(r, s.status, s.chunks, s.note) for r, s in status.items() if s.status not in ("ok", "padded")]
    if bad:
        print_table("", ["recording", "status", "chunks", "note"], bad)
    counts = Counter(s.status for s in status.values())
    states = ", ".join(f"{n} {s}" for s, n in sorted(counts.items()))
    click.echo(f"{len(status)} recordings, {sum(s.chunks for s in status.values())} chunks: {states}")
    click.echo(f"features in {out}")
