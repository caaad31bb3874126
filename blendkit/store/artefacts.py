"""Fitted artefacts on disk: an NPZ of plain arrays and one JSON text, no pickle, and what they saw."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError, shorten
from blendkit.store.files import atomic_path

Arrays = dict[str, NDArray[Any]]
BROKEN = (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile)


def save_artefact(path: Path, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an artefact, whole or not at all; `meta` says its kind, version and the recordings it saw."""
    held: dict[str, Any] = {"meta": np.array(json.dumps(dict(meta))), **arrays}
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        np.savez(handle, **held)


def load_artefact(path: Path, kind: str) -> tuple[dict[str, Any], Arrays]:
    """Return (meta, arrays) of an artefact. Raises one of BROKEN if the file is something else."""
    with path.open("rb") as handle:  # np.load leaves a file open that it cannot read
        data = np.load(handle, allow_pickle=False)
        meta = json.loads(str(data["meta"]))
        arrays = {k: data[k] for k in data.files if k != "meta"}
    if meta["kind"] != kind:
        raise ValueError(f"it is a {meta['kind']}")
    return meta, arrays


def not_a(path: Path, kind: str, error: Exception) -> BlendkitError:
    """Return the error for a file that holds no such artefact."""
    return BlendkitError(f"{path}: not a saved {kind}", [str(error)])


def refuse_seen(what: str, saw: Iterable[str], recordings: Iterable[str], allow: bool) -> None:
    """Raise BlendkitError if an artefact would meet recordings that it was fitted on, unless that is allowed."""
    both = sorted(set(saw) & set(recordings))
    if both and not allow:
        raise BlendkitError(
            f"{what} was fitted on {len(both)} of these recordings: its figures there would be in-sample",
            [shorten(both), "apply it to other recordings, or say allow_seen=True"],
        )
