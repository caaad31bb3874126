"""Kaggle files: the sample submission, which fixes the order of rows and classes, and leaderboards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blendkit.core import Float64
from blendkit.errors import BlendkitError, shorten
from blendkit.io.readers.score_table import read_table
from blendkit.io.text_tables import open_table

_SCORES = ("score", "publicscore", "privatescore", "publicleaderboardscore", "privateleaderboardscore")


@dataclass(frozen=True)
class Template:
    """A sample submission: its row ids and its class columns, in file order."""

    row_ids: tuple[str, ...]
    classes: tuple[str, ...]


def read_template(path: Path) -> Template:
    """Read a sample submission. Raises BlendkitError if it has no row_id column, or lists a row id twice."""
    table = read_table(path)
    twice = [r for r, n in Counter(table.row_ids).items() if n > 1]
    if twice:
        raise BlendkitError(f"{path.name}: duplicate row ids", [shorten(twice)])
    return Template(tuple(table.row_ids), tuple(table.classes))


def read_leaderboard(path: Path) -> Float64:
    """Return the scores (T,) of a leaderboard CSV, from its column Score, PublicScore or PrivateScore.

    Raises BlendkitError for a file without such a column, or with scores that are not numbers.
    """
    import pandas as pd

    frame, _ = open_table(path, "this leaderboard")
    frame = frame.reset_index(drop=True)
    column = next((c for c in frame.columns if str(c).replace("_", "").lower() in _SCORES), None)
    if column is None:
        raise BlendkitError(f"{path}: no column Score", [f"has {shorten(frame.columns, 8)}"])
    scores = pd.to_numeric(frame[column], errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(~np.isfinite(scores))
    if len(bad) or not len(scores):
        rows = [f"line {i + 2}: {frame[column].iloc[i]!r}" for i in bad.tolist()]
        raise BlendkitError(f"{path}: scores that are not numbers", [shorten(rows) or "the file lists no team"])
    return scores
