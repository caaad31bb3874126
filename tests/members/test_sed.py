from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from scipy.special import expit
from scipy.special import logit as exact_logit

from blendkit.audio.decoded import Decoded
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.member.mel import Mel
from blendkit.member.protocol import TTA, MemberContext
from blendkit.member.window_places import RecordingAudio
from blendkit.member.windows import same_front_end, score_jobs, score_together
from blendkit.testing.member_checks import check_member
from blendkit_members.sed import SedMember, sed

pytest.importorskip("librosa", reason="librosa, which makes mel bands, is not installed")
Graph = Callable[..., Path]
MEL = {"rate": 8000, "n_fft": 256, "hop": 200, "mels": 16, "fmin": 20.0}
CLASSES = ("a", "b", "c")
CONTEXT = MemberContext(CLASSES, chunk_s=1.0)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "classes.txt"
    path.write_text("c\na\nx\nb\n", encoding="utf-8")
    return path


@pytest.fixture
def fold(tmp_path: Path, save_graph: Graph) -> Callable[..., str]:
    """A fold: frames are a linear map of the bands, the clip is the mean of another."""

    def write(
        seed: int, *, clip: bool = True, frame: bool = True, mels: int = 16, prob: bool = False, wide: int = 4
    ) -> str:
        rng = np.random.default_rng(seed)
        nodes = [
            helper.make_node("Squeeze", ["mel", "one"], ["flat"]),
            helper.make_node("Transpose", ["flat"], ["time"], perm=[0, 2, 1]),
        ]
        weights: dict[str, Any] = {"one": np.array([1], np.int64)}
        outputs: dict[str, Any] = {}
        ends = {"clip": clip, "frame": frame}
        for name in [n for n, wanted in ends.items() if wanted]:
            weights[f"{name}_w"] = rng.standard_normal((mels, wide)).astype(np.float32)
            nodes.append(helper.make_node("MatMul", ["time", f"{name}_w"], [f"{name}_z"]))
            last = f"{name}_z"
            if name == "clip":
                nodes.append(helper.make_node("ReduceMean", [last], ["clip_m"], axes=[1], keepdims=0))
                last = "clip_m"
            nodes.append(helper.make_node("Sigmoid" if prob else "Identity", [last], [f"{name}_out"]))
            outputs[f"{name}_out"] = ("b", wide) if name == "clip" else ("b", "t", wide)
        path = save_graph(tmp_path / f"fold{seed}.onnx", nodes, {"mel": ("b", 1, mels, "t")}, outputs, weights)
        return str(path)

    return write


def windows(count: int = 3, seconds: int = 1) -> np.ndarray:
    return (0.1 * np.random.default_rng(1).standard_normal((count, 8000 * seconds))).astype(np.float32)


def raw(path: str, pictures: np.ndarray) -> list[np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"mel": pictures})


def test_keeps_the_members_promises(fold: Callable[..., str], labels: Path) -> None:
    check_member(sed, context=CONTEXT, folds=[fold(0), fold(1)], classes=str(labels), mel=MEL)


@pytest.mark.parametrize("mix", ["prob", "logit"])
def test_half_clip_half_frames_over_folds(fold: Callable[..., str], labels: Path, mix: Any) -> None:
    folds, x = [fold(0), fold(1)], windows()
    member = sed(CONTEXT, folds=folds, classes=str(labels), mel=MEL, mix=mix, frame_weight=0.25)
    pictures = Mel(**MEL)(x)  # type: ignore[arg-type]
    parts = []
    for path in folds:
        clip, frame = (v.astype(np.float64) for v in raw(path, pictures))
        squash = expit if mix == "prob" else np.asarray
        parts.append(0.75 * squash(clip) + 0.25 * squash(frame.max(axis=1)))
    wanted = np.mean(parts, axis=0)
    wanted = exact_logit(wanted) if mix == "prob" else wanted
    assert np.allclose(member.predict(x), wanted[:, [1, 3, 0]], atol=1e-5)  # by class id, not by place
    assert member.info.covered == (True, True, True)


