"""Decoding of whole recordings, damaged ones included."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from blendkit.audio.ogg import Segment, intact_segments, is_truncated
from blendkit.audio.scratch import block_size, lies_on_disk, sample_buffer
from blendkit.core import MIN_REMAINDER_S, Float32

MIN_RATE = 1000  # Hz; no recorder of animals is slower, so a lower rate means a broken header

Samples = Float32
Status = Literal["ok", "padded", "short", "holed", "unreadable", "empty", "silent"]


@dataclass(frozen=True, eq=False)
class Decoded:
    """Mono float32 samples of a whole recording at `rate` Hz, and its decoding status.

    status: `ok`; `padded` (its last chunk is zero-padded); `short` (the file is cut off, or gives less
    than the expected duration); `holed` (lost stretches are silence, nothing shifts in time);
    `unreadable`; `empty` (no whole second); `silent` (no audio at all, rows without a file).
    duration_s is the real length in seconds.
    """

    samples: Samples
    rate: int
    duration_s: float
    status: Status
    note: str = ""


def probe_duration(path: Path) -> float | None:
    """Return a file's stated duration in seconds, None if its header cannot be read."""
    import soundfile

    try:
        info = soundfile.info(str(path))
    except (OSError, RuntimeError):
        return None
    return float(info.frames / info.samplerate)


def decode(path: Path, scratch: Path | None = None) -> Decoded:
    """Decode a whole file to mono (mean of channels) at its own rate.

    Lost stretches of a damaged Ogg file are found by its page numbers and become silence at their
    true place; a decoder alone would let all later audio slip forward. scratch: a folder for the samples
    of recordings longer than half an hour, which are then mapped from disk; memory stays flat.
    """
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as handle:
            stated, rate, channels = handle.frames, handle.samplerate, handle.channels
            samples, finite = _read(handle, scratch)
            segments = intact_segments(path, rate)
            if segments and len(samples):
                return _decode_segments(segments, rate, scratch)
            if 0 < len(samples) < stated:
                return _cut_short(samples, stated, rate)
    except (OSError, RuntimeError, MemoryError) as error:  # a broken header can claim any size
        reason = str(error).replace(str(path), path.name)
        return Decoded(np.zeros(0, np.float32), 0, 0.0, "unreadable", reason)
    seconds = len(samples) / rate
    if not finite:
        return Decoded(np.zeros(0, np.float32), rate, 0.0, "unreadable", "samples are not finite")
    if rate < MIN_RATE:
        return Decoded(np.zeros(0, np.float32), rate, 0.0, "unreadable", f"a sample rate of {rate} Hz")
    if seconds < MIN_REMAINDER_S:
        return Decoded(samples, rate, seconds, "empty", f"{seconds:.3f} s of audio")
    if is_truncated(path):
        return Decoded(samples, rate, seconds, "short", f"the file is cut off after {seconds:.3f} s")
    return Decoded(samples, rate, seconds, "ok", f"{channels} channels averaged" if channels > 2 else "")


def _read(handle: Any, scratch: Path | None) -> tuple[Samples, bool]:
    """Return all samples as mono, and whether they are finite; long recordings are read block by block."""
    if not lies_on_disk(handle.frames, handle.samplerate, scratch):
        samples = _mono(handle.read(dtype="float32", always_2d=True))
        return samples, bool(np.isfinite(samples).all())
    out, at, finite = sample_buffer(handle.frames, handle.samplerate, scratch), 0, True
    for frames in handle.blocks(block_size(handle.samplerate), dtype="float32", always_2d=True):
        out[at : at + len(frames)] = _mono(frames)
        finite = finite and bool(np.isfinite(frames).all())
        at += len(frames)
    return out[:at], finite


def silence(duration_s: float, rate: int, status: Status, note: str) -> Decoded:
    """Return digital silence in place of missing audio."""
    return Decoded(np.zeros(round(duration_s * rate), np.float32), rate, duration_s, status, note)


def fit_duration(decoded: Decoded, expected_s: float) -> Decoded:
    """Return a recording that lacks at least half a second of its expected duration with the status `short`.

    Its missing chunks are silence. One that is `holed`, `unreadable` or `silent` keeps its status.
    """
    missing = expected_s - decoded.duration_s
    if missing < 0.5 or decoded.status in ("unreadable", "silent"):
        return decoded
    status: Status = "short" if decoded.status in ("ok", "padded", "empty") else decoded.status
    note = "; ".join(filter(None, [decoded.note, f"{decoded.duration_s:.3f} s of the expected {expected_s:g} s"]))
    return Decoded(decoded.samples, decoded.rate, decoded.duration_s, status, note)


def _mono(frames: Float32) -> Samples:
    return frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1, dtype=np.float32)


def _cut_short(samples: Samples, stated: int, rate: int) -> Decoded:
    """Return a recording that gave fewer samples than its header states, with no page numbers to find the loss."""
    note = f"{len(samples) / rate:.3f} s of the stated {stated / rate:.3f} s could be decoded"
    return Decoded(samples, rate, stated / rate, "holed", note)


def _decode_segments(segments: Sequence[Segment], rate: int, scratch: Path | None) -> Decoded:
    """Decode each intact stretch by itself and put it at its true place; the lost stretches stay silent."""
    import soundfile

    out = sample_buffer(segments[-1].end, rate, scratch)
    recovered = 0
    for segment in segments:
        try:
            with soundfile.SoundFile(io.BytesIO(segment.data)) as handle:
                samples = _mono(handle.read(dtype="float32", always_2d=True))[-segment.end :]
        except (OSError, RuntimeError):
            continue
        out[segment.end - len(samples) : segment.end] = samples
        recovered += len(samples)
    note = f"{(len(out) - recovered) / rate:.3f} s unreadable, replaced by silence"
    return Decoded(out, rate, len(out) / rate, "holed", note)
