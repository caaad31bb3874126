"""Optional members: which a recipe can do without, what they weigh, and the recipe without them."""

from __future__ import annotations

import pytest

from blendkit.errors import BlendkitError
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.optional_members import member_shares, narrowed
from blendkit.recipe.plan import make_plan

BASE = """recipe: 1
name: r
members:
  a: {use: tone, classes: [x, y]}
  b: {use: tone, classes: [x, y], optional: true, tta: {shifts_s: [-1, 0, 1]}}
  c: {use: tone, classes: [x, y], optional: true, tta: {shifts_s: [-1, 2], edge: clamp}}
blends:
  inner: {by: logit, of: {a: 1, b: 3}}
  outer: {by: logit, of: {inner: 0.8, c: 0.2}, weights_by: {classes: [{classes: [x], of: {inner: 1, c: 1}}]}}
output: outer
"""


def test_shares_are_products_along_the_way() -> None:
    assert member_shares(parse_recipe(BASE, "r.yaml").model) == pytest.approx({"a": 0.2, "b": 0.6, "c": 0.2})


def test_a_narrowed_recipe_is_the_one_that_never_had_them() -> None:
    recipe = parse_recipe(BASE, "r.yaml")
    plan = make_plan(narrowed(recipe, ["c"], {"b": 0.0}))
    assert list(plan.members) == ["a", "b"]
    assert plan.recipe.model.members["b"].tta.shifts_s == [0.0]
    outer = plan.recipe.model.blends["outer"]
    assert outer.of == {"inner": 0.8}
    assert outer.weights_by is not None
    assert [g.of for g in outer.weights_by.classes or []] == [{"inner": 1}]
    other = narrowed(recipe, [], {"c": -1.0}).model.members["c"].tta
    assert (other.shifts_s, other.edge) == ([-1.0], "clamp")


def test_a_budget_and_optional_keep_their_place_in_the_filled_recipe() -> None:
    from blendkit.recipe.explicit_defaults import filled_recipe

    said = filled_recipe(make_plan(parse_recipe(BASE.replace("name: r", "name: r\nbudget: 1h30m"), "r.yaml")))
    assert said["budget"] == 5400
    assert [m.get("optional") for m in said["members"].values()] == [None, True, True]
    assert "budget" not in filled_recipe(make_plan(parse_recipe(BASE, "r.yaml")))


def refused(text: str) -> str:
    with pytest.raises(BlendkitError) as error:
        make_plan(parse_recipe(text, "r.yaml"))
    return str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("output: outer", "output: outer\nalso: [b]", "'b' cannot be optional: it is written itself"),
        ("c: 1}", "c: 1}}, {classes: [y], of: {c: 1}", "nothing else has a weight in blend 'outer' for some classes"),
        ("of: {a: 1, b: 3}", "of: {a: 0, b: 3}", "nothing else has a weight in blend 'inner'"),
        ("{by: logit, of: {a", "{by: sum, of: {a", "the weights of blend 'inner' (`by: sum`) are no shares of a whole"),
        ("blends:", "streams:\n  s: {from: c}\nblends:", "'c' cannot be optional: stream 's' is made from it"),
        ("{inner: 0.8", "{s: 1, inner: 0.8", None),
    ],
)
def test_who_cannot_be_optional(old: str, new: str, why: str | None) -> None:
    text = BASE.replace(old, new, 1)
    if why is None:
        assert "no stream is called 's'" in refused(text)
        return
    if "streams:" in new:
        text = text.replace("{inner: 0.8", "{s: 0.1, inner: 0.8")
    assert why in refused(text)
    assert "r.yaml:" in refused(text)


def test_coverage_and_gates_need_their_member() -> None:
    steps = ", steps: [{gaussian: {sigma: 1.0}, where: {covered_by: b}}]}\n  outer"
    assert "`covered_by` or `not_covered_by` of 'inner' asks for its coverage" in refused(
        BASE.replace("}\n  outer", steps)
    )
    gate = ", steps: [{to: prob}, {rank_gate: {by: b}}, {to: rank}]}\n  outer"
    text = BASE.replace("}\n  outer", gate).replace("outer: {by: logit", "outer: {by: rank")
    found = refused(text)
    assert "'b' cannot be optional: a step of 'inner' reads it" in found


def test_finished_scores_cost_no_time() -> None:
    text = BASE.replace("a: {use: tone, classes: [x, y]}", "a: {use: table, path: a.csv, space: logit, optional: true}")
    assert "'a' cannot be optional: it reads finished scores, which takes no time" in refused(text)


def test_nonsense_is_named_with_its_line() -> None:
    with pytest.raises(BlendkitError, match=r"r.yaml:3: budget: .*expected a length of time above 0 such as 90m"):
        parse_recipe(BASE.replace("name: r", "name: r\nbudget: soon"), "r.yaml")
