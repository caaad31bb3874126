"""Addresses of other machines on the command line: where they may stand, and where not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from blendkit.remote import is_remote

_NO_OUTPUT = (
    "results are written to folders of this machine, or that it shares: a store grows by lines at the end of a file, "
    "and by renaming, which addresses do not offer; write it here, and copy it (aws s3 sync, gsutil rsync, rclone)"
)


def refuse_address(place: Any) -> None:
    """Raise click.BadParameter, with the way out, for a place to write to that is an address."""
    if is_remote(place):
        raise click.BadParameter(f"{place}: {_NO_OUTPUT}")


class PathOrAddress(click.ParamType):  # type: ignore[type-arg]
    """A path of this machine, or an address of another one, which stays the text that it is."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Return the path or the address."""
        return str(value) if is_remote(value) else Path(value)


PATH_OR_ADDRESS = PathOrAddress()
