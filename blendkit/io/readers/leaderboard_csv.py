"""The leaderboard of a competition, as its CSV lists it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.core import Float64
from blendkit.errors import BlendkitError, shorten
from blendkit.io.text_tables import open_table

_SCORES = ("score", "publicscore", "privatescore", "publicleaderboardscore", "privateleaderboardscore")


def read_leaderboard(path: Path) -> Float64:
    """Return the scores (T,) of a leaderboard CSV, from its column Score, PublicScore or PrivateScore.

    Teams whose score is empty, as those that were removed, are passed over. Raises BlendkitError for a file without
    such a column, with scores that are not numbers, or without any score.
    """
    import pandas as pd

    frame, _ = open_table(path, "this leaderboard")
    frame = frame.reset_index(drop=True)
    column = next((c for c in frame.columns if str(c).replace("_", "").lower() in _SCORES), None)
    if column is None:
        raise BlendkitError(f"{path}: no column Score", [f"has {shorten(frame.columns, 8)}"])
    given = frame[column].notna() & (frame[column].astype(str).str.strip() != "")
    scores = pd.to_numeric(frame[column], errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(~np.isfinite(scores) & given.to_numpy())
    if len(bad) or not given.any():
        rows = [f"line {i + 2}: {frame[column].iloc[i]!r}" for i in bad.tolist()]
        raise BlendkitError(f"{path}: scores that are not numbers", [shorten(rows) or "the file lists no team"])
    return scores[given.to_numpy()]
