"""Say when the exact kernels are being compiled, which happens once per installation and takes some seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def announced(json_out: bool) -> Iterator[None]:
    """Announce the first compilation inside the block, on stderr (or as an event with --json)."""
    from blendkit.cli._show import event
    from blendkit.core import while_compiling

    printed = False

    def say() -> None:
        nonlocal printed
        if not printed:
            printed = True
            text = "compiling exact kernels, once per installation (some seconds)"
            event("compiling", {"text": text}) if json_out else click.echo(text, err=True)

    with while_compiling(say):
        yield
