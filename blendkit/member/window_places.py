"""Where a member's windows lie in a recording, what they hold, and how their scores become those of chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from blendkit.audio import (
    Decoded,
    Edge,
    Overlaps,
    Samples,
    cut,
    edges,
    frames_onto_chunks,
    onto_chunks,
    place,
    samples_at,
)
from blendkit.core import Float64, Int64, logit
from blendkit.member.protocol import TTA, MemberInfo

BELOW_FLOAT32 = 2.0**-150  # stands for an exact 0: half of float32's smallest positive value


@dataclass(frozen=True, eq=False)
class RecordingAudio:
    """A recording to score: its id, audio at the member's rate, and its number of chunks."""

    recording: str
    audio: Decoded
    chunks: int


def hop_of(info: MemberInfo) -> float:
    """Return the seconds from one window to the next."""
    return info.window_s if info.hop_s is None else info.hop_s


def windows_are_chunks(info: MemberInfo, chunk_s: float) -> bool:
    """Return whether every window is one chunk, so that its scores are the chunk's."""
    return info.pool != "frames" and info.window_s == chunk_s and info.hop_s in (None, chunk_s)


def place_windows(info: MemberInfo, chunk_s: float, chunks: int) -> tuple[Int64, Overlaps | None]:
    """Return a recording's first samples of windows, and their overlaps with chunks, None if windows are chunks."""
    bounds = edges(chunks, chunk_s, info.rate)
    if windows_are_chunks(info, chunk_s):
        return bounds[:-1], None
    return place(bounds, info.window_s, hop_of(info), info.rate, info.anchor)


def pool_windows(
    values: Float64,
    info: MemberInfo,
    chunk_s: float,
    placed: Sequence[tuple[Int64, Overlaps | None]],
) -> Float64:
    """Pool window scores onto chunks, recording by recording."""
    width = values.shape[1] // max(1, info.frames)
    parts, row = [np.empty((0, width))], 0
    for starts, pairs in placed:
        own = values[row : row + len(starts)]
        if pairs is not None and len(starts):
            parts.append(_frames(own, info, chunk_s, starts, pairs) if info.pool == "frames" else
                         onto_chunks(own, pairs, info.pool))  # fmt: skip
        row += len(starts)
    return np.concatenate(parts)


def _frames(values: Float64, info: MemberInfo, chunk_s: float, starts: Int64, pairs: Overlaps) -> Float64:
    """Return logits (K, C) of frame probabilities (W, T * C)."""
    size, bounds = samples_at(info.window_s, info.rate), edges(pairs.chunks, chunk_s, info.rate)
    frames = values.reshape(len(values), info.frames, -1)
    return logit(frames_onto_chunks(frames, starts, size, bounds), floor=BELOW_FLOAT32)


def cut_windows(
    jobs: Sequence[RecordingAudio], starts: Sequence[Int64], size: int, rate: int, tta: TTA
) -> Iterator[tuple[int, Samples]]:
    """Yield (row, samples (size,)) for every window and shift; starts: first samples of each recording's windows."""
    shifts = [(s, samples_at(s, rate)) for s in tta.shifts_s]
    row = 0
    for job, own in zip(jobs, starts, strict=True):
        samples = job.audio.samples
        for start in own.tolist():
            silent = start >= len(samples)  # the window starts after the audio: a shift would bring in other audio
            for shift_s, shift in shifts:
                first = start + shift
                outside = first < 0 or first + size > len(samples)
                if shift_s != 0 and ((outside and tta.edge == "drop") or silent):
                    continue
                # the unshifted window is always zero-padded; a window that lies inside is copied by the caller alone
                edge: Edge = tta.edge if shift_s != 0 else "zero"
                yield row, cut(samples, first, size, edge) if outside else samples[first : first + size]
            row += 1
