"""What the user asks of a head: rows, architecture, schedule, mixture, folds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from blendkit.training.settings import HeadChoice, Mixture, Schedule


@dataclass(frozen=True)
class TrainingRows:
    """What a head learns from.

    features: stores of clips, one folder per class, and of mixed copies of these clips; soundscapes and labels: a store
    of soundscapes and its label file; taxonomy: the target classes (default: the clip folders and labels); pseudo: a
    folder of pseudo-labels, and unlabelled the store of those recordings.
    group: a regular expression, clips with the same match share a fold; with metadata (a table with a line per
    recording) a column of it, for clips and soundscapes. soundscape_group: `site`, `day` or `site-day`, or a regular
    expression, by the names of soundscapes. secondary: what the classes in the column secondary_labels of the metadata
    are for a clip.
    """

    features: tuple[Path, ...] = ()
    soundscapes: Path | None = None
    labels: Path | None = None
    taxonomy: Path | None = None
    group: str | None = None
    metadata: Path | None = None
    soundscape_group: str | None = None
    secondary: Literal["positive", "mask", "ignore"] = "ignore"
    pseudo: Path | None = None
    unlabelled: Path | None = None

    @property
    def labelled(self) -> list[Path]:
        """The stores of labelled rows: clips, then soundscapes."""
        return [*self.features, *([self.soundscapes] if self.soundscapes else [])]


@dataclass(frozen=True)
class HeadRequest:
    """A head to fit: on which rows, which head, how long and in what mixture, in how many folds and seeds.

    probe: a probe.json, whose blocks and, for scalarmix, whose weights are the start. against: folders of other fits
    on the same rows. allow_seen: count rows that a pseudo-labelling teacher learned from.
    """

    out: Path
    rows: TrainingRows = TrainingRows()
    head: HeadChoice = HeadChoice()
    schedule: Schedule = Schedule()
    mixture: Mixture = Mixture()
    folds: int = 5
    seeds: int = 1
    seed: int = 0
    probe: Path | None = None
    against: tuple[Path, ...] = ()
    allow_seen: bool = False
