"""Scoring of windows by members: cutting, batching over recordings and shifts, pooling onto chunks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.audio import Samples, Silence, cut, edges, samples_at
from blendkit.core import Bools, Float32, Float64, Int64, sigmoid
from blendkit.errors import BlendkitError, broken
from blendkit.member.non_finite import FLOOR, count_by_recording, fill_lost
from blendkit.member.protocol import TTA, FeatureMember, FrontedMember, Member, MemberInfo
from blendkit.member.window_places import (
    RecordingAudio,
    cut_windows,
    hop_of,
    place_windows,
    pool_windows,
    windows_are_chunks,
)

CallModel = Callable[[Float32], Sequence[Float32]]


def check_window(name: str, info: MemberInfo, chunk_s: float) -> None:
    """Raise BlendkitError if a member's windows cannot make up chunks of `chunk_s` seconds."""
    hop_s = hop_of(info)
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
    never leaves the group, so a group always gives the same bits. Shifts are averaged in logit space,
    then windows that differ from chunks are pooled onto them.
    """
    return score_together([member], jobs, chunk_s, tta).values[0]


def same_front_end(member: Member) -> object:
    """Return a key that members share if their windows and their front end are the same."""
    info = member.info
    front = member.front if isinstance(member, FrontedMember) else id(member)
    return info.rate, info.window_s, hop_of(info), info.anchor, info.pool, info.batch, front


@dataclass(frozen=True, eq=False)
class GroupScores:
    """The scores of a group of recordings.

    values: per member (sum of chunks, C) logits; lost: per member how many windows of which recordings gave NaN or
    infinite values at one shift or more; silent: how many windows were not given to the members at one shift or more,
    because they are digital silence; seconds: spent inside the members.
    """

    values: list[Float32]
    lost: list[dict[str, int]]
    silent: dict[str, int]
    seconds: float


def score_together(
    members: Sequence[Member], jobs: Sequence[RecordingAudio], chunk_s: float, tta: TTA, silence: Silence = "score"
) -> GroupScores:
    """Score as `score_jobs`, for members with an equal `same_front_end`: their front end is computed once.

    silence: with `floor`, windows that are 0 throughout are not given to the members; their logits are `FLOOR`.
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

    if first.info.pool == "frames" and tta.shifts_s != (0.0,):
        raise BlendkitError(
            "tta cannot be used with `pool: frames`: frames of shifted windows do not lie on one timeline"
        )
    widths = [len(m.info.classes) * max(1, m.info.frames) for m in members]
    values, lost, silent = _scored_windows(call, widths, first.info, jobs, chunk_s, tta, silence)
    return GroupScores(values, lost, silent, spent[0])


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
    call: CallModel,
    widths: Sequence[int],
    info: MemberInfo,
    jobs: Sequence[RecordingAudio],
    chunk_s: float,
    tta: TTA,
    silence: Silence = "score",
) -> tuple[list[Float32], list[dict[str, int]], dict[str, int]]:
    """Cut windows, call the model on batches of them, average over shifts and pool onto chunks.

    Returns values (sum of chunks, width) and the windows lost by recording, for each of the model's outputs, and the
    silent windows by recording.
    """
    size = samples_at(info.window_s, info.rate)
    placed = [place_windows(info, chunk_s, j.chunks) for j in jobs]
    total = sum(len(starts) for starts, _ in placed)
    summed = [np.zeros((total, w), np.float64) for w in widths]
    count = [np.zeros(total, np.int64) for _ in widths]
    lost = [np.zeros(total, bool) for _ in widths]
    silent = np.zeros(total, np.int64)  # how many shifts of each window are
    floor = float(sigmoid(np.array(FLOOR))) if info.pool == "frames" else FLOOR  # frames are probabilities
    buffer = np.empty((info.batch, size), np.float32)
    at: list[int] = []
    end = (-1, buffer[:0, 0])
    for row, window in chain(cut_windows(jobs, [s for s, _ in placed], size, info.rate, tta), [end]):
        if at and (row < 0 or len(at) == info.batch):
            for k, values in enumerate(call(buffer[: len(at)])):
                _add(summed[k], count[k], lost[k], at, values)
            at = []
        if row >= 0 and silence == "floor" and not window.any():
            silent[row] += 1
        elif row >= 0:
            buffer[len(at)] = window
            at.append(row)
    per_recording = [len(starts) for starts, _ in placed]
    for k, sums in enumerate(summed):
        if lost[k].any() and not count[k].any() and any(np.any(j.audio.samples) for j in jobs):
            raise BlendkitError("gave NaN or infinite values for every window of recordings that hold sound")
        given = count[k] + silent
        means = (sums + floor * silent[:, None]) / np.maximum(given, 1)[:, None]
        summed[k] = fill_lost(means, given, per_recording, floor)
    if not windows_are_chunks(info, chunk_s):
        summed = [pool_windows(sums, info, chunk_s, placed) for sums in summed]
    names = [j.recording for j in jobs]
    by_recording = [count_by_recording(rows, names, per_recording) for rows in lost]
    return (
        [sums.astype(np.float32) for sums in summed],
        by_recording,
        count_by_recording(silent > 0, names, per_recording),
    )


def chunk_windows(samples: Samples, chunks: int, chunk_s: float, rate: int) -> Float32:
    """Return a recording's chunks (K, chunk_s * rate), its last one filled with silence."""
    size = samples_at(chunk_s, rate)
    starts = edges(chunks, chunk_s, rate)[:-1].tolist()
    return np.stack([cut(samples, s, size) for s in starts]) if starts else np.empty((0, size), np.float32)


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


def _add(sums: Float64, count: Int64, lost: Bools, at: list[int], values: NDArray[Any]) -> None:
    """Add a batch's values to the rows that its windows belong to; those that are not finite count as lost."""
    finite = np.isfinite(values).all(axis=1)
    for row, one, usable in zip(at, values, finite.tolist(), strict=True):  # a row may come twice in a batch
        if usable:
            sums[row] += one
            count[row] += 1
        else:
            lost[row] = True
