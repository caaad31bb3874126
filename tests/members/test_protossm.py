from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper, save

from blendkit.errors import BlendkitError
from blendkit.member.protocol import MemberContext
from blendkit.testing.member_checks import check_member
from blendkit_members.protossm import protossm

RNG = np.random.default_rng(0)
IDS = [f"BC2026_Test_0001_S05_20250227_010002_{e}" for e in (10, 5, 15)] + [
    f"BC2026_Test_0002_S09_20250227_230002_{e}" for e in (5, 10)
]
EMB, LOGITS = RNG.standard_normal((5, 4)).astype(np.float32), RNG.standard_normal((5, 3)).astype(np.float32)
WEIGHT = RNG.standard_normal((4, 3)).astype(np.float32)
CONTEXT = MemberContext(("a", "b", "c"))


@pytest.fixture
def cache(tmp_path: Path) -> dict[str, str]:
    np.savez(tmp_path / "cache.npz", emb_full=EMB, scores_full_raw=LOGITS)
    pd.DataFrame({"row_id": IDS, "site": "x"}).to_parquet(tmp_path / "meta.parquet")
    return {"cache": str(tmp_path / "cache.npz"), "meta": str(tmp_path / "meta.parquet")}


@pytest.fixture
def head(tmp_path: Path) -> Callable[..., str]:
    """logits + emb W, plus the chunk's neighbour before it; with site and hour: plus both numbers."""

    def write(*, facts: bool = False, fixed: int | None = None, embedding: str = "emb", **meta: Any) -> str:
        def port(name: str, shape: Any, kind: int = TensorProto.FLOAT) -> Any:
            return helper.make_tensor_value_info(name, kind, shape)

        time = fixed or "t"
        inputs = [port(embedding, (1, time, 4)), port("perch_logits", (1, time, 3))]
        nodes = [
            helper.make_node("MatMul", [embedding, "w"], ["m"]),
            helper.make_node("Add", ["m", "perch_logits"], ["z"]),
        ]
        if facts:
            inputs += [port("site_id", (1,), TensorProto.INT64), port("hour", (1,), TensorProto.INT64)]
            nodes += [
                helper.make_node("Mul", ["site_id", "hundred"], ["s"]),
                helper.make_node("Add", ["s", "hour"], ["n"]),
                helper.make_node("Cast", ["n"], ["f"], to=TensorProto.FLOAT),
                helper.make_node("Add", ["z", "f"], ["y"]),
            ]
        else:
            nodes += [
                helper.make_node("Pad", ["z", "before"], ["p"]),
                helper.make_node("Slice", ["p", "zero", "last", "axis"], ["n"]),
                helper.make_node("Add", ["z", "n"], ["y"]),
            ]
        weights = {"w": WEIGHT, "hundred": np.array(100, np.int64), "before": np.array([0, 1, 0, 0, 0, 0], np.int64),
                   "zero": np.array([0], np.int64), "last": np.array([-1], np.int64), "axis": np.array([1], np.int64)}  # fmt: skip
        used = {i for n in nodes for i in n.input}
        held = [numpy_helper.from_array(v, k) for k, v in weights.items() if k in used]
        graph = helper.make_graph(nodes, "head", inputs, [port("y", (1, time, 3))], initializer=held)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        props = {"classes": ["a", "b", "c"], **({"sites": ["S05"]} if facts else {}), **meta}
        helper.set_model_props(model, {k: json.dumps(v) for k, v in props.items() if v is not None})
        save(model, str(tmp_path / "head.onnx"))
        return str(tmp_path / "head.onnx")

    return write


def by_hand(rows: list[int]) -> np.ndarray:
    z = EMB[rows] @ WEIGHT + LOGITS[rows]
    return z + np.concatenate([np.zeros((1, 3)), z[:-1]])


def test_recording_by_recording_in_time_order(cache: dict[str, str], head: Callable[..., str]) -> None:
    scores = protossm(CONTEXT, head=head(), **cache).read()
    assert scores.rows.ids() == [IDS[i] for i in (1, 0, 2, 3, 4)]  # _5 before _10
    assert scores.space == "logit"
    assert np.allclose(scores.values, np.concatenate([by_hand([1, 0, 2]), by_hand([3, 4])]), atol=1e-6)


def test_rolls_are_rolled_back(cache: dict[str, str], head: Callable[..., str]) -> None:
    scores = protossm(CONTEXT, head=head(), rolls=[0, 1], **cache).read()
    rolled = np.roll(by_hand([2, 1, 0]), -1, axis=0)  # chunk 3 first, back in place
    assert np.allclose(scores.values[:3], (by_hand([1, 0, 2]) + rolled) / 2, atol=1e-6)


def test_sites_and_hours(cache: dict[str, str], head: Callable[..., str]) -> None:
    member = protossm(CONTEXT, head=head(facts=True), **cache)
    got = member.read().values
    plain = (EMB @ WEIGHT + LOGITS)[[1, 0, 2, 3, 4]]
    assert np.allclose(got - plain, np.array([101] * 3 + [23] * 2)[:, None], atol=1e-4)  # S05 is 1, S09 unknown
    assert member.warnings() == ["sites that the head was not trained on count as unknown: S09"]


def test_row_ids_inside_the_npz(tmp_path: Path, cache: dict[str, str], head: Callable[..., str]) -> None:
    np.savez(tmp_path / "own.npz", e=EMB.reshape(1, 5, 4), z=LOGITS, ids=np.array(IDS))
    member = protossm(CONTEXT, head=head(), cache=str(tmp_path / "own.npz"), embeddings="e", logits="z", rows="ids")
    assert np.array_equal(member.read().values, protossm(CONTEXT, head=head(), **cache).read().values)


def test_keeps_the_members_promises(cache: dict[str, str], head: Callable[..., str]) -> None:
    check_member(protossm, context=CONTEXT, head=head(), **cache)


def failure(**params: Any) -> str:
    with pytest.raises(BlendkitError) as error:
        protossm(CONTEXT, **params).read()
    return "\n".join([error.value.title, *error.value.problems])


def test_what_does_not_fit(tmp_path: Path, cache: dict[str, str], head: Callable[..., str]) -> None:
    assert "head.onnx has no metadata 'classes'" in failure(head=head(classes=None), **cache)
    assert "3 columns, its metadata names 2 classes" in failure(head=head(classes=["a", "b"]), **cache)
    assert "inputs that are not known by name" in failure(head=head(embedding="q"), **cache)
    text = failure(head=head(fixed=12), **cache)
    assert "failed on recording BC2026_Test_0001" in text
    assert "emb [1, 3, 4]" in text
    assert "no array 'emb_ful' (did you mean 'emb_full'" in failure(head=head(), embeddings="emb_ful", **cache)
    assert "no column 'rowid' (did you mean 'row_id'" in failure(head=head(), rows="rowid", **cache)
    pd.DataFrame({"row_id": IDS[:4]}).to_csv(tmp_path / "short.csv", index=False)
    assert "expected 4 rows" in failure(head=head(), cache=cache["cache"], meta=str(tmp_path / "short.csv"))
    assert "needs at least one number" in failure(head=head(), rolls=[], **cache)
