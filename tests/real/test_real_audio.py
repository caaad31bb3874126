"""Real recordings, whole and awkward: every file gets a status, and no file stops the rest."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from blendkit.core.audio_suffixes import AUDIO_SUFFIXES
from blendkit.core.names import NameRule
from blendkit.store.logits import LogitStore

Blendkit = Callable[..., subprocess.CompletedProcess[str]]
STATES = {"ok", "padded", "short", "holed", "unreadable", "empty"}
RATE = 16000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Settings of a small ONNX model: the means of two halves of a 5 s window."""
    folder = tmp_path_factory.mktemp("model")
    size = 5 * RATE
    weights = np.zeros((size, 2), np.float32)
    weights[: size // 2, 0] = weights[size // 2 :, 1] = 2 / size
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["audio", "w"], ["scores"])],
        "halves",
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["b", size])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["b", 2])],
        initializer=[numpy_helper.from_array(weights, "w")],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(folder / "m.onnx")
    )
    (folder / "classes.txt").write_text("early\nlate\n", encoding="utf-8")
    settings = {"model": folder / "m.onnx", "classes": folder / "classes.txt", "rate": RATE}
    return tuple(x for k, v in settings.items() for x in ("--set", f"{k}={v}"))


def sounds(folder: Path) -> set[str]:
    return {p.stem for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES}


@pytest.mark.parametrize("use", ["tone", "onnx"])
def test_every_file_has_a_status(
    real_data: Path, tmp_path: Path, blendkit: Blendkit, model: tuple[str, ...], use: str
) -> None:
    field, edge = real_data / "audio/field", real_data / "audio/edge"
    settings = model if use == "onnx" else ()
    done = blendkit("score", use, field, edge, "--out", tmp_path / "store", *settings, "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    found = {e["payload"]["recording"]: e["payload"] for e in events if e["event"] == "recording"}
    assert set(found) == sounds(field) | sounds(edge)
    assert {f["status"] for f in found.values()} <= STATES
    assert found["1min"]["status"] == "ok"
    assert found["1min"]["chunks"] == 12
    assert found["XC563936_soundscape"]["chunks"] == 15  # 3,002 MP3 frames of 1152 samples at 48 kHz: 72 s
    assert found["empty_2c"]["chunks"] == 0
    assert found["empty_2c"]["status"] in ("empty", "unreadable")
    scores = LogitStore.open(tmp_path / "store").read(NameRule())
    assert len(scores.rows) == sum(f["chunks"] for f in found.values())
    assert np.isfinite(scores.values).all()


def test_real_recordings_in_a_recipe(real_data: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    """The same files through `run`, where their length is known beforehand: no row goes missing."""
    text = "recipe: 1\nname: edge\naudio: edge\nrecording_s: 10\nmembers:\n  t: {use: tone}\noutput: t\n"
    (tmp_path / "edge.yaml").write_text(text, encoding="utf-8")
    done = blendkit("run", tmp_path / "edge.yaml", "--data", real_data / "audio", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
    assert set(said["recordings"]) == sounds(real_data / "audio/edge")
    assert all(r["chunks"] >= 2 for r in said["recordings"].values())
    assert said["written"]["t"]["rows"] == sum(r["chunks"] for r in said["recordings"].values())
