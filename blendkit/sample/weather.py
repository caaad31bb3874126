"""Background noise with rain or wind: how often it is bad weather, and how it sounds."""

from __future__ import annotations

import numpy as np

from blendkit.sample.call_waveforms import Wave, decibels, filtered, pink_noise, unit_rms
from blendkit.sample.config import SAMPLE_RATE


def background(samples: int, rng: np.random.Generator) -> Wave:
    """Return pink-ish noise near unit RMS, with rain or wind now and then: (samples,)."""
    wave = pink_noise(samples, rng)
    weather, (start, stop) = rng.random(), np.sort(rng.integers(0, samples, size=2))
    if weather < 0.3 and stop > start:
        gust = (rain if weather < 0.15 else wind)(int(stop - start), rng)
        wave[start:stop] += gust * decibels(rng.uniform(-8, 4))
    return wave


def rain(samples: int, rng: np.random.Generator) -> Wave:
    """Return broadband rain of unit RMS: a hiss with drops in it, (samples,)."""
    hiss = rng.standard_normal(samples, dtype=np.float32)
    drops = hiss * (rng.random(samples, dtype=np.float32) < 0.002) * np.float32(20)
    return unit_rms(hiss + drops)


def wind(samples: int, rng: np.random.Generator) -> Wave:
    """Return low, slowly swelling wind of unit RMS: (samples,)."""
    low = filtered((0.03,), (1.0, -0.97), rng.standard_normal(samples, dtype=np.float32))
    seconds = np.arange(samples, dtype=np.float32) / np.float32(SAMPLE_RATE)
    swell = 1 + np.float32(0.7) * np.sin(2 * np.pi * np.float32(rng.uniform(0.2, 0.6)) * seconds)
    return unit_rms(low * swell)
