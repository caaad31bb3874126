"""Tables of deployments: which recorder stood where, from CSV."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from blendkit.core import OFFSET_FORMS, Deployment, DeploymentKey, Deployments, recording_id, zone
from blendkit.errors import BlendkitError, shorten
from blendkit.io.text_tables import columns_by_name, decimal_points, open_table

_KEYS: tuple[DeploymentKey, ...] = get_args(DeploymentKey)
_LIMITS = {"latitude": 90.0, "longitude": 180.0}  # degrees


def read_deployments(path: Path) -> Deployments:
    """Read a CSV with a column recording, folder or prefix, a column site, and if known latitude, longitude and tz.

    A text table in any of its forms (see `open_table`); everything is read as text. Raises BlendkitError naming missing
    columns, and every line without a key or a site, with a key of an earlier line, an unknown time zone, or
    coordinates that are not on Earth.
    """
    columns, table = _table(path)
    if not table:
        raise BlendkitError(f"{path}: no lines below the header of this table of deployments")
    keys = [k for k in _KEYS if k in columns]
    if len(keys) != 1 or "site" not in columns:
        wanted = f"expected a column site, and one of {', '.join(_KEYS)}"
        raise BlendkitError(f"{path}: cannot tell which recordings its sites belong to",
                            [wanted, f"has {shorten(columns, 8)}"])  # fmt: skip
    lines: dict[str, Deployment] = {}
    first: dict[str, int] = {}
    problems = []
    for number, row in table:
        cells = dict(zip(columns, row, strict=True))
        key = _key(keys[0], cells[keys[0]])
        found = [f"line {number}: {p}" for p in _problems(cells, keys[0], key)]
        found += [f"line {number}: {key!r} is in line {first[key]} already"] if key in first else []
        problems += found
        first.setdefault(key, number)
        if not found:
            lines[key] = Deployment(key, recording_id(cells["site"], whole=True), cells.get("tz") or None,
                                    _degrees(cells, "latitude"), _degrees(cells, "longitude"))  # fmt: skip
    if problems:
        raise BlendkitError(f"{path}: {len(problems)} problems in this table of deployments", problems[:10])
    return Deployments(path.name, keys[0], tuple(lines.values()))


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the columns by their plain names, and (line number, cells) of every row."""
    frame, _ = open_table(path, "this table of deployments", short_lines=True)
    named = columns_by_name(frame.columns)
    frame, _ = decimal_points(frame[list(named.values())], [named[c] for c in _LIMITS if c in named])
    rows = [[cell.strip() for cell in row] for row in frame.itertuples(index=False, name=None)]
    return list(named), [(int(line), row) for line, row in zip(frame.index, rows, strict=True) if any(row)]


def _key(by: DeploymentKey, text: str) -> str:
    """Return a key as it stands in recording ids: `/` between folders, no suffix of audio files."""
    text = text.replace("\\", "/").strip("/") if text else ""
    return recording_id(text, whole=by != "recording") if text else ""


def _problems(cells: Mapping[str, str], by: str, key: str) -> list[str]:
    problems = [f"no {name}" for name, text in ((by, key), ("site", cells["site"])) if not text]
    if cells.get("tz"):
        try:
            zone(cells["tz"])
        except ValueError as error:
            problems.append(f"tz: {error}; expected an IANA name, or {OFFSET_FORMS}")
    for name, most in _LIMITS.items():
        degrees = _degrees(cells, name)
        if degrees is not None and not abs(degrees) <= most:
            problems.append(f"{name} {cells[name]!r}: expected -{most:g} to {most:g} degrees")
    return problems


def _degrees(cells: Mapping[str, str], name: str) -> float | None:
    """Return a coordinate, None where the cell is empty, NaN where it is no number."""
    try:
        return float(cells[name]) if cells.get(name) else None
    except ValueError:
        return math.nan
