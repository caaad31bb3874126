"""How long the chunks of a teacher's scores are: as its store or run states it, else as the user says."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.core import Rows, json_value
from blendkit.errors import BlendkitError
from blendkit.io import split_source
from blendkit.store import LogitStore, is_store

USUAL_S = 5.0


def chunk_length(source: Path | str, asked_s: float | None) -> float:
    """Return the seconds of a teacher's chunks: those that its store or run states, else those asked for, else 5.

    Raises BlendkitError where a store or a run states others than those asked for.
    """
    stated = _stated_s(source)
    if stated is not None and asked_s is not None and not np.isclose(stated, asked_s):
        raise BlendkitError(
            f"--chunk-s {asked_s:g}: the chunks of the teacher's scores in {source} are {stated:g} s long",
            ["leave out --chunk-s, or score the recordings again in chunks of that length"],
        )
    return stated or asked_s or USUAL_S


def require_chunks(rows: Rows, chunk_s: float, source: str) -> None:
    """Raise BlendkitError if rows are not chunks of this length; ids alone say only where a chunk ends."""
    length = rows.end_s - rows.start_s
    other = np.flatnonzero(~np.isclose(length, chunk_s))
    if len(other):
        first = int(other[0])
        raise BlendkitError(
            f"{source}: {len(other)} of {len(rows)} chunks are not {chunk_s:g} s long",
            [f"{rows.ids()[first]} is {length[first]:g} s long", "all that a student learns from has equal chunks"],
        )


def _stated_s(source: Path | str) -> float | None:
    path, _ = split_source(source)
    if is_store(path):
        store = LogitStore.open(path)
        said = store.about.get("facts", {}).get("chunk_s")
    else:
        run = (path if path.is_dir() else path.parent) / "run.json"
        try:
            said = (
                json_value(run.read_text(encoding="utf-8")).get("recipe", {}).get("chunk_s") if run.is_file() else None
            )
        except (OSError, ValueError, AttributeError) as error:
            raise BlendkitError(f"{run}: not the facts of a run", [str(error), "run the recipe again"]) from error
    return float(said) if isinstance(said, int | float) and said > 0 else None
