"""Where a member's windows lie in a recording, what they hold, and how their scores become those of chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

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
    release,
    samples_at,
)
from blendkit.core import Float64, Int64, logit
from blendkit.errors import BlendkitError
from blendkit.member.protocol import BELOW_FLOAT32, TTA, MemberInfo
from blendkit.member.shift_mean import mean_of_moved
from blendkit.member.window_parts import parts_onto_chunks

_SAME_S = 0.0005  # a shift that far from whole frames is what was asked
_MINUTE_S = 60.0
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


@dataclass(frozen=True, slots=True)
class WindowPlace:
    """Where a window's samples come from: equal places are equal samples.

    job: the number of the recording in its group; first: the window's first sample; edge: how what lies outside the
    recording is filled, "" for a window inside; roll: by how many samples the window is rolled within itself.
    """

    job: int
    first: int
    edge: Edge | Literal[""] = ""
    roll: int = 0


def shifted_places(
    jobs: Sequence[RecordingAudio], starts: Sequence[Int64], size: int, rate: int, tta: TTA
) -> Iterator[tuple[int, int, WindowPlace]]:
    """Yield (row, number of the shift, place) for every window of `size` samples and shift.

    starts: first samples of each recording's windows.
    """
    shifts = [(i, s != 0, samples_at(s, rate)) for i, s in enumerate(tta.shifts_s)]
    row = 0
    for number, (job, own) in enumerate(zip(jobs, starts, strict=True)):
        length = len(job.audio.samples)
        for start in own.tolist():
            for i, moved, shift in shifts:
                if moved and start >= length:
                    continue  # the window starts after the audio: a shift would bring in other audio
                # the unshifted window is always zero-padded
                place = _place(number, start, shift, tta.edge if moved else "zero", size, length)
                if place is not None:
                    yield row, i, place
            row += 1


def all_places(
    info: MemberInfo, jobs: Sequence[RecordingAudio], starts: Sequence[Int64], tta: TTA
) -> Iterator[tuple[int, int, WindowPlace]]:
    """Yield the windows of a group at all shifts; shifts of frames need no further windows."""
    over = TTA() if info.pool == "frames" else tta
    return shifted_places(jobs, starts, samples_at(info.window_s, info.rate), info.rate, over)


def passes_of(info: MemberInfo, chunk_s: float, tta: TTA) -> float:
    """Return how many windows a member is given with its shifts, for one without them: of a recording of a minute."""
    chunks = max(1, round(_MINUTE_S / chunk_s))
    samples = np.broadcast_to(np.float32(0), round(chunks * chunk_s * info.rate))
    jobs = [RecordingAudio("", Decoded(samples, info.rate, chunks * chunk_s, "ok"), chunks)]
    return windows_in(info, chunk_s, jobs, tta) / windows_in(info, chunk_s, jobs, TTA())


def windows_in(info: MemberInfo, chunk_s: float, jobs: Sequence[RecordingAudio], tta: TTA) -> int:
    """Return how many distinct windows a group has, over all shifts: so many are given to a member at most."""
    starts = [place_windows(info, chunk_s, j.chunks)[0] for j in jobs]
    return len({place for _, _, place in all_places(info, jobs, starts, tta)})


def _place(job: int, start: int, shift: int, edge: Edge, size: int, length: int) -> WindowPlace | None:
    """Return where a window lies that is moved by `shift` samples; None if that shift is left out."""
    if edge == "roll":
        return WindowPlace(job, start, "" if start + size <= length else "zero", shift)
    first = start + shift
    if edge == "clamp":
        first = max(0, min(first, length - size))
    if first >= 0 and first + size <= length:
        return WindowPlace(job, first)
    return None if edge == "drop" else WindowPlace(job, first, "zero" if edge == "clamp" else edge)


def cut_windows(
    jobs: Sequence[RecordingAudio],
    places: Iterable[tuple[int, int, WindowPlace]],
    size: int,
    known: Callable[[WindowPlace], bool],
) -> Iterator[tuple[int, int, WindowPlace, Samples | None]]:
    """Yield (row, number of the shift, place, samples (size,)) of every place; None for samples that are known."""
    last = 0
    for row, shift, at in places:
        samples = jobs[at.job].audio.samples
        if row >= last + _RELEASE:
            last = row
            release(samples)
        yield row, shift, at, None if known(at) else _samples(samples, at, size)
    for job in jobs:
        release(job.audio.samples)


def _samples(samples: Samples, at: WindowPlace, size: int) -> Samples:
    inside = samples[at.first : at.first + size]  # copied by the caller alone
    window = cut(samples, at.first, size, at.edge) if at.edge else inside
    return np.roll(window, -at.roll) if at.roll else window
