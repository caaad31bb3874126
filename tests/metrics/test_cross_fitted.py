"""Blends measured on positives that their choice did not see; worked by hand, and against the plain bootstrap."""

from __future__ import annotations

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.metrics import CrossFitted, macro_auc, paired_bootstrap

RNG = np.random.default_rng(5)
CLUSTERS = np.repeat(list("abcdef"), 4)
TRUTH = RNG.random((24, 3)) < 0.3
SCORES = np.round(RNG.standard_normal(TRUTH.shape) + TRUTH, 1)


def test_each_positive_is_compared_with_all_negatives_under_the_scores_of_its_own_part() -> None:
    y = np.array([[1], [0], [1], [0]], bool)
    first, second = (np.array(x, float)[:, None] for x in ([3, 1, 0, 2], [0, 2, 2, 1]))
    counts = CrossFitted(y, list("aabb"), replicates=5)
    counts.add("x", first, np.array([True, True, False, False]))  # 3 beats 1 and 2
    counts.add("x", second, np.array([False, False, True, True]))  # 2 ties with 2 and beats 1
    assert counts.bootstrap().estimate["x"] == (2 + 1.5) / 4


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_parts_with_the_same_scores_are_the_plain_bootstrap(parts: int) -> None:
    part = np.array([ord(c) % parts for c in CLUSTERS])
    counts = CrossFitted(TRUTH, CLUSTERS, replicates=40, seed=3)
    for k in range(parts):
        counts.add("x", SCORES, part == k)
        counts.add("turned", -SCORES, part == k)
    found, plain = counts.bootstrap(), paired_bootstrap(TRUTH, {"x": SCORES, "turned": -SCORES}, CLUSTERS, 40, 3)
    for name in ("x", "turned"):
        assert found.estimate[name] == plain.estimate[name]
        assert np.array_equal(found.replicates[name], plain.replicates[name])
        assert np.array_equal(found.jackknife[name], plain.jackknife[name])
    assert np.array_equal(found.scored, plain.scored)
    assert found.difference("x", "turned") == plain.difference("x", "turned")


def test_several_divisions_are_averaged() -> None:
    counts = CrossFitted(TRUTH, CLUSTERS, replicates=5, repeats=2)
    for x in (SCORES, -SCORES):
        counts.add("x", x, np.ones(24, bool))
    assert counts.bootstrap().estimate["x"] == pytest.approx(0.5)


def test_cells_without_a_label_do_not_count() -> None:
    mask = RNG.random(TRUTH.shape) < 0.8
    counts = CrossFitted(TRUTH, CLUSTERS, replicates=5, mask=mask)
    counts.add("x", SCORES, CLUSTERS < "d")
    counts.add("x", SCORES, CLUSTERS >= "d")
    assert counts.bootstrap().estimate["x"] == macro_auc(TRUTH, SCORES, mask).macro


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(BlendkitError, match="at least two clusters"):
        CrossFitted(TRUTH, ["a"] * 24)
    counts = CrossFitted(TRUTH, CLUSTERS, replicates=5)
    with pytest.raises(BlendkitError, match="no part"):
        counts.bootstrap()
    with pytest.raises(BlendkitError, match="row 0, class 0"):
        counts.add("x", np.full(TRUTH.shape, np.nan), np.ones(24, bool))
