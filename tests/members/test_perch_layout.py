"""Perch v2 as its export is laid out: taps, cells, features, slim graph and heads on a stand-in of 26 blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import helper

from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.graphs import BlockEnd, blocks_of, check_widths, find_blocks, load_graph
from blendkit.member.protocol import MemberContext
from blendkit_members.perch import WIDTHS, perch
from blendkit_members.perch_seqhead import perch_seqhead
from tests.perch_graph import SCOPE, SMALL, perch_graph, write_labels

Graph = Callable[..., Path]
NAMES = [f"Genus{i} species" for i in range(SMALL.labels)]
KEPT = [1, 4, 7, 9]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("perch")
    (made / "ends.txt").write_text("\n".join(perch_graph(made / "perch_v2.onnx", SMALL)), encoding="utf-8")
    write_labels(made / "labels.csv", NAMES)
    return made


@pytest.fixture(scope="module")
def files(folder: Path) -> dict[str, str]:
    return {"model": str(folder / "perch_v2.onnx"), "labels": str(folder / "labels.csv")}


@pytest.fixture(scope="module")
def ends(folder: Path) -> list[str]:
    return (folder / "ends.txt").read_text(encoding="utf-8").split("\n")


@pytest.fixture(scope="module")
def noise() -> NDArray[np.float32]:
    return (np.random.default_rng(3).standard_normal((2, 160_000)) * 0.05).astype(np.float32)


@pytest.fixture(scope="module")
def context() -> MemberContext:
    taxa = {f"c{i}": {"scientific_name": NAMES[i]} for i in KEPT}
    return MemberContext(tuple(taxa), Taxonomy(taxa))


def whole(model: str, windows: NDArray[np.float32], names: list[str]) -> dict[str, NDArray[np.float32]]:
    """Run the unchanged graph with further outputs, as onnxruntime gives them."""
    graph = onnx.load(model)
    graph.graph.output.extend(helper.make_empty_tensor_value_info(n) for n in names)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    found = [o.name for o in session.get_outputs()]
    return dict(zip(found, session.run(found, {"inputs": windows}), strict=True))


def test_the_26_blocks_are_found(files: dict[str, str], ends: list[str]) -> None:
    found = blocks_of(Path(files["model"]))
    assert list(found) == ends
    assert list(found.values()) == [w // SMALL.narrow for w in WIDTHS]
    assert len(WIDTHS) == 26
    # where nothing is scoped, structure alone finds the same places
    bare = load_graph(Path(files["model"]), "m")
    for node in bare.graph.node:
        node.name = ""
        for tensors in (node.input, node.output):
            tensors[:] = [t.replace("MBConv_", "block") for t in tensors]
    for weight in bare.graph.initializer:
        weight.name = weight.name.replace("MBConv_", "block")
    assert [b.end for b in find_blocks(bare, "m")] == [e.replace("MBConv_", "block") for e in ends]


def test_features_equal_the_runtimes_own(
    context: MemberContext, files: dict[str, str], ends: list[str], noise: NDArray[np.float32]
) -> None:
    member = perch(context, **files)
    truth = whole(files["model"], noise, ends)
    assert list(member.feature_shapes) == ["embedding", "spatial_embedding", "spectrogram", *ends]
    assert member.feature_shapes[ends[-1]] == (384 // SMALL.narrow,)
    got = dict(zip([*ends, "embedding"], member.features(noise, [*ends, "embedding"]), strict=True))
    for end in ends:
        np.testing.assert_allclose(got[end], truth[end].mean(axis=(1, 2)), atol=1e-6)
    np.testing.assert_allclose(got["embedding"], truth["embedding"], atol=1e-6)
    cells = perch(context, grid=[2, 2], **files)
    first = truth[ends[0]]  # (2, 25 of time, 32 of frequency, 2)
    by_hand = [
        [first[:, a, b].mean(axis=(1, 2)) for b in (slice(0, 16), slice(16, 32))] for a in (slice(0, 13), slice(12, 25))
    ]
    np.testing.assert_allclose(
        cells.features(noise, ends[:1])[0], np.stack([np.stack(r, 1) for r in by_hand], 1), atol=1e-6
    )


def test_any_tensor_can_be_a_feature(context: MemberContext, files: dict[str, str], noise: NDArray[np.float32]) -> None:
    member = perch(context, **files)
    names = [
        f"{SCOPE}MBConv_7/ExpandConv/act/swish",  # NHWC
        f"{SCOPE}MBConv_7/ExpandConv/Conv_0/conv",  # NCHW
        f"{SCOPE}MBConv_7/few",  # (B, 1, 1, C)
        f"{SCOPE}MBConv_7/squeezed",  # a mean that keeps its axes
        "likeness",  # a matrix product, (B, places, C)
    ]
    axes = [(1, 2), (2, 3), (1, 2), (1, 2), (1,)]
    truth = whole(files["model"], noise, names)
    for name, over, got in zip(names, axes, member.features(noise, names), strict=True):
        np.testing.assert_allclose(got, truth[name].mean(axis=over), atol=1e-6)
        assert member.feature_shapes[name] == got.shape[1:]
    with pytest.raises(BlendkitError, match="did you mean 'stem_act/swish'"):
        member.features(noise, ["stem_act/swich"])
    with pytest.raises(BlendkitError, match=r"which axis .* holds the channels\n  'magnitude', made by ReduceL2"):
        member.features(noise, ["magnitude"])


def test_the_slim_graph_gives_the_same_bits(
    context: MemberContext, files: dict[str, str], noise: NDArray[np.float32]
) -> None:
    slim, full = (perch(context, slim=s, **files) for s in (True, False))
    assert "4 of 12 classes, with identical logits" in " ".join(slim.info.notes)
    assert np.array_equal(slim.predict(noise), full.predict(noise))
    truth = whole(files["model"], noise, [])["label"][:, KEPT]
    np.testing.assert_allclose(full.predict(noise), truth, atol=1e-6)


@pytest.mark.parametrize("grid", [None, [2, 2]])
def test_a_head_on_blocks(
    files: dict[str, str], ends: list[str], noise: NDArray[np.float32], tmp_path: Path, save_graph: Graph, grid: object
) -> None:
    blocks = [ends[3], ends[10]]  # 2 and 8 channels
    nodes = [
        helper.make_node("Reshape", ["a", "row"], ["a_row"]),
        helper.make_node("Reshape", ["b", "row"], ["b_row"]),
        helper.make_node("Concat", ["a_row", "b_row"], ["both"], axis=1),
        helper.make_node("MatMul", ["both", "w"], ["logits"]),
    ]
    cells = 4 if grid else 1
    weight = np.random.default_rng(0).standard_normal((10 * cells, 3)).astype(np.float32)
    shapes = {"a": ("b", *(grid or []), 2), "b": ("b", *(grid or []), 8)}
    meta = {"classes": '["x", "y", "z"]', "blocks": str(blocks).replace("'", '"')}
    if grid:
        meta["fitted_on"] = '{"params": {"grid": [2, 2]}}'
    weights = {"w": weight, "row": np.array([0, -1], np.int64)}
    head = save_graph(tmp_path / "head.onnx", nodes, shapes, {"logits": ("b", 3)}, weights, **meta)
    member = perch_seqhead(MemberContext(), backbone=files["model"], head=str(head))
    wanted = perch(MemberContext((), Taxonomy({})), grid=grid, **files).features(noise, blocks)
    by_hand = np.concatenate([w.reshape(2, -1) for w in wanted], axis=1) @ weight
    np.testing.assert_allclose(member.predict(noise), by_hand, atol=1e-5)


def test_what_is_no_perch_is_refused(tmp_path: Path, context: MemberContext) -> None:
    from dataclasses import replace

    model = tmp_path / "p.onnx"
    perch_graph(model, replace(SMALL, embedding=1536))  # Perch's embedding, but blocks of other widths
    labels = write_labels(tmp_path / "l.csv", NAMES)
    member = perch(context, model=str(model), labels=str(labels), slim=False)
    with pytest.raises(BlendkitError) as error:
        _ = member.blocks
    assert "expected 26 blocks of 24 x2, 32 x3, 48 x3, 96 x5, 136 x5, 232 x6, 384 x2 channels" in str(error.value)
    assert "found 26 of 2 x5, 4 x3, 8 x5, 11 x5, 19 x6, 32 x2" in str(error.value)
    assert "name the tensors that you want yourself (found: Perch/EfficientNet_0/MBConv_0" in str(error.value)
    check_widths([BlockEnd("x", w) for w in WIDTHS], WIDTHS, "perch")


def renamed(model: str, old: str, new: str) -> onnx.ModelProto:
    graph = load_graph(Path(model), "m")
    for node in graph.graph.node:
        node.name = node.name.replace(old, new)
        for tensors in (node.input, node.output):
            tensors[:] = [t.replace(old, new) for t in tensors]
    for weight in graph.graph.initializer:
        weight.name = weight.name.replace(old, new)
    return graph


def test_scopes_that_do_not_add_up(files: dict[str, str]) -> None:
    with pytest.raises(BlendkitError, match=r"scopes are numbered 0, .* 24, 27, expected 0 to 25"):
        find_blocks(renamed(files["model"], "MBConv_25/", "MBConv_27/"), "m")


def test_a_block_with_two_possible_ends(files: dict[str, str], ends: list[str]) -> None:
    graph = load_graph(Path(files["model"]), "m")
    normed = f"{SCOPE}MBConv_3/ProjectConv/Conv_0/bn"
    graph.graph.node.append(helper.make_node("Add", [normed, ends[2]], ["twice"]))
    with pytest.raises(BlendkitError) as error:
        find_blocks(graph, "m")
    assert f"MBConv_3 may end in {ends[3]}, twice" in str(error.value)
    assert "name the tensors that you want yourself" in str(error.value)


def test_a_reshape_before_the_residual(files: dict[str, str], ends: list[str]) -> None:
    graph = load_graph(Path(files["model"]), "m")
    normed = f"{SCOPE}MBConv_3/ProjectConv/Conv_0/bn"
    add = next(n for n in graph.graph.node if n.output[0] == ends[3])
    graph.graph.initializer.append(onnx.numpy_helper.from_array(np.array([0, 0, 0, -1], np.int64), "same_shape"))
    graph.graph.node.append(helper.make_node("Reshape", [normed, "same_shape"], ["reshaped"]))
    add.input[:] = ["reshaped" if t == normed else t for t in add.input]
    assert find_blocks(graph, "m")[3].end == ends[3]
