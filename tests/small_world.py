"""The size of the sample world that tests share."""

from __future__ import annotations

from blendkit.sample.config import WorldConfig

SMALL = WorldConfig(train_recordings=6, test_recordings=3, focal_clips=3, unlabelled=2, train_audio=True)
