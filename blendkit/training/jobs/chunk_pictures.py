"""Chunks of recordings as raw log-mel pictures, in a file that is saved beside the checkpoints."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from blendkit.audio import Grid, Prepared, Recording, groups, prepare_group
from blendkit.core import AudioContent, Contents, Float32, Rows, chunk_rows, contents_to_json, text_hash
from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.member import chunk_windows
from blendkit.store import atomic_path
from blendkit.training.jobs.saved_arrays import read_arrays
from blendkit.training.settings import Picture
from blendkit.training.spectrogram import LogMel

Pictures = NDArray[np.float16]


def chunk_pictures(
    recordings: Sequence[Recording], picture: Picture, grid: Grid, folder: Path, emit: Emit = silent
) -> tuple[Pictures, Rows, Contents]:
    """Return a raw log-mel picture (N, mels, frames) of every chunk, the rows (N,) they belong to, and contents.

    They are read from `folder` if they were made before, and saved there if not. Raises BlendkitError if no
    recording has a chunk that can be read.
    """
    stamps = [(r.id, str(r.path), r.path.stat().st_mtime_ns) for r in recordings]
    path = folder / f"pictures-{text_hash(repr((picture, grid.chunk_s, stamps)))[:12]}.npz"
    if path.exists():
        saved, counts, known = _saved(path)
        return *_in_row_order(saved, counts, grid), known
    emit("scoring", {"recordings": len(recordings), "to_score": len(recordings)})
    parts: list[Pictures] = []
    chunks: dict[str, int] = {}
    contents: dict[str, AudioContent] = {}
    for p, own in _each(recordings, picture, grid, emit):
        chunks[p.recording] = len(own)
        contents |= {} if p.content is None else {p.recording: p.content}
        parts += [own] if len(own) else []
    if not parts:
        raise BlendkitError(f"none of {len(recordings)} recordings has a chunk that can be read")
    pictures = np.concatenate(parts)
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        np.savez(
            handle,
            pictures=pictures,
            recording=np.array(list(chunks)),
            chunks=np.array(list(chunks.values())),
            contents=np.array(json.dumps(contents_to_json(contents, contents))),
        )
    return *_in_row_order(pictures, chunks, grid), contents


def _saved(path: Path) -> tuple[Pictures, dict[str, int], Contents]:
    """The pictures of a file, and how many each recording has. Raises BlendkitError if these do not fit together."""
    what, advice = "a file of pictures", "delete it: the pictures are made again"
    saved = read_arrays(path, ("pictures", "recording", "chunks", "contents"), what, advice)
    pictures, names, counts = saved["pictures"], saved["recording"].tolist(), saved["chunks"].tolist()
    if len(names) != len(counts) or sum(counts) != len(pictures):
        reason = f"{len(names)} recordings and {len(counts)} counts, which add up to {sum(counts)}, not {len(pictures)}"
        raise BlendkitError(f"{path}: not {what}", [reason, advice])
    contents = {r: AudioContent.from_json(c) for r, c in json.loads(str(saved["contents"])).items()}
    return pictures, dict(zip(names, counts, strict=True)), contents


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


def _in_row_order(pictures: Pictures, chunks: dict[str, int], grid: Grid) -> tuple[Pictures, Rows]:
    """Return the pictures in the order of their rows. chunks: how many each recording has, in the pictures' order."""
    rows = chunk_rows(chunks, grid.chunk_s, grid.names)
    starts = dict(zip(chunks, np.cumsum([0, *chunks.values()])[:-1].tolist(), strict=True))
    index = np.concatenate([starts[r] + np.arange(chunks[r]) for r in rows.recordings()])
    in_order = np.array_equal(index, np.arange(len(pictures)))
    return pictures if in_order else pictures[index], rows
