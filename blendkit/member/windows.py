"""Scoring of windows by members: cutting, batching over recordings and shifts, pooling onto chunks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from blendkit.audio import Samples, Silence, cut, edges, samples_at
from blendkit.core import Float32, Int64, Matrix, sigmoid
from blendkit.errors import BlendkitError, broken
from blendkit.member.distinct_windows import CallModel, DistinctWindows
from blendkit.member.non_finite import FLOOR, Lost, count_by_recording, fill_lost, lost_by_recording
from blendkit.member.protocol import TTA, FeatureMember, FrontedMember, Member, MemberInfo
from blendkit.member.shift_mean import ShiftMean, ShiftSums
from blendkit.member.window_parts import WindowParts
from blendkit.member.window_places import (
    RecordingAudio,
    all_places,
    cut_windows,
    hop_of,
    place_windows,
    pool_windows,
    windows_are_chunks,
    windows_in,
)

Before = Callable[[int, int, int], None]
"""Called before a call of the models with windows done, windows of this call, and all windows; it may raise to stop."""


def check_window(name: str, info: MemberInfo, chunk_s: float) -> None:
    """Raise BlendkitError if a member's windows cannot make up chunks of `chunk_s` seconds."""
    hop_s = hop_of(info)
    whole = {"rate": info.rate, "window": info.window_s, "hop": hop_s}
    bad = [f"{k} is {v:g}" for k, v in whole.items() if not v > 0]
    if not bad and hop_s > info.window_s:
        bad = [f"its hop of {hop_s:g} s leaves gaps between windows of {info.window_s:g} s"]
    if not bad and chunk_s <= 0:
        bad = [f"chunks are {chunk_s:g} s"]
    if not bad and (info.pool in ("frames", "parts")) != (info.frames > 0):
        bad = [f"it pools by {info.pool!r} and gives {info.frames} frames a window"]
    if not bad and info.pool == "parts":
        count = WindowParts.of(info.window_s, info.hop_s, chunk_s, info.anchor).count
        bad = [] if count == info.frames else [f"it gives {info.frames} parts a window, {count} chunks lie in each"]
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
    return info.rate, info.window_s, hop_of(info), info.anchor, info.pool, info.frames, info.moves, info.batch, front


@dataclass(frozen=True, eq=False)
class GroupScores:
    """The scores of a group of recordings.

    values: per member (sum of chunks, C) logits; lost: per member how many windows of which recordings gave NaN or
    infinite values at one shift or more; silent: how many windows were not given to the members at one shift or more,
    because they are digital silence; seconds: spent inside the members. unshifted: the same of one shift alone, where
    it was asked for.
    """

    values: list[Float32]
    lost: list[dict[str, Lost]]
    silent: dict[str, int]
    seconds: float
    unshifted: GroupScores | None = None


def score_together(
    members: Sequence[Member],
    jobs: Sequence[RecordingAudio],
    chunk_s: float,
    tta: TTA,
    silence: Silence = "score",
    *,
    unshifted: TTA | None = None,
    before: Before | None = None,
) -> GroupScores:
    """Score as `score_jobs`, for members with an equal `same_front_end`: their front end is computed once.

    silence: with `floor`, windows that are 0 throughout are not given to the members; their logits are `FLOOR`.
    A window on which a member gives NaN costs that window only: see `blendkit.member.non_finite`. unshifted: one of the
    shifts, whose logits are returned as well; they come from the same calls of the models.
    """
    first, spent, done = members[0], [0.0], [0]
    every = windows_in(first.info, chunk_s, jobs, tta) if before is not None else 0

    def call(windows: Float32) -> list[Matrix]:
        if before is not None:
            before(done[0], len(windows), every)
        done[0] += len(windows)
        started = time.perf_counter()
        try:
            return run(windows)
        finally:
            spent[0] += time.perf_counter() - started

    def run(windows: Float32) -> list[Matrix]:
        if len(members) == 1 or not isinstance(first, FrontedMember):
            return [_predict(m, windows) for m in members]
        features = _guarded(first, "front", windows)
        return [_checked(m, _guarded(m, "predict_front", features), len(windows)) for m in members]

    columns = [m.info.classes for m in members]
    widths = [len(c) * max(1, first.info.frames) for c in columns]
    asked = [tta] if unshifted is None else [tta, unshifted]
    found = [
        GroupScores(*f, spent[0])
        for f in _scored_windows(call, widths, first.info, jobs, chunk_s, asked, silence, columns)
    ]
    return replace(found[0], seconds=spent[0], unshifted=found[1] if len(found) > 1 else None)


