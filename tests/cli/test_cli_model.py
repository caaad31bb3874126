from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from blendkit.sample.backbone import BLOCKS

Blendkit = Callable[..., subprocess.CompletedProcess[str]]
RECIPE = """
recipe: 1
name: both
members:
  perch: {use: perch, model: models/perch_v2.onnx, labels: models/perch_labels.csv}
  seqhead: {use: perch-seqhead, backbone: models/perch_v2.onnx, head: models/seqhead.onnx}
blends:
  both: {by: logit, of: {perch: 1, seqhead: 1}}
output: both
"""


@pytest.fixture(scope="module")
def folder(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample world with a recipe that uses its backbone twice."""
    made = tmp_path_factory.mktemp("model") / "world"
    shutil.copytree(world, made)
    (made / "both.yaml").write_text(RECIPE, encoding="utf-8")
    return made


def outputs(path: Path, x: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, {"inputs": x}), strict=True))


def test_slim_to_all_that_a_recipe_needs(folder: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    model, out = folder / "models/perch_v2.onnx", tmp_path / "small.onnx"
    (tmp_path / "empty").mkdir()
    folders = ("--data", tmp_path / "empty", "--data", folder)  # the first that has a file gives it
    done = blendkit("model", "slim", model, "--recipe", folder / "both.yaml", *folders, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "with identical logits" in done.stdout
    assert "checked on 8 windows of" in done.stdout
    assert ".ogg" in done.stdout
    assert f"wrote {out} and {tmp_path / 'small_labels.csv'}" in done.stdout
    x = (0.05 * np.random.default_rng(1).standard_normal((3, 160_000))).astype(np.float32)
    whole, cut = outputs(model, x), outputs(out, x)
    names = (folder / "models/perch_labels.csv").read_text(encoding="utf-8").split("\n")[1:]
    kept = (tmp_path / "small_labels.csv").read_text(encoding="utf-8").split()[1:]
    kept = (tmp_path / "small_labels.csv").read_text(encoding="utf-8").strip().split("\n")[1:]
    assert 0 < len(kept) < len([n for n in names if n])
    assert np.array_equal(cut["label"], whole["label"][:, [names.index(k) for k in kept]])
    assert {b.end + "__mean" for b in BLOCKS[3:]} <= set(cut)  # the blocks that the head listens to
    # and it is a model that a recipe can name
    args = ("score", "perch", folder / "test_soundscapes", "--taxonomy", folder / "taxonomy.csv")
    for name, settings in (
        ("a", (model, folder / "models/perch_labels.csv")),
        ("b", (out, tmp_path / "small_labels.csv")),
    ):
        told = blendkit(
            *args, "--out", tmp_path / name, "--set", f"model={settings[0]}", "--set", f"labels={settings[1]}"
        )
        assert told.returncode == 0, told.stderr
    from blendkit.core.names import NameRule
    from blendkit.store.logits import LogitStore

    a, b = (LogitStore.open(tmp_path / name).read(NameRule()).values for name in "ab")
    assert np.array_equal(a, b)


def test_slim_says_why_not(folder: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    recipe = folder / "both.yaml"
    text = blendkit("model", "slim", folder / "nothing.onnx", "--recipe", recipe).stderr
    assert "MODEL: there is no file 'nothing.onnx'" in text
    done = blendkit(
        "model", "slim", folder / "models/seqhead.onnx", "--recipe", folder / "both.yaml", "--out", tmp_path / "x.onnx"
    )
    assert done.returncode in (0, 2)
    other = tmp_path / "other.onnx"
    shutil.copy(folder / "models/seqhead.onnx", other)
    done = blendkit("model", "slim", other, "--recipe", recipe)
    assert done.returncode == 2
    assert "no member uses" in done.stderr
    assert "perch_v2.onnx" in done.stderr


def test_taps(folder: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    model = folder / "models/perch_v2.onnx"
    done = blendkit("model", "taps", model, "--out", tmp_path / "tapped.onnx")
    assert done.returncode == 0, done.stderr
    assert "6 blocks" in done.stdout
    x = (0.05 * np.random.default_rng(1).standard_normal((2, 160_000))).astype(np.float32)
    found = outputs(tmp_path / "tapped.onnx", x)
    assert np.array_equal(found["label"], outputs(model, x)["label"])  # logits are the same with taps on
    for block in BLOCKS:
        assert block.end in done.stdout
        assert found[block.end + "__mean"].shape == (2, block.width)
    told = blendkit("model", "taps", model, "--json")
    events = [json.loads(line)["payload"] for line in told.stdout.splitlines()]
    assert [(e["name"], e["width"]) for e in events] == [(b.end, b.width) for b in BLOCKS]
    done = blendkit("model", "taps", folder / "models/seqhead.onnx")
    assert done.returncode == 2
    assert "no MBConv blocks" in done.stderr


@pytest.mark.parametrize("kind", ["int8", "fp16"])
def test_optimise_hides_nothing(folder: Path, tmp_path: Path, blendkit: Blendkit, kind: str) -> None:
    model, out = folder / "models/perch_v2.onnx", tmp_path / "variant.onnx"
    recipe = tmp_path / "one.yaml"
    recipe.write_text("recipe: 1\nname: one\nmembers:\n  perch: {use: perch, model: models/perch_v2.onnx, labels: "
                      "models/perch_labels.csv}\nlabels: [test_soundscapes_labels.csv]\noutput: perch\n", encoding="utf-8")  # fmt: skip
    args = (
        "model",
        "optimise",
        model,
        "--recipe",
        recipe,
        "--data",
        folder,
        "--to",
        kind,
        "--out",
        out,
        "--recordings",
        2,
    )
    done = blendkit(*args, "--json")
    assert done.returncode == 0, done.stderr
    (event,) = [json.loads(line)["payload"] for line in done.stdout.splitlines()]
    assert event["largest"] > 0
    assert event["bytes"][1] < event["bytes"][0]
    assert event["auc"] is not None
    stamp = {p.key: p.value for p in onnx.load(str(out)).metadata_props}["blendkit.variant"]
    assert json.loads(stamp)["kind"] == kind
    # whoever runs it is told
    told = blendkit("score", "perch", folder / "test_soundscapes", "--out", tmp_path / "s", "--set", f"model={out}", "--set",
                    f"labels={folder / 'models/perch_labels.csv'}")  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert f"{kind} variant of perch_v2.onnx: logits differ by up to" in told.stdout
    assert "macro-AUC" in told.stdout


def features(store: Path, name: str) -> Any:
    from blendkit.core.names import NameRule
    from blendkit.store.features import FeatureStore

    return FeatureStore.open(store).read(name, NameRule())


def test_features_are_saved_and_resumed(folder: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    settings = (
        "--set",
        f"model={folder / 'models/perch_v2.onnx'}",
        "--set",
        f"labels={folder / 'models/perch_labels.csv'}",
    )
    audio = sorted((folder / "test_soundscapes").glob("*.ogg"))
    asked = ("--features", "embedding", "--features", "spatial_embedding", "--features", "blocks")
    args = ("fit", "features", "perch", "--out", tmp_path / "f", *settings, *asked)
    done = blendkit(*args, *audio[:2])
    assert done.returncode == 0, done.stderr
    again = blendkit(*args, *audio, "--json")
    assert json.loads(again.stdout.splitlines()[0])["payload"]["to_score"] == len(audio) - 2
    rows, embedding = features(tmp_path / "f", "embedding")
    assert embedding.shape == (len(rows), 128)
    assert rows.recordings() == [p.stem for p in audio]
    _, spatial = features(tmp_path / "f", "spatial_embedding")
    assert np.allclose(spatial.mean(axis=(1, 2)), embedding, atol=1e-4)
    _, block = features(tmp_path / "f", BLOCKS[3].end)
    assert block.shape == (len(rows), BLOCKS[3].width)
    wrong = blendkit("fit", "features", "perch", audio[0], "--out", tmp_path / "g", *settings, "--features", "embeding")
    assert wrong.returncode == 2
    assert "did you mean 'embedding'" in wrong.stderr
    other = blendkit(
        "fit", "features", "perch", audio[0], "--out", tmp_path / "f", *settings, "--features", "embedding"
    )
    assert other.returncode == 2
    assert "holds other features" in other.stderr
    none = blendkit("fit", "features", "tone", audio[0], "--out", tmp_path / "h", "--features", "embedding")
    assert "gives logits only, no features" in none.stderr
