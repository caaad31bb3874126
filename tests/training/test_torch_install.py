from __future__ import annotations

import sys

import pytest

from blendkit.errors import BlendkitError
from blendkit.training.torch_install import need_torch


def test_installed_is_enough() -> None:
    need_torch()


@pytest.mark.parametrize("module", ["torch", "onnxscript"])
def test_what_is_missing_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BlendkitError, match="needs torch, and onnxscript") as caught:
        need_torch()
    assert caught.value.problems[0] == "pip install 'blendkit[train]'"
    assert "download.pytorch.org/whl/cpu" in caught.value.problems[1]
    assert module in caught.value.problems[2]
