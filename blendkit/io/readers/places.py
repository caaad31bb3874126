"""Sites and finds with coordinates, from CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from blendkit.errors import BlendkitError, shorten


def read_sites(path: Path) -> dict[str, tuple[float, float]]:
    """Return {site: (latitude, longitude)} in degrees. Raises BlendkitError for columns or numbers that are missing."""
    frame = _frame(path, "site")
    return {
        str(s): (lat, lon) for s, lat, lon in zip(frame["site"], frame["latitude"], frame["longitude"], strict=True)
    }


def read_finds(path: Path) -> list[tuple[str, float, float]]:
    """Return (class, latitude, longitude) of every row with coordinates, as a competition's train.csv has them."""
    frame = _frame(path, "primary_label").dropna(subset=["latitude", "longitude"])
    columns = (frame["primary_label"].astype(str), frame["latitude"], frame["longitude"])
    return [(c, float(lat), float(lon)) for c, lat, lon in zip(*columns, strict=True)]


def _frame(path: Path, name: str) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype={name: str})
    except (OSError, ValueError) as error:
        raise BlendkitError(f"{path}: cannot read this table", [str(error)]) from error
    frame.columns = [str(c).lower() for c in frame.columns]
    lacks = [c for c in (name, "latitude", "longitude") if c not in frame.columns]
    if lacks:
        raise BlendkitError(f"{path}: no column {', '.join(lacks)}", [f"has {shorten(frame.columns, 8)}"])
    for column in ("latitude", "longitude"):
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    known = frame[["latitude", "longitude"]].dropna()
    if (known.abs() > [90, 180]).any().any():
        raise BlendkitError(f"{path}: coordinates beyond 90 and 180 degrees")
    return frame
