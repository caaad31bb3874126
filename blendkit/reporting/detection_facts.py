"""Detections and activity: what the folders of `blendkit detect` and `blendkit activity` hold, for a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blendkit.core import json_value
from blendkit.errors import BlendkitError

if TYPE_CHECKING:
    import pandas as pd

DETECT, ACTIVITY = "detect.json", "activity.json"
_MOST_CLASSES, _MOST_CELLS = 30, 120  # in a picture: those of the most detections, and hours, dates or sites
_PARTS = ("hour", "date", "site")


def detection_facts(folders: Sequence[Path]) -> list[dict[str, Any]] | None:
    """Return what each folder holds, None for no folders.

    Raises BlendkitError for a folder that neither command wrote, and for tables that lack a column.
    """
    return [_of_folder(Path(f)) for f in folders] or None


def _of_folder(folder: Path) -> dict[str, Any]:
    seals = [s for s in (DETECT, ACTIVITY) if (folder / s).is_file()]
    if not seals:
        ways = [f"expected {DETECT} or {ACTIVITY} in it", "give the --out of `blendkit detect` or `blendkit activity`"]
        raise BlendkitError(f"{folder}: no folder of detections or activity", ways)
    found: dict[str, Any] = {}
    for seal in seals:
        try:
            told = json_value((folder / seal).read_text(encoding="utf-8"))
            found |= {k: told[k] for k in ("source", "detections", "recordings", "notes")}
            found |= _thresholds(folder) if seal == DETECT else _activity(folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BlendkitError(
                f"{folder}: its results cannot be read", [f"{seal}: {error}", "run it again"]
            ) from error
    return {"folder": folder.name, **found}


def _thresholds(folder: Path) -> dict[str, Any]:
    """The threshold of each class with what it is worth; precision and more only where labels chose it."""
    frame = _table(folder, "thresholds")
    columns = ("class", "threshold", "positives", "recordings", "precision", "low", "high", "recall", "why")
    own = frame.reindex(columns=list(columns)).astype(object)
    own = own.where(own.notna(), None)
    return {"thresholds": [{**dict(zip(columns, r, strict=True)), "class": str(r[0])} for r in own.to_numpy().tolist()]}


def _activity(folder: Path) -> dict[str, Any]:
    """Detections per hour listened, by hour, date and site; classes with the most detections, the most first."""
    frame = _table(folder, "activity")
    parts = {}
    for part in _PARTS:
        own = frame[frame["by"] == part]
        cells = list(dict.fromkeys(own["cell"].astype(str)))
        if not cells:
            continue
        parts[part] = {"cells": len(cells)} if len(cells) > _MOST_CELLS else _part(own, cells)
    return {"activity": parts}


def _part(own: pd.DataFrame, cells: list[str]) -> dict[str, Any]:
    effort = own.drop_duplicates("cell")
    totals = own.groupby("class", sort=False)["detections"].sum().sort_values(ascending=False, kind="stable")
    shown = own[own["class"].isin(totals.index[:_MOST_CLASSES])].groupby("class", sort=False)
    lines = {
        str(c): {"id": str(c), "name": str(g["name"].iloc[0]), "detections": int(totals[c]),
                 **{k: g[k].astype(float).tolist() for k in ("per_hour", "low", "high")}}
        for c, g in shown
    }  # fmt: skip
    return {
        "cells": cells, "recordings": effort["recordings"].astype(int).tolist(),
        "hours": effort["hours"].astype(float).tolist(), "classes": len(totals),
        "lines": [lines[str(c)] for c in totals.index[:_MOST_CLASSES]],
    }  # fmt: skip


def _table(folder: Path, name: str) -> pd.DataFrame:
    """Read a table that may be a CSV or a Parquet file; ids of classes, and cells, are texts."""
    import pandas as pd

    if (folder / f"{name}.parquet").is_file():
        return pd.read_parquet(folder / f"{name}.parquet")
    return pd.read_csv(folder / f"{name}.csv", dtype={"class": str, "name": str, "cell": str, "why": str})
