"""Files and folders that a person names: what is not there is said before any work, with the nearest name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class GivenPath(click.ParamType):  # type: ignore[type-arg]
    """A file or folder that must exist, also as FILE:NAME; an address such as `s3://...` is left to who reads it."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path. Raises BlendkitError, with what is beside it, for a path that does not exist."""
        path = Path(value)
        if "://" not in str(value) and not path.exists():
            _require_file(path, param)
        return path


def _require_file(path: Path, param: click.Parameter | None) -> None:
    from blendkit.errors import BlendkitError, why_no_file
    from blendkit.io import split_label_source

    file = split_label_source(path)[0]
    if not file.exists():
        named = param.opts[-1] if isinstance(param, click.Option) else param.human_readable_name if param else "path"
        raise BlendkitError(f"{named}: {why_no_file(file, FileNotFoundError())}")


PATH = GivenPath()
