from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import helper

from blendkit.errors import BlendkitError
from blendkit.member.leaving_out_folds import FoldEnsemble
from blendkit.member.protocol import MemberContext
from blendkit.sample.backbone import TAPS
from blendkit.testing.member_checks import check_member
from blendkit_members.perch import normalised
from blendkit_members.perch_seqhead import perch_seqhead

Graph = Callable[..., Path]


@pytest.fixture(scope="module")
def files(world: Path) -> dict[str, str]:
    return {"backbone": str(world / "models/perch_v2.onnx"), "head": str(world / "models/seqhead.onnx")}


@pytest.fixture(scope="module")
def noise() -> NDArray[np.float32]:
    return (np.random.default_rng(6).standard_normal((3, 160_000)) * 0.03).astype(np.float32)


@pytest.fixture
def head(tmp_path: Path, save_graph: Graph) -> Callable[..., str]:
    """Write a head of one input on the last block, with the metadata given as text."""

    def write(
        width: int = 96, columns: int = 2, inputs: int = 1, name: str = "head.onnx", value: float = 0.5, **meta: str
    ) -> str:
        names = [f"in{i}" for i in range(inputs)]
        nodes = [helper.make_node("MatMul", [n, "w"], [f"p{i}"]) for i, n in enumerate(names)]
        nodes.append(helper.make_node("Sum", [f"p{i}" for i in range(inputs)], ["logits"]))
        weights = {"w": np.full((width, columns), value, np.float32)}
        ports = dict.fromkeys(names, ("b", width))
        path = tmp_path / name
        return str(save_graph(path, nodes, ports, {"logits": ("b", columns)}, weights, **meta))

    return write


def failure(backbone: str, head: str | list[str]) -> str:
    with pytest.raises(BlendkitError) as error:
        perch_seqhead(MemberContext(), backbone=backbone, head=head)
    return str(error.value)


