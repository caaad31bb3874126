"""`birdnet-table` and `raven`: tables of detections as members."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from blendkit.audio import WindowPool
from blendkit.core import Scores, Space
from blendkit.errors import BlendkitError
from blendkit.io import Detections, read_detections
from blendkit.member import (
    DataFile,
    Factor,
    FilePath,
    MemberContext,
    by_id,
    by_scientific_name,
    detections_on_grid,
    read_class_names,
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
        made, self._warnings = detections_on_grid(
            found,
            self._scored(found),
            self.context,
            self.space,
            self.pool,
            self.path.name,
            empty=self.empty,
            synonyms=self.synonyms,
        )
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
            way = ["if they are percentages, divide them by 100"] if 1 < score.max() <= 100 else []
            raise BlendkitError(
                f"{self.path.name}: scores lie in [{score.min():g}, {score.max():g}], not in [0, 1]", way
            )
        return score

    def _covered(self, path: Path, classes: tuple[str, ...]) -> np.ndarray:
        """Return which classes the detector knows: a class that it cannot detect is not an absent one."""
        names = [n.split("_")[0] for n in read_class_names(path, column=1).names]
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


def birdnet_table(
    context: MemberContext,
    *,
    path: Tables,
    space: Literal["prob"] = "prob",
    empty: Factor = 0.0,
    pool: WindowPool = "max",
    label: str | None = None,
    score: str | None = None,
    synonyms: FilePath | None = None,
    knows: FilePath | None = None,
) -> DetectionMember:
    """BirdNET's result tables (CSV, Raven, Kaleidoscope, R, Parquet): one file, or a folder of them.

    path: the file or folder. space: of confidences, which are probabilities.

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
    unscored: Factor | None = None,
    empty: Factor = 0.0,
    pool: WindowPool = "max",
    synonyms: FilePath | None = None,
    knows: FilePath | None = None,
) -> DetectionMember:
    """Raven selection tables: one file, or a folder of them; a table that names no file is its recording's.

    path: the file or folder. space: of the scores in it.

    label, score: the columns to read, where they have other names than Raven and BirdNET give. unscored:
    what a selection without a score counts as. empty: what a chunk without a selection holds. knows: a list of
    the classes that were looked for: others are then not covered.
    """
    names = _path(synonyms), _path(knows)
    return DetectionMember(Path(path), space, context, label, score, unscored, empty, pool, *names)


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None
