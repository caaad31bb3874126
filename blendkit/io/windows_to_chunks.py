"""Scores of another tool's windows, pooled onto chunks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from blendkit.audio import Overlaps, WindowPool, edges, onto_chunks, overlaps, samples_at
from blendkit.core import (
    SMALL_UNITS,
    FileSpace,
    Float64,
    Int64,
    Matrix,
    NameRule,
    Scores,
    chunk_rows,
    count_chunks,
    looks_small,
    unit_of_lengths,
    unit_of_times,
)
from blendkit.errors import BlendkitError, counted, shorten

_LATE = 0.1  # of the windows
RATE = 48000  # Hz; times become whole samples at this rate, exactly for whole milliseconds


@dataclass(frozen=True, eq=False)
class Windowed:
    """Scores (N, C) of windows [start_s, end_s) of recordings, in any order. notes: what was assumed of their file."""

    recording: Sequence[str]
    start_s: Float64
    end_s: Float64
    values: Matrix
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()


def windows_on_chunks(
    windowed: Windowed,
    known: Mapping[str, int],
    chunk_s: float,
    names: NameRule,
    space: FileSpace,
    pool: WindowPool,
    source: str,
    *,
    empty: float | None = None,
) -> Scores:
    """Return scores of windows pooled onto chunks, by shared time or as the highest that overlaps a chunk.

    known: how many chunks recordings have; those it lacks have them up to their last window. empty: the score of a
    chunk without a window; if it is None, such a chunk has no row. Raises BlendkitError for windows that start
    before 0 s or do not end after their start, naming them.
    """
    bad = np.flatnonzero(~(windowed.end_s > windowed.start_s) | (windowed.start_s < 0))
    if len(bad):
        listed = [f"{windowed.recording[i]}: {windowed.start_s[i]:g} to {windowed.end_s[i]:g} s" for i in bad[:5]]
        raise BlendkitError(f"{source}: {len(bad)} windows are invalid, expected 0 <= start < end", listed)
    _require_seconds(windowed, known, chunk_s, source)
    _require_inside(windowed, known, chunk_s, source)
    require_not_small(windowed, known, chunk_s, source)
    rows_of: dict[str, list[int]] = {}
    for i, r in enumerate(windowed.recording):
        rows_of.setdefault(r, []).append(i)
    chunks = dict(known)
    for r, own in rows_of.items():
        if r not in chunks:
            chunks[r] = max(1, count_chunks(float(windowed.end_s[own].max()), chunk_s)[0])
    rows = chunk_rows(chunks, chunk_s, names)
    parts, there = [np.empty((0, len(windowed.classes)))], [np.empty(0, bool)]
    for r in rows.recordings():
        at = np.array(rows_of.get(r, []), np.int64)
        values, missing = _pooled(windowed, at, chunks[r], chunk_s, pool, empty)
        parts.append(values)
        there.append(~np.isin(np.arange(chunks[r]), missing))
    scores = Scores.build(np.concatenate(parts), rows, windowed.classes, space, source=source)
    return scores if empty is not None else scores.take_rows(np.flatnonzero(np.concatenate(there)))


def repeated_windows(w: Windowed) -> list[str]:
    """Return the windows that occur more than once, in words: a mean of such scores would be of nobody."""
    keys = zip(w.recording, w.start_s.tolist(), w.end_s.tolist(), strict=True)
    return [f"{r}: {start:g} to {end:g} s" for (r, start, end), n in Counter(keys).items() if n > 1]


def late_windows(w: Windowed, known: Mapping[str, int], chunk_s: float) -> tuple[str, ...]:
    """Return a note on windows that begin after the end of their recordings, which count nowhere; none without any.

    known: how many chunks the recordings have.
    """
    starts = zip(w.recording, w.start_s.tolist(), strict=True)
    late = [r for r, start in starts if r in known and start >= known[r] * chunk_s]
    if not late:
        return ()
    count = counted(len(late), "window that begins", "windows that begin")
    return (f"left out: {count} after the end of the recording: {shorten(dict.fromkeys(late))}",)


def chunks_without_window(w: Windowed, known: Mapping[str, int], chunk_s: float) -> dict[str, list[int]]:
    """Return the chunks (from 0) that no window overlaps, of the recordings that have any such chunk.

    known: how many chunks the recordings have.
    """
    own: dict[str, list[int]] = {r: [] for r in known}
    for i, r in enumerate(w.recording):
        own.setdefault(r, []).append(i)
    found = {r: _missing(_pairs(w, np.array(own[r], np.int64), n, chunk_s), n) for r, n in known.items()}
    return {r: missing for r, missing in found.items() if missing}


def without_rows(scores: Scores, known: Mapping[str, int], chunk_s: float) -> tuple[str, ...]:
    """Return a note on the chunks that have no row in scores of windows, for no window overlaps them; none without any.

    known: how many chunks the recordings have; others have them up to their last row.
    """
    offsets = scores.rows.offsets().tolist()
    number = np.rint(scores.rows.end_s / chunk_s).astype(np.int64)
    have = {r: number[a:b] for r, a, b in zip(scores.rows.recordings(), offsets[:-1], offsets[1:], strict=True)}
    chunks = {r: int(own[-1]) for r, own in have.items()} | dict(known)
    if sum(chunks.values()) == len(scores):
        return ()
    none = np.empty(0, np.int64)
    every = {r: np.arange(1, n + 1) for r, n in chunks.items()}
    lacking = [f"{r}, chunk {k}" for r, all_of in every.items() for k in np.setdiff1d(all_of, have.get(r, none))]
    count = counted(len(lacking), "chunk that no window overlaps has", "chunks that no window overlaps have")
    return (f"{count} no row: {shorten(lacking)}",)


def _require_seconds(w: Windowed, known: Mapping[str, int], chunk_s: float, source: str) -> None:
    """Raise BlendkitError if windows of recordings of unknown length are as long as usual ones in another unit."""
    at = [i for i, r in enumerate(w.recording) if r not in known]
    lengths = w.end_s[at] - w.start_s[at]
    if unit := unit_of_times(w.start_s[at], w.end_s[at]) or unit_of_lengths(lengths, chunk_s):
        raise BlendkitError(
            f"{source}: its windows are {lengths.max():g} s long and end at {w.end_s[at].max():g} s, read as seconds",
            [f"are its times {unit}? give seconds"],
        )


def _require_inside(w: Windowed, known: Mapping[str, int], chunk_s: float, source: str) -> None:
    """Raise BlendkitError if many windows begin after the end of their recordings."""
    at, start, end, reach = _of_known(w, known, chunk_s)
    late = np.flatnonzero(start >= reach)
    if len(late) > len(at) * _LATE:
        unit = unit_of_lengths(end - start, chunk_s) or "milliseconds"
        i = late[0]
        raise BlendkitError(
            f"{source}: {len(late)} of {len(at)} windows begin after the end of their recording",
            [
                f"{w.recording[at[i]]} has chunks up to {reach[i]:g} s, a window begins at {start[i]:g} s",
                f"are its times {unit}, or do they run on from file to file (Raven needs `File Offset (s)` then)?",
            ],
        )


def require_not_small(w: Windowed, known: Mapping[str, int], chunk_s: float, source: str) -> None:
    """Raise BlendkitError if windows seem to count minutes or chunks. known: how many chunks recordings have."""
    at, start, end, reach = _of_known(w, known, chunk_s)
    if looks_small(start, end, reach, chunk_s):
        length = float((end - start).mean())
        raise BlendkitError(
            f"{source}: its {len(at)} windows of {length:.3g} s all lie in the first part of their recordings",
            [f"the last ends at {end.max():g} s", f"are its times {SMALL_UNITS}? give seconds"],
        )


def _of_known(w: Windowed, known: Mapping[str, int], chunk_s: float) -> tuple[list[int], Float64, Float64, Float64]:
    """Return the places of windows whose recordings' lengths are known, their starts and ends, and these lengths."""
    at = [i for i, r in enumerate(w.recording) if r in known]
    reach = np.array([known[w.recording[i]] * chunk_s for i in at], np.float64)
    return at, w.start_s[at], w.end_s[at], reach


def _pooled(
    w: Windowed, own: Int64, chunks: int, chunk_s: float, pool: WindowPool, empty: float | None
) -> tuple[Float64, list[int]]:
    """Return the scores of one recording's chunks (K, C), and the chunks that no window overlaps."""
    pairs = _pairs(w, own, chunks, chunk_s)
    with np.errstate(invalid="ignore"):
        out = onto_chunks(w.values[own].astype(np.float64), pairs, pool)
    missing = _missing(pairs, chunks)
    out[missing] = 0.0 if empty is None else empty
    return out, missing


def _pairs(w: Windowed, own: Int64, chunks: int, chunk_s: float) -> Overlaps:
    starts, ends = (np.array([samples_at(s, RATE) for s in t[own].tolist()], np.int64) for t in (w.start_s, w.end_s))
    return overlaps(starts, ends, edges(chunks, chunk_s, RATE))


def _missing(pairs: Overlaps, chunks: int) -> list[int]:
    found: list[int] = np.flatnonzero(np.bincount(pairs.chunk, minlength=chunks) == 0).tolist()
    return found
