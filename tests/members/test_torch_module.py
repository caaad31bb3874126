from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'blendkit[train]'")

from blendkit.errors import BlendkitError  # noqa: E402
from blendkit.member.protocol import MemberContext  # noqa: E402
from blendkit.testing.member_checks import check_member  # noqa: E402
from blendkit_members.torch_module import torch_member  # noqa: E402

SOURCE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, outputs=3):
        super().__init__()
        torch.manual_seed(0)
        def block(a, b):
            return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU())
        self.stages = nn.Sequential(block(1, 4), block(4, 6))
        self.out = nn.Linear(6, outputs)
    def forward(self, x):
        h = self.stages(x.reshape(len(x), 1, 8, -1))
        return self.out(h.mean((2, 3)))

class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)])
        self.out = nn.Linear(8, 2)
    def forward(self, x):
        h = x.reshape(len(x), -1, 8)
        for layer in self.layers:
            h = layer(h)
        return self.out(h.mean(1))

def sequence(): return nn.Flatten(0)
def number(): return 3
"""


@pytest.fixture(autouse=True)
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch_nets_for_tests.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


def made(name: str = "Net", classes: tuple[str, ...] = (), **params: Any) -> Any:
    context = MemberContext(classes, chunk_s=1.0, allow_code=params.pop("allow_code", True))
    return torch_member(context, function=f"torch_nets_for_tests:{name}", rate=64, **params)


def windows(n: int = 5) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, 64)).astype(np.float32)


def test_it_keeps_the_protocol() -> None:
    check_member(
        "torch", function="torch_nets_for_tests:Net", rate=64, classes=["a", "b", "c"],
        context=MemberContext(("c", "x"), chunk_s=1.0, allow_code=True),
    )  # fmt: skip


def test_blocks_are_the_submodules_outputs() -> None:
    member = made()
    assert list(member.blocks) == ["stages.0", "stages.1"]
    assert member.feature_shapes == {"stages.0": (4,), "stages.1": (6,)}
    with torch.no_grad():
        x = torch.from_numpy(windows()).reshape(5, 1, 8, 8)
        first = member.module.stages[0](x)
        wanted = [first.mean((2, 3)).numpy(), member.module.stages[1](first).mean((2, 3)).numpy()]
    for got, want in zip(member.features(windows(), ["stages.0", "stages.1"]), wanted, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-6)
    cells = made(grid=[2, 4]).features(windows(), ["stages.1"])[0]
    assert cells.shape == (5, 4, 2, 6) or cells.shape == (5, 2, 4, 6)
    np.testing.assert_allclose(cells.mean(axis=(1, 2)), wanted[1], atol=1e-6)


def test_tokens_of_a_transformer_keep_their_channels() -> None:
    member = made("Tokens")
    assert member.feature_shapes == {"layers.0": (8,)}


def test_logits_are_the_modules() -> None:
    member = made(classes=("2", "nothing"))
    with torch.no_grad():
        direct = member.module(torch.from_numpy(windows())).numpy()
    np.testing.assert_array_equal(member.predict(windows())[:, 0], direct[:, 2])
    assert member.info.covered == (True, False)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"allow_code": False}, "--allow-code"),
        ({"name": "number"}, "returned a int, not a torch module"),
        ({"blocks": ["stages.7"]}, "no submodule 'stages.7' (did you mean 'stages.1'?)"),
        ({"arguments": {"outputs": 4}, "classes": ()}, None),
    ],
)
def test_mistakes(params: dict[str, Any], said: str | None) -> None:
    if said is None:
        assert made(**params).predict(windows()).shape == (5, 4)
        return
    with pytest.raises(BlendkitError) as error:
        made(**params)
    assert said in str(error.value)
