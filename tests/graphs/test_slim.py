from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from blendkit.errors import BlendkitError
from blendkit.graphs.axis_selection import source_axis
from blendkit.graphs.session import open_session
from blendkit.graphs.slimming import GraphNeeds, slim

Graph = Callable[..., Path]
SAMPLES, L, D = 24, 12, 8
KEEP = np.array([1, 4, 5, 11])
RNG = np.random.default_rng(0)


def weights(**shapes: tuple[int, ...]) -> dict[str, Any]:
    return {n: RNG.standard_normal(s).astype(np.float32) for n, s in shapes.items()}


def ints(**values: list[int]) -> dict[str, Any]:
    return {n: np.array(v, np.int64) for n, v in values.items()}


def node(kind: str, inputs: str, out: str, **attributes: Any) -> Any:
    return helper.make_node(kind, inputs.split(), [out], **attributes)


# Every head starts from `body` (B, 8, 3, 1), a picture made of the audio, and ends in `label` (B, 12).
BODY = [node("Reshape", "audio to", "body")]
POOLED = [*BODY, node("GlobalAveragePool", "body", "pool"), node("Flatten", "pool", "flat")]
TO = ints(to=[-1, D, 3, 1])
# fmt: off
HEADS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "matmul": (
        [*POOLED, node("MatMul", "flat w", "m"), node("Add", "m b", "s"), node("Mul", "s scale", "label")],
        {**weights(w=(D, L), b=(L,)), "scale": np.array(1.5, np.float32)},
    ),
    "gemm": ([*POOLED, node("Gemm", "flat w b", "label", transB=1)], weights(w=(L, D), b=(L,))),
    "conv": (
        [*BODY, node("Conv", "body w b", "c"), node("Relu", "c", "r"), node("GlobalMaxPool", "r", "g"),
         node("Squeeze", "g last", "label")],
        {**weights(w=(L, D, 1, 1), b=(L,)), **ints(last=[2, 3])},
    ),
    "norm": (
        [*BODY, node("Conv", "body w", "c"), node("BatchNormalization", "c g b m v", "n"),
         node("ReduceMean", "n", "label", axes=[2, 3], keepdims=0)],
        {**weights(w=(L, D, 1, 1), g=(L,), b=(L,), m=(L,)), "v": np.ones(L, np.float32)},
    ),
    # four prototypes per class, the nearest of three places, class-major: (B, 3, L * 4)
    "prototypes": (
        [*BODY, node("Squeeze", "body last", "q"), node("Transpose", "q", "t", perm=[0, 2, 1]),
         node("MatMul", "t w", "m"), node("Reshape", "m split", "p"), node("ReduceMax", "p", "near", axes=[1], keepdims=0),
         node("Mul", "near share", "x"), node("ReduceSum", "x two", "label", keepdims=0)],
        {**weights(w=(D, L * 4), share=(L, 4)), **ints(last=[3], split=[-1, 3, L, 4], two=[2])},
    ),
    # the same, prototype-major, the batch size read off the tensor, as exporters write it
    "dynamic": (
        [*BODY, node("Conv", "body w", "c"), node("Shape", "c", "shape"), node("Gather", "shape zero", "n"),
         node("Concat", "n rest", "split", axis=0), node("Reshape", "c split", "p"),
         node("ReduceMax", "p", "near", axes=[3], keepdims=0), node("ReduceMean", "near", "label", axes=[1], keepdims=0)],
        {**weights(w=(4 * L, D, 1, 1)), **ints(zero=[0], rest=[4, L, 3])},
    ),
    "einsum": (
        [*BODY, node("Einsum", "body w", "e", equation="bdtx,ld->btl"), node("ReduceMax", "e", "label", axes=[1], keepdims=0)],
        weights(w=(L, D)),
    ),
}
REFUSED: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "softmax": ([*POOLED, node("MatMul", "flat w", "m"), node("Softmax", "m", "label")], weights(w=(D, L)), "runs over the classes"),
    "centred": (
        [*POOLED, node("MatMul", "flat w", "m"), node("ReduceMean", "m", "mean", axes=[1]), node("Sub", "m mean", "label")],
        weights(w=(D, L)),
        "another part of the graph needs all of",
    ),
    "sorted": ([*POOLED, node("MatMul", "flat w", "m"), node("CumSum", "m one", "label")], {**weights(w=(D, L)), "one": np.array(1, np.int64)}, "operator CumSum"),
    "input": ([node("Slice", "audio a b c", "x"), node("Add", "x w", "label")], {**weights(w=(L,)), **ints(a=[0], b=[L], c=[1])}, "operator Slice"),
}

# fmt: on


def write(save_graph: Graph, path: Path, nodes: list[Any], tensors: dict[str, Any]) -> Path:
    used = {i for n in nodes for i in n.input}
    every = {**{k: v for k, v in TO.items() if k in used}, **tensors}
    return save_graph(path, nodes, {"audio": ("b", SAMPLES)}, {"label": ("b", L)}, every)


