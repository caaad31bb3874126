"""Chunks of recordings as waves, in a file beside the checkpoints that is mapped and never read as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blendkit.audio import Grid, Prepared, Recording, groups, prepare_group, samples_at
from blendkit.core import Saw, chunk_rows, text_hash
from blendkit.errors import BlendkitError, shorten
from blendkit.events import Emit, silent
from blendkit.member import chunk_windows
from blendkit.store import atomic_path
from blendkit.training.jobs.chunk_index import INDEX, ChunkIndex
from blendkit.training.jobs.chunk_pictures import DecodedChunks
from blendkit.training.jobs.saved_arrays import read_arrays
from blendkit.training.settings import Distil
from blendkit.training.spectrogram import LogMel
from blendkit.training.wave_augment import WaveRows, Waves

_WHAT, _ADVICE = "a file of waves", "delete it: the waves are cut again"


def chunk_waves(
    recordings: Sequence[Recording], rate: int, grid: Grid, folder: Path, emit: Emit = silent
) -> tuple[DecodedChunks, Waves]:
    """Return the samples (N, samples) float16 of every chunk, mapped from a file, and the same as waves to train on.

    They are cut once, and saved in `folder`. Raises BlendkitError if no recording has a chunk that can be read.
    """
    by_id = {r.id: r for r in recordings}
    ordered = [by_id[i] for i in chunk_rows(dict.fromkeys(by_id, 1), grid.chunk_s, grid.names).recordings()]
    stamps = [(r.id, str(r.path), r.path.stat().st_mtime_ns) for r in ordered]
    path = folder / f"waves-{text_hash(repr((rate, grid.chunk_s, stamps)))[:12]}.npz"
    if not path.exists():
        _cut(ordered, rate, grid, path, emit)
    return _mapped(path, rate, grid)


@dataclass(frozen=True, eq=False)
class WaveSource:
    """Waves to learn from, the recordings that a background lets a student hear, and those that it had to leave out."""

    rows: WaveRows
    saw: Saw
    left_out: tuple[str, ...]


def wave_source(
    waves: Waves, background: Sequence[Recording], kept_out: Saw, how: Distil, grid: Grid, folder: Path, emit: Emit
) -> WaveSource:
    """Return waves with the background that is mixed into them.

    kept_out: the recordings to stop and to judge on: in the background they are left out, found again by content or by
    name. Raises BlendkitError if no background is left.
    """
    front, rate = LogMel(how.picture), how.picture.rate
    if not background:
        return WaveSource(WaveRows(waves, None, front, rate, how.waves), Saw(), ())
    heard, noise = chunk_waves(background, rate, grid, folder, emit)
    names = heard.rows.recordings()
    out = kept_out.among(names, heard.contents)
    used = np.flatnonzero(~np.isin(heard.rows.recording.astype(str), out))
    if not len(used):
        title = "--background: all of its recordings are held out to stop or to judge on"
        raise BlendkitError(title, [shorten(out), "name recordings that are not among them"])
    saw = Saw.of(set(names) - set(out), heard.contents)
    rows = WaveRows(waves, replace(noise, used=noise.used[used]), front, rate, how.waves)
    return WaveSource(rows, saw, tuple(out))


def _cut(recordings: Sequence[Recording], rate: int, grid: Grid, path: Path, emit: Emit) -> None:
    """Write the samples, and then the index that says whose they are."""
    emit("scoring", {"recordings": len(recordings), "to_score": len(recordings)})
    prepared: list[Prepared] = []
    digest = hashlib.sha256()
    with atomic_path(path.with_suffix(".f16")) as temporary:
        with temporary.open("wb") as handle:
            for group in groups(recordings):
                batch = prepare_group(group, [rate], grid)
                with batch.scratch:
                    for p in batch.recordings:
                        windows = chunk_windows(p.by_rate[rate].samples, p.chunks, grid.chunk_s, rate)
                        data = windows.astype("<f2").tobytes()
                        digest.update(data)
                        handle.write(data)
                        prepared.append(replace(p, by_rate={}))
                said = {"recordings": [r.id for r in group], "status": [p.status for p in batch.recordings]}
                emit("scored", said)
        if not sum(p.chunks for p in prepared):
            raise BlendkitError(f"none of {len(recordings)} recordings has a chunk that can be read")
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        arrays = {"sha256": np.array(digest.hexdigest()), **ChunkIndex.of(prepared).arrays()}
        np.savez(handle, **arrays)  # type: ignore[arg-type]


def _mapped(path: Path, rate: int, grid: Grid) -> tuple[DecodedChunks, Waves]:
    saved = read_arrays(path, ("sha256", *INDEX), _WHAT, _ADVICE)
    data, size = path.with_suffix(".f16"), samples_at(grid.chunk_s, rate)
    held, rest = divmod(data.stat().st_size if data.is_file() else 0, 2 * size)
    index = ChunkIndex.read(saved, -1 if rest else held, path, _WHAT, _ADVICE)
    rows, at, real = index.rows(grid)
    samples = np.memmap(data, np.dtype("<f2"), "r", shape=(held, size))
    return DecodedChunks(samples, rows, real, index.contents), Waves(samples, at, str(saved["sha256"]))
