from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from blendkit.errors import BlendkitError
from blendkit.member.mel import Image, Mel
from blendkit.member.protocol import MemberContext
from blendkit.testing.member_checks import check_member
from blendkit_members.dinov2 import dinov2

pytest.importorskip("librosa", reason="librosa, which makes mel bands, is not installed")
Graph = Callable[..., Path]
D = 6
MEL = {"rate": 8000, "n_fft": 512, "hop": 80, "mels": 32, "scale": "minmax"}
CONTEXT = MemberContext(("a", "b"), chunk_s=1.0)


@pytest.fixture
def backbone(tmp_path: Path, save_graph: Graph) -> Callable[..., str]:
    """Patches of 14 px, embedded linearly; the CLS token is their mean."""

    def write(patch: int = 14, name: str = "last_hidden_state") -> str:
        weight = np.random.default_rng(2).standard_normal((D, 3, patch, patch)).astype(np.float32) / patch
        nodes = [
            helper.make_node("Conv", ["pixel_values", "w"], ["grid"], kernel_shape=[patch] * 2, strides=[patch] * 2),
            helper.make_node("Reshape", ["grid", "flat"], ["patches"]),
            helper.make_node("Transpose", ["patches"], ["tokens"], perm=[0, 2, 1]),
            helper.make_node("ReduceMean", ["tokens"], ["cls"], axes=[1], keepdims=1),
            helper.make_node("Concat", ["cls", "tokens"], [name], axis=1),
        ]
        weights = {"w": weight, "flat": np.array([0, D, -1], np.int64)}
        ports = {"pixel_values": ("b", 3, "h", "v")}, {name: ("b", "n", D)}
        return str(save_graph(tmp_path / f"vit{patch}{name}.onnx", nodes, *ports, weights))

    return write


@pytest.fixture
def head(tmp_path: Path, save_graph: Graph) -> Callable[..., str]:
    """A linear head on one token, or the highest of linear scores over several."""

    def write(*, tokens: bool = False, width: int = D, **meta: str) -> str:
        rng = np.random.default_rng(3)
        nodes = [helper.make_node("MatMul", ["x", "w"], ["z" if tokens else "logits"])]
        if tokens:
            nodes.append(helper.make_node("ReduceMax", ["z"], ["logits"], axes=[1], keepdims=0))
        shape = ("b", "n", width) if tokens else ("b", width)
        weights = {"w": rng.standard_normal((width, 3)).astype(np.float32)}
        facts = meta or {"classes": json.dumps(["b", "x", "a"])}
        path = save_graph(tmp_path / "head.onnx", nodes, {"x": shape}, {"logits": ("b", 3)}, weights, **facts)
        return str(path)

    return write


def windows() -> np.ndarray:
    return (0.1 * np.random.default_rng(1).standard_normal((3, 8000))).astype(np.float32)


@pytest.mark.parametrize("size", [224, 196])
@pytest.mark.parametrize("tokens", ["cls", "patches", "all"])
def test_tokens_reach_the_head(backbone: Callable[..., str], head: Callable[..., str], size: int, tokens: Any) -> None:
    import onnxruntime

    paths = {"backbone": backbone(), "head": head(tokens=tokens != "cls")}
    member = dinov2(CONTEXT, size=size, tokens=tokens, mel=MEL, **paths)
    pictures = Image(mel=Mel(**MEL), size=size)(windows())  # type: ignore[arg-type]
    run = onnxruntime.InferenceSession(paths["backbone"], providers=["CPUExecutionProvider"]).run
    hidden = run(None, {"pixel_values": pictures})[0]
    assert hidden.shape == (3, 1 + (size // 14) ** 2, D)
    chosen = {"cls": hidden[:, 0], "patches": hidden[:, 1:], "all": hidden}[tokens]
    scores = chosen @ np.random.default_rng(3).standard_normal((D, 3)).astype(np.float32)
    wanted = scores if tokens == "cls" else scores.max(axis=1)
    assert np.allclose(member.predict(windows()), wanted[:, [2, 0]], atol=1e-4)
    assert f"{(size // 14) ** 2} patches" in member.info.notes[1]


def test_keeps_the_members_promises(backbone: Callable[..., str], head: Callable[..., str]) -> None:
    check_member(dinov2, context=CONTEXT, backbone=backbone(), head=head(), mel=MEL)


def failure(**params: Any) -> str:
    with pytest.raises(BlendkitError) as error:
        dinov2(CONTEXT, mel=MEL, **params)
    return "\n".join([error.value.title, *error.value.problems])


def test_what_cannot_work(backbone: Callable[..., str], head: Callable[..., str]) -> None:
    assert "multiple of 14 (224 or 196), got 225" in failure(backbone=backbone(), head=head(), size=225)
    text = failure(backbone=backbone(16), head=head())
    assert "gives tokens [1, 197, 6]" in text
    assert "expected [1, 257, D]" in text
    assert "no output 'last_hidden_state'" in failure(backbone=backbone(14, "out"), head=head())
    assert "do not fit" in failure(backbone=backbone(), head=head(width=5))
    assert "head.onnx has no metadata 'classes'" in failure(backbone=backbone(), head=head(note="x"))