@pytest.mark.parametrize("kind", ["clip", "frame"])
def test_one_output_alone(fold: Callable[..., str], labels: Path, kind: str) -> None:
    path = fold(0, clip=kind == "clip", frame=kind == "frame")
    member = sed(CONTEXT, folds=[path], classes=str(labels), mel=MEL)
    (value,) = raw(path, Mel(**MEL)(windows()))  # type: ignore[arg-type]
    value = value if kind == "clip" else value.max(axis=1)
    assert np.allclose(member.predict(windows()), value[:, [1, 3, 0]], atol=1e-4)


def test_folds_that_give_probabilities(fold: Callable[..., str], labels: Path) -> None:
    path = fold(0, prob=True)
    member = sed(CONTEXT, folds=[path], classes=str(labels), mel=MEL, gives="prob")
    clip, frame = raw(path, Mel(**MEL)(windows()))  # type: ignore[arg-type]
    half = (0.5 * clip.astype(np.float64) + 0.5 * frame.max(axis=1))[:, [1, 3, 0]]
    assert np.allclose(expit(member.predict(windows())), half, atol=1e-6)


def test_a_graph_of_raw_audio_states_its_window(tmp_path: Path, save_graph: Graph) -> None:
    weights = {"w": np.random.default_rng(0).standard_normal((16000, 3)).astype(np.float32)}
    nodes = [helper.make_node("MatMul", ["waves", "w"], ["clip"])]
    path = save_graph(tmp_path / "s.onnx", nodes, {"waves": ("b", 16000)}, {"clip": ("b", 3)}, weights)
    graph = onnx.load(path)

    def made(said: str, **asked: Any) -> SedMember:
        helper.set_model_props(graph, {"classes": '["a", "b", "c"]', "rate": "8000", "window_s": said})
        onnx.save(graph, path)
        return sed(CONTEXT, folds=[str(path)], mel=None, **asked)

    assert made("2.0").info.window_s == 2  # chunks are 1 s
    assert made("9.0", window_s=2.0).info.window_s == 2
    for said in ("long", "0", "nan"):
        with pytest.raises(BlendkitError, match=f"the metadata `window_s` of s.onnx is '{said}', expected seconds"):
            made(said)


def test_overlap_average_max(fold: Callable[..., str], labels: Path) -> None:
    path = fold(0)
    member = sed(CONTEXT, folds=[path], classes=str(labels), mel=MEL, window_s=4.0, anchor="centre", pool="frames")
    samples = windows(1, 6)[0]
    got = score_jobs(member, [RecordingAudio("r", Decoded(samples, 8000, 6.0, "ok"), 6)], 1.0, TTA())
    padded = np.pad(samples, 12000)  # 1.5 s of silence on either side
    cut = np.stack([padded[k * 8000 : k * 8000 + 32000] for k in range(6)])
    frames = expit(raw(path, Mel(**MEL)(cut))[1].astype(np.float64))[:, :, [1, 3, 0]]  # type: ignore[arg-type]
    step = 32000 / frames.shape[1]
    timeline: dict[int, list[np.ndarray]] = {}
    for k in range(6):
        for t, values in enumerate(frames[k]):
            timeline.setdefault(round((k * 8000 - 12000) / step) + t, []).append(values)
    for k in range(6):
        inside = [np.mean(v, axis=0) for n, v in timeline.items() if k * 8000 <= (n + 0.5) * step < (k + 1) * 8000]
        assert np.allclose(expit(got[k]), np.max(inside, axis=0), atol=1e-6)


