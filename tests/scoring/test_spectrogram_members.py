"""Members behind a spectrogram, through a whole run: computed once, the same scores as alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from scipy.ndimage import gaussian_filter1d
from scipy.special import expit

from blendkit.audio.decoding import decode
from blendkit.audio.recordings import find_recordings
from blendkit.audio.resampling import resample
from blendkit.core.names import NameRule
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.member.windows import chunk_windows
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan
from blendkit.store.logits import LogitStore

pytest.importorskip("librosa", reason="librosa, which makes mel bands, is not installed")
Run = Callable[..., RunResult]
MEL = "mel: {rate: 8000, n_fft: 256, hop: 200, mels: 16}"
ONE = f"use: sed, folds: [fold0.onnx], classes: classes.txt, {MEL}"
TWO = f"use: sed, folds: [fold0.onnx, fold1.onnx], classes: classes.txt, {MEL}"


def recipe(**members: str) -> str:
    lines = [f"  {name}: {{{text}}}" for name, text in members.items()]
    of = ", ".join(f"{name}: 1" for name in members)
    return "\n".join(["recipe: 1", "name: r", "members:", *lines, f"blends: {{all: {{by: logit, of: {{{of}}}}}}}", "labels: []", "output: all"])  # fmt: skip


@pytest.fixture
def data(tones: Callable[..., Path], save_graph: Callable[..., Path]) -> Path:
    folder = tones({"r1": 15.0, "r2": 10.0})
    for seed in (0, 1):
        nodes = [
            helper.make_node("Squeeze", ["mel", "one"], ["flat"]),
            helper.make_node("Transpose", ["flat"], ["time"], perm=[0, 2, 1]),
            helper.make_node("MatMul", ["time", "w"], ["frame"]),
        ]
        weights = {"one": np.array([1]), "w": np.random.default_rng(seed).standard_normal((16, 2)).astype(np.float32)}
        save_graph(folder / f"fold{seed}.onnx", nodes, {"mel": ("b", 1, 16, "t")}, {"frame": ("b", "t", 2)}, weights)
    (folder / "classes.txt").write_text("x\ny\n", encoding="utf-8")
    return folder


def stored(out: Path) -> dict[str, np.ndarray]:
    stores = (LogitStore.open(m.parent) for m in out.glob("logits/*/store.json"))
    return {s.made_by: s.read(NameRule()).values for s in stores}


def test_one_spectrogram_for_all(data: Path, tmp_path: Path, run_text: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from blendkit.member.mel import Mel

    alone = {**stored(run_text(recipe(a=ONE), data, tmp_path / "a").out), **stored(run_text(recipe(b=TWO), data, tmp_path / "b").out)}  # fmt: skip
    calls: list[int] = []
    honest = Mel.__call__
    monkeypatch.setattr(Mel, "__call__", lambda self, x: (calls.append(len(x)), honest(self, x))[1])
    made = run_text(recipe(a=ONE, b=TWO), data, tmp_path / "both")
    assert sum(calls) == 5 + 2 * 4  # chunks of both recordings, once; each member also tries four windows
    together = stored(made.out)
    assert together.keys() == alone.keys()
    assert all(np.array_equal(together[k], alone[k]) for k in alone)
    assert {s.member for s in made.speeds} == {"a", "b"}
    assert made.minutes is not None


def test_a_nested_setting_that_is_none() -> None:
    with pytest.raises(BlendkitError) as error:
        make_plan(parse_recipe(recipe(a=ONE.replace("n_fft", "nfft").replace("hop: 200", "hop: 0")), "r.yaml"))
    text = "\n".join(error.value.problems)
    assert "members.a.mel.hop: input should be greater than or equal to 1, got 0" in text
    assert "members.a.mel.nfft: unknown key 'nfft' (did you mean 'n_fft'?); known: rate, n_fft" in text


def test_a_fold_that_is_missing(data: Path, tmp_path: Path, run_text: Run) -> None:
    (data / "fold1.onnx").unlink()
    with pytest.raises(BlendkitError) as error:
        run_text(recipe(b=TWO), data, tmp_path / "out")
    assert "members.b.folds[1]: 'fold1.onnx' is not in" in error.value.problems[0]


def test_the_packaged_sed_recipe(
    tones: Callable[..., Path], save_graph: Callable[..., Path], tmp_path: Path, run_text: Run
) -> None:
    """Five folds of the public contract (256 bands, 32 kHz): half clip, half highest frame, then the Gaussian."""
    data, gaze = tones({"r1": 20.0}), {}
    (data / "models").mkdir()
    for seed in range(5):
        nodes = [
            helper.make_node("Squeeze", ["mel", "one"], ["flat"]),
            helper.make_node("Transpose", ["flat"], ["time"], perm=[0, 2, 1]),
            helper.make_node("MatMul", ["time", "w"], ["frame"]),
            helper.make_node("ReduceMean", ["frame"], ["clip"], axes=[1], keepdims=0),
        ]
        w = np.random.default_rng(seed).standard_normal((256, 2)).astype(np.float32) / 8
        gaze[seed] = w
        outputs = {"clip": ("b", 2), "frame": ("b", "t", 2)}
        weights = {"one": np.array([1]), "w": w}
        save_graph(data / "models" / f"sed_fold{seed}.onnx", nodes, {"mel": ("b", 1, 256, "t")}, outputs, weights)
    (data / "models" / "sed_classes.txt").write_text("x\ny\n", encoding="utf-8")
    text = (Path(__file__).parents[2] / "recipes" / "half_babych_sed.yaml").read_text(encoding="utf-8")
    made = run_text(text.replace("recording_s: 60", "labels: []"), data, tmp_path / "out").made["sed"]

    from blendkit.member.mel import Mel

    audio = resample(decode(find_recordings(data / "test_soundscapes").recordings[0].path), 32000)
    picture = Mel()(chunk_windows(audio.samples, 4, 5.0, 32000))
    frames = [np.squeeze(picture, 1).transpose(0, 2, 1) @ gaze[s] for s in range(5)]
    halves = [0.5 * expit(f.mean(axis=1)) + 0.5 * expit(f.max(axis=1)) for f in frames]
    expected = gaussian_filter1d(np.mean(halves, axis=0), 0.65, axis=0, mode="nearest")
    np.testing.assert_allclose(made.values, expected, atol=1e-5)
