"""Scoring of windows by members: cutting, batching over recordings and shifts, pooling onto chunks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

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
    samples_at,
)
from blendkit.core import Float32, Float64, Int64, logit
from blendkit.errors import BlendkitError, broken
from blendkit.member.non_finite import fill_lost, lost_by_recording
from blendkit.member.protocol import BELOW_FLOAT32, TTA, FeatureMember, FrontedMember, Member, MemberInfo
from blendkit.member.shift_mean import ShiftMean, mean_of_moved

CallModel = Callable[[Float32], Sequence[Float32]]


@dataclass(frozen=True, eq=False)
class RecordingAudio:
    """A recording to score: its id, audio at the member's rate, and its number of chunks."""

    recording: str
    audio: Decoded
    chunks: int


def check_window(name: str, info: MemberInfo, chunk_s: float) -> None:
    """Raise BlendkitError if a member's windows cannot make up chunks of `chunk_s` seconds."""
    hop_s = _hop(info)
    whole = {"rate": info.rate, "window": info.window_s, "hop": hop_s}
    bad = [f"{k} is {v:g}" for k, v in whole.items() if not v > 0]
    if not bad and hop_s > info.window_s:
        bad = [f"its hop of {hop_s:g} s leaves gaps between windows of {info.window_s:g} s"]
    if not bad and chunk_s <= 0:
        bad = [f"chunks are {chunk_s:g} s"]
    if not bad and (info.pool == "frames") != (info.frames > 0):
        bad = [f"it pools by {info.pool!r} and gives {info.frames} frames a window"]
    if bad:
        raise BlendkitError(f"member {name!r}: unusable windows", bad)


def score_jobs(member: Member, jobs: Sequence[RecordingAudio], chunk_s: float, tta: TTA) -> Float32:
    """Return logits (sum of chunks, C) of a group of recordings, averaged over the shifts.

    Windows are cut from the recording's own audio and batched over recordings and shifts; a batch
    never leaves the group, so a group always gives the same bits. Shifts are averaged,
    then windows that differ from chunks are pooled onto them.
    """
    return score_together([member], jobs, chunk_s, tta).values[0]


def same_front_end(member: Member) -> object:
    """Return a key that members share if their windows and their front end are the same."""
    info = member.info
    front = member.front if isinstance(member, FrontedMember) else id(member)
    return info.rate, info.window_s, _hop(info), info.anchor, info.pool, info.batch, front


@dataclass(frozen=True, eq=False)
class GroupScores:
    """The scores of a group of recordings.

    values: per member (sum of chunks, C) logits; lost: per member how many windows of which recordings gave NaN or
    infinite values at one shift or more; seconds: spent inside the members.
    """

    values: list[Float32]
    lost: list[dict[str, int]]
    seconds: float


def score_together(members: Sequence[Member], jobs: Sequence[RecordingAudio], chunk_s: float, tta: TTA) -> GroupScores:
    """Score as `score_jobs`, for members with an equal `same_front_end`: their front end is computed once.

    A window on which a member gives NaN costs that window only: see `blendkit.member.non_finite`. Raises BlendkitError
    for a member that gives no finite value for any window of recordings that hold sound.
    """
    first, spent = members[0], [0.0]

    def call(windows: Float32) -> list[Float32]:
        started = time.perf_counter()
        try:
            return run(windows)
        finally:
            spent[0] += time.perf_counter() - started

    def run(windows: Float32) -> list[Float32]:
        if len(members) == 1 or not isinstance(first, FrontedMember):
            return [_predict(m, windows) for m in members]
        features = _guarded(first, "front", windows)
        return [_checked(m, _guarded(m, "predict_front", features), len(windows)) for m in members]

    widths = [len(m.info.classes) * max(1, m.info.frames) for m in members]
    values, lost = _scored_windows(call, widths, first.info, jobs, chunk_s, tta)
    return GroupScores(values, lost, spent[0])


