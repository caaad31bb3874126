"""Sites and hours, and how much each species prefers them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from blendkit.sample.config import Part, Purpose, WorldConfig
from blendkit.sample.species import SPECIES

DrawWeights = npt.NDArray[np.float64]

_HOURS = np.arange(24)


def site_weights(config: WorldConfig, split: Part) -> DrawWeights:
    """Return each species' preference for each site: (classes, 2 * sites), mean 1; the second half is unseen sites."""

    def draw(*index: int) -> DrawWeights:
        weights = config.rng(Purpose.SITES, *index).gamma(0.7, size=(len(SPECIES), 2, config.sites)) + 0.02
        return np.reshape(weights / weights.mean(axis=2, keepdims=True), (len(SPECIES), -1))

    return _mix(draw(0), draw(1), config, split)


def hour_weights(config: WorldConfig, split: Part) -> DrawWeights:
    """Return each species' diel activity: (classes, 24 UTC hours), mean 1, circular."""

    def draw(*index: int) -> DrawWeights:
        peaks = config.rng(Purpose.HOURS, *index).uniform(0, 24, size=(len(SPECIES), 1))
        activity = np.exp(1.6 * np.cos((_HOURS - peaks) * np.pi / 12))
        return np.asarray(activity / activity.mean(axis=1, keepdims=True))

    return _mix(draw(0), draw(1), config, split)


def draw_site(config: WorldConfig, split: Part, rng: np.random.Generator) -> int:
    """Draw a recording's site number, from 0; sites from `config.sites` on are unseen in training."""
    site, unseen = int(rng.integers(config.sites)), rng.random() < config.shift
    return site + config.sites if split is Part.TEST and unseen else site


def draw_hour(config: WorldConfig, split: Part, rng: np.random.Generator) -> int:
    """Draw a recording's UTC hour: training favours the small hours, shifted test the late afternoon."""
    early, late = (np.exp(0.7 * np.cos((_HOURS - peak) * np.pi / 12)) for peak in (4, 18))
    odds = _mix(early / early.sum(), late / late.sum(), config, split)
    return int(rng.choice(24, p=odds / odds.sum()))


def site_level(config: WorldConfig, site: int) -> float:
    """Return the background RMS of a site, in full-scale units."""
    return float(config.rng(Purpose.SITE_LEVELS, site).uniform(0.008, 0.02))


def _mix(train: DrawWeights, redrawn: DrawWeights, config: WorldConfig, split: Part) -> DrawWeights:
    share = config.shift if split is Part.TEST else 0.0
    return (1 - share) * train + share * redrawn
