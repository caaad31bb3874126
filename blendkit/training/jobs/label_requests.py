"""What the user asks of pseudo-labels: whose scores, which gates, and what the teacher is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from blendkit.core import Space
from blendkit.engine import DataFolders
from blendkit.scoring import CPU_ONLY, Runtime
from blendkit.training.settings import GateRules, require_finite


@dataclass(frozen=True)
class TeacherSource:
    """Whose scores become labels: a recipe (run on `audio`, a folder below `data`) or a score file.

    data: one folder or several, in the order in which they are searched. stream: of the recipe, default its output;
    overrides: of the recipe; space: what a score file's values are; saw: a label file of what the teacher also learned
    from.
    """

    source: str
    data: DataFolders = None
    audio: str = "unlabelled_soundscapes"
    stream: str | None = None
    space: Space | None = None
    saw: Path | None = None
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class GateChoice:
    """Which cells count as labels: by rules, and by what must be found first or compared.

    precision: per class, its threshold on out-of-fold scores; agree: `STREAM=RANK`, another stream's percentile rank
    must reach it.
    """

    rules: GateRules = GateRules()
    precision: float | None = None
    agree: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse nan and infinity."""
        require_finite(self)


@dataclass(frozen=True)
class TeacherCheck:
    """What a teacher is measured on: its out-of-fold scores and their labels, for `precision` and the inflation.

    oof: one score file per split of the recordings into folds; a threshold must hold in each of them.

    seen_audio: a folder of the labelled recordings below the recipe's data, which the teacher scores as it is.
    """

    oof: tuple[str, ...] = ()
    oof_space: Literal["logit", "prob"] = "logit"
    labels: Path | None = None
    seen_audio: str | None = None


@dataclass(frozen=True)
class PseudoLabelRequest:
    """Pseudo-labels to make. allow_seen: also of recordings that the teacher learned from."""

    out: Path
    teacher: TeacherSource
    gates: GateChoice = GateChoice()
    check: TeacherCheck = TeacherCheck()
    allow_seen: bool = False
    runtime: Runtime = CPU_ONLY
