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
    Matrix,
    NameRule,
    Scores,
    Space,
    count_chunks,
    natural_sorted,
)
from blendkit.errors import BlendkitError
from blendkit.io import Windowed, chunks_without_window, windows_on_chunks
from blendkit.member.frame_checks import FrameError, predicted_windows
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
    empty: the score of a chunk without a window; if it is None, such a chunk has no row. Raises BlendkitError for
    windows that start before 0 s or do not end after their start, naming them.
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
    NaN, and a chunk without a window, get the recording's median, a recording without any window `FLOOR`. Raises
    BlendkitError for shifts, and FrameError for a frame that does not fit the files.
    """
    if tta != TTA():
        raise BlendkitError("tta shifts windows, but this member cuts its own windows: remove `tta:`")
    width = len(member.info.classes)
    parts: dict[str, Matrix] = {r: np.full((n, width), NO_SCORE) for r, n in chunks.items()}
    scored = {r: chunks[r] for r in files if chunks[r]}
    lost: dict[str, Lost] = {}
    if scored:
        pool: WindowPool = "max" if member.info.pool == "max" else "mean"
        context = MemberContext(chunk_s=chunk_s, names=names)
        windowed, lost = _filled(predicted_windows(member, {r: files[r] for r in scored}))
        given = {r: scored[r] for r in dict.fromkeys(windowed.recording)}
        lost |= {r: Lost(0, 0, 0) for r in scored if r not in given}
        parts |= {r: np.full((n, width), FLOOR) for r, n in scored.items() if r not in given}
        try:
            scores = on_grid(windowed, context, "logit", pool, "predict_files", empty=NO_SCORE, chunks=given)
        except BlendkitError as error:
            raise FrameError(error.title, error.problems) from error
        own = zip(scores.rows.recordings(), pairwise(scores.rows.offsets().tolist()), strict=True)
        parts |= {r: scores.values[first:last] for r, (first, last) in own}
        for r, empty in chunks_without_window(windowed, given, chunk_s).items():
            known = ~np.isin(np.arange(given[r]), empty)
            parts[r] = fill_lost(np.asarray(parts[r], np.float64), known, [given[r]])
            found = lost.get(r) or Lost(windowed.recording.count(r), 0, 0)
            lost[r] = found._replace(chunks=given[r], empty=len(empty))
    order = natural_sorted(chunks)
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
