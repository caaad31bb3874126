"""`blendkit score`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from blendkit.cli._options import how_of, json_option, machine
from blendkit.cli._show import event, table, teller


@click.command()
@click.argument("member")
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", "store", required=True, type=click.Path(path_type=Path), help="The store to fill.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the member, as in model=m.onnx or tta.shifts_s=[-1,0,1]. May be repeated.",
)
@click.option("--taxonomy", type=click.Path(path_type=Path), help="The target classes; default: the member's own.")
@click.option(
    "--chunk-s", default=5.0, show_default=True, type=click.FloatRange(0.1, 3600), help="Chunk length in seconds."
)
@click.option("--strict", is_flag=True, help="Exit with 1 unless every recording is ok or padded.")
@machine
@json_option
def score(
    member: str,
    audio: tuple[Path, ...],
    store: Path,
    settings: tuple[str, ...],
    taxonomy: Path | None,
    chunk_s: float,
    strict: bool,
    provider: str,
    allow_code: bool,
    json_out: bool,
) -> None:
    """Score AUDIO (files and folders) with MEMBER and save its logits.

    Every file gets a status; a damaged one never stops the rest. Run again to resume.
    """
    from blendkit.io import read_taxonomy
    from blendkit.scoring import one_member, score_audio

    taxa = read_taxonomy([taxonomy]) if taxonomy is not None else None
    how = how_of(provider, allow_code)
    scorer = one_member(member, audio, settings=settings, taxonomy=taxa, chunk_s=chunk_s, how=how)
    with teller(json_out) as tell:
        status = score_audio(scorer, store, tell=tell)
    if json_out:
        for recording, s in status.items():
            event("recording", {"recording": recording, "status": s.status, "chunks": s.chunks, "note": s.note})
    else:
        rows = [(r, s.status, s.chunks, f"{s.duration_s:.3f}", s.note) for r, s in status.items()]
        table("", ["recording", "status", "chunks", "seconds", "note"], rows)
        counts = Counter(s.status for s in status.values())
        click.echo(f"{len(status)} recordings: " + ", ".join(f"{n} {s}" for s, n in sorted(counts.items())))
        click.echo(f"logits in {store}")
    if strict and any(s.status not in ("ok", "padded") for s in status.values()):
        raise click.exceptions.Exit(1)
