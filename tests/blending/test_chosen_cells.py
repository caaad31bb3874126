"""Which cells a step acts on, and steps that take numbers as another space's; worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.blending import StepContext, apply, blend, make_streams
from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.ops import highest_classes
from blendkit.recipe import explain, filled_text, lint, make_plan, parse_recipe


def scores(values: Any, space: Any = "prob", recordings: dict[str, int] | None = None, covered: Any = None) -> Scores:
    x = np.asarray(values, np.float64)
    rows = chunk_rows(recordings or {"r": len(x)}, 5.0, NameRule())
    cover = None if covered is None else np.array(covered)
    return Scores.build(x, rows, [f"c{i}" for i in range(x.shape[1])], space, covered=cover)


def made(steps: str, given: Scores) -> Scores:
    plan = make_plan(parse_recipe(recipe(steps, str(given.space)), "r.yaml"))
    return make_streams(plan, {"m": given}, StepContext())["m"]


def recipe(steps: str, space: str = "prob") -> str:
    listed = "".join(f"\n    - {s}" for s in steps.split("\n"))
    return f"recipe: 1\nname: t\nmembers:\n  m:\n    use: table\n    path: m.csv\n    space: {space}\n    steps:{listed}\noutput: m\n"


# --- the highest classes --------------------------------------------------------------------------


def test_the_highest_of_a_chunk_and_the_others_get_powers_of_their_own() -> None:
    steps = "{power: {power: 0.85}, id: a, where: {top: 1, of: chunk}}\n{power: {power: 1.15}, id: b, where: {not: {top: 1, of: chunk}}}"
    found = made(steps, scores([[0.5, 0.4, 0.2]]))
    np.testing.assert_allclose(found.values, [[0.5548, 0.3486, 0.1571]], atol=5e-5)


def test_the_file_maximum_for_the_recording_s_highest_class_alone() -> None:
    found = made(
        "{file_max_mix: {alpha: 0.2}, where: {top: 1, of: recording}}", scores([[0.1, 0.5, 0.2], [0.3, 0.9, 0.4]])
    )
    np.testing.assert_allclose(found.values, [[0.1, 0.58, 0.2], [0.3, 0.9, 0.4]], rtol=1e-12)


def test_each_recording_has_its_own_highest_classes_and_ties_with_the_last_count() -> None:
    x = np.array([[1.0, 2, 0], [0, 0, 3], [5, 5, 1]])
    found = highest_classes(x, 1, offsets=np.array([0, 2, 3]))
    assert found.tolist() == [[False, False, True]] * 2 + [[True, True, False]]
    assert highest_classes(x, 9).all()
    assert not highest_classes(x, 2, covered=np.zeros(3, bool)).any()


def test_a_class_without_coverage_is_neither_among_the_highest_nor_among_the_others() -> None:
    x = scores([[0.9, 0.4, 0.2]], covered=[False, True, True])
    top = made("{power: {power: 2}, where: {top: 1, of: chunk}}", x).values
    rest = made("{power: {power: 2}, where: {not: {top: 1, of: chunk}}}", x).values
    np.testing.assert_allclose(top, [[0.9, 0.16, 0.2]])
    np.testing.assert_allclose(rest, [[0.9, 0.4, 0.04]])


@given(st.permutations(range(6)), st.integers(1, 6), st.booleans())
def test_the_order_of_classes_does_not_matter(order: list[int], count: int, whole: bool) -> None:
    x = np.round(np.random.default_rng(3).random((7, 6)), 1)
    bounds = np.array([0, 4, 7]) if whole else None
    turned = highest_classes(x[:, order], count, offsets=bounds)
    assert np.array_equal(turned, highest_classes(x, count, offsets=bounds)[:, order])


def test_not_turns_any_where_round() -> None:
    x = scores([[0.5, 0.4, 0.2]])
    found = made("{power: {power: 2}, where: {not: {classes: [c0]}}}", x)
    np.testing.assert_allclose(found.values, [[0.5, 0.16, 0.04]])


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("{top: 3}", "goes with `of: chunk`"),
        ("{of: chunk}", "give exactly one of"),
        ("{top: 0, of: chunk}", "where.top"),
        ("{top: 3, of: set}", "where.of"),
        ("{top: 3, of: chunk, classes: [a]}", "give exactly one of"),
        ("{not: {not: {classes: [a]}}}", "leave both out"),
        ("{not: {top: 3}}", "goes with `of: chunk`"),
    ],
)
def test_a_where_that_says_nothing_is_refused_with_its_place(where: str, expected: str) -> None:
    with pytest.raises(BlendkitError) as error:
        make_plan(parse_recipe(recipe(f"{{power: {{power: 2}}, where: {where}}}"), "r.yaml"))
    text = " ".join([error.value.title, *error.value.problems])
    assert "r.yaml:" in text
    assert expected in text


def test_what_the_scores_decide_is_no_longer_monotone_and_looks_at_the_recording() -> None:
    plan = make_plan(parse_recipe(recipe("{power: {power: 2}, where: {top: 2, of: recording}}"), "r.yaml"))
    step = plan.streams[0].steps[0]
    assert (step.scope, step.order) == ("file", "no")
    assert "where {'top': 2, 'of': 'recording'}" in "\n".join(explain(plan))
    again = make_plan(parse_recipe(filled_text(plan), "r.yaml"))
    assert again.streams[0].steps[0].where == step.where


# --- smoothing twice ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "twice"),
    [
        ("{class_name: [Aves]}", "{class_name: [Insecta, Amphibia]}", False),
        ("{class_name: [Aves]}", "{class_name: [Insecta, Aves]}", True),
        ("{classes: [a]}", "{not: {classes: [a]}}", False),
        ("{top: 3, of: chunk}", "{not: {top: 3, of: chunk}}", True),  # the first may change which are the highest
        ("{class_name: [Aves]}", "{not: {class_name: [Aves, Insecta]}}", False),
        ("{covered_by: m}", "{not_covered_by: m}", False),
        ("{classes: [a]}", "{class_name: [Aves]}", True),
    ],
)
def test_smoothing_of_different_classes_is_not_smoothing_twice(first: str, second: str, twice: bool) -> None:
    steps = f"{{three_tap: {{}}, where: {first}}}\n{{gaussian: {{}}, where: {second}}}"
    found = lint(make_plan(parse_recipe(recipe(steps), "r.yaml")))
    assert any("smooths along time again" in f for f in found) == twice


# --- unit, and numbers taken as another space's ---------------------------------------------------


def test_ranks_go_through_an_op_for_numbers_from_0_to_1() -> None:
    found = made("{to: rank}\n{to: unit}\n{softmax_richness: {tau: 0.5}}", scores([[0.5, 0.4], [0.6, 0.1]]))
    ranks = np.array([[0.5, 1.0], [1.0, 0.5]])
    share = np.exp(ranks / 0.5) / np.exp(ranks / 0.5).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.values, ranks * share, rtol=1e-15)
    assert found.space == "unit"


def test_numbers_taken_as_logits_pass_a_sigmoid_and_a_temperature() -> None:
    found = made("{to: rank}\n{as: logit}\n{temperature: {t: 0.5}}\n{to: prob}", scores([[0.5], [0.6]]))
    np.testing.assert_allclose(found.values[:, 0], 1 / (1 + np.exp(-np.array([1.0, 2.0]))), rtol=1e-15)


def test_numbers_from_0_to_1_may_be_taken_as_probabilities_their_ends_included() -> None:
    x = scores([[0.0], [1.0]], "logit")
    assert made("{as: prob}", x).values.tolist() == [[0.0], [1.0]]
    with pytest.raises(BlendkitError, match="1 of 2 numbers lie outside 0 to 1"):
        made("{as: prob}", scores([[0.0], [1.5]], "logit"))


def test_unit_keeps_probabilities_and_makes_them_of_logits() -> None:
    x = scores([[0.25], [0.5]])
    assert apply(x, "to", space="unit").values.tolist() == [[0.25], [0.5]]
    z = scores([[0.0], [-np.log(3)]], "logit")
    np.testing.assert_allclose(apply(z, "to", space="unit").values, [[0.5], [0.25]])
    assert apply(apply(x, "to", space="unit"), "to", space="rank").values.tolist() == [[0.5], [1.0]]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("{to: rank}\n{softmax_richness: {}}", "add `to: unit` before it"),
        ("{to: rank}\n{temperature: {}}", "`as: logit` takes the numbers as they are"),
        ("{to: unit}\n{to: logit}", "numbers from 0 to 1 cannot become a logit; `as: logit`"),
        ("{to: rank}\n{to: prob}", "ranks cannot become a prob again; `as: prob`"),
        ("{as: rank}", "expected logit or prob, got 'rank'"),
        ("{as: prob, where: {classes: [a]}}", "`as` converts all classes"),
    ],
)
def test_a_space_that_an_op_refuses_is_said_with_the_step_that_mends_it(steps: str, expected: str) -> None:
    with pytest.raises(BlendkitError) as error:
        make_plan(parse_recipe(recipe(steps), "r.yaml"))
    assert expected in " ".join([error.value.title, *error.value.problems])


def test_numbers_outside_0_to_1_are_no_probabilities() -> None:
    with pytest.raises(BlendkitError, match="2 of 4 numbers lie outside 0 to 1") as error:
        apply(scores([[0.5, 1.5], [-2.0, 0.1]], "logit"), "as", space="prob")
    assert "(r, 0 s, class c1): 1.5" in error.value.problems[0]


def test_the_linter_says_what_is_taken_as_what() -> None:
    found = lint(make_plan(parse_recipe(recipe("{to: rank}\n{as: logit}"), "r.yaml")))
    assert any("m.as: takes ranks as logits without converting" in f for f in found)
    assert any(
        "the stream is in prob space already" in f for f in lint(make_plan(parse_recipe(recipe("{as: prob}"), "r")))
    )


def test_a_blend_of_probabilities_refuses_unit_numbers_and_says_how() -> None:
    x = scores([[0.25], [0.5]])
    unit = apply(x, "to", space="unit")
    with pytest.raises(BlendkitError) as error:
        make_plan(parse_recipe(_two("{to: unit}"), "r.yaml"))
    assert "is in unit space, which cannot become a prob" in " ".join([error.value.title, *error.value.problems])
    assert unit.values.tolist() == blend({"a": x, "b": x}, by="direct").values.tolist()


def _two(step: str) -> str:
    member = f"{{use: table, path: m.csv, space: prob, steps: [{step}]}}"
    return f"recipe: 1\nname: t\nmembers:\n  a: {member}\n  b: {member}\nblends:\n  x: {{by: prob, of: {{a: 1, b: 1}}}}\noutput: x\n"