def ask(model: Path, keep: np.ndarray = KEEP) -> GraphNeeds:
    return GraphNeeds(model, "perch", "audio", SAMPLES, 1000, "label", tuple(map(str, range(L))), keep)


@pytest.mark.parametrize("kind", HEADS)
def test_the_logits_of_remaining_classes_are_identical(tmp_path: Path, save_graph: Graph, kind: str) -> None:
    model = write(save_graph, tmp_path / "m.onnx", *HEADS[kind])
    made = slim(ask(model), [], 1)
    x = RNG.standard_normal((5, SAMPLES)).astype(np.float32)
    whole = open_session(model, 1, "m").run(["label"], {"audio": x})[0]
    slimmed = open_session(made.path, 1, "m").run(["label"], {"audio": x})[0]
    assert whole.shape == (5, L)
    assert np.ptp(whole) > 0
    assert np.array_equal(slimmed, whole[:, KEEP])
    # the weights shrank as the classes did
    size = {p: sum(int(np.prod(w.dims)) for w in onnx.load(str(p)).graph.initializer) for p in (model, made.path)}
    assert size[made.path] <= size[model] * len(KEEP) / L + 40
    onnx.checker.check_model(onnx.load(str(made.path)))


@pytest.mark.parametrize(
    "kind", sorted(set(HEADS) - {"einsum"})
)  # whose sums run in another order for one class: refused
def test_a_single_class(tmp_path: Path, save_graph: Graph, kind: str) -> None:
    model = write(save_graph, tmp_path / "m.onnx", *HEADS[kind])
    one = np.array([7])
    made = slim(ask(model, one), [], 1)
    x = RNG.standard_normal((2, SAMPLES)).astype(np.float32)
    whole = open_session(model, 1, "m").run(["label"], {"audio": x})[0]
    assert np.array_equal(open_session(made.path, 1, "m").run(["label"], {"audio": x})[0], whole[:, one])


@pytest.mark.parametrize("kind", REFUSED)
def test_heads_that_mix_classes_are_refused(tmp_path: Path, save_graph: Graph, kind: str) -> None:
    nodes, tensors, reason = REFUSED[kind]
    model = write(save_graph, tmp_path / "m.onnx", nodes, tensors)
    with pytest.raises(BlendkitError, match="cannot be cut to some classes") as error:
        slim(ask(model), [], 1)
    assert reason in error.value.problems[0]
    assert not (tmp_path / "cache" / "slim").exists()


