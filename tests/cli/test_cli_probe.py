from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from blendkit.sample.backbone import BLOCKS

Blendkit = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, write_wav: Callable[..., Path]) -> Path:
    """Four classes of six clips: a tone each, in noise; three sources, and a clip that cannot be read."""
    folder, rng = tmp_path_factory.mktemp("clips"), np.random.default_rng(0)
    at = np.arange(5 * 32000) / 32000
    for c, hz in enumerate((500, 1500, 3000, 6000)):
        for i in range(6):
            tone = 0.3 * np.sin(2 * np.pi * hz * (1 + 0.01 * i) * at) + 0.02 * rng.standard_normal(len(at))
            write_wav(folder / f"class{c}" / f"s{i % 3}-{i}.wav", tone.astype(np.float32), 32000)
    (folder / "class0" / "s0-bad.wav").write_bytes(b"RIFF")
    return folder


def settings(world: Path) -> tuple[str, ...]:
    return ("--set", f"model={world}/models/perch_v2.onnx", "--set", f"labels={world}/models/perch_labels.csv")


def test_blocks_are_ranked(clips: Path, world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    args = ("probe", "perch", clips, "--out", tmp_path / "out", *settings(world), "--group", r"^(s\d)", "--k", 3)
    done = blendkit(*args, "--plot", "png", "--layout", "tsne")
    assert done.returncode == 0, done.stderr
    assert "24 clips of 4 classes; groups by" in done.stdout
    assert "to start a scalar mix with:" in done.stdout
    for name in ("ranking.png", "clips.png"):
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")
    found = json.loads((tmp_path / "out" / "probe.json").read_text(encoding="utf-8"))
    assert {f["name"] for f in found["features"]} == {"embedding", *(b.end for b in BLOCKS)}
    top = [f["top_one"] for f in found["features"]]
    assert top == sorted(top, reverse=True)
    assert top[0] > 0.8
    assert sum(found["weights"].values()) == pytest.approx(1)
    again = blendkit(*args, "--json", "--repeats", 2, "--per-class", 4)  # features are there already
    events = [json.loads(line) for line in again.stdout.splitlines()]
    assert all(e["payload"]["to_score"] == 0 for e in events if e["event"] == "scoring")
    assert len(events[-1]["payload"]["repeats"]) == 2


def test_copies_do_not_vote_on_each_other(clips: Path, world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    """A clip in two class folders is its own nearest neighbour: without a word, its wrong label would win."""
    few = tmp_path / "few"
    for c in (0, 1):
        (few / f"class{c}").mkdir(parents=True)
        for own in sorted((clips / f"class{c}").glob("s*-[0-3].wav")):
            (few / f"class{c}" / own.name).write_bytes(own.read_bytes())
    plain = blendkit("probe", "perch", few, "--out", tmp_path / "plain", *settings(world), "--k", 1)
    assert "copies or cuts" not in plain.stdout
    (few / "class1" / "again.wav").write_bytes((few / "class0" / "s0-0.wav").read_bytes())
    done = blendkit("probe", "perch", few, "--out", tmp_path / "out", *settings(world), "--k", 1)
    assert done.returncode == 0, done.stderr
    said = "1 clip is a copy or cut of another, and copies do not vote on each other: class1/again (class0/s0-0)"
    assert said in " ".join(done.stdout.split())
    one, other = (json.loads((tmp_path / f / "probe.json").read_text(encoding="utf-8")) for f in ("plain", "out"))
    assert (one["copies"], other["copies"]) == ({}, {"class1/again": "class0/s0-0"})
    best = {f["name"]: f["top_one"] for f in one["features"]}
    # the eight others are judged as before, and the copy is wrong: its neighbours are of its first folder
    right = [f for f in other["features"] if best[f["name"]] == 1.0]
    assert right
    assert all(f["top_one"] == pytest.approx(8 / 9) for f in right)


def test_mistakes(clips: Path, world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    out = ("--out", tmp_path / "out", *settings(world))
    assert "expected one folder of clips per class" in blendkit("probe", "perch", clips / "class1", *out).stderr
    assert "not a regular expression" in blendkit("probe", "perch", clips, *out, "--group", "(").stderr
    assert "is not in 25 names" in blendkit("probe", "perch", clips, *out, "--group", "^(x)").stderr
    wrong = blendkit("probe", "perch", clips, *out, "--features", "block7_add", "--per-class", 2)
    assert wrong.returncode == 2
    assert "did you mean 'block6_add'" in wrong.stderr
    assert "gives logits only, no features" in blendkit("probe", "tone", clips, "--out", tmp_path / "t").stderr
