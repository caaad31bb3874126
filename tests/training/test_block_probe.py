"""`probe` without a model: how draws become a ranking and probe.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.audio import Recording
from blendkit.training.jobs import block_probe
from blendkit.training.jobs.block_probe import ClipDraw, Voting, probe_member
from blendkit.training.jobs.clips import Clips

LABELS = tuple(c for c in "xyz" for _ in range(8))
EVERY = Clips(tuple(Recording(f"{c}/{i}", Path(f"{i}.wav")) for i, c in enumerate(LABELS)), LABELS, None)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds of the draws; `good` tells the classes apart in the first draw, `bad` never does."""
    seeds: list[int] = []

    def sample(clips: Clips, classes: int, per_class: int, seed: int) -> Clips:
        assert (classes, per_class) == (3, 8)
        seeds.append(seed)
        return clips

    def features(scorer: Any, clips: Clips, names: Any, store: Path, **more: Any) -> tuple[dict[str, Any], Clips]:
        rng = np.random.default_rng(seeds[-1])
        at = np.array(["xyz".index(c) for c in clips.labels])
        strength = 5.0 if len(seeds) == 1 else 0.0
        good = rng.standard_normal((24, 3)) + strength * np.eye(3)[at]
        return {"bad": rng.standard_normal((24, 3)), "good": good, "embedding": rng.standard_normal((24, 3))}, clips

    monkeypatch.setattr(block_probe, "find_clips", lambda folder, group: EVERY)
    monkeypatch.setattr(block_probe, "one_member", lambda *args, **more: None)
    monkeypatch.setattr(block_probe, "sample_clips", sample)
    monkeypatch.setattr(block_probe, "clip_features", features)
    return seeds


def test_draws_have_seeds_of_their_own_and_the_first_is_the_result(drawn: list[int], tmp_path: Path) -> None:
    draw = ClipDraw(classes=3, per_class=8, repeats=3, seed=7)
    found = probe_member("m", tmp_path, tmp_path / "out", draw=draw, voting=Voting(3, "euclidean"))
    assert drawn == [7, 8, 9]
    made = json.loads((tmp_path / "out" / "probe.json").read_text(encoding="utf-8"))
    assert made == json.loads(json.dumps(found.summary))
    assert (made["clips"], made["classes"], made["k"], made["metric"], made["seed"]) == (24, 3, 3, "euclidean", 7)
    assert made["features"][0]["name"] == "good"
    assert made["features"][0]["top_one"] == 1.0
    assert found.labels == LABELS
    assert found.features["good"].shape == (24, 3)
    assert len(found.draws) == len(made["repeats"]) == 3
    assert made["repeats"][0]["good"] == 1.0
    assert made["repeats"][1]["good"] < 0.8


def test_weights_are_of_blocks_alone(drawn: list[int], tmp_path: Path) -> None:
    made = probe_member("m", tmp_path, tmp_path / "out", draw=ClipDraw(classes=3, per_class=8)).summary
    assert made["gains_against"] == "embedding"
    assert set(made["weights"]) <= {"good", "bad"}
    assert sum(made["weights"].values()) == pytest.approx(1)
    assert max(made["weights"], key=made["weights"].get) == "good"
