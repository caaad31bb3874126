"""Run the backbone, and measure scores by a tie-aware AUC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from blendkit.sample.backbone import TAPS
from blendkit.sample.call_waveforms import Wave
from blendkit.sample.config import CHUNK_SAMPLES

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Features:
    """`embedding` (rows, 128), and `taps`: one (rows, channels) array of global averages per tapped block."""

    embedding: Floats
    taps: tuple[Floats, ...]

    @property
    def joined(self) -> Floats:
        """All taps side by side: (rows, channels of all taps)."""
        return np.concatenate(self.taps, axis=1)

    def rows(self, mask: npt.NDArray[np.bool_]) -> Features:
        """Return the rows where `mask`, (rows,), is true."""
        return Features(self.embedding[mask], tuple(tap[mask] for tap in self.taps))


def session_of(model: bytes) -> Any:
    """Open a model on one CPU thread; safe to run from several threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def backbone_features(session: Any, wave: Wave) -> Features:
    """Return the features of a recording's 5 s chunks; `wave` is (samples,), 32 kHz."""
    embedding, *taps = session.run(["embedding", *TAPS], {"inputs": wave.reshape(-1, CHUNK_SAMPLES)})
    return Features(embedding, tuple(tap.mean(axis=(2, 3)) for tap in taps))


def stacked(parts: list[Features]) -> Features:
    """Join the features of several recordings, row under row."""
    taps = tuple(np.concatenate(each) for each in zip(*(part.taps for part in parts), strict=True))
    return Features(np.concatenate([part.embedding for part in parts]), taps)