def features_of(
    member: FeatureMember, info: MemberInfo, names: Sequence[str], jobs: Sequence[RecordingAudio], chunk_s: float
) -> list[Float32]:
    """Return features (sum of chunks, D) of a group of recordings, one array per name, flattened.

    Windows that differ from chunks are averaged onto them by shared time, whatever the logits' pooling.
    """
    shapes = [member.feature_shapes[n] for n in names]
    widths = [int(np.prod(s, dtype=np.int64)) for s in shapes]

    def call(windows: Float32) -> list[Float32]:
        found = _guarded(member, "features", windows, names)
        return [f.reshape(len(windows), -1) for f in found]

    mean = MemberInfo((), (), info.rate, info.window_s, info.batch, hop_s=info.hop_s, anchor=info.anchor)
    return _scored_windows(call, widths, mean, jobs, chunk_s, TTA())[0]


def _scored_windows(
    call: CallModel, widths: Sequence[int], info: MemberInfo, jobs: Sequence[RecordingAudio], chunk_s: float, tta: TTA
) -> tuple[list[Float32], list[dict[str, int]]]:
    """Cut windows, call the model on batches of them, average over shifts and pool onto chunks.

    Returns values (sum of chunks, width) and the windows lost by recording, for each of the model's outputs.
    """
    placed = [_place(info, chunk_s, j.chunks) for j in jobs]
    over = TTA() if info.pool == "frames" else tta  # shifts of frames need no further windows
    means = _averaged(call, widths, info, jobs, [s for s, _ in placed], over)
    per_recording = [len(starts) for starts, _ in placed]
    out, by_recording = [], []
    for mean in means:
        if len(mean.weight) and not mean.weight.any() and any(np.any(j.audio.samples) for j in jobs):
            raise BlendkitError("gave NaN or infinite values for every window of recordings that hold sound")
        values = fill_lost(mean.logits(), (mean.weight > 0).astype(np.int64), per_recording)
        pooled = values if _windows_are_chunks(info, chunk_s) else _on_chunks(values, info, chunk_s, placed, tta)
        out.append(pooled.astype(np.float32))
        by_recording.append(lost_by_recording(mean.lost, [j.recording for j in jobs], per_recording))
    return out, by_recording


def _averaged(
    call: CallModel,
    widths: Sequence[int],
    info: MemberInfo,
    jobs: Sequence[RecordingAudio],
    starts: Sequence[Int64],
    tta: TTA,
) -> list[ShiftMean]:
    """Call the model on batches of windows; return the mean over shifts of each of its outputs."""
    size = samples_at(info.window_s, info.rate)
    means = [ShiftMean.empty(sum(map(len, starts)), w, tta.mean) for w in widths]
    buffer = np.empty((info.batch, size), np.float32)
    at: list[tuple[int, float]] = []  # the row and the weight of every window in the buffer
    end = (-1, 0.0, buffer[:0, 0])
    for row, weight, window in chain(_windows(jobs, starts, size, info.rate, tta), [end]):
        if at and (row < 0 or len(at) == info.batch):
            for mean, values in zip(means, call(buffer[: len(at)]), strict=True):
                mean.add(at, values)
            at = []
        if row >= 0:
            buffer[len(at)] = window
            at.append((row, weight))
    return means


def chunk_windows(samples: Samples, chunks: int, chunk_s: float, rate: int) -> Float32:
    """Return a recording's chunks (K, chunk_s * rate), its last one filled with silence."""
    size = samples_at(chunk_s, rate)
    starts = edges(chunks, chunk_s, rate)[:-1].tolist()
    return np.stack([cut(samples, s, size) for s in starts]) if starts else np.empty((0, size), np.float32)


def _hop(info: MemberInfo) -> float:
    return info.window_s if info.hop_s is None else info.hop_s


def _windows_are_chunks(info: MemberInfo, chunk_s: float) -> bool:
    return info.pool != "frames" and info.window_s == chunk_s and info.hop_s in (None, chunk_s)


def _place(info: MemberInfo, chunk_s: float, chunks: int) -> tuple[Int64, Overlaps | None]:
    """Return a recording's first samples of windows, and their overlaps with chunks, None if windows are chunks."""
    bounds = edges(chunks, chunk_s, info.rate)
    if _windows_are_chunks(info, chunk_s):
        return bounds[:-1], None
    return place(bounds, info.window_s, _hop(info), info.rate, info.anchor)