def test_threads_change_no_bit(fold: Callable[..., str], labels: Path) -> None:
    x, found = windows(7), []
    for threads in (1, 2, 5):
        member = sed(replace(CONTEXT, threads=threads), folds=[fold(0), fold(1)], classes=str(labels), mel=MEL)
        assert member.workers == threads
        found.append(member.predict(x))
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_members_with_one_spectrogram_share_it(
    fold: Callable[..., str], labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sed(CONTEXT, folds=[fold(0)], classes=str(labels), mel=MEL)
    second = sed(CONTEXT, folds=[fold(1), fold(2)], classes=str(labels), mel=MEL)
    other = sed(CONTEXT, folds=[fold(1)], classes=str(labels), mel={**MEL, "mels": 16, "top_db": 60.0})
    assert same_front_end(first) == same_front_end(second)
    assert same_front_end(first) != same_front_end(other)
    job = RecordingAudio("r", Decoded(windows(1, 3)[0], 8000, 3.0, "ok"), 3)
    alone = [score_jobs(m, [job], 1.0, TTA()) for m in (first, second)]
    calls = []
    honest = Mel.__call__
    monkeypatch.setattr(Mel, "__call__", lambda self, x: (calls.append(len(x)), honest(self, x))[1])
    together = score_together([first, second], [job], 1.0, TTA())
    assert together.seconds > 0
    assert calls == [3]
    assert all(np.array_equal(a, b) for a, b in zip(alone, together.values, strict=True))


def failure(*args: Any, **params: Any) -> str:
    with pytest.raises(BlendkitError) as error:
        sed(CONTEXT, *args, **params)
    return "\n".join([error.value.title, *error.value.problems])


def test_what_cannot_work(fold: Callable[..., str], labels: Path, tmp_path: Path) -> None:
    classes = str(labels)
    assert "`folds:` is empty" in failure(folds=[], classes=classes, mel=MEL)
    assert "frame_weight must lie between 0 and 1, got 2" in failure(
        folds=[fold(0)], classes=classes, mel=MEL, frame_weight=2
    )
    text = failure(folds=[fold(0), fold(1, mels=20)], classes=classes, mel=MEL)
    assert "fold1.onnx: the graph does not accept its windows" in text
    assert "it was given float32 [4, 1, 16, 41]" in text
    text = failure(folds=[fold(0), fold(3, wide=5)], classes=classes, mel=MEL)
    assert "fold3.onnx gives [5] classes, the list has 4" in text
    assert "no output of clip" in failure(folds=[fold(4, frame=False)], classes=classes, mel=MEL, pool="frames")
    assert "no output 'clap_out' (did you mean 'clip_out'" in failure(
        folds=[fold(0)], classes=classes, mel=MEL, clip="clap_out"
    )


def test_predict_is_the_front_end_and_the_rest(fold: Callable[..., str], labels: Path) -> None:
    member: SedMember = sed(CONTEXT, folds=[fold(0)], classes=str(labels), mel=MEL)
    assert np.array_equal(member.predict(windows()), member.predict_front(member.front(windows())))


def exported(path: str, **changes: Any) -> str:
    """Give a fold another batch, float16 ports, or frames as the last axis, as exporters do."""
    model = onnx.load(path)
    graph = model.graph
    for port in [*graph.input, *graph.output] if "batch" in changes else []:
        port.type.tensor_type.shape.dim[0].dim_value = changes["batch"]
    if "half" in changes:
        for port in [*graph.input, *graph.output]:
            port.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
        for node in graph.node:  # cast to float32 behind the input, and back before the outputs
            node.input[:] = ["mel32" if n == "mel" else n for n in node.input]
            node.output[:] = [f"{n}32" if n.endswith("_out") else n for n in node.output]
        graph.node.insert(0, helper.make_node("Cast", ["mel"], ["mel32"], to=1))
        graph.node.extend(helper.make_node("Cast", [f"{o.name}32"], [o.name], to=10) for o in graph.output)
    if "swapped" in changes:
        graph.node.append(helper.make_node("Transpose", ["frame_out"], ["last"], perm=[0, 2, 1]))
        graph.output[1].name = "last"
        graph.output[1].type.tensor_type.shape.dim[1].dim_value = 4
        graph.output[1].type.tensor_type.shape.dim[2].dim_param = "t"
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(
    ("changes", "atol"), [({"batch": 2}, 1e-5), ({"batch": 1}, 1e-5), ({"half": True}, 0.1), ({"swapped": True}, 0)]
)
@pytest.mark.parametrize("pool", ["mean", "frames"])
def test_folds_as_exporters_write_them(
    fold: Callable[..., str], labels: Path, changes: dict[str, Any], atol: float, pool: Any
) -> None:
    how: dict[str, Any] = {"classes": str(labels), "mel": MEL, "pool": pool}
    wanted = sed(CONTEXT, folds=[fold(0)], **how).predict(windows())
    got = sed(CONTEXT, folds=[exported(fold(0), **changes)], **how).predict(windows())
    np.testing.assert_allclose(got, wanted, atol=atol, rtol=1e-2 if "half" in changes else 1e-5)
    assert got.dtype == (np.float64 if pool == "frames" else np.float32)


def test_folds_that_mix_their_batch_are_run_alone(fold: Callable[..., str], labels: Path) -> None:
    path = fold(0, frame=False)
    model = onnx.load(path)
    model.graph.node.extend(
        [
            helper.make_node("ReduceMax", ["clip_out"], ["top"], axes=[0], keepdims=1),
            helper.make_node("Add", ["clip_out", "top"], ["both"]),
        ]
    )
    model.graph.output[0].name = "both"
    onnx.save(model, path)
    member = sed(CONTEXT, folds=[path], classes=str(labels), mel=MEL)
    assert any(n.startswith("fold0.onnx: a window's scores depend on its batch") for n in member.info.notes)
    alone = sed(CONTEXT, folds=[fold(0, frame=False)], classes=str(labels), mel=MEL)
    np.testing.assert_allclose(member.predict(windows()), 2 * alone.predict(windows()), rtol=1e-4)


def test_probabilities_and_several_outputs_must_be_stated(fold: Callable[..., str], labels: Path) -> None:
    classes = str(labels)
    text = failure(folds=[fold(0, prob=True)], classes=classes, mel=MEL)
    assert "output 'clip_out' looks like probabilities: the graph ends in Sigmoid" in text
    path = fold(0)
    model = onnx.load(path)
    model.graph.node.append(helper.make_node("Sigmoid", ["clip_out"], ["clip_p"]))
    model.graph.output.append(helper.make_tensor_value_info("clip_p", onnx.TensorProto.FLOAT, ["b", 4]))
    onnx.save(model, path)
    text = failure(folds=[path], classes=classes, mel=MEL)
    assert "several outputs could hold clip scores: clip_out, clip_p" in text
    assert sed(CONTEXT, folds=[path], classes=classes, mel=MEL, clip="clip_out").outputs.frame is not None


def test_classes_by_another_kind_of_name(fold: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("n;sci_name\n1;C c\n2;A a\n3;X x\n4;B b\n", encoding="utf-8")
    names = Taxonomy({c: {"scientific_name": f"{c.upper()} {c}"} for c in CLASSES})
    member = sed(MemberContext(CLASSES, names, chunk_s=1.0), folds=[fold(0)], classes=str(path), mel=MEL,
                 class_by="scientific_name")  # fmt: skip
    assert member.labels.columns.tolist() == [1, 3, 0]
    assert "4 names from list.csv (column sci_name, separator `;`)" in member.info.notes
    path.write_text("a\nb\n", encoding="utf-8")
    text = failure(folds=[fold(0)], classes=str(path), mel=MEL)
    assert "no output of clip [batch, L] or frame [batch, T, L] scores of 2 classes" in text
    assert "found clip_out [batch, 4], frame_out [batch, 41, 4]" in text
