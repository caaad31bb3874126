"""`blendkit warmup`."""

from __future__ import annotations

import click


@click.command()
def warmup() -> None:
    """Compile all exact loops, so that no later command has to: needed once per installation.

    Small data need none of them. The machine code lies beside the installed package, or in the user's cache where that
    cannot be written, or below NUMBA_CACHE_DIR.
    """
    from blendkit.installing import warm_up

    done = warm_up()
    if done.ops:
        click.echo(f"not tried, for they need files or parameters: {', '.join(done.ops)}")
    for folder in done.folders:
        click.echo(f"machine code: {folder}")
    click.echo(f"all loops are ready, after {done.seconds:.0f} s")