def features_of(
    member: FeatureMember, info: MemberInfo, names: Sequence[str], jobs: Sequence[RecordingAudio], chunk_s: float
) -> list[Float32]:
    """Return features (sum of chunks, D) of a group of recordings, one array per name, flattened.

    Windows that differ from chunks are averaged onto them by shared time, whatever the logits' pooling.
    """
    shapes = [member.feature_shapes[n] for n in names]
    widths = [int(np.prod(s, dtype=np.int64)) for s in shapes]

    def call(windows: Float32) -> list[Matrix]:
        found = _guarded(member, "features", windows, names)
        return [f.reshape(len(windows), -1) for f in found]

    mean = MemberInfo((), (), info.rate, info.window_s, info.batch, hop_s=info.hop_s, anchor=info.anchor)
    return _scored_windows(call, widths, mean, jobs, chunk_s, [TTA()])[0][0]


def _scored_windows(
    call: CallModel,
    widths: Sequence[int],
    info: MemberInfo,
    jobs: Sequence[RecordingAudio],
    chunk_s: float,
    asked: Sequence[TTA],
    silence: Silence = "score",
    columns: Sequence[Sequence[str]] = (),
) -> list[tuple[list[Float32], list[dict[str, Lost]], dict[str, int]]]:
    """Cut windows, call the model on batches of them, average over shifts and pool onto chunks.

    asked: the shifts to score; further ones take some of the first's shifts, from the same calls. columns: the classes
    of each of the model's outputs, where its columns are classes. Returns for each of the shifts asked values (sum of
    chunks, width) and the windows lost by recording, for each of the model's outputs, and the silent windows by
    recording.
    """
    placed = [place_windows(info, chunk_s, j.chunks) for j in jobs]
    over = [TTA() if info.pool == "frames" else tta for tta in asked]  # shifts of frames need no further windows
    names, per_recording = [j.recording for j in jobs], [len(starts) for starts, _ in placed]
    found = []
    for tta, sums in zip(
        asked, _averaged(call, widths, info, jobs, [s for s, _ in placed], over, silence), strict=True
    ):
        out, lost = [], []
        for mean, classes in zip(sums.means, columns or [()] * len(widths), strict=True):
            values = fill_lost(mean.logits(), mean.weight > 0, per_recording, _floor(info))
            pooled = values if windows_are_chunks(info, chunk_s) else pool_windows(values, info, chunk_s, placed, tta)
            out.append(pooled.astype(np.float32))
            lost.append(lost_by_recording(mean.lost, mean.weight > 0, names, per_recording, mean.where, classes))
        found.append((out, lost, count_by_recording(sums.silent, names, per_recording)))
    return found


def _averaged(
    call: CallModel,
    widths: Sequence[int],
    info: MemberInfo,
    jobs: Sequence[RecordingAudio],
    starts: Sequence[Int64],
    asked: Sequence[TTA],
    silence: Silence,
) -> list[ShiftSums]:
    """Call the model on batches of windows; return the sums over the shifts that are asked, of each of its outputs."""
    size, total = samples_at(info.window_s, info.rate), sum(map(len, starts))
    numbers = {shift: i for i, shift in enumerate(asked[0].shifts_s)}
    found = [
        ShiftSums(
            [ShiftMean.empty(total, w, tta.mean) for w in widths],
            np.zeros(total, bool),
            {numbers[s]: weight for s, weight in zip(tta.shifts_s, tta.shares, strict=True)},
        )
        for tta in asked
    ]
    uses = Counter[Hashable](place for _, _, place in all_places(info, jobs, starts, asked[0]))
    queue = DistinctWindows(call, np.empty((info.batch, size), np.float32), uses, found)
    places = all_places(info, jobs, starts, asked[0])
    for row, shift, place, window in cut_windows(jobs, places, size, queue.knows):
        if silence == "floor" and window is not None and not window.any():
            queue.add_silence((row, shift), _floor(info))
        else:
            queue.add((row, shift), place, window)
    queue.score()
    return found


def _floor(info: MemberInfo) -> float:
    """Return the floor in the member's own scale: frames are probabilities."""
    return float(sigmoid(np.array(FLOOR))) if info.pool == "frames" else FLOOR


def chunk_windows(samples: Samples, chunks: int, chunk_s: float, rate: int) -> Float32:
    """Return a recording's chunks (K, chunk_s * rate), its last one filled with silence."""
    size = samples_at(chunk_s, rate)
    starts = edges(chunks, chunk_s, rate)[:-1].tolist()
    return np.stack([cut(samples, s, size) for s in starts]) if starts else np.empty((0, size), np.float32)


def _predict(member: Member, windows: Float32) -> Matrix:
    return _checked(member, _guarded(member, "predict", windows), len(windows))


def _guarded(member: Any, method: str, *args: Any) -> Any:
    try:
        return getattr(member, method)(*args)
    except BlendkitError:
        raise
    except Exception as error:  # a member may be a third party's: the error names its package
        raise broken(method, type(member), error) from error


def _checked(member: Member, values: Any, count: int) -> Matrix:
    logits = np.asarray(values)
    info = member.info
    expected = (count, info.frames, len(info.classes)) if info.frames else (count, len(info.classes))
    if logits.shape != expected:
        raise BlendkitError(f"member gave scores of shape {logits.shape}, expected {expected}")
    return logits.reshape(count, -1)
