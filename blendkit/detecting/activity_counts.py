"""Counts of detections in cells of time and place, the effort behind them, and intervals of their rates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from blendkit.core import DetectionTable, Float64, Int64, Rows, natural_key, natural_sorted
from blendkit.detecting.opened_source import listened_s, recording_codes
from blendkit.metrics import RedrawnEffort, redrawn

Part = Literal["hour", "date", "site"]
PARTS: tuple[Part, ...] = ("hour", "date", "site")


@dataclass(frozen=True, eq=False)
class ChunkPlaces:
    """Where each chunk (N,) lies: its recording, length in seconds; hour, date and site as texts, "" unknown."""

    recording: Int64
    length_s: Float64
    values: dict[Part, list[str]]


@dataclass(frozen=True, eq=False)
class PartActivity:
    """Activity over the cells of one part (K,), such as the hours of the day, for classes (C,).

    recordings, hours (K,): listened to. detections, rate, low, high (C, K): per hour listened, with the interval; with
    (C, K): recordings with a detection.
    """

    part: Part
    cells: tuple[str, ...]
    recordings: Int64
    hours: Float64
    detections: Int64
    found_in: Int64
    rate: Float64
    low: Float64
    high: Float64


def chunk_places(rows: Rows, table: DetectionTable) -> ChunkPlaces:
    """Return where the chunks of `rows` (N) lie in time and place, by the clock at which each chunk starts."""
    code = recording_codes(rows)
    spans = zip(table.recordings, pairwise(rows.offsets().tolist()), strict=True)
    clock = np.concatenate([np.zeros(0, "datetime64[ms]"), *(h.times(rows.start_s[a:b]) for h, (a, b) in spans)])
    known = ~np.isnat(clock)
    texts = np.datetime_as_string(clock, unit="s").tolist()
    dated = ["" if np.isnat(d) else str(d) for d in rows.date]
    timed = ["" if h < 0 else f"{h:02d}" for h in rows.hour.tolist()]
    values: dict[Part, list[str]] = {
        "hour": [t[11:13] if k else h for t, k, h in zip(texts, known, timed, strict=True)],
        "date": [t[:10] if k else d for t, k, d in zip(texts, known, dated, strict=True)],
        "site": [table.recordings[r].site for r in code.tolist()],
    }
    return ChunkPlaces(code, listened_s(table.recordings, rows), values)


def first_rows(rows: Rows, table: DetectionTable) -> Int64:
    """Return the row (D,) in which each detection starts."""
    at = {k: i for i, k in enumerate(zip(recording_codes(rows).tolist(), rows.start_s.tolist(), strict=True))}
    keys = zip(table.recording.tolist(), table.start_s.tolist(), strict=True)
    return np.array([at[k] for k in keys], np.int64)


def count_part(
    part: Part, places: ChunkPlaces, table: DetectionTable, row: Int64, draws: Float64, level: float
) -> PartActivity:
    """Return the activity over the cells of one part. row (D,): see `first_rows`; draws (B, R): redrawn recordings."""
    values = places.values[part]
    cells = tuple(natural_sorted(set(values) - {""}))
    at = {v: k for k, v in enumerate(cells)}
    cell = np.array([at.get(v, -1) for v in values], np.int64)
    size = (len(table.recordings), len(cells))
    effort = _sums(places.recording, cell, places.length_s, size) / 3600  # of whole seconds the sum is exact
    redraw, hours = RedrawnEffort.of(effort, draws), effort.sum(axis=0)
    every, hits, bounds = [], [], []
    for of in _by_class(table):
        own = _sums(table.recording[of], cell[row[of]], None, size)  # of all classes at once they would fill the memory
        every.append(own.sum(axis=0))
        hits.append((own > 0).sum(axis=0))
        bounds.append(redraw.rate_bounds(own, level))
    shape = (len(every), len(cells))
    counts, found_in = (np.array(a).reshape(shape) for a in (every, hits))
    low, high = (np.array([b[i] for b in bounds]).reshape(shape) for i in (0, 1))
    return PartActivity(
        part,
        cells,
        redraw.recordings,
        hours,
        counts.astype(np.int64),
        found_in.astype(np.int64),
        counts / hours,
        low,
        high,
    )


def without_effort(part: PartActivity) -> PartActivity:
    """Return counts alone, for recordings of which nobody knows how long they were listened to: NaN hours and rates."""
    unknown = np.full_like(part.rate, np.nan)
    return replace(part, hours=np.full_like(part.hours, np.nan), rate=unknown, low=unknown, high=unknown)


def draws_of(table: DetectionTable, replicates: int, seed: int) -> Float64:
    """Return how often each recording is in each draw (B, R)."""
    return redrawn(len(table.recordings), replicates, seed)


def crossed(
    places: ChunkPlaces, table: DetectionTable, row: Int64
) -> tuple[list[tuple[str, str, str]], Int64, Float64, Int64]:
    """Return every (site, date, hour) that was listened to, its recordings (K,), hours (K,) and detections (K, C)."""
    keys = list(zip(places.values["site"], places.values["date"], places.values["hour"], strict=True))
    cells = sorted(set(keys), key=lambda k: tuple(map(natural_key, k)))
    at = {k: i for i, k in enumerate(cells)}
    cell = np.array([at[k] for k in keys], np.int64)
    hours = np.bincount(cell, places.length_s, len(cells)).astype(np.float64) / 3600
    pairs = np.unique(np.column_stack([cell, places.recording]), axis=0)
    recordings = np.bincount(pairs[:, 0], minlength=len(cells)).astype(np.int64)
    counts = np.zeros((len(cells), len(table.classes)), np.int64)
    np.add.at(counts, (cell[row], table.class_at), 1)
    return cells, recordings, hours, counts


def _by_class(table: DetectionTable) -> Iterator[Int64]:
    for c in range(len(table.classes)):
        yield np.flatnonzero(table.class_at == c)


def _sums(recording: Int64, cell: Int64, weights: Float64 | None, size: tuple[int, int]) -> Float64:
    """Return sums (R, K) of weights (1 each: None) over recordings and cells; cell -1 counts nowhere."""
    out = np.zeros(size)
    inside = cell >= 0
    np.add.at(out, (recording[inside], cell[inside]), 1.0 if weights is None else weights[inside])
    return out
