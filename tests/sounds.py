"""Sounds, and files of them as bytes that a test can damage."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from blendkit.audio.decoding import decode

RATE = 32000
FLAC_TOTAL = 21  # RFC 9639: STREAMINFO holds 36 bits of total samples, from the low half of this byte on


def noise(seconds: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    return (0.3 * np.random.default_rng(seed).standard_normal(round(seconds * rate))).astype(np.float32)


def tone(seconds: float, hz: float, rate: int = RATE) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def encoded(samples: np.ndarray, kind: str, subtype: str | None = None, rate: int = RATE) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=kind, subtype=subtype)
    return buffer.getvalue()


def flac_total(data: bytes, total: int) -> bytes:
    head = bytes([data[FLAC_TOTAL] & 0xF0 | total >> 32]) + (total & 0xFFFFFFFF).to_bytes(4, "big")
    return data[:FLAC_TOTAL] + head + data[FLAC_TOTAL + 5 :]


def read(folder: Path, name: str, data: bytes) -> Any:
    path = folder / name
    path.write_bytes(data)
    return decode(path)


def loudest_hz(samples: np.ndarray, rate: int) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples))
