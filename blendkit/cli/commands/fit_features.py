"""`blendkit fit features`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._completion import complete_members
from blendkit.cli._given_paths import PATH
from blendkit.cli._machine_options import machine
from blendkit.cli._options import (
    OUT_FOLDER,
    PLACE,
    channels_option,
    chunk_option,
    json_option,
    settings_option,
)
from blendkit.cli._show import count_words, print_table, progress_emitter, recording_events
from blendkit.cli._store_options import replace_option, shard_option
from blendkit.errors import counted

if TYPE_CHECKING:
    from blendkit.audio import Channels
    from blendkit.scoring import BackgroundMix, Runtime, Shard


@click.command()
@click.argument("member", shell_complete=complete_members)
@click.argument("audio", nargs=-1, required=True, type=PLACE)
@click.option("--out", required=True, type=OUT_FOLDER, help="Feature store to fill.")
@settings_option
@click.option(
    "--features",
    multiple=True,
    metavar="NAME",
    help="Feature to save: embedding, a block, `blocks` for all blocks (default: both), or any tensor of an ONNX graph "
    "by its name; NAME@K says that its axis K (0: the batch) holds the channels. May be repeated.",
)
@click.option(
    "--mix",
    "backgrounds",
    multiple=True,
    type=PATH,
    metavar="BACKGROUND",
    help="File or folder of background audio, such as soundscapes: makes features of copies of AUDIO with it mixed in, "
    "not of AUDIO itself. May be repeated.",
)
@click.option(
    "--mix-db",
    metavar="LOW:HIGH",
    help="Lowest and highest power of a clip over its background, in dB (default: 0:20). Needs --mix.",
)
@click.option("--copies", type=click.IntRange(1), help="Mixed copies of every clip (default: 1). Needs --mix.")
@click.option("--seed", type=click.IntRange(0), help="Seed of the mixed copies (default: 0). Needs --mix.")
@chunk_option
@channels_option
@shard_option
@replace_option
@machine
@json_option
def features(
    member: str,
    audio: tuple[Path, ...],
    out: Path,
    settings: tuple[str, ...],
    features: tuple[str, ...],
    backgrounds: tuple[Path, ...],
    mix_db: str | None,
    copies: int | None,
    seed: int | None,
    chunk_s: float,
    channels: Channels,
    shard: Shard | None,
    replace: bool,
    runtime: Runtime,
    json_out: bool,
) -> None:
    """Save the features that MEMBER gives for AUDIO: files or folders; for training, one folder per class.

    The store is Parquet with one row per chunk and one fixed-size list per feature. Run again to resume. With --mix,
    `class/clip` becomes `class/clip#mix1` and so on; give that store to `fit seqhead` beside the clips' own.
    """
    from blendkit import scoring

    mix = _mix(backgrounds, mix_db, copies, seed)
    with progress_emitter(json_out) as emit:
        status = scoring.fit_features(
            member,
            audio,
            out,
            names=features,
            settings=settings,
            shard=shard,
            replace=replace,
            chunk_s=chunk_s,
            channels=channels,
            mix=mix,
            runtime=runtime,
            emit=emit,
        )
    if json_out:
        recording_events(status)
        return
    bad = [(r, s.status, s.chunks, s.note) for r, s in status.items() if s.status not in ("ok", "padded")]
    if bad:
        print_table("", ["recording", "status", "chunks", "note"], bad)
    chunks = sum(s.chunks for s in status.values())
    click.echo(
        f"{counted(len(status), 'recording', 'recordings')}, {counted(chunks, 'chunk', 'chunks')}: "
        f"{count_words(status)}"
    )
    click.echo(f"features in {out}")


def _mix(
    backgrounds: tuple[Path, ...], mix_db: str | None, copies: int | None, seed: int | None
) -> BackgroundMix | None:
    """Return how to mix. Raises BlendkitError for options without --mix, and for what is not LOW:HIGH."""
    from blendkit.errors import BlendkitError
    from blendkit.scoring import BackgroundMix

    own: dict[str, Any] = {k: v for k, v in (("copies", copies), ("seed", seed)) if v is not None}
    alone = [*(["--mix-db"] if mix_db is not None else []), *(f"--{k}" for k in own)]
    if not backgrounds and alone:
        raise BlendkitError(f"{' and '.join(alone)} without --mix: name the background audio with --mix")
    if mix_db is not None:
        try:
            low, high = (float(x) for x in mix_db.split(":"))
        except ValueError:
            raise BlendkitError(f"--mix-db {mix_db}: expected LOW:HIGH in dB, as in 0:20 or -5:15") from None
        own["db"] = (low, high)
    return BackgroundMix(backgrounds, **own) if backgrounds else None