def by_hand(files: dict[str, str], windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run the whole backbone, average its blocks with numpy, and run the head on that."""
    model = onnx.load(files["backbone"])
    model.graph.output.extend(helper.make_empty_tensor_value_info(n) for n in TAPS)
    backbone = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    blocks = backbone.run(list(TAPS), {"inputs": windows})
    head = onnxruntime.InferenceSession(files["head"], providers=["CPUExecutionProvider"])
    pooled = {n: b.mean(axis=(2, 3)) for n, b in zip(TAPS, blocks, strict=True)}
    return head.run(["logits"], pooled)[0]


def test_it_keeps_the_protocol(files: dict[str, str]) -> None:
    check_member("perch-seqhead", context=MemberContext(), **files)


def test_it_equals_backbone_and_head_by_hand(files: dict[str, str], noise: NDArray[np.float32]) -> None:
    member = perch_seqhead(MemberContext(), **files)
    np.testing.assert_allclose(member.predict(noise), by_hand(files, noise), rtol=1e-3, atol=1e-3)
    peaked = perch_seqhead(MemberContext(), normalise="peak", **files)
    np.testing.assert_allclose(peaked.predict(noise), by_hand(files, normalised(noise, "peak")), rtol=1e-3, atol=1e-3)


def test_columns_follow_the_runs_classes(files: dict[str, str], noise: NDArray[np.float32]) -> None:
    own = perch_seqhead(MemberContext(), **files)
    some = (own.info.classes[5], "unheard", own.info.classes[0])
    member = perch_seqhead(MemberContext(some), **files)
    assert member.info.covered == (True, False, True)
    got, whole = member.predict(noise), own.predict(noise)
    assert np.array_equal(got, np.column_stack([whole[:, 5], np.zeros(3), whole[:, 0]]))


def test_it_says_what_it_was_fitted_on(world: Path, files: dict[str, str]) -> None:
    stems = sorted(p.stem for p in (world / "train_soundscapes").iterdir())
    info = perch_seqhead(MemberContext(), **files).info
    assert list(info.saw.recordings) == stems
    assert f"blocks {', '.join(TAPS)}" in info.notes


def test_missing_metadata(files: dict[str, str], head: Callable[..., str]) -> None:
    text = failure(files["backbone"], head(kind="seqhead", classes='["a", "b"]'))
    assert "head.onnx has no metadata 'blocks'" in text
    assert "has kind, classes" in text
    assert "has none" in failure(files["backbone"], head())


def test_one_input_per_block(files: dict[str, str], head: Callable[..., str]) -> None:
    path = head(inputs=2, **facts(["a", "b"], [TAPS[-1]]))
    assert "head.onnx has 2 inputs but names 1 blocks" in failure(files["backbone"], path)


def test_one_column_per_class(files: dict[str, str], head: Callable[..., str]) -> None:
    path = head(**facts(["a", "b", "c"], [TAPS[-1]]))
    assert "gives 2 columns but names 3 classes" in failure(files["backbone"], path)


def test_a_block_that_the_backbone_lacks(files: dict[str, str], head: Callable[..., str]) -> None:
    path = head(**facts(["a", "b"], ["block6_sum"]))
    assert "no tensor 'block6_sum' (did you mean 'block6_" in failure(files["backbone"], path)


@pytest.mark.parametrize("broken", ["[a, b]", "3", '{"a": 1}', ""])
def test_metadata_that_is_no_list(files: dict[str, str], head: Callable[..., str], broken: str) -> None:
    path = head(classes=broken, blocks=json.dumps([TAPS[-1]]))
    assert "head.onnx" in failure(files["backbone"], path)


@pytest.mark.parametrize("broken", ["{", "3", "[1]", ""])
def test_what_it_was_fitted_on_is_damaged(files: dict[str, str], head: Callable[..., str], broken: str) -> None:
    path = head(**facts(["a", "b"], [TAPS[-1]]), fitted_on=broken)
    assert "head.onnx: its metadata `fitted_on` is damaged" in failure(files["backbone"], path)


def test_a_backbone_with_another_input(tmp_path: Path, save_graph: Graph, head: Callable[..., str]) -> None:
    nodes = [helper.make_node("Reshape", ["audio", "shape"], ["image"]), helper.make_node("Relu", ["image"], ["act"])]
    nodes.append(helper.make_node("MatMul", ["audio", "w"], ["label"]))
    weights: dict[str, Any] = {"shape": np.array([-1, 96, 16, 1], np.int64), "w": np.ones((1536, 1), np.float32)}
    path = save_graph(tmp_path / "b.onnx", nodes, {"audio": ("b", 1536)}, {"label": ("b", 1)}, weights)
    text = failure(str(path), head(**facts(["a", "b"], ["act"])))
    assert "no input 'inputs'" in text
    assert "found audio" in text


def test_widths_that_do_not_meet(files: dict[str, str], head: Callable[..., str], noise: NDArray[np.float32]) -> None:
    # block 6 has 96 channels, this head wants 50: it can be said before any audio is read
    path = head(width=50, **facts(["a", "b"], [TAPS[-1]]))
    with pytest.raises(BlendkitError, match="50"):
        perch_seqhead(MemberContext(), backbone=files["backbone"], head=path).predict(noise[:1])


def test_heads_of_folds_are_averaged_as_logits(
    files: dict[str, str], head: Callable[..., str], noise: NDArray[np.float32]
) -> None:
    meta = facts(["a", "b"], [TAPS[-1]])
    paths = [head(name=f"{i}.onnx", value=v, saw=json.dumps([f"r{i}"]), **meta) for i, v in enumerate((1.0, 4.0, -2.0))]
    one, two, three = (perch_seqhead(MemberContext(), backbone=files["backbone"], head=p) for p in paths)
    member = perch_seqhead(MemberContext(), backbone=files["backbone"], head=paths)
    assert isinstance(member, FoldEnsemble)
    assert [s.recordings for s in member.fold_saw] == [("r0",), ("r1",), ("r2",)]
    assert member.info.saw.recordings == ("r0", "r1", "r2")
    assert "the mean of the logits of 3 heads" in member.info.notes
    # linear heads of weights 1, 4 and -2: their mean is the first head's logits, that of the last two too
    np.testing.assert_allclose(member.predict(noise), one.predict(noise), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(member.only((1, 2)).predict(noise), one.predict(noise), rtol=1e-4, atol=1e-6)
    assert np.array_equal(member.only((1,)).predict(noise), two.predict(noise))
    assert (three.fold_saw, "mean of the logits" in " ".join(three.info.notes)) == ((), False)


def test_heads_that_cannot_be_averaged(files: dict[str, str], head: Callable[..., str]) -> None:
    first = head(name="0.onnx", **facts(["a", "b"], [TAPS[-1]]))
    other = head(name="1.onnx", **facts(["b", "a"], [TAPS[-1]]))
    grid = head(name="2.onnx", fitted_on='{"params": {"grid": [2, 2]}}', **facts(["a", "b"], [TAPS[-2]]))
    text = failure(files["backbone"], [first, other, grid])
    assert "the logits of these heads cannot be averaged" in text
    assert "1.onnx" in text
    assert "classes differ from those of" in text
    assert "blocks, grid differ from those of" in text
    assert "`head:` is empty" in failure(files["backbone"], [])


def facts(classes: list[str], blocks: list[str]) -> dict[str, str]:
    return {"classes": json.dumps(classes), "blocks": json.dumps(blocks)}
