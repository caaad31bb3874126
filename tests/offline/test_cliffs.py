"""Cliffs: classes that change as soon as a little of another member comes in, with values worked out by hand."""

from __future__ import annotations

import numpy as np

from blendkit.offline.cliffs_by_class import cliff_notes, find_cliffs

TRUTH = np.array([[1, 1], [1, 1], [0, 0], [0, 0]], bool)
EVEN = np.array([[0.5, 0.9], [0.5, 0.8], [0.5, 0.2], [0.5, 0.1]])  # constant in the first class
DOWN = np.array([[0.1, 0.85], [0.2, 0.7], [0.8, 0.3], [0.9, 0.2]])  # wrong in the first class, right in the second


def test_a_constant_class_falls_from_half_to_nothing_at_any_share():
    (found,) = find_cliffs(TRUTH, EVEN, DOWN, ["x", "y"], ("even", "down"))
    assert (found.class_id, found.enters, found.before, found.after) == ("x", "down", 0.5, 0.0)
    assert (found.values, found.tied, found.by_ties) == (1, 1.0, True)
    (note,) = cliff_notes([found])
    assert "x 0.500 to 0.000 (constant)" in note
    assert "any share of down, however small, decides these ties" in note
    assert "1 class changes" in note


def test_scores_of_another_scale_decide_without_ties():
    truth = np.array([[1], [1], [0], [0]], bool)
    small = np.array([[0.004], [0.003], [0.002], [0.001]])
    (found,) = find_cliffs(truth, small, -500 * small, ["x"], ("small", "large"))
    assert (found.enters, found.before, found.after, found.by_ties) == ("large", 1.0, 0.0, False)
    assert "small's there, so a small share of large decides the order" in cliff_notes([found])[0]


def test_members_that_agree_have_no_cliff():
    rng = np.random.default_rng(0)
    a = rng.random((40, 2))
    truth = rng.random((40, 2)) < 0.4
    assert find_cliffs(truth, a, a + 0.01 * rng.random((40, 2)), ["x", "y"], ("a", "b")) == []


def test_many_classes_are_all_named_and_the_first_with_figures():
    truth = np.tile([[1], [1], [0], [0]], 8).astype(bool)
    right = np.tile([[4.0], [3.0], [2.0], [1.0]], 8)
    found = find_cliffs(truth, np.zeros((4, 8)), right, [f"c{i}" for i in range(8)], ("zero", "right"))
    (note,) = cliff_notes(found)
    assert "8 classes change" in note
    assert "c2 0.500 to 1.000 (constant); also c3, c4, c5, c6, c7: zero ties" in note
