"""Shares of stratified answers by hand, against plain Wilson, and thresholds chosen by them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blendkit.errors import BlendkitError
from blendkit.metrics import StratifiedAnswers, reviewed_threshold, stratified_share, wilson


def answers(score: list[float], truth: str, stratum: list[int], size: list[int]) -> StratifiedAnswers:
    return StratifiedAnswers(
        np.array(score, float), np.array([t == "y" for t in truth], bool), np.array(stratum, np.int64), np.array(size)
    )


# the top stratum of 2 is heard whole; of 8 chunks below 4 are heard, each stands for 2
TWO = answers([0.9, 0.8, 0.6, 0.5, 0.4, 0.3], "yyynyn", [0, 0, 1, 1, 1, 1], [2, 8])


def test_the_share_by_hand() -> None:
    every = stratified_share(TWO, np.ones(6, bool))
    assert every.share == (2 + 2 * 2) / 10
    assert (every.chunks, every.answers) == (10, 6)
    above = stratified_share(TWO, TWO.score >= 0.5)
    assert above.share == (2 + 2) / (2 + 4)
    assert TWO.weights().tolist() == [1, 1, 2, 2, 2, 2]


def test_the_effective_number_by_hand() -> None:
    # the top stratum of 2 is heard whole and adds nothing; of 16 chunks below 8 are heard
    ten = answers(list(np.linspace(1, 0, 10)), "yyynynynyn", [0, 0, *[1] * 8], [2, 16])
    found = stratified_share(ten, np.ones(10, bool))
    p = (2 * 2.5 / 3 + 16 * 0.5) / 18
    spread = 8 / 7 * (0.5 * (1 - p) ** 2 + 0.5 * p**2 - (0.5 - p) ** 2)
    by_variance = p * (1 - p) * 18**2 / (16**2 * spread / 8)
    assert found.effective == pytest.approx(by_variance)
    assert by_variance < 18**2 / (8 * 2**2)  # Kish's number, the most that is believed
    assert (found.low, found.high) == wilson(found.share, found.effective)


def test_what_is_heard_whole_is_known() -> None:
    top = stratified_share(TWO, TWO.score >= 0.8)
    assert (top.share, top.low, top.high) == (1, 1, 1)
    assert math.isinf(top.effective)


def test_a_threshold_that_was_chosen_is_never_known_for_sure() -> None:
    score = np.linspace(1, 0, 40)
    heard = StratifiedAnswers(score, score > 0.5, np.zeros(40, np.int64), np.array([40]))
    found = reviewed_threshold(heard, [f"c{i}" for i in range(40)], 0.8).held_out
    assert found is not None
    assert found.low < found.share < found.high
    every = np.ones(40, bool)
    assert stratified_share(heard, every, finite=False).effective == pytest.approx(39, abs=0.1)
    assert math.isinf(stratified_share(heard, every).effective)


def test_too_few_answers_give_no_interval() -> None:
    few = answers([0.9, 0.8], "yn", [0, 0], [100])
    found = stratified_share(few, np.ones(2, bool))
    assert found.share == 0.5
    assert math.isnan(found.low)
    none = stratified_share(few, np.zeros(2, bool))
    assert math.isnan(none.share)
    assert none.answers == 0


def test_one_large_stratum_is_a_simple_random_sample() -> None:
    n, true = 50, 20
    one = answers(list(np.linspace(1, 0, n)), "y" * true + "n" * (n - true), [0] * n, [10**6])
    found = stratified_share(one, np.ones(n, bool))
    assert found.share == true / n
    assert n - 1 <= found.effective <= n
    assert (found.low, found.high) == pytest.approx(wilson(true / n, n), abs=0.005)


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_the_order_of_answers_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 60))
    stratum = np.sort(rng.integers(0, 3, n))
    size = np.bincount(stratum, minlength=3) * rng.integers(1, 50, 3)
    own = StratifiedAnswers(rng.integers(0, 9, n) / 9, rng.random(n) < 0.6, stratum, size)
    keys, order = [f"c{i}" for i in range(n)], rng.permutation(n)
    mixed = StratifiedAnswers(own.score[order], own.truth[order], stratum[order], size)
    one = stratified_share(own, own.score >= 0.4)
    other = stratified_share(mixed, mixed.score >= 0.4)
    assert (one.share, one.low, one.high) == pytest.approx((other.share, other.low, other.high), nan_ok=True)
    first = reviewed_threshold(own, keys, 0.7, fewest=4)
    second = reviewed_threshold(mixed, [keys[i] for i in order], 0.7, fewest=4)
    assert first.threshold == second.threshold


def test_a_threshold_for_a_precision() -> None:
    score = np.linspace(1, 0.01, 100)
    clear = StratifiedAnswers(score, score > 0.5, np.zeros(100, np.int64), np.array([1000]))
    keys = [f"c{i}" for i in range(100)]
    found = reviewed_threshold(clear, keys, 0.9)
    assert 0.4 < found.threshold < 0.5  # nine of ten above it are right
    assert found.held_out is not None
    assert found.held_out.share >= 0.9
    assert found.held_out.low < found.held_out.share < found.held_out.high
    assert reviewed_threshold(clear, keys, 0.9, above=0.6).threshold > 0.6
    with pytest.raises(BlendkitError, match="precision lies in"):
        reviewed_threshold(clear, keys, 1.5)


def test_a_precision_that_is_reached_exactly_is_reached() -> None:
    # the first 36 answers are right: among the first 40, nine of ten are, and among the first 41 fewer
    score = np.linspace(1, 0.01, 100)
    clear = StratifiedAnswers(score, np.arange(100) < 36, np.zeros(100, np.int64), np.array([1000]))
    assert reviewed_threshold(clear, [f"c{i}" for i in range(100)], 0.9).threshold == score[39]


def test_one_chunk_that_stands_for_thousands_decides_nothing() -> None:
    # without the effective number, the true answer at 0.4 would make 5005 of 5010 chunks above it right
    score = [0.9 - 0.01 * i for i in range(10)] + [0.4] + [0.39 - 0.01 * i for i in range(9)]
    rare = answers(score, "yn" * 5 + "y" + "n" * 9, [0] * 10 + [1] * 10, [10, 50_000])
    found = reviewed_threshold(rare, [f"c{i}" for i in range(20)], 0.9)
    assert math.isinf(found.threshold)


def test_answers_that_do_not_fit() -> None:
    with pytest.raises(BlendkitError, match="do not fit together"):
        answers([0.9, 0.8], "y", [0, 0], [2])
    with pytest.raises(BlendkitError, match="do not fit together"):
        answers([0.9, 0.8], "yn", [0, 0], [1])
