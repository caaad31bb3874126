"""The backbone's front end: a bank of Gabor filters that gives a log power spectrogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blendkit.sample.call_waveforms import pink_noise
from blendkit.sample.config import CHUNK_SAMPLES, SAMPLE_RATE, Purpose, WorldConfig
from blendkit.sample.onnx_pieces import Piece, constant, conv, node

WINDOW, HOP, BANDS, FRAMES = 640, 320, 64, 500
_PAD = (WINDOW - HOP) // 2  # on both sides: exactly 500 frames from 160,000 samples
_OFFSET = 1e-7  # keeps the log finite in digital silence

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FrontEnd:
    """`filters` (128, 640), cosines before sines; `mean` and `std` (64,) of the log power per band."""

    filters: Floats
    mean: Floats
    std: Floats


def front_end(config: WorldConfig) -> FrontEnd:
    """Return the filters and the fixed normalisation, measured on background noise at several levels."""
    filters = gabor_filters()
    levels = (0.008, 0.012, 0.016, 0.02)
    noise = [pink_noise(CHUNK_SAMPLES, config.rng(Purpose.NORMALISATION, i)) * rms for i, rms in enumerate(levels)]
    logs = np.concatenate([_log_power(filters, wave.astype(np.float64)) for wave in noise])
    return FrontEnd(filters, logs.mean(axis=0), logs.std(axis=0))


def gabor_filters() -> Floats:
    """Return cosine and sine filters with mel-spaced centres from 150 Hz to 14 kHz: (128, 640)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (150, 14_000))
    centres = 700 * (10 ** (np.linspace(low, high, BANDS) / 2595) - 1)
    width = np.maximum(np.gradient(centres), SAMPLE_RATE / WINDOW)
    seconds = (np.arange(WINDOW) - (WINDOW - 1) / 2) / SAMPLE_RATE
    # A filter as wide as the spacing of the bands leaves no gap between them at high pitch.
    sigma = np.minimum(0.45 / width, WINDOW / SAMPLE_RATE / 5)[:, None]
    envelope = np.exp(-0.5 * (seconds / sigma) ** 2)
    phase = 2 * np.pi * centres[:, None] * seconds
    pairs = np.concatenate([envelope * np.cos(phase), envelope * np.sin(phase)])
    return np.asarray(pairs / np.sqrt(np.sum(pairs**2, axis=1, keepdims=True)))


def front_end_piece(parts: FrontEnd) -> Piece:
    """Return the graph from `inputs` (batch, 160000) to `spectrogram` (batch, 500, 64)."""
    weight = parts.filters[:, None, :].astype(np.float32)
    zeros = np.zeros(2 * BANDS, dtype=np.float32)
    power = (
        constant("front_axis", [1], np.int64)
        .then(node("Unsqueeze", ["inputs", "front_axis"], "front_wave"))
        .then(conv("front_wave", "front_filtered", weight, zeros, strides=[HOP], pads=[_PAD, _PAD]))
        .then(node("Mul", ["front_filtered", "front_filtered"], "front_squared"))
        .then(constant("front_pairs", [0, 2, BANDS, FRAMES], np.int64))
        .then(node("Reshape", ["front_squared", "front_pairs"], "front_paired"))
        .then(node("ReduceSum", ["front_paired", "front_axis"], "front_power", keepdims=0))
    )
    return (
        power.then(constant("front_offset", _OFFSET))
        .then(node("Add", ["front_power", "front_offset"], "front_floored"))
        .then(node("Log", ["front_floored"], "front_log"))
        .then(node("Transpose", ["front_log"], "front_frames", perm=[0, 2, 1]))
        .then(constant("front_mean", parts.mean))
        .then(node("Sub", ["front_frames", "front_mean"], "front_centred"))
        .then(constant("front_scale", 1 / parts.std))
        .then(node("Mul", ["front_centred", "front_scale"], "spectrogram"))
    )


def _log_power(filters: Floats, wave: Floats) -> Floats:
    padded = np.pad(wave, _PAD)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    power = np.sum(np.square(frames @ filters.T).reshape(len(frames), 2, BANDS), axis=1)
    return np.asarray(np.log(power + _OFFSET))
