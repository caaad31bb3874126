"""Whose the chunks of a saved file are, and how much of each is real audio."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.audio import Grid, Prepared
from blendkit.core import (
    AudioContent,
    Contents,
    Float32,
    Float64,
    Int64,
    Rows,
    chunk_rows,
    contents_to_json,
    json_value,
)
from blendkit.errors import BlendkitError

INDEX = ("recording", "chunks", "duration_s", "contents")


@dataclass(frozen=True, eq=False)
class ChunkIndex:
    """The recordings of saved chunks, in their order: how many chunks each has, and its real length in seconds."""

    chunks: Mapping[str, int]
    duration_s: Mapping[str, float]
    contents: Contents

    @classmethod
    def of(cls, prepared: Sequence[Prepared]) -> ChunkIndex:
        """Return the index of recordings that were decoded."""
        contents = {p.recording: p.content for p in prepared if p.content is not None}
        chunks, seconds = ({p.recording: getattr(p, f) for p in prepared} for f in ("chunks", "duration_s"))
        return cls(chunks, seconds, contents)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of `INDEX`, for a file."""
        return {
            "recording": np.array(list(self.chunks), np.str_),
            "chunks": np.array(list(self.chunks.values()), np.int64),
            "duration_s": np.array([self.duration_s[r] for r in self.chunks], np.float64),
            "contents": np.array(json.dumps(contents_to_json(self.contents, self.contents))),
        }

    @classmethod
    def read(cls, saved: Mapping[str, NDArray[Any]], held: int, path: Path, what: str, way_out: str) -> ChunkIndex:
        """Read what `arrays` made of a file with `held` chunks. Raises BlendkitError if these do not fit together."""
        names, counts, seconds = (saved[k].tolist() for k in INDEX[:3])
        if len(names) != len(counts) or len(names) != len(seconds) or sum(counts) != held:
            reason = f"{len(names)} recordings and {len(counts)} counts, which add up to {sum(counts)}, not {held}"
            raise BlendkitError(f"{path}: not {what}", [reason, way_out])
        try:
            contents = {r: AudioContent.from_json(c) for r, c in json_value(str(saved["contents"])).items()}
        except (ValueError, AttributeError) as error:
            raise BlendkitError(f"{path}: not {what}", [str(error), way_out]) from error
        return cls(dict(zip(names, counts, strict=True)), dict(zip(names, seconds, strict=True)), contents)

    def rows(self, grid: Grid) -> tuple[Rows, Int64, Float32]:
        """Return the rows (N,) of the chunks, where each lies in the file (N,), and its share of real audio (N,)."""
        rows = chunk_rows(dict(self.chunks), grid.chunk_s, grid.names)
        counts = list(self.chunks.values())
        starts = dict(zip(self.chunks, np.cumsum([0, *counts])[:-1].tolist(), strict=True))
        at = np.concatenate([starts[r] + np.arange(self.chunks[r]) for r in rows.recordings()])
        seconds = np.array([self.duration_s[r] for r in rows.recording.tolist()])
        return rows, at, _real_shares(rows.start_s, seconds, grid.chunk_s)


def _real_shares(start_s: Float64, duration_s: Float64, chunk_s: float) -> Float32:
    """The share of every chunk that lies before its recording's end."""
    shares: Float32 = np.clip((duration_s - start_s) / chunk_s, 0, 1).astype(np.float32)
    return shares
