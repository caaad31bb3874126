"""Scores blended in memory: a mistake is named by the argument that holds it, for nobody wrote a recipe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from blendkit.blending import apply, blend
from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.errors import BlendkitError

ONE = Scores.build(np.array([[0.1], [0.9]]), chunk_rows({"r": 2}, 5.0, NameRule()), ("x",), "prob")
TWO = {"p": ONE, "my model": ONE}


def test_another_kind_of_argument_is_named() -> None:
    with pytest.raises(BlendkitError, match="scores: expected"):
        apply(ONE.values, "gaussian")  # type: ignore[arg-type]
    with pytest.raises(BlendkitError, match="op: expected"):
        apply(ONE, 0.7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"weights": {"p": -1, "my model": 1}}, "weights of 'p': weights cannot be negative, got -1"),
        ({"weights": {"p": 1, "my model": -1}}, "weights of 'my model': weights cannot be negative, got -1"),
        ({"weights": {"p": 0, "my model": 0}}, "weights: all weights are 0"),
        ({"weights": {"p": float("nan"), "my model": 1}}, "weights of 'p': input should be a valid number"),
        ({"by": "powermean"}, "by: unknown blend 'powermean' (did you mean 'power_mean'?)"),
        ({"by": "power_mean", "params": {"powr": 1}}, "params.powr: unknown key 'powr'"),
    ],
)
def test_mistakes_in_a_blend(how: dict[str, Any], said: str) -> None:
    with pytest.raises(BlendkitError) as error:
        blend(TWO, **how)
    assert error.value.title == "this blend cannot run"
    assert error.value.problems[0].startswith(said)


def test_mistakes_in_a_step() -> None:
    with pytest.raises(BlendkitError) as error:
        apply(ONE, "gaussian", sigma=-1)
    assert error.value.title == "this step cannot run"
    assert error.value.problems[0].startswith("gaussian.sigma: input should be greater than")


@pytest.mark.parametrize(
    ("scores", "weights", "says"),
    [
        ([1, 2], None, "scores of a blend are a list, without names"),
        ({"a": np.ones((2, 2))}, None, "'a' is a ndarray"),
        ({}, [0.5, 0.5], "weights of a blend are a list, without names"),
    ],
)
def test_what_has_no_names_or_is_no_scores_is_explained(scores: Any, weights: Any, says: str) -> None:
    with pytest.raises(BlendkitError) as raised:
        blend(scores, weights=weights)
    assert says in str(raised.value)


def test_other_streams_are_given_as_scores() -> None:
    rows = chunk_rows({"r": 4}, 5.0, NameRule())
    own = Scores.build(np.array([[0.1, 0.2], [0.2, 0.1], [0.3, 0.4], [0.4, 0.3]]), rows, ("x", "y"), "prob")
    other = Scores.build(own.values[::-1].copy(), rows, ("x", "y"), "prob")
    turned = Scores.build(other.values[:, ::-1].copy(), rows, ("y", "x"), "prob")
    found = apply(own, "rank_gate", by=other)
    assert found.rows.ids() == own.rows.ids()
    assert (found.values != own.values).any()
    np.testing.assert_array_equal(apply(own, "rank_gate", by=turned).values, found.values)  # matched by class
    with pytest.raises(BlendkitError, match="rows missing"):
        apply(own, "rank_gate", by=other.align(rows.take(np.arange(2)), ("x", "y")))


def test_parameters_that_no_recipe_can_hold() -> None:
    with pytest.raises(BlendkitError, match="sigma: a parameter cannot be a object"):
        apply(ONE, "gaussian", sigma=object())
    with pytest.raises(BlendkitError, match="gaussian: sigma is no stream, and gets no Scores"):
        apply(ONE, "gaussian", sigma=ONE)
    same = apply(ONE, "gaussian", sigma=np.float64(0.7))
    np.testing.assert_array_equal(same.values, apply(ONE, "gaussian", sigma=0.7).values)
