"""`birdnet-table` and `raven`: tables of detections as members."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Annotated, Literal

import numpy as np

from blendkit.audio import WindowPool
from blendkit.core import Scores, Space
from blendkit.errors import BlendkitError, shorten
from blendkit.io import Detections, Windowed, read_detections
from blendkit.member import (
    DataFile,
    FilePath,
    MemberContext,
    by_id,
    by_scientific_name,
    on_grid,
    read_class_list,
    read_synonyms,
)

Tables = Annotated[str, DataFile(folder=True)]


@dataclass
class DetectionMember:
    """A table of detections; `read` gives it on the recipe's chunks."""

    path: Path
    space: Space
    context: MemberContext
    label: str | None
    score: str | None
    unscored: float | None
    empty: float
    pool: WindowPool
    synonyms: Path | None
    knows: Path | None = None
    _warnings: list[str] = field(default_factory=list)

    def read(self) -> Scores:
        """Return the chunks of the table's recordings, and of the run's recordings that it does not name."""
        found = read_detections(self.path, label=self.label, score=self.score)
        scores = self._scored(found)
        ids = _recording_ids(found, self.context)
        columns, classes, strange = self._columns(found)
        known = [i for i, c in enumerate(columns) if c >= 0]
        if not known:
            raise BlendkitError(
                f"{self.path.name}: none of its labels is one of the run's classes", [shorten(sorted(set(found.label)))]
            )
        if strange:
            listed = shorten([f"{n} ({c})" for n, c in strange.most_common()])
            self._warnings.append(f"{sum(strange.values())} detections of other classes left out: {listed}")
        windowed = _windows(found, ids, scores, columns, known, classes, self.empty)
        made = on_grid(windowed, self.context, self.space, self.pool, self.path.name, empty=self.empty)
        return made if self.knows is None else replace(made, covered=self._covered(self.knows, made.classes))

    def warnings(self) -> list[str]:
        """Return the warnings that `read` found about the table."""
        return list(self._warnings)

    def _scored(self, found: Detections) -> np.ndarray:
        """Every detection's score, in this member's space."""
        lacking = np.isnan(found.score)
        if lacking.any() and self.unscored is None:
            raise BlendkitError(
                f"{self.path.name}: {int(lacking.sum())} detections have no score",
                ["name their column with `score:`, or give every selection a score with `unscored: 1.0`"],
            )
        score = np.where(lacking, self.unscored or 0.0, found.score)
        if self.space != "logit" and (score.min(initial=0) < 0 or score.max(initial=0) > 1):
            raise BlendkitError(f"{self.path.name}: scores lie in [{score.min():g}, {score.max():g}], not in [0, 1]")
        return score

    def _covered(self, path: Path, classes: tuple[str, ...]) -> np.ndarray:
        """Return which classes the detector knows: a class that it cannot detect is not an absent one."""
        names = [n.split("_")[0] for n in read_class_list(path)]
        context = MemberContext(classes, self.context.taxonomy)
        by_name = bool(context.taxonomy.table)
        mapped = (
            by_scientific_name("knows", names, context, synonyms=self.synonyms)
            if by_name
            else by_id("knows", names, context)
        )
        covered = np.array(mapped.covered, bool)
        covered.setflags(write=False)
        return covered

    def _columns(self, found: Detections) -> tuple[list[int], tuple[str, ...], Counter[str]]:
        """The class of every detection (-1: none of the run's): by id, then by scientific name and synonym."""
        classes = self.context.classes or tuple(sorted(set(found.label)))
        at = {c.lower(): i for i, c in enumerate(classes)}
        for i, c in enumerate(classes):
            at.setdefault(self.context.taxonomy.scientific_name(c).lower() or c.lower(), i)
        others = read_synonyms(self.synonyms)
        seen: dict[str, int] = {}
        for text in set(found.label):
            names = [text.lower(), text.split("_")[0].lower()]  # some BirdNET tables write `Scientific_Common`
            names += [o for n in names for o in others.get(n, ())]
            seen[text] = next((at[n] for n in names if n in at), -1)
        strange = Counter(text for text in found.label if seen[text] < 0)
        return [seen[text] for text in found.label], classes, strange


def _recording_ids(found: Detections, context: MemberContext) -> list[str]:
    """The run's recording of every detection: by id, or by file name where that is unique."""
    known = {r.id for r in context.recordings}
    below: dict[str, list[str]] = {}
    for r in sorted(known):
        below.setdefault(PurePath(r).name, []).append(r)
    ids: dict[str, str] = {}
    for r in set(found.recording):
        near = below.get(PurePath(r).name, [])
        absolute = r.startswith("/") or r[1:2] == ":"
        ids[r] = r if r in known else near[0] if len(near) == 1 else PurePath(r).name if absolute else r
    return [ids[r] for r in found.recording]


def _windows(
    found: Detections,
    ids: list[str],
    scores: np.ndarray,
    columns: list[int],
    known: list[int],
    classes: tuple[str, ...],
    empty: float,
) -> Windowed:
    """Return one row per window: the highest score of each class, `empty` where it has no detection."""
    rows: dict[tuple[str, float, float], int] = {}
    at = [rows.setdefault((ids[i], found.start_s[i], found.end_s[i]), len(rows)) for i in known]
    values = np.full((len(rows), len(classes)), empty)
    np.maximum.at(values, (at, [columns[i] for i in known]), scores[known])
    recording, start, end = zip(*rows, strict=True)
    return Windowed(recording, np.array(start), np.array(end), values, classes)


def birdnet_table(
    context: MemberContext,
    *,
    path: Tables,
    space: Literal["prob"] = "prob",
    empty: float = 0.0,
    pool: WindowPool = "max",
    label: str | None = None,
    score: str | None = None,
    synonyms: FilePath | None = None,
    knows: FilePath | None = None,
) -> DetectionMember:
    """BirdNET's result tables (CSV, Raven, Kaleidoscope, R, Parquet): one file, or a folder of them.

    Read from BirdNET-Analyzer, birdnet and birdnetlib alike. Detections below their threshold are not in
    such a table: these cells hold `empty` and tie. A chunk gets the maximum of the 3 s windows it
    overlaps, or their mean by shared time (`pool: mean`). Classes by scientific name, synonym or species code.
    knows: the detector's class list (BirdNET's labels): classes it does not know are then not covered.
    """
    names = _path(synonyms), _path(knows)
    return DetectionMember(Path(path), space, context, label, score, None, empty, pool, *names)


def raven(
    context: MemberContext,
    *,
    path: Tables,
    space: Literal["prob", "logit"] = "prob",
    label: str | None = None,
    score: str | None = None,
    unscored: float | None = None,
    empty: float = 0.0,
    pool: WindowPool = "max",
    synonyms: FilePath | None = None,
) -> DetectionMember:
    """Raven selection tables: one file, or a folder of them; a table that names no file is its recording's.

    label, score: the columns to read, where they have other names than Raven and BirdNET give. unscored:
    what a selection without a score counts as. empty: what a chunk without a selection holds.
    """
    return DetectionMember(Path(path), space, context, label, score, unscored, empty, pool, _path(synonyms))


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None
