"""Arrays that an earlier command saved as NPZ, read again, or one error that names the file and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from blendkit.errors import BlendkitError
from blendkit.store import BROKEN_NPZ, read_npz


def read_arrays(path: Path, names: Sequence[str], what: str, way_out: str) -> dict[str, NDArray[Any]]:
    """Return the named arrays of an NPZ file.

    what: the file's kind, for the message. Raises BlendkitError, with the way out, for a file that is missing, cut
    short, or without one of them.
    """
    try:
        return read_npz(path, names)
    except BROKEN_NPZ as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise BlendkitError(f"{path}: not {what}", [reason, way_out]) from error
