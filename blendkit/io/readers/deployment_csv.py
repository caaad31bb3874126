"""Tables of deployments: which recorder stood where, from CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from blendkit.core import OFFSET_FORMS, Deployment, DeploymentKey, Deployments, recording_id, zone
from blendkit.errors import BlendkitError, shorten, why_no_file

_KEYS: tuple[DeploymentKey, ...] = get_args(DeploymentKey)
_LIMITS = {"latitude": 90.0, "longitude": 180.0}  # degrees


def read_deployments(path: Path) -> Deployments:
    """Read a CSV with a column recording, folder or prefix, a column site, and if known latitude, longitude and tz.

    Columns are separated by comma, semicolon or tab; everything is read as text. Raises BlendkitError naming missing
    columns, and every line without a key or a site, with a key of an earlier line, an unknown time zone, or
    coordinates that are not on Earth.
    """
    table = _table(path)
    long = [f"line {number} has more fields than the header" for number, row in table if None in row]
    if long:
        raise BlendkitError(f"{path}: cannot read this table of deployments", [shorten(long)])
    columns = {str(k).strip().lower(): k for k in (table[0][1] if table else {})}
    keys = [k for k in _KEYS if k in columns]
    if len(keys) != 1 or "site" not in columns:
        wanted = f"expected a column site, and one of {', '.join(_KEYS)}"
        raise BlendkitError(f"{path}: cannot tell which recordings its sites belong to",
                            [wanted, f"has {shorten(columns, 8) or 'no lines below a header'}"])  # fmt: skip
    lines: dict[str, Deployment] = {}
    first: dict[str, int] = {}
    problems = []
    for number, row in table:
        cells = {name: str(row[k] or "").strip() for name, k in columns.items()}
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


def _table(path: Path) -> list[tuple[int, Mapping[Any, Any]]]:
    """Return (line number, row) of every row, by the separator that the header has most of."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=max(",;\t", key=header.count), restval="")
            return [(reader.line_num, row) for row in reader if any(v and str(v).strip() for v in row.values())]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BlendkitError(f"{path}: cannot read this table of deployments", [why_no_file(path, error)]) from error


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
