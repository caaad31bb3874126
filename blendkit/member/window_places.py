"""Where a member's windows lie in a recording, what they hold, and how their scores become those of chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from blendkit.audio import (
    Decoded,
    Overlaps,
    Samples,
    cut,
    edges,
    frames_onto_chunks,
    onto_chunks,
    place,
    release,
    samples_at,
)
from blendkit.core import Float64, Int64, logit
from blendkit.errors import BlendkitError
from blendkit.member.protocol import BELOW_FLOAT32, TTA, MemberInfo
from blendkit.member.shift_mean import mean_of_moved
from blendkit.member.window_parts import parts_onto_chunks

_SAME_S = 0.0005  # a shift that far from whole frames is what was asked
_RELEASE = 64  # windows after which the memory of a long recording is let go


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
    tta: TTA,
) -> Float64:
    """Pool window scores onto chunks, recording by recording."""
    width = values.shape[1] // max(1, info.frames)
    parts, row = [np.empty((0, width))], 0
    for starts, pairs in placed:
        own = values[row : row + len(starts)]
        if pairs is not None and len(starts):
            parts.append(_pooled(own, info, chunk_s, starts, pairs, tta))
        row += len(starts)
    return np.concatenate(parts)


def _pooled(values: Float64, info: MemberInfo, chunk_s: float, starts: Int64, pairs: Overlaps, tta: TTA) -> Float64:
    if info.pool == "frames":
        return _frames(values, info, chunk_s, starts, pairs, tta)
    if info.pool == "parts":
        return parts_onto_chunks(values, info.frames, starts, pairs.chunks, chunk_s, info.rate)
    return onto_chunks(values, pairs, info.pool)


def _frames(values: Float64, info: MemberInfo, chunk_s: float, starts: Int64, pairs: Overlaps, tta: TTA) -> Float64:
    """Return logits (K, C) of frame probabilities (W, T * C), averaged over the moves of the chunks' frames."""
    size, bounds = samples_at(info.window_s, info.rate), edges(pairs.chunks, chunk_s, info.rate)
    frames = values.reshape(len(values), info.frames, -1)
    if tta.shifts_s == (0.0,) and not info.moves:
        return logit(frames_onto_chunks(frames, starts, size, bounds)[0], floor=BELOW_FLOAT32)
    moves = [m for m, _ in info.moves] or _whole_frames(tta, info)
    moved = frames_onto_chunks(frames, starts, size, bounds, [0, *moves])
    still, moved = moved[0], moved[1:]
    stayed = np.where(np.isnan(moved), still, moved)
    if info.moves:
        return mean_of_moved(stayed, [w for _, w in info.moves], "prob")
    return mean_of_moved(moved if tta.edge == "drop" else stayed, tta.shares, tta.mean)


def shift_notes(info: MemberInfo, tta: TTA) -> list[str]:
    """Return which shifts are others than asked, because frames of the pool `frames` move by whole frames.

    Raises BlendkitError for shifts and edges that frames cannot make.
    """
    if info.pool != "frames" or tta.shifts_s == (0.0,):
        return []
    if info.moves:
        raise BlendkitError("`frame_shift:` and `tta:` both move the frames of chunks: write one of them")
    frame_s = info.window_s / info.frames
    made = [(s, m * frame_s) for s, m in zip(tta.shifts_s, _whole_frames(tta, info), strict=True)]
    said = [f"{s:g} s is {m:.4g} s" for s, m in made if abs(s - m) > _SAME_S]
    return [f"a shift of {', of '.join(said)}, on frames of {frame_s:.4g} s"] if said else []


def _whole_frames(tta: TTA, info: MemberInfo) -> list[int]:
    """Return the shifts in frames. Raises BlendkitError for one that is less than half a frame, and for other edges."""
    frame_s = info.window_s / info.frames
    moves = [round(s / frame_s) for s in tta.shifts_s]
    problems = [f"a shift of {s:g} s is less than half a frame of {frame_s:.4g} s"
                for s, m in zip(tta.shifts_s, moves, strict=True) if s and not m]  # fmt: skip
    if tta.edge not in ("drop", "clamp"):
        problems.append(f"frames that leave the recording are left out (`drop`) or stay (`clamp`), got {tta.edge!r}")
    if problems:
        raise BlendkitError("tta does not fit the pool `frames`", problems)
    return moves


def cut_windows(
    jobs: Sequence[RecordingAudio], starts: Sequence[Int64], size: int, rate: int, tta: TTA
) -> Iterator[tuple[int, int, Samples]]:
    """Yield (row, number of the shift, samples (size,)) for every window and shift.

    starts: first samples of each recording's windows.
    """
    shifts = [(s, samples_at(s, rate), i) for i, s in enumerate(tta.shifts_s)]
    row = 0
    for job, own in zip(jobs, starts, strict=True):
        samples = job.audio.samples
        for start in own.tolist():
            silent = start >= len(samples)  # the window starts after the audio: a shift would bring in other audio
            for shift_s, shift, number in shifts:
                outside = start + shift < 0 or start + shift + size > len(samples)
                if shift_s != 0 and ((outside and tta.edge == "drop") or silent):
                    continue
                if tta.edge == "roll":
                    yield row, number, np.roll(cut(samples, start, size), -shift)
                elif outside:  # the unshifted window is always zero-padded
                    yield row, number, cut(samples, start + shift, size, tta.edge if shift_s != 0 else "zero")
                else:  # copied by the caller alone
                    yield row, number, samples[start + shift : start + shift + size]
            row += 1
            if row % _RELEASE == 0:
                release(samples)
        release(samples)
