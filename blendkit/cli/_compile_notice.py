"""Say when the exact kernels are being compiled, which happens once per installation and takes some seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def announced(json_out: bool) -> Iterator[None]:
    """Announce the first compilation inside the block, on stderr (or as an event with --json)."""
    from numba.core import event as numba_event

    from blendkit.cli._show import event

    class FirstCompilation(numba_event.Listener):
        printed = False

        def on_start(self, happened: object) -> None:
            if not self.printed:
                self.printed = True
                text = "compiling exact kernels, once per installation (some seconds)"
                event("compiling", {"text": text}) if json_out else click.echo(text, err=True)

        def on_end(self, happened: object) -> None:
            pass

    with numba_event.install_listener("numba:compile", FirstCompilation()):
        yield
