"""`blendkit score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from blendkit.cli._addresses import PATH_OR_ADDRESS
from blendkit.cli._completion import complete_members
from blendkit.cli._engine_options import engine_options, executor_of
from blendkit.cli._given_paths import PATH
from blendkit.cli._machine_options import timed_machine
from blendkit.cli._options import (
    OUT_FOLDER,
    channels_option,
    chunk_option,
    json_option,
    settings_option,
    silence_option,
)
from blendkit.cli._show import progress_emitter, show_statuses
from blendkit.cli._store_options import replace_option, shard_option, verify_option

if TYPE_CHECKING:
    from blendkit.audio import Channels, Silence
    from blendkit.engine import Dask
    from blendkit.scoring import Runtime, Shard


@click.command()
@click.argument("member", shell_complete=complete_members)
@click.argument("audio", nargs=-1, required=True, type=PATH_OR_ADDRESS)
@click.option("--out", "store", required=True, type=OUT_FOLDER, help="Store to fill with logits.")
@settings_option
@click.option(
    "--taxonomy",
    type=PATH,
    help="Taxonomy of the target classes (default: the member's own classes).",
)
@chunk_option
@channels_option
@silence_option
@shard_option
@verify_option
@replace_option
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with 1 unless every recording is ok or padded, without a note on damage or lost scores.",
)
@engine_options
@timed_machine
@json_option
def score(
    member: str,
    audio: tuple[Path | str, ...],
    store: Path,
    settings: tuple[str, ...],
    taxonomy: Path | None,
    chunk_s: float,
    channels: Channels,
    silence: Silence,
    shard: Shard | None,
    verify: bool,
    replace: bool,
    strict: bool,
    dask: Dask | None,
    runtime: Runtime,
    json_out: bool,
) -> None:
    """Score AUDIO (files, folders, and addresses of them: s3://, gs://, https://) with MEMBER and save its logits.

    Every recording gets a status; a damaged file does not stop the others. Run the command again to resume.
    """
    from blendkit import scoring
    from blendkit.io import read_taxonomy

    taxa = read_taxonomy(taxonomy) if taxonomy is not None else None
    with progress_emitter(json_out) as emit:
        status = scoring.score(
            member,
            audio,
            store,
            settings=settings,
            taxonomy=taxa,
            chunk_s=chunk_s,
            channels=channels,
            silence=silence,
            shard=shard,
            verify=verify,
            replace=replace,
            runtime=runtime,
            executor=executor_of(dask, runtime),
            emit=emit,
        )
    show_statuses(status, json_out)
    if not json_out:
        click.echo(f"logits in {store}")
    if strict and any(scoring.is_odd(s) for s in status.values()):
        raise click.exceptions.Exit(1)
