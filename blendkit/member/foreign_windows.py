"""Scores of another tool's windows (file, start, end), pooled onto the recipe's chunks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from blendkit.audio import WindowPool, probe_duration
from blendkit.core import (
    Float32,
    NameRule,
    Scores,
    Space,
    count_chunks,
    natural_key,
)
from blendkit.errors import BlendkitError, broken, shorten
from blendkit.io import Windowed, windows_on_chunks
from blendkit.member.non_finite import FLOOR, Lost, fill_lost, lost_by_recording
from blendkit.member.protocol import TTA, FileMember, MemberContext

NO_SCORE = -20.0  # the logit of a chunk without a score: hoplite's null logit


def known_chunks(context: MemberContext) -> dict[str, int]:
    """Return the number of chunks of every recording whose duration is known or can be read."""
    out = {}
    for r in context.recordings:
        stated = context.expected_s.get(r.id) or (probe_duration(r.path) if r.path.name else None)
        if stated is not None:
            out[r.id] = count_chunks(stated, context.chunk_s)[0]
    return out


def on_grid(
    windowed: Windowed,
    context: MemberContext,
    space: Space,
    pool: WindowPool,
    source: str,
    *,
    empty: float | None = None,
    chunks: Mapping[str, int] | None = None,
) -> Scores:
    """Return scores of windows pooled onto chunks, by shared time or as the highest that overlaps a chunk.

    chunks: how many each recording has; default: those of `known_chunks`, else up to its last window.
    empty: the score of a chunk without a window; if it is None, such a chunk is an error. Raises
    BlendkitError also for windows that start before 0 s or do not end after their start, naming them.
    """
    known = known_chunks(context) if chunks is None else chunks
    return windows_on_chunks(windowed, known, context.chunk_s, context.names, space, pool, source, empty=empty)


def score_files(
    member: FileMember,
    files: Mapping[str, Path],
    chunks: Mapping[str, int],
    chunk_s: float,
    names: NameRule,
    tta: TTA,
) -> tuple[Float32, dict[str, Lost]]:
    """Return logits (sum of chunks, C) of recordings that a member reads as whole files, and the windows it lost.

    files: recording id to file, of those that can be read; the others hold NO_SCORE. A window on which the member gave
    NaN gets the recording's median, a recording without any window `FLOOR`. Raises BlendkitError for shifts, and for a
    frame that lacks a class.
    """
    if tta != TTA():
        raise BlendkitError("tta shifts windows, but this member cuts its own windows: remove `tta:`")
    width = len(member.info.classes)
    parts = {r: np.full((n, width), NO_SCORE) for r, n in chunks.items()}
    scored = {r: chunks[r] for r in files if chunks[r]}
    lost: dict[str, Lost] = {}
    if scored:
        pool: WindowPool = "max" if member.info.pool == "max" else "mean"
        context = MemberContext(chunk_s=chunk_s, names=names)
        windowed, lost = _filled(_predicted(member, {r: files[r] for r in scored}))
        given = {r: scored[r] for r in dict.fromkeys(windowed.recording)}
        lost |= {r: Lost(0, 0, 0) for r in scored if r not in given}
        parts |= {r: np.full((n, width), FLOOR) for r, n in scored.items() if r not in given}
        scores = on_grid(windowed, context, "logit", pool, "predict_files", empty=NO_SCORE, chunks=given)
        for r, (first, last) in zip(scores.rows.recordings(), pairwise(scores.rows.offsets().tolist()), strict=True):
            parts[r] = scores.values[first:last]
    order = sorted(chunks, key=natural_key)
    values = np.concatenate([parts[r] for r in order] or [np.empty((0, width))])
    return values.astype(np.float32), lost


def _filled(w: Windowed) -> tuple[Windowed, dict[str, Lost]]:
    """Return windows, grouped by recording, with a stand-in for values that are not finite."""
    order = np.argsort(np.unique(np.asarray(w.recording, object), return_inverse=True)[1], kind="stable")
    recordings = [w.recording[i] for i in order.tolist()]
    counts = Counter(recordings)
    values = np.asarray(w.values, np.float64)[order]
    with np.errstate(over="ignore"):  # a value beyond float32 is no score either
        known = np.asarray(np.isfinite(values.astype(np.float32)).all(axis=1), bool)
    filled = fill_lost(values, known, list(counts.values()))
    lost = lost_by_recording(~known, known, list(counts), list(counts.values()))
    return Windowed(recordings, w.start_s[order], w.end_s[order], filled, w.classes), lost


def _predicted(member: FileMember, files: Mapping[str, Path]) -> Windowed:
    """Call a member and check that its frame has the requested files and classes."""
    ids = {str(path): r for r, path in files.items()}
    try:
        frame = member.predict_files(list(files.values()))
    except BlendkitError:
        raise
    except Exception as error:  # a member may be a third party's: the error names its package
        raise broken("predict_files", type(member), error) from error
    keys = ["file", "start_time", "end_time"]
    if list(frame.index.names) != keys:
        if not set(keys) <= set(frame.columns):
            raise BlendkitError(f"predict_files gave a frame without {keys}", [f"has {shorten(list(frame.columns))}"])
        frame = frame.set_index(keys)
    lacks = [c for c in member.info.classes if c not in frame.columns]
    file = [str(f) for f in frame.index.get_level_values(0)]
    strange = sorted(set(file) - set(ids))
    asked = (("classes missing", lacks), ("files not requested", strange))
    problems = [f"{what}: {shorten(which)}" for what, which in asked if which]
    if problems:
        raise BlendkitError("the frame of predict_files does not fit its request", problems)
    start, end = (frame.index.get_level_values(k).to_numpy(np.float64) for k in (1, 2))
    values = frame[list(member.info.classes)].to_numpy(np.float64)
    return Windowed([ids[f] for f in file], start, end, values, member.info.classes)
