"""Sites and finds with coordinates, from CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from blendkit.errors import BlendkitError, shorten
from blendkit.io.text_tables import decimal_points, open_table

_LIMITS = {"latitude": 90.0, "longitude": 180.0}  # degrees


def read_sites(path: Path) -> dict[str, tuple[float, float]]:
    """Return {site: (latitude, longitude)} in degrees.

    Raises BlendkitError naming columns that are missing, and every line whose site has no name, is listed twice or has
    no coordinates on Earth.
    """
    frame = _frame(path, "site")
    lines = _numbered(frame)
    problems = [f"{lines[i]}: no name" for i, s in enumerate(frame["site"]) if not str(s).strip() or pd.isna(s)]
    problems += [f"{lines[i]}: {s!r} is listed twice" for i, s in enumerate(frame["site"])
                 if frame["site"].duplicated().iloc[i]]  # fmt: skip
    problems += _off_earth(frame, lines, required=True)
    if problems:
        raise BlendkitError(f"{path}: sites need a name and coordinates in degrees, each once", problems[:10])
    columns = (frame["site"].astype(str), frame["latitude"], frame["longitude"])
    return {s: (float(lat), float(lon)) for s, lat, lon in zip(*columns, strict=True)}


def read_finds(path: Path) -> list[tuple[str, float, float]]:
    """Return (class, latitude, longitude) of every row with coordinates, from a table like a competition's train.csv.

    A find without coordinates is left out. Raises BlendkitError naming columns that are missing, and every line with
    only one of its coordinates, with text in their place, or with numbers out of range.
    """
    frame = _frame(path, "primary_label")
    problems = _off_earth(frame, _numbered(frame), required=False)
    if problems:
        raise BlendkitError(f"{path}: finds need coordinates in degrees, or none", problems[:10])
    frame = frame.dropna(subset=["latitude", "longitude"])
    columns = (frame["primary_label"].astype(str), frame["latitude"], frame["longitude"])
    return [(c, float(lat), float(lon)) for c, lat, lon in zip(*columns, strict=True)]


def _numbered(frame: pd.DataFrame) -> list[str]:
    return [f"line {i + 2}" for i in range(len(frame))]


def _off_earth(frame: pd.DataFrame, lines: list[str], *, required: bool) -> list[str]:
    """Return a problem per line whose coordinates are not numbers in range, or are missing where required."""
    problems = []
    for i, line in enumerate(lines):
        given = {c: str(frame[f"{c} text"].iloc[i]).strip() for c in _LIMITS}
        if not required and not any(given.values()):
            continue
        bad = [f"{c} {given[c]!r}" for c, most in _LIMITS.items() if not abs(frame[c].iloc[i]) <= most]
        problems += [f"{line}: {', '.join(bad)}"] if bad else []
    return problems


def _frame(path: Path, name: str) -> pd.DataFrame:
    """Return the table as text, with its coordinates also as numbers (NaN where they are not numbers)."""
    frame, _ = open_table(path)
    frame, _ = decimal_points(frame, [c for c in frame.columns if c.strip().lower() in _LIMITS])
    frame = frame.rename(columns=lambda c: c.strip().lower()).reset_index(drop=True)
    lacks = [c for c in (name, *_LIMITS) if c not in frame.columns]
    if lacks:
        raise BlendkitError(f"{path}: no column {', '.join(lacks)}", [f"has {shorten(frame.columns, 8)}"])
    for column in _LIMITS:
        frame[f"{column} text"] = frame[column]
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    return frame
