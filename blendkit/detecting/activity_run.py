"""`activity`: when and where classes are detected, with the effort behind each count, as tables and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from blendkit.core import DetectionTable, Int64, Naming, Rows, Scores, notebook_view
from blendkit.detecting.activity_counts import (
    PARTS,
    ChunkPlaces,
    PartActivity,
    chunk_places,
    count_part,
    crossed,
    draws_of,
    first_rows,
    without_effort,
)
from blendkit.detecting.detections_above import Merging, find_detections
from blendkit.detecting.opened_source import Reading, open_source
from blendkit.detecting.result_files import check_folder, new_files, write_thresholds
from blendkit.detecting.thresholds_of_source import ClassThresholds, ThresholdRule, class_thresholds
from blendkit.errors import BlendkitError
from blendkit.figures import can_draw, plot_activity
from blendkit.io import csv_text, text_cell
from blendkit.metrics import require_redraws
from blendkit.store import atomic_path, write_text

if TYPE_CHECKING:
    import pandas as pd

SEAL, PICTURE = "activity.json", "activity.png"
TableKind = Literal["csv", "parquet"]


@dataclass(frozen=True, eq=False, repr=False)
class Activity:
    """Activity by hour, date and site, of the classes that were detected at all.

    table: the detections, with those classes alone; parts: see `PartActivity`, for each part that the recordings' names
    give; picture: its path, None where there was nothing to draw.
    """

    table: DetectionTable
    thresholds: ClassThresholds
    parts: tuple[PartActivity, ...]
    folder: Path
    files: tuple[str, ...]
    picture: Path | None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        parts = ", ".join(f"{len(p.cells)} {p.part}s" for p in self.parts) or "no time or site known"
        return f"Activity({len(self.table)} detections in {len(self.table.recordings)} recordings; {parts})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per part, cell and class: effort, detections, rate per hour listened, and its interval."""
        return _long(self.parts, self.table)

    def _repr_html_(self) -> str:
        """Show the table in a notebook."""
        return notebook_view(repr(self), self.to_frame())


def activity(
    source: Scores | Path | str,
    out: Path | str,
    thresholds: ThresholdRule,
    *,
    merging: Merging | None = None,
    naming: Naming = "id",
    reading: Reading | None = None,
    table: TableKind = "csv",
    replicates: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Activity:
    """Write when and where the classes of a source are detected, and return it.

    The hour and date of a detection are those at which its first chunk starts. out gets `activity` (by hour, by date
    and by site: effort, detections, rate per hour listened with an interval that redraws whole recordings), `cells`
    (site x date x hour, with a column of detections per class), `thresholds.csv`, a picture and `activity.json`.
    Detections of another tool say nothing of the effort: without `audio` in `reading` hours and rates are NaN.
    table: the form of the tables. Raises BlendkitError as `detect` does, and for too few replicates.
    """
    require_redraws(replicates, level)
    folder = Path(out)
    check_folder(folder, SEAL)
    opened = open_source(source, reading or Reading())
    chosen = class_thresholds(opened, thresholds)
    every, said = find_detections(opened, chosen, merging or Merging(), naming)
    found = _detected_alone(every)
    rows = opened.scores.rows
    places, row = chunk_places(rows, found), first_rows(rows, found)
    draws = draws_of(found, replicates, seed)
    parts = tuple(count_part(p, places, found, row, draws, level) for p in PARTS if any(places.values[p]))
    parts = parts if opened.whole else tuple(map(without_effort, parts))
    undrawn = [] if can_draw() else ["no picture: matplotlib is not installed (pip install 'blendkit[plot]')"]
    notes = tuple(dict.fromkeys([*opened.notes, *chosen.notes, *said, *_unknown(rows, places), *undrawn]))
    facts = {"source": opened.name, "space": opened.space, "kind": chosen.kind, "recordings": len(every.recordings),
             "detections": len(every), "notes": list(notes)}  # fmt: skip
    with new_files(folder, SEAL, facts) as new:
        _write(new / f"activity.{table}", _long(parts, found), table)
        _write(new / f"cells.{table}", _wide(places, found, row, effort=opened.whole), table)
        write_thresholds(new / "thresholds.csv", chosen)
        drawn = opened.whole and _draw(new / PICTURE, parts, found)
        files = tuple(sorted(p.name for p in new.iterdir()))
    return Activity(found, chosen, parts, folder, (*files, SEAL), folder / PICTURE if drawn else None, notes)


def _detected_alone(table: DetectionTable) -> DetectionTable:
    """Return the table with those classes alone that have a detection."""
    at = np.unique(table.class_at)
    names = tuple(table.classes[c] for c in at)
    return replace(table, classes=names, class_at=np.searchsorted(at, table.class_at))


def _unknown(rows: Rows, places: ChunkPlaces) -> list[str]:
    """Say how many recordings give no hour, date or site, and so are in no cell of these."""
    out = []
    for part in PARTS:
        lacking = {r for r, v in zip(places.recording.tolist(), places.values[part], strict=True) if not v}
        if lacking:
            out.append(f"{len(lacking)} of {len(rows.recordings())} recordings give no {part} in their name")
    return out


def _long(parts: Sequence[PartActivity], table: DetectionTable) -> pd.DataFrame:
    import pandas as pd

    columns = (
        "by",
        "cell",
        "class",
        "name",
        "recordings",
        "hours",
        "detections",
        "found_in",
        "per_hour",
        "low",
        "high",
    )
    rows = [
        (p.part, cell, names.id, names.label, int(p.recordings[k]), round(float(p.hours[k]), 6),
         int(p.detections[c, k]), int(p.found_in[c, k]), float(p.rate[c, k]), float(p.low[c, k]), float(p.high[c, k]))
        for p in parts for c, names in enumerate(table.classes) for k, cell in enumerate(p.cells)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(columns))


def _wide(places: ChunkPlaces, table: DetectionTable, row: Int64, *, effort: bool) -> pd.DataFrame:
    import pandas as pd

    cells, recordings, hours, counts = crossed(places, table, row)
    frame = pd.DataFrame(cells, columns=["site", "date", "hour"])
    frame = frame.assign(recordings=recordings, hours=np.round(hours, 6) if effort else np.nan)
    taken = [n.id for n in table.classes if n.id in frame.columns]
    if taken:
        raise BlendkitError(f"classes named {', '.join(taken)}: these are columns of the table of cells")
    own = pd.DataFrame(counts, columns=[n.id for n in table.classes], index=frame.index)
    return pd.concat([frame, own], axis=1)


def _write(path: Path, frame: pd.DataFrame, kind: TableKind) -> None:
    if kind == "parquet":
        with atomic_path(path) as temporary:
            frame.to_parquet(temporary, index=False)
        return
    rows = [["" if v != v else text_cell(str(v)) for v in r] for r in frame.itertuples(index=False, name=None)]
    write_text(path, csv_text([text_cell(str(c)) for c in frame.columns], rows))


def _draw(path: Path, parts: Sequence[PartActivity], table: DetectionTable) -> bool:
    """Draw the first part that is known, hours before dates before sites; nothing without a detection."""
    if not parts or not len(table) or not can_draw():
        return False
    part = parts[0]
    plot_activity(path, [n.label for n in table.classes], part.part, part.cells, part.rate, part.recordings)
    return True
