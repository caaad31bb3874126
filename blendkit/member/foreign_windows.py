"""Scores of another tool's windows (file, start, end), pooled onto the recipe's chunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from blendkit.audio import WindowPool, edges, onto_chunks, overlaps, probe_duration, samples_at
from blendkit.core import (
    Float32,
    Float64,
    Int64,
    Matrix,
    NameRule,
    Scores,
    Space,
    chunk_rows,
    count_chunks,
    natural_key,
)
from blendkit.errors import BlendkitError, broken, shorten
from blendkit.member.protocol import TTA, FileMember, MemberContext

NO_SCORE = -20.0  # the logit of a chunk without a score: hoplite's null logit
RATE = 48000  # Hz; times become whole samples at this rate, exactly for whole milliseconds


@dataclass(frozen=True, eq=False)
class Windowed:
    """Scores (N, C) of windows [start_s, end_s) of recordings, in any order."""

    recording: Sequence[str]
    start_s: Float64
    end_s: Float64
    values: Matrix
    classes: tuple[str, ...]


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
    bad = np.flatnonzero(~(windowed.end_s > windowed.start_s) | (windowed.start_s < 0))
    if len(bad):
        listed = [f"{windowed.recording[i]}: {windowed.start_s[i]:g} to {windowed.end_s[i]:g} s" for i in bad[:5]]
        raise BlendkitError(f"{source}: {len(bad)} windows are invalid, expected 0 <= start < end", listed)
    rows_of: dict[str, list[int]] = {}
    for i, r in enumerate(windowed.recording):
        rows_of.setdefault(r, []).append(i)
    known = dict(known_chunks(context) if chunks is None else chunks)
    for r, own in rows_of.items():
        if r not in known:
            known[r] = max(1, count_chunks(float(windowed.end_s[own].max()), context.chunk_s)[0])
    rows = chunk_rows(known, context.chunk_s, context.names)
    parts, uncovered = [], []
    for r in rows.recordings():
        at = np.array(rows_of.get(r, []), np.int64)
        values, missing = _pooled(windowed, at, known[r], context.chunk_s, pool, empty)
        parts.append(values)
        uncovered += [f"{r}, chunk {k + 1}" for k in missing]
    if uncovered and empty is None:
        raise BlendkitError(f"{source}: no window overlaps {len(uncovered)} chunks", [shorten(uncovered)])
    return Scores.build(np.concatenate(parts), rows, windowed.classes, space, source=source)


def _pooled(
    w: Windowed, own: Int64, chunks: int, chunk_s: float, pool: WindowPool, empty: float | None
) -> tuple[Float64, list[int]]:
    """Return the scores of one recording's chunks (K, C), and the chunks that no window overlaps."""
    bounds = edges(chunks, chunk_s, RATE)
    starts, ends = (np.array([samples_at(s, RATE) for s in t[own].tolist()], np.int64) for t in (w.start_s, w.end_s))
    pairs = overlaps(starts, ends, bounds)
    with np.errstate(invalid="ignore"):
        out = onto_chunks(w.values[own].astype(np.float64), pairs, pool)
    missing = np.flatnonzero(np.bincount(pairs.chunk, minlength=chunks) == 0)
    out[missing] = 0.0 if empty is None else empty
    return out, missing.tolist()


def score_files(
    member: FileMember,
    files: Mapping[str, Path],
    chunks: Mapping[str, int],
    chunk_s: float,
    names: NameRule,
    tta: TTA,
) -> Float32:
    """Return logits (sum of chunks, C) of recordings that a member reads as whole files.

    files: recording id to file, of those that can be read; the others hold NO_SCORE. Raises
    BlendkitError for shifts, and for a frame that lacks a file or a class.
    """
    if tta != TTA():
        raise BlendkitError("tta shifts windows, but this member cuts its own windows: remove `tta:`")
    width = len(member.info.classes)
    parts = {r: np.full((n, width), NO_SCORE) for r, n in chunks.items()}
    scored = {r: chunks[r] for r in files if chunks[r]}
    if scored:
        pool: WindowPool = "max" if member.info.pool == "max" else "mean"
        context = MemberContext(chunk_s=chunk_s, names=names)
        windowed = _predicted(member, {r: files[r] for r in scored})
        scores = on_grid(windowed, context, "logit", pool, "predict_files", empty=NO_SCORE, chunks=scored)
        for r, (first, last) in zip(scores.rows.recordings(), pairwise(scores.rows.offsets().tolist()), strict=True):
            parts[r] = scores.values[first:last]
    order = sorted(chunks, key=natural_key)
    return np.concatenate([parts[r] for r in order] or [np.empty((0, width))]).astype(np.float32)


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
    silent = sorted(set(ids) - set(file))
    problems = [f"{what}: {shorten(which)}" for what, which in
                (("classes missing", lacks), ("files not requested", strange), ("files without a window", silent))
                if which]  # fmt: skip
    if problems:
        raise BlendkitError("the frame of predict_files does not fit its request", problems)
    start, end = (frame.index.get_level_values(k).to_numpy(np.float64) for k in (1, 2))
    values = frame[list(member.info.classes)].to_numpy(np.float64)
    return Windowed([ids[f] for f in file], start, end, values, member.info.classes)
