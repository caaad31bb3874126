"""Say when the exact kernels are being compiled, which happens once per installation and takes some seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def announced(json_out: bool) -> Iterator[None]:
    """Announce the first compilation of a command, on stderr (or as an event with --json), however many blocks."""
    from blendkit.cli._show import event
    from blendkit.core import while_compiling

    known = click.get_current_context().find_root().meta  # of this command, and gone with it

    def say() -> None:
        if not known.get(__name__):
            known[__name__] = True
            text = "compiling exact kernels, once per installation (some seconds)"
            event("compiling", {"text": text}) if json_out else click.echo(text, err=True)

    with while_compiling(say):
        yield
