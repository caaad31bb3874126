"""Chunks of recordings as raw log-mel pictures, in a file that is saved beside the checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from blendkit.audio import Grid, Prepared, Recording, groups, prepare_group
from blendkit.core import Contents, Float32, Rows, text_hash
from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.member import chunk_windows
from blendkit.store import atomic_path
from blendkit.training.jobs.chunk_index import INDEX, ChunkIndex
from blendkit.training.jobs.saved_arrays import read_arrays
from blendkit.training.settings import Picture
from blendkit.training.spectrogram import LogMel

Pictures = NDArray[np.float16]
_FORMAT = 2  # of the file; what an older version saved is made again


@dataclass(frozen=True, eq=False)
class DecodedChunks:
    """Every chunk of some recordings, in the order of its rows (N,).

    values: a raw log-mel picture (N, mels, frames) of each; real (N,): the share of each that is audio and not the
    silence that fills a recording's last chunk; contents: what the recordings sound like.
    """

    values: Pictures
    rows: Rows
    real: Float32
    contents: Contents


def chunk_pictures(
    recordings: Sequence[Recording], picture: Picture, grid: Grid, folder: Path, emit: Emit = silent
) -> DecodedChunks:
    """Return a picture of every chunk.

    They are read from `folder` if they were made before, and saved there if not. Raises BlendkitError if no
    recording has a chunk that can be read.
    """
    stamps = [(r.id, str(r.path), r.path.stat().st_mtime_ns) for r in recordings]
    path = folder / f"pictures-{text_hash(repr((_FORMAT, picture, grid.chunk_s, stamps)))[:12]}.npz"
    if path.exists():
        pictures, index = _saved(path)
        return _in_row_order(pictures, index, grid)
    emit("scoring", {"recordings": len(recordings), "to_score": len(recordings)})
    parts: list[Pictures] = []
    prepared: list[Prepared] = []
    for p, own in _each(recordings, picture, grid, emit):
        prepared.append(replace(p, by_rate={}))
        parts += [own] if len(own) else []
    if not parts:
        raise BlendkitError(f"none of {len(recordings)} recordings has a chunk that can be read")
    pictures, index = np.concatenate(parts), ChunkIndex.of(prepared)
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        np.savez(handle, pictures=pictures, **index.arrays())  # type: ignore[arg-type]
    return _in_row_order(pictures, index, grid)


def _saved(path: Path) -> tuple[Pictures, ChunkIndex]:
    """The pictures of a file, and whose they are. Raises BlendkitError if these do not fit together."""
    what, advice = "a file of pictures", "delete it: the pictures are made again"
    saved = read_arrays(path, ("pictures", *INDEX), what, advice)
    return saved["pictures"], ChunkIndex.read(saved, len(saved["pictures"]), path, what, advice)


def _each(
    recordings: Sequence[Recording], picture: Picture, grid: Grid, emit: Emit
) -> Iterator[tuple[Prepared, Pictures]]:
    """Every recording with the pictures of its chunks."""
    front, rate = LogMel(picture), picture.rate
    for group in groups(recordings):
        batch = prepare_group(group, [rate], grid)
        with batch.scratch:
            for p in batch.recordings:
                windows = chunk_windows(p.by_rate[rate].samples, p.chunks, grid.chunk_s, rate)
                with torch.no_grad():
                    parts = [front.raw(torch.from_numpy(w)).numpy().astype(np.float16) for w in _batches(windows)]
                yield p, np.concatenate(parts) if parts else np.empty((0, picture.mels, 0), np.float16)
            emit("scored", {"recordings": [r.id for r in group], "status": [p.status for p in batch.recordings]})


def _batches(windows: Float32, size: int = 16) -> list[Float32]:
    return [windows[i : i + size] for i in range(0, len(windows), size)]


def _in_row_order(pictures: Pictures, index: ChunkIndex, grid: Grid) -> DecodedChunks:
    """Return the chunks in the order of their rows. pictures: in the order of the index."""
    rows, at, real = index.rows(grid)
    in_order = np.array_equal(at, np.arange(len(pictures)))
    return DecodedChunks(pictures if in_order else pictures[at], rows, real, index.contents)