def _on_chunks(
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
            parts.append(_frames(own, info, chunk_s, starts, pairs, tta) if info.pool == "frames" else
                         onto_chunks(own, pairs, info.pool))  # fmt: skip
        row += len(starts)
    return np.concatenate(parts)


def _frames(values: Float64, info: MemberInfo, chunk_s: float, starts: Int64, pairs: Overlaps, tta: TTA) -> Float64:
    """Return logits (K, C) of frame probabilities (W, T * C), averaged over the moves of the chunks' frames."""
    size, bounds = samples_at(info.window_s, info.rate), edges(pairs.chunks, chunk_s, info.rate)
    frames = values.reshape(len(values), info.frames, -1)
    if tta.shifts_s == (0.0,):
        return logit(frames_onto_chunks(frames, starts, size, bounds)[0], floor=BELOW_FLOAT32)
    moves = _whole_frames(tta, info)
    moved = frames_onto_chunks(frames, starts, size, bounds, [0, *moves])
    still, moved = moved[0], moved[1:]
    return mean_of_moved(moved if tta.edge == "drop" else np.where(np.isnan(moved), still, moved), tta.shares, tta.mean)


def _whole_frames(tta: TTA, info: MemberInfo) -> list[int]:
    """Return the shifts in frames. Raises BlendkitError for one that is less than half a frame, and for other edges."""
    frame_s = info.window_s / info.frames
    moves = [round(s / frame_s) for s in tta.shifts_s]
    problems = [f"a shift of {s:g} s is less than half a frame of {frame_s:g} s"
                for s, m in zip(tta.shifts_s, moves, strict=True) if s and not m]  # fmt: skip
    if tta.edge not in ("drop", "clamp"):
        problems.append(f"frames that leave the recording are left out (`drop`) or stay (`clamp`), got {tta.edge!r}")
    if problems:
        raise BlendkitError("tta does not fit the pool `frames`", problems)
    return moves


def _windows(
    jobs: Sequence[RecordingAudio], starts: Sequence[Int64], size: int, rate: int, tta: TTA
) -> Iterator[tuple[int, float, Samples]]:
    """Give every window with its row and the weight of its shift."""
    shifts = [(s, samples_at(s, rate), w) for s, w in zip(tta.shifts_s, tta.shares, strict=True)]
    row = 0
    for job, own in zip(jobs, starts, strict=True):
        samples = job.audio.samples
        for start in own.tolist():
            silent = start >= len(samples)  # the window starts after the audio: a shift would bring in other audio
            for shift_s, shift, weight in shifts:
                outside = start + shift < 0 or start + shift + size > len(samples)
                if shift_s != 0 and ((outside and tta.edge == "drop") or silent):
                    continue
                if tta.edge == "roll":
                    yield row, weight, np.roll(cut(samples, start, size), -shift)
                elif outside:  # the unshifted window is always zero-padded
                    yield row, weight, cut(samples, start + shift, size, tta.edge if shift_s != 0 else "zero")
                else:  # copied by the caller alone
                    yield row, weight, samples[start + shift : start + shift + size]
            row += 1


def _predict(member: Member, windows: Float32) -> Float32:
    return _checked(member, _guarded(member, "predict", windows), len(windows))


def _guarded(member: Any, method: str, *args: Any) -> Any:
    try:
        return getattr(member, method)(*args)
    except BlendkitError:
        raise
    except Exception as error:  # a member may be a third party's: the error names its package
        raise broken(method, type(member), error) from error


def _checked(member: Member, values: Any, count: int) -> Float32:
    logits = np.asarray(values)
    info = member.info
    expected = (count, info.frames, len(info.classes)) if info.frames else (count, len(info.classes))
    if logits.shape != expected:
        raise BlendkitError(f"member gave scores of shape {logits.shape}, expected {expected}")
    return logits.reshape(count, -1)
