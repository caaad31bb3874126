"""Clips of known classes: found, grouped, drawn, and paired with their own features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from blendkit.member import MemberInfo
from blendkit.scoring import one_member, standalone
from blendkit.training.jobs.clips import clip_features, find_clips, sample_clips

WriteWav = Callable[..., Path]
RATE = 8000


@dataclass
class Loudness:
    """A model whose only feature is the mean of a window: what a clip was made with comes back."""

    info: MemberInfo = MemberInfo(("x",), (True,), RATE, 5.0)
    blocks: tuple[str, ...] = ("mean",)
    feature_shapes: dict[str, tuple[int, ...]] = field(default_factory=lambda: {"mean": (1,)})

    def predict(self, windows: np.ndarray) -> np.ndarray:
        return windows.mean(axis=1, keepdims=True)

    def features(self, windows: np.ndarray, names: Sequence[str]) -> list[np.ndarray]:
        return [windows.mean(axis=1, keepdims=True) for _ in names]


@pytest.fixture
def loudness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standalone, "build_member", lambda *args: Loudness())


def folder_of(tmp_path: Path, write_wav: WriteWav, level: dict[str, float]) -> Path:
    """One clip of 5 s for every name, constant at its level."""
    for name, value in level.items():
        write_wav(tmp_path / "clips" / f"{name}.wav", np.full(5 * RATE, value, np.float32), RATE)
    return tmp_path / "clips"


LEVEL = {"2/a": 0.1, "2/b": 0.2, "10/c": 0.3, "10/d": 0.4}


@pytest.mark.usefixtures("loudness")
def test_features_lie_under_their_own_clip_whatever_the_order(tmp_path: Path, write_wav: WriteWav) -> None:
    folder = folder_of(tmp_path, write_wav, LEVEL)
    drawn = sample_clips(find_clips(folder), 2, 2, seed=0)
    assert drawn.recordings[0].id.startswith("10")  # text order, not that of rows
    made, known = clip_features(one_member("tone", [folder]), drawn, (), tmp_path / "features")
    wanted = [LEVEL[r.id] for r in known.recordings]
    np.testing.assert_allclose(made["mean"][:, 0], wanted, atol=1e-4)
