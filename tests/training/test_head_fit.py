"""What a fit reads from its request: tokens, and which rows may count."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from blendkit.errors import BlendkitError
from blendkit.training.head_networks import Token
from blendkit.training.jobs.head_fit import _tokens
from blendkit.training.jobs.requests import HeadRequest
from blendkit.training.settings import HeadChoice

STORE: Any = SimpleNamespace(
    shapes={"early": (4,), "late": (4,), "wide": (6,), "embedding": (8,)}, manifest=SimpleNamespace(folder=Path("f"))
)


def tokens(*probed: str, **head: Any) -> list[Token]:
    return list(_tokens(HeadRequest(Path("out"), head=HeadChoice(**head)), STORE, probed))


def test_each_token_is_made_once() -> None:
    pair = ("late", "early")
    found = tokens(blocks=("wide", "late", "wide"), residual=(pair, ("early", "late"), pair))
    assert found == [Token("wide"), Token("late"), Token("late", "early"), Token("early", "late")]


def test_which_blocks_are_read() -> None:
    assert tokens() == [Token("early"), Token("late"), Token("wide")]  # all stored blocks, not the embedding
    assert tokens("late") == [Token("late")]
    assert tokens("late", blocks=("wide",)) == [Token("wide")]
    assert tokens(residual=(("late", "early"),)) == [Token("late", "early")]


def test_a_store_of_embeddings_alone_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STORE, "shapes", {"embedding": (8,)})
    assert tokens() == [Token("embedding")]


def test_wrong_blocks_are_named() -> None:
    with pytest.raises(BlendkitError, match=r"no feature 'lat'.*'late'"):
        tokens(blocks=("lat",))
    with pytest.raises(BlendkitError, match="two blocks of the same shape") as caught:
        tokens(residual=(("late", "wide"),))
    assert list(caught.value.problems) == ["late [4] and wide [6]"]
