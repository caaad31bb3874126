"""Which parts of a recipe's `where:` can choose the same classes, as far as their words tell."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from blendkit.ops import info_of
from blendkit.recipe.params import op_model
from blendkit.recipe.step_schema import Where
from blendkit.registry import OPS, registry

BIRDS, FROGS = {"class_name": ["Aves"]}, {"class_name": ["Amphibia"]}


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        (BIRDS, FROGS, True),
        (BIRDS, {"class_name": ["Aves", "Insecta"]}, False),
        (BIRDS, {"not": BIRDS}, True),
        (BIRDS, {"not": {"class_name": ["Aves", "Insecta"]}}, True),
        ({"class_name": ["Aves", "Insecta"]}, {"not": BIRDS}, False),
        ({"classes": ["a"]}, {"not": {"classes": ["a", "b"]}}, True),
        ({"classes": ["a", "c"]}, {"not": {"classes": ["a", "b"]}}, False),
        ({"covered_by": "m"}, {"not_covered_by": "m"}, True),
        ({"top": 1, "of": "chunk"}, {"not": {"top": 1, "of": "chunk"}}, False),  # a step before may change the order
        ({"top": 1, "of": "recording"}, BIRDS, False),
    ],
)
def test_words_that_choose_nothing_together(one: dict[str, Any], other: dict[str, Any], apart: bool) -> None:
    a, b = Where.model_validate(one), Where.model_validate(other)
    assert (a.apart_from(b), b.apart_from(a)) == (apart, apart)


def test_a_factor_of_zero_would_tie_what_rare_suppression_says_to_keep_in_order() -> None:
    info = info_of(registry(OPS).get("rare_suppression"))
    assert info is not None
    model = op_model(info)
    with pytest.raises(ValidationError):
        model.model_validate({"factor": 0})
