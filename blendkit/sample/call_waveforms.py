"""Waveforms: calls and background noise, 32 kHz mono float32."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from blendkit.sample.config import CHUNK_SECONDS, SAMPLE_RATE
from blendkit.sample.species import SpeciesCall

Wave = npt.NDArray[np.float32]

# Poles and zeros of the usual three-stage approximation of a 1/f spectrum.
_PINK_B = (0.049922035, -0.095993537, 0.050612699, -0.004408786)
_PINK_A = (1.0, -2.494956002, 2.017265875, -0.522189400)


def pulse(call: SpeciesCall, rng: np.random.Generator) -> Wave:
    """Synthesise one pulse of a call with a peak near 1: (samples,)."""
    n = max(8, round(call.pulse_s * SAMPLE_RATE))
    ramp = np.arange(n) / n
    hz = call.base_hz + call.sweep_hz * ramp
    # A random walk of the phase widens each harmonic, as a harsh voice does.
    walk = np.cumsum(rng.standard_normal(n)) * (0.25 * call.rough)
    phase = 2 * np.pi * np.cumsum(hz) / SAMPLE_RATE + walk
    partials = [0.6**h * np.sin((h + 1) * phase) for h in range(call.harmonics)]
    return np.asarray(np.sum(partials, axis=0) * np.sin(np.pi * ramp), dtype=np.float32)


def phrase(call: SpeciesCall, rng: np.random.Generator) -> Wave:
    """Synthesise one phrase, at most 5 s: (samples,), unit RMS over its sounding pulses."""
    wave = np.zeros(round(call.seconds * SAMPLE_RATE) + 8, dtype=np.float32)
    one = pulse(call, rng)
    for i in range(call.pulses):
        start = round(i / call.rate * SAMPLE_RATE)
        part = one[: len(wave) - start]
        wave[start : start + len(part)] += part * np.float32(rng.uniform(0.6, 1.0))
    return wave[: CHUNK_SECONDS * SAMPLE_RATE] / np.float32(np.sqrt(np.mean(one**2)))


def pink_noise(samples: int, rng: np.random.Generator) -> Wave:
    """Return pink-ish noise of unit RMS: (samples,)."""
    white = rng.standard_normal(samples, dtype=np.float32)
    return unit_rms(filtered(_PINK_B, _PINK_A, white) + np.float32(0.02) * white)


def filtered(zeros: tuple[float, ...], poles: tuple[float, ...], wave: Wave) -> Wave:
    """Filter a wave recursively in single precision: (samples,)."""
    from scipy.signal import lfilter

    b, a = (np.array(coefficients, dtype=np.float32) for coefficients in (zeros, poles))
    return np.asarray(lfilter(b, a, wave), dtype=np.float32)


def unit_rms(wave: Wave) -> Wave:
    """Scale a wave to an RMS of 1: (samples,)."""
    return wave / np.float32(np.sqrt(np.mean(np.square(wave))) + 1e-12)


def clipped(wave: Wave) -> Wave:
    """Clip a wave to [-1, 1], as a recorder does: (samples,)."""
    return np.asarray(np.clip(wave, -1, 1), dtype=np.float32)


def decibels(db: float) -> np.float32:
    """Return the amplitude factor of a level in dB."""
    return np.float32(10 ** (db / 20))
