"""`blendkit merge`."""

from __future__ import annotations

from pathlib import Path

import click

from blendkit.cli._given_paths import PATH
from blendkit.cli._options import OUT_FOLDER, json_option
from blendkit.cli._show import event, print_table


@click.command()
@click.argument("sources", nargs=-1, required=True, type=PATH)
@click.option("--out", type=OUT_FOLDER, help="Folder to merge into. A single source is packed in place without it.")
@json_option
def merge(sources: tuple[Path, ...], out: Path | None, json_out: bool) -> None:
    """Merge SOURCES, stores or folders of runs, into one.

    Shards that were scored with `--shard`, in any order and with any stops between, give the files of one run.
    Of runs' folders the members' stores are merged; `blendkit run` without --shard then blends them.
    """
    from blendkit import engine

    merged = engine.merge(sources, out)
    if json_out:
        for m in merged:
            said = {"store": str(m.folder), "recordings": m.recordings, "parts": m.parts, "notes": list(m.notes)}
            event("merged", said)
        return
    print_table("", ["store", "recordings", "parts"], [(m.folder, m.recordings, m.parts) for m in merged])
    for note in (n for m in merged for n in m.notes):
        click.echo(f"note: {note}")
