"""`blendkit fit features`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from blendkit.cli._options import PATH, how_of, json_option, machine
from blendkit.cli._show import event, table, teller


@click.command()
@click.argument("member")
@click.argument("audio", nargs=-1, required=True, type=PATH)
@click.option("--out", required=True, type=PATH, help="The feature store to fill.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the member, as in model=m.onnx or grid=[16,4]. May be repeated.",
)
@click.option(
    "--features",
    multiple=True,
    metavar="NAME",
    help="embedding, a block, `blocks` for all (default: these and the embedding). May be repeated.",
)
@click.option(
    "--chunk-s", default=5.0, show_default=True, type=click.FloatRange(0.1, 3600), help="Chunk length in seconds."
)
@machine
@json_option
def features(
    member: str,
    audio: tuple[Path, ...],
    out: Path,
    settings: tuple[str, ...],
    features: tuple[str, ...],
    chunk_s: float,
    provider: str,
    allow_code: bool,
    json_out: bool,
) -> None:
    """Save features of AUDIO (files and folders; one folder of clips per class for training) from MEMBER, once.

    Parquet, one row per chunk and one fixed-size list per feature. Run again to resume.
    """
    from blendkit.scoring import one_member, save_features

    scorer = one_member(member, audio, settings=settings, chunk_s=chunk_s, how=how_of(provider, allow_code))
    with teller(json_out) as tell:
        status = save_features(scorer, features, out, tell=tell)
    if json_out:
        for recording, s in status.items():
            event("recording", {"recording": recording, "status": s.status, "chunks": s.chunks, "note": s.note})
        return
    bad = [(r, s.status, s.chunks, s.note) for r, s in status.items() if s.status not in ("ok", "padded")]
    if bad:
        table("", ["recording", "status", "chunks", "note"], bad)
    counts = Counter(s.status for s in status.values())
    told = ", ".join(f"{n} {s}" for s, n in sorted(counts.items()))
    click.echo(f"{len(status)} recordings, {sum(s.chunks for s in status.values())} chunks: {told}")
    click.echo(f"features in {out}")
