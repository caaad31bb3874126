"""`detect`: detections of scores above thresholds, written in the formats of other tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import DetectionTable, FileSpace, Naming, Scores, notebook_view
from blendkit.detecting.detections_above import Merging, find_detections
from blendkit.detecting.opened_source import OpenedSource, Reading, effort_s, open_source
from blendkit.detecting.result_files import check_folder, new_files, write_recordings, write_sites, write_thresholds
from blendkit.detecting.thresholds_of_source import ClassThresholds, ThresholdRule, class_thresholds
from blendkit.io import UNSEEN, Writer, find_writers, with_fitting_scores, write_detections

if TYPE_CHECKING:
    import pandas as pd

SEAL = "detect.json"


@dataclass(frozen=True, eq=False, repr=False)
class Detected:
    """Detections, the thresholds that made them, and the files that hold them.

    folder: where the files are; files: their paths below it; space: of the scores; notes: what was assumed.
    """

    table: DetectionTable
    thresholds: ClassThresholds
    folder: Path
    files: tuple[str, ...]
    space: FileSpace
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"Detected({len(self)} detections in {len(self.table.recordings)} recordings, {self.folder})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per class with a threshold: name, threshold, detections, recordings; most detections first."""
        import pandas as pd

        t, values = self.table, self.thresholds.values
        at = np.flatnonzero(np.isfinite(values))
        columns = {
            "name": [t.classes[c].label for c in at],
            "threshold": values[at],
            "detections": np.bincount(t.class_at, minlength=len(values))[at],
            "recordings": [len(np.unique(t.recording[t.class_at == c])) for c in at],
        }
        frame = pd.DataFrame(columns, index=pd.Index([t.classes[c].id for c in at], name="class"))
        return frame.sort_values("detections", ascending=False, kind="stable")

    def _repr_html_(self) -> str:
        """Show the classes in a notebook."""
        return notebook_view(repr(self), self.to_frame())


def detect(
    source: Scores | Path | str,
    out: Path | str,
    thresholds: ThresholdRule,
    *,
    formats: Sequence[str] = ("raven",),
    merging: Merging | None = None,
    naming: Naming = "id",
    reading: Reading | None = None,
) -> Detected:
    """Write the detections of a source in the formats of other tools, and return them.

    source: scores, or what `read_scores` takes. A cell at or above its class's threshold is a detection; merging joins
    neighbouring ones. out gets a folder per format, `thresholds.csv`, `recordings.csv` (all that were heard),
    `sites.csv` (the effort at each site, where sites are known) and `detect.json`; files of an earlier `detect` are
    replaced, all or none. Raises BlendkitError as `read_scores` does,
    for unknown formats, labels or thresholds that do not fit, and where `out` holds files of others.
    """
    folder = Path(out)
    check_folder(folder, SEAL)
    writers = find_writers(formats)
    opened = open_source(source, reading or Reading())
    chosen = class_thresholds(opened, thresholds)
    table, said = find_detections(opened, chosen, merging or Merging(), naming)
    notes = [*opened.notes, *chosen.notes, *said]
    notes += [] if opened.audio else [UNSEEN]
    fitted = {n: with_fitting_scores(table, opened.space, opened.name, n, w) for n, w in writers.items()}
    notes += [said for _, own in fitted.values() for said in own]
    with new_files(folder, SEAL, _facts(opened, table, chosen, writers, notes)) as new:
        for name, (own, _) in fitted.items():
            write_detections(own, name, new)
        write_thresholds(new / "thresholds.csv", chosen)
        seconds = effort_s(table.recordings, opened.scores.rows) if opened.whole else None
        write_recordings(new / "recordings.csv", table, seconds)
        write_sites(new / "sites.csv", table, seconds)
        files = tuple(sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file()))
    return Detected(table, chosen, folder, (*files, SEAL), opened.space, tuple(dict.fromkeys(notes)))


def _facts(
    opened: OpenedSource, table: DetectionTable, chosen: ClassThresholds, writers: dict[str, Writer], notes: list[str]
) -> dict[str, Any]:
    return {
        "source": opened.name,
        "space": opened.space,
        "kind": chosen.kind,
        "formats": list(writers),
        "recordings": len(table.recordings),
        "detections": len(table),
        "classes_with_threshold": int(np.isfinite(chosen.values).sum()),
        "notes": list(dict.fromkeys(notes)),
    }
