"""Sites with coordinates, and what tables of coordinates have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from blendkit.errors import BlendkitError, shorten
from blendkit.io.text_tables import columns_by_name, decimal_points, open_table

if TYPE_CHECKING:
    import pandas as pd

_LIMITS = {"latitude": 90.0, "longitude": 180.0}  # degrees


def read_sites(path: Path) -> dict[str, tuple[float, float]]:
    """Return {site: (latitude, longitude)} in degrees.

    Raises BlendkitError naming columns that are missing, and every line whose site has no name, is listed twice or has
    no coordinates on Earth.
    """
    import pandas as pd

    frame = coordinate_table(path, "site")
    lines = line_names(frame)
    problems = [f"{lines[i]}: no name" for i, s in enumerate(frame["site"]) if not str(s).strip() or pd.isna(s)]
    problems += [f"{lines[i]}: {s!r} is listed twice" for i, s in enumerate(frame["site"])
                 if frame["site"].duplicated().iloc[i]]  # fmt: skip
    problems += off_earth(frame, lines, required=True)
    if problems:
        raise BlendkitError(f"{path}: sites need a name and coordinates in degrees, each once", problems[:10])
    columns = (frame["site"].astype(str), frame["latitude"], frame["longitude"])
    return {s: (float(lat), float(lon)) for s, lat, lon in zip(*columns, strict=True)}


def line_names(frame: pd.DataFrame) -> list[str]:
    """Return the name of every row: its line in the file."""
    return [f"line {i + 2}" for i in range(len(frame))]


def off_earth(frame: pd.DataFrame, lines: list[str], *, required: bool) -> list[str]:
    """Return a problem per line whose coordinates are not numbers in range, or are missing where required."""
    problems = []
    for i, line in enumerate(lines):
        given = {c: str(frame[f"{c} text"].iloc[i]).strip() for c in _LIMITS}
        if not required and not any(given.values()):
            continue
        bad = [f"{c} {given[c]!r}" for c, most in _LIMITS.items() if not abs(frame[c].iloc[i]) <= most]
        problems += [f"{line}: {', '.join(bad)}"] if bad else []
    return problems


def coordinate_table(path: Path, name: str) -> pd.DataFrame:
    """Return the table as text, with its coordinates also as numbers (NaN where they are not numbers)."""
    import pandas as pd

    frame, _ = open_table(path)
    plain = columns_by_name(frame.columns)
    frame, _ = decimal_points(frame, [plain[c] for c in _LIMITS if c in plain])
    frame = frame.rename(columns={c: named for named, c in plain.items()}).reset_index(drop=True)
    lacks = [c for c in (name, *_LIMITS) if c not in frame.columns]
    if lacks:
        raise BlendkitError(f"{path}: no column {', '.join(lacks)}", [f"has {shorten(frame.columns, 8)}"])
    for column in _LIMITS:
        frame[f"{column} text"] = frame[column]
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    return frame
