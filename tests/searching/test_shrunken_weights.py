"""Weights between a group's own and those of all: by hand, at both ends, and with the pull chosen inside."""

from __future__ import annotations

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.searching import ascend, ascend_groups, ascend_shrunken

RNG = np.random.default_rng(3)
CLUSTERS = [f"r{i // 4}" for i in range(48)]
Y = RNG.random((48, 4)) < 0.3
GOOD, NOISE = Y + 0.6 * RNG.standard_normal(Y.shape), RNG.standard_normal(Y.shape)
# a is good on the first two classes and b on the others
SCORES = {
    "a": np.where([True, True, False, False], GOOD, NOISE),
    "b": np.where([True, True, False, False], NOISE, GOOD),
}
GROUPS = ["x", "x", "y", "y"]


def test_a_pull_of_as_many_positives_is_the_middle() -> None:
    common = ascend(Y, SCORES, grid=101).weights
    own = ascend_groups(Y, SCORES, GROUPS, grid=101)
    count = int(Y[:, :2].sum())
    found = ascend_shrunken(Y, SCORES, GROUPS, CLUSTERS, pulls=(float(count),))
    assert found.common == common
    for name in "ab":
        assert found.groups["x"][name] == pytest.approx((own["x"].weights[name] + common[name]) / 2, abs=1e-6)
        assert sum(found.groups["y"].values()) == pytest.approx(1)
    assert ascend_shrunken(Y, SCORES, GROUPS, CLUSTERS, pulls=(0.0,)).groups == {g: a.weights for g, a in own.items()}
    assert ascend_shrunken(Y, SCORES, GROUPS, CLUSTERS, pulls=(np.inf,)).groups == {"x": common, "y": common}


def test_the_pull_is_weak_where_groups_differ_and_strong_where_they_do_not() -> None:
    found = ascend_shrunken(Y, SCORES, GROUPS, CLUSTERS)
    assert found.pull < 10
    assert found.groups["x"]["a"] > 0.5 > found.groups["y"]["a"]
    alike = {"a": GOOD, "b": GOOD + 0.01 * NOISE}
    assert ascend_shrunken(Y, alike, list(range(4)), CLUSTERS).pull == np.inf


def test_weights_that_leave_a_class_without_a_member_are_not_taken() -> None:
    covered = {"a": np.array([True, True, True, True]), "b": np.array([False, True, True, True])}
    worse = {
        "a": np.where([True, False, False, False], -GOOD, NOISE),
        "b": GOOD,
    }  # on class 0, nothing is better than a
    found = ascend_shrunken(Y, worse, list(range(4)), CLUSTERS, pulls=(0.0,), covered=covered)
    assert 0 not in found.groups
    assert found.groups[1]["b"] > 0.5


def test_too_few_labels_to_choose_by_have_common_weights_and_no_pulls_are_refused() -> None:
    y = np.zeros((6, 1), bool)
    y[0] = True
    found = ascend_shrunken(y, {"a": y + 0.0, "b": -1.0 * y}, ["x"], list("aabbcc"))
    assert (found.pull, found.groups["x"]) == (np.inf, found.common)
    with pytest.raises(BlendkitError, match="at least one pull"):
        ascend_shrunken(Y, SCORES, GROUPS, CLUSTERS, pulls=())


def test_of_one_cluster_nothing_can_be_held_out_and_the_common_weights_stay() -> None:
    rng = np.random.default_rng(0)
    y = rng.random((12, 2)) < 0.5
    scores = {n: y + rng.normal(0, 1, y.shape) for n in ("a", "b")}
    found = ascend_shrunken(y, scores, ["x", "y"], ["r"] * 12, grid=11)
    assert found.pull == np.inf
    assert all(w == pytest.approx(found.common) for w in found.groups.values())
