"""Other values in the text of a recipe: what is not changed stays as it was written."""

from __future__ import annotations

from typing import Any

import pytest

from blendkit.errors import BlendkitError
from blendkit.recipe import edited_text, parse_recipe, with_values

TEXT = """\
# a recipe
recipe: 1
name: two  # its name
members:
  a: {use: table, path: a.csv, space: prob, steps: [gaussian, power]}
  b:
    use: table
    path: b.csv
    space: prob
    steps:
      - gaussian   # as it is
      - power:
      - clip: {low: 0.1}
blends:
  mix:
    by: rank
    # why these
    of:
      a: 0.25 # a quarter
      b: 0.75
output: mix
"""
CHANGES: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "other"}, "name: two ", "name: other "),
    ({"blends.mix.of.a": 0.5}, "a: 0.25 #", "a: 0.5 #"),
    ({"blends.mix.of": {"a": 0.5, "b": 0.5}}, "a: 0.25 # a quarter\n      b: 0.75", "a: 0.5 # a quarter\n      b: 0.5"),
    ({"b.gaussian.sigma": 2.0}, "- gaussian   #", "- {gaussian: {sigma: 2.0}}   #"),
    ({"a.gaussian.sigma": 2.0}, "[gaussian, power]", "[{gaussian: {sigma: 2.0}}, power]"),
    ({"b.power.exponent": 0.5}, "- power:\n", "- power: {exponent: 0.5}\n"),
    ({"b.clip.high": 0.9}, "{low: 0.1}", "{low: 0.1, high: 0.9}"),
    ({"b.clip.low": 0.2}, "{low: 0.1}", "{low: 0.2}"),
    ({"chunk_s": 3.0}, "recipe: 1\n", "chunk_s: 3.0\nrecipe: 1\n"),
]


@pytest.mark.parametrize(("values", "old", "new"), CHANGES, ids=lambda v: str(v)[:30])
def test_one_place_changes(values: dict[str, Any], old: str, new: str) -> None:
    recipe = parse_recipe(TEXT, "two.yaml")
    made = edited_text(recipe, TEXT, values)
    assert TEXT.count(old) == 1
    assert made == TEXT.replace(old, new)
    assert parse_recipe(made, "two.yaml").model == with_values(recipe, values, "x").model


def test_all_places_at_once() -> None:
    values = {
        k: v for change, _, _ in CHANGES for k, v in change.items() if k not in ("blends.mix.of.a", "b.clip.high")
    }
    made = edited_text(parse_recipe(TEXT, "two.yaml"), TEXT, values)
    assert [made.count(c) for c in ("# a recipe", "# its name", "# as it is", "# why these", "# a quarter")] == [1] * 5


def test_an_unknown_address_is_said() -> None:
    with pytest.raises(BlendkitError, match="no such key"):
        edited_text(parse_recipe(TEXT, "two.yaml"), TEXT, {"b.gausian.sigma": 1.0})
