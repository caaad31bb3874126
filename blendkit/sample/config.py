"""The settings of a sample world."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

FORMAT_VERSION = 4
SAMPLE_RATE = 32_000  # Hz
CHUNK_SECONDS = 5
CHUNK_SAMPLES = SAMPLE_RATE * CHUNK_SECONDS


class Purpose(IntEnum):
    """One random stream per purpose, so that drawing more of one thing never changes another."""

    SITES = 1
    HOURS = 2
    SITE_LEVELS = 3
    PLAN = 4
    TOP_UP = 5
    AUDIO = 6
    PARTIAL = 7
    TEMPLATE = 8
    EXTERNAL = 9
    FOCAL = 10
    WEIGHTS = 11
    NORMALISATION = 12
    DRAWN_CALLS = 13
    FOLDS = 14


class Part(IntEnum):
    """The parts of the world; unlabelled recordings are drawn like the training ones, but have no labels."""

    TRAIN = 0
    TEST = 1
    UNLABELLED = 2

    @property
    def title(self) -> str:
        """The word used in file names: `Train`, `Test` or `Unlabelled`."""
        return self.name.capitalize()


@dataclass(frozen=True)
class WorldConfig:
    """Everything that determines a sample world.

    `seconds` is the length of a recording and a multiple of 5; `sites` counts the training sites.
    `shift` in [0, 1] says how strongly site and hour preferences differ between training and test: at 0
    the test sites and hours are drawn like the training ones and every species keeps its preferences; at 1
    no test site occurs in training and all preferences are drawn again. `focal_clips` is the number of clean
    5 s clips per sound that the models are fitted on; `train_audio` writes those of the target classes as files.
    `unlabelled` is the number of recordings without labels; one head is also fitted on pseudo-labels of them.
    """

    seed: int = 7
    train_recordings: int = 24
    test_recordings: int = 16
    seconds: int = 60
    sites: int = 6
    shift: float = 0.3
    focal_clips: int = 8
    unlabelled: int = 4
    train_audio: bool = False

    def __post_init__(self) -> None:
        if self.seconds < CHUNK_SECONDS or self.seconds % CHUNK_SECONDS:
            raise ValueError(f"seconds must be a positive multiple of {CHUNK_SECONDS}, got {self.seconds}")
        if not 0 <= self.shift <= 1:
            raise ValueError(f"shift must lie in [0, 1], got {self.shift}")
        if self.seed < 0 or min(self.sites, self.test_recordings, self.unlabelled) < 1:
            raise ValueError("seed must be >= 0; sites, test_recordings and unlabelled must be >= 1")
        if self.train_recordings < 3 or self.focal_clips < 2:
            raise ValueError("train_recordings must be >= 3 (three folds) and focal_clips >= 2")

    @property
    def chunks(self) -> int:
        """5 s chunks per recording."""
        return self.seconds // CHUNK_SECONDS

    def rng(self, purpose: Purpose, *index: int) -> np.random.Generator:
        """Return the generator of one purpose, and of one item within it."""
        return np.random.default_rng([self.seed, int(purpose), *index])

    def recordings(self, split: Part) -> int:
        """Return the number of recordings of a split."""
        return (self.train_recordings, self.test_recordings, self.unlabelled)[split]
