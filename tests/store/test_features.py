"""Feature stores: those that an older release may have filled in the wrong order are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blendkit.core import NameRule, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.store import FeatureStore, Stored
from tests.stores import edit_facts


def created(folder: Path) -> FeatureStore:
    return FeatureStore.create(folder, "a" * 16, {"p": (1,)}, {"facts": {"params": {}}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of one recording."""
    rows = chunk_rows({"r1": 2}, 5.0, NameRule())
    created(tmp_path).write(rows, [np.array([[1.0], [2.0]], np.float32)], {"r1": Stored("r1", 2, "ok", "", 10.0)})
    return tmp_path


def test_a_store_is_opened_again(folder: Path) -> None:
    assert created(folder).read("p", NameRule())[1].ravel().tolist() == [1, 2]
    assert FeatureStore.open(folder).manifest.facts["about"]["facts"] == {"params": {}}


@pytest.mark.parametrize("number", [None, 1, 99])
def test_features_of_another_format_are_refused_with_the_way_out(folder: Path, number: int | None) -> None:
    edit_facts(folder, lambda facts: facts["about"].pop("features_format"))
    edit_facts(folder, lambda facts: facts["about"].update({} if number is None else {"features_format": number}))
    for again in (created, FeatureStore.open):
        with pytest.raises(BlendkitError, match="features of another format") as caught:
            again(folder)
        assert "delete the folder" in caught.value.problems[-1]