def test_drift_is_refused_with_its_size(tmp_path: Path, save_graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    from blendkit.graphs import slimming as module

    model = write(save_graph, tmp_path / "m.onnx", *HEADS["matmul"])
    honest = module.cut_classes

    def wrong(head: Any, output: str, keep: np.ndarray) -> None:
        honest(head, output, keep[::-1].copy())

    monkeypatch.setattr(module, "cut_classes", wrong)
    with pytest.raises(BlendkitError, match="gives other logits") as error:
        slim(ask(model), [], 1)
    assert "maximum difference" in error.value.problems[0]


def test_the_cache_is_used_and_a_damaged_file_made_again(
    tmp_path: Path, save_graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    from blendkit.graphs import slimming as module

    model = write(save_graph, tmp_path / "m.onnx", *HEADS["gemm"])
    made = slim(ask(model), [], 1)
    assert "4 of 12 classes" in made.note()
    assert "noise, as no recording could be used" in made.checked()
    assert "noise" not in made.note()  # of one cache, runs on other recordings say the same
    with monkeypatch.context() as patched:
        patched.setattr(module, "_identical", lambda *_: pytest.fail("made again"))
        assert slim(ask(model), [], 1) == made
    assert slim(ask(model, np.array([0])), [], 1).path != made.path
    whole = made.path.read_bytes()
    made.path.write_bytes(whole[: len(whole) // 2])
    assert slim(ask(model), [], 1) == made
    assert made.path.read_bytes() == whole
    other = (
        write(save_graph, tmp_path / "other" / "m.onnx", *HEADS["matmul"])
        if (tmp_path / "other").mkdir() is None
        else model
    )
    assert slim(ask(other), [], 1).path != made.path


def test_a_graph_cut_earlier_names_its_windows_by_another_key(tmp_path: Path, save_graph: Graph) -> None:
    made = slim(ask(write(save_graph, tmp_path / "m.onnx", *HEADS["gemm"])), [], 1)
    graph = onnx.load(str(made.path))
    (entry,) = (e for e in graph.metadata_props if e.key == "blendkit.slim")
    entry.value = entry.value.replace('"checked_on"', '"heard"')
    onnx.save(graph, str(made.path))
    older = made.path.read_bytes()
    assert slim(ask(tmp_path / "m.onnx"), [], 1).checked_on == made.checked_on
    assert made.path.read_bytes() == older  # it was read, not made again


def test_new_weights_beside_the_graph_make_a_new_slim_graph(
    tmp_path: Path, save_graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLENDKIT_CACHE", str(tmp_path / "cache"))
    model = onnx.load(str(write(save_graph, tmp_path / "whole.onnx", *HEADS["gemm"])))
    path = tmp_path / "m.onnx"
    onnx.save_model(model, str(path), save_as_external_data=True, location="w.bin", size_threshold=200)
    x = RNG.standard_normal((2, SAMPLES)).astype(np.float32)
    first = open_session(slim(ask(path), [], 1).path, 1, "m").run(["label"], {"audio": x})[0]
    (tmp_path / "w.bin").write_bytes((np.frombuffer((tmp_path / "w.bin").read_bytes(), np.float32) * 2).tobytes())
    second = open_session(slim(ask(path), [], 1).path, 1, "m").run(["label"], {"audio": x})[0]
    whole = open_session(path, 1, "m").run(["label"], {"audio": x})[0]
    assert np.array_equal(second, whole[:, KEEP])
    assert not np.array_equal(first, second)


def test_a_cached_graph_that_was_cut_short_is_made_again(
    tmp_path: Path, save_graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLENDKIT_CACHE", str(tmp_path / "cache"))
    model = write(save_graph, tmp_path / "m.onnx", *HEADS["gemm"])
    made = slim(ask(model), [], 1)
    whole = made.path.read_bytes()
    for size in range(0, len(whole), len(whole) // 7):  # the first is an empty file
        made.path.write_bytes(whole[:size])
        assert slim(ask(model), [], 1) == made
        assert made.path.read_bytes() == whole


def test_a_cache_that_cannot_be_written(tmp_path: Path, save_graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("BLENDKIT_CACHE", str(tmp_path / "file"))  # no folder can be made below a file
    model = write(save_graph, tmp_path / "m.onnx", *HEADS["gemm"])
    made = slim(ask(model), [], 1)
    assert open_session(made.path, 1, "m").run(["label"], {"audio": np.zeros((1, SAMPLES), np.float32)})[0].shape == (
        1,
        4,
    )
    with pytest.raises(BlendkitError, match="is a file"):
        slim(ask(model), [], 1, tmp_path / "file" / "x.onnx")


def test_logits_are_compared_on_a_recording_with_sound(
    tmp_path: Path, save_graph: Graph, write_wav: Callable[..., Path]
) -> None:
    model = write(save_graph, tmp_path / "m.onnx", *HEADS["gemm"])
    silent = write_wav(tmp_path / "silent.wav", np.zeros(4000, np.float32), 2000)
    loud = write_wav(tmp_path / "loud.wav", RNG.standard_normal(4000).astype(np.float32), 2000)
    assert slim(ask(model), [tmp_path / "none.wav", silent, loud], 1).checked_on == "8 windows of loud.wav"


def test_all_classes_only_lose_other_outputs(tmp_path: Path, save_graph: Graph) -> None:
    nodes, tensors = HEADS["gemm"]
    path = tmp_path / "m.onnx"
    save_graph(path, nodes, {"audio": ("b", SAMPLES)}, {"label": ("b", L), "flat": ("b", D)}, {**TO, **tensors})
    made = slim(ask(path, np.arange(L)), [], 1)
    graph = onnx.load(str(made.path)).graph
    assert [o.name for o in graph.output] == ["label"]
    assert numpy_helper.to_array(graph.initializer[-1]).shape[0] == L


@pytest.mark.parametrize(
    ("before", "after", "axis", "keep", "found"),
    [
        ((2, 3, 48), (2, 3, 12, 4), 2, [1, 5], (2, [4, 5, 6, 7, 20, 21, 22, 23])),
        ((2, 3, 48), (2, 3, 4, 12), 3, [1, 5], (2, [1, 5, 13, 17, 25, 29, 37, 41])),
        ((2, 48, 3, 1), (2, 4, 12, 3), 2, [0], (1, [0, 12, 24, 36])),
        ((2, 12, 1, 1), (2, 12), 1, [3, 2], (1, [3, 2])),
        ((2, 12), (2, 1, 12, 1), 2, [3], (1, [3])),
        ((2, 4, 12), (2, 48), 1, [1, 13, 25, 37], (2, [1])),
        ((2, 4, 12), (2, 48), 1, [1, 13], None),  # some prototypes of a class only
        ((24, 12), (2, 12, 12), 2, [5], (1, [5])),
        ((12, 2), (2, 12), 1, [0], None),  # reshaped where a transpose was meant
    ],
)
def test_where_a_selection_comes_from(before: Any, after: Any, axis: int, keep: list[int], found: Any) -> None:
    got = source_axis(before, after, axis, np.array(keep))
    assert (got if got is None else (got[0], got[1].tolist())) == found
    if got is not None:
        x = np.arange(np.prod(before))
        left = x.reshape(after).take(keep, axis).ravel()
        assert np.array_equal(x.reshape(before).take(got[1], got[0]).ravel(), left)
