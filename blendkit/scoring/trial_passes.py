"""How fast members and decoding are on this machine: a few passes over a little audio before a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from blendkit.audio import Batch, Grid, Prepared, Recording, prepare_group
from blendkit.member import FileMember, Member
from blendkit.scoring.budget import Span

_WARM_UP_CHUNKS = 1
_MOST_CHUNKS = 32
_PASS_S = 0.7  # that a timed pass should take, if so many chunks do not take longer
_LOUDNESS = 0.05
_FALLBACK_HZ = 32000
Score = Callable[[Sequence[Prepared]], Any]


@dataclass(frozen=True)
class Calibration:
    """The seconds per second of audio of a member that hears it once, and of decoding."""

    models: dict[str, Span]
    decoding: Span


def member_speed(
    made: Member | FileMember, score: Score, grid: Grid, now: Callable[[], float] = time.perf_counter
) -> Span:
    """Return how long a member takes per second of noise that it hears once.

    score: puts prepared recordings through the member. A first pass over one chunk warms it up and tells how many
    chunks the two timed passes may have.
    """
    warm_s = _timed(score, made, grid, _WARM_UP_CHUNKS, now)
    # the first call may compile or load: one more tells what a chunk takes
    chunk_s = min(warm_s, _timed(score, made, grid, _WARM_UP_CHUNKS, now)) if warm_s < _PASS_S else warm_s
    chunks = int(min(_MOST_CHUNKS, max(1, _PASS_S / max(chunk_s, 1e-6))))
    passes = [_timed(score, made, grid, chunks, now) / (chunks * grid.chunk_s) for _ in range(2)]
    return Span(min(passes) * 0.8, sum(passes) / 2, max(passes) * 1.5)


def _timed(score: Score, made: Member | FileMember, grid: Grid, chunks: int, now: Callable[[], float]) -> float:
    rates = [made.info.rate] if isinstance(made, Member) else []
    with TemporaryDirectory(prefix="blendkit-") as folder:
        batch = _noise(Path(folder), rates, grid, chunks)
        with batch.scratch:
            started = now()
            score(batch.recordings)
            return now() - started


def _noise(folder: Path, rates: Sequence[int], grid: Grid, chunks: int) -> Batch:
    """Return one recording of faint noise, also as a file, for members that read files."""
    import soundfile

    rate = rates[0] if rates else _FALLBACK_HZ
    noise = np.random.default_rng(0).standard_normal(round(chunks * grid.chunk_s * rate)).astype(np.float32)
    path = folder / "noise.wav"
    soundfile.write(path, noise * _LOUDNESS, rate, subtype="FLOAT")
    plain = Grid(grid.chunk_s, grid.remainder, grid.names)  # one channel, of a length that nothing is known of
    return prepare_group([Recording("noise", path)], rates, plain)


def decoding_speed(recordings: Sequence[Recording], rates: Sequence[int], grid: Grid) -> Span:
    """Return the seconds per second of audio of decoding and resampling, from some of the run's own recordings."""
    batch = prepare_group(recordings, rates, grid)
    with batch.scratch:
        spent = sum(p.decode_s + p.resample_s for p in batch.recordings)
        heard = sum(p.duration_s for p in batch.recordings)
    per_s = spent / heard if heard else 0.0
    return Span(per_s * 0.7, per_s, per_s * 1.5)
