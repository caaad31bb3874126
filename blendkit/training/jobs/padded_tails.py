"""Which chunks of clips carry the clip's label: not those at its end that are mostly padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from blendkit.core import Bools, Float32, NameRule, Rows
from blendkit.store import FeatureStore, Stored, require_features

LEAST_AUDIO = 0.5  # of a chunk; the rest of a clip's last chunk is zeros, which no label describes


def mostly_audio(rows: Rows, stored: Mapping[str, Stored]) -> Bools:
    """Return (N,) which chunks are at least half audio, by the duration of their recordings.

    A recording's first chunk always counts: where it is the only one, it holds all of the sound that the label is of.
    """
    duration = np.array([stored[r].duration_s for r in rows.recording.tolist()], np.float64)
    audio = np.minimum(duration, rows.end_s) - rows.start_s
    return np.asarray((rows.start_s == 0) | (audio >= LEAST_AUDIO * (rows.end_s - rows.start_s) - 1e-6))


def read_clips(store: FeatureStore, blocks: Sequence[str]) -> tuple[Rows, dict[str, Float32]]:
    """Return the rows that count and their blocks (N, ...). Raises BlendkitError for a block that is not stored.

    Block by block, so that no second copy of all of them is ever there.
    """
    require_features(str(store.manifest.folder), blocks, store.shapes)
    stored, features = store.manifest.recordings(), {}
    for b in dict.fromkeys(blocks):
        rows, values = store.read(b, NameRule())
        keep = np.flatnonzero(mostly_audio(rows, stored))
        features[b] = values if len(keep) == len(rows) else values[keep]
    return rows.take(keep), features


def tails_note(stores: list[FeatureStore], kept: int) -> list[str]:
    """Return what to say of the chunks of clips that were left out, if any; kept: how many were not."""
    lost = sum(s.chunks for store in stores for s in store.manifest.recordings().values()) - kept
    return [f"{lost} chunks at the end of clips are more than half padding and are left out"] if lost else []
