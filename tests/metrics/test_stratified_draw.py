"""Strata by hand, and what holds for every draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blendkit.errors import BlendkitError
from blendkit.metrics import chunk_keys, disagreement, draw_strata, strata_sizes, uncertainty


@pytest.mark.parametrize(
    ("rows", "count", "strata", "sizes", "drawn"),
    [
        (600, 18, 3, [6, 54, 540], [6, 6, 6]),  # ends 6, 60, 600: each ten times the one before
        (700, 19, 3, [7, 63, 630], [7, 6, 6]),
        (18, 18, 3, [6, 6, 6], [6, 6, 6]),  # all are drawn
        (20, 18, 3, [6, 6, 8], [6, 6, 6]),
        (13, 96, 8, [7, 6], [7, 6]),  # at least six of a stratum
        (1, 96, 8, [1], [1]),
        (40, 1, 8, [40], [1]),
        (40, 3, 8, [40], [3]),
        (192, 5, 8, [3, 189], [3, 2]),  # few, and still the highest for certain
        (192, 5, 1, [192], [5]),
    ],
)
def test_sizes_by_hand(rows: int, count: int, strata: int, sizes: list[int], drawn: list[int]) -> None:
    found = strata_sizes(rows, count, strata)
    assert [f.tolist() for f in found] == [sizes, drawn]


def test_no_clips_or_strata() -> None:
    for count, strata in ((0, 8), (8, 0)):
        with pytest.raises(BlendkitError, match="at least 1 clip"):
            strata_sizes(10, count, strata)


def test_the_highest_are_drawn_for_certain() -> None:
    value = np.arange(600.0)
    draw = draw_strata(value, chunk_keys(["r"] * 600, value * 5, 0), "ara", 18, 3)
    assert sorted(draw.row[draw.stratum == 1].tolist()) == list(range(594, 600))
    assert ((draw.row >= 540) & (draw.row < 594))[draw.stratum == 2].all()
    assert draw.probability.tolist() == [1.0] * 6 + [6 / 54] * 6 + [6 / 540] * 6


@settings(max_examples=40)
@given(st.integers(1, 300), st.integers(1, 120), st.integers(1, 12), st.integers(0, 99), st.booleans())
def test_what_holds_for_every_draw(n: int, count: int, strata: int, seed: int, tied: bool) -> None:
    rng = np.random.default_rng(seed)
    value = rng.integers(0, 3, n).astype(float) if tied else rng.random(n)
    value[rng.random(n) < 0.1] = np.nan
    recording, start = [f"r{i % 7}" for i in range(n)], 5.0 * (np.arange(n) // 7)
    keys = chunk_keys(recording, start, seed)
    draw = draw_strata(value, keys, "ara", count, strata)
    there = int((~np.isnan(value)).sum())
    assert len(draw.row) == len(set(draw.row.tolist())) == min(count, there)
    assert not np.isnan(value[draw.row]).any()
    assert (1 / draw.probability).sum() == pytest.approx(there)  # inverse probabilities estimate the population's size
    assert (draw.probability > 0).all()
    order = rng.permutation(n)
    again = draw_strata(value[order], keys[order], "ara", count, strata)
    assert order[again.row].tolist() == draw.row.tolist()  # the order of rows does not matter
    assert again.stratum.tolist() == draw.stratum.tolist()


def test_each_row_of_a_stratum_is_as_likely() -> None:
    value = np.array([9.0, 8, 7, 6, 5, 4, 3, 2, 1, *[0] * 11])
    drawn = np.zeros(20)
    draws = 1500
    start = np.arange(20) * 5.0
    for seed in range(draws):
        drawn[draw_strata(value, chunk_keys(["r"] * 20, start, seed), "ara", 12, 2).row] += 1
    assert drawn[:6].tolist() == [draws] * 6
    share = 6 / 14  # ties included
    assert drawn[6:] == pytest.approx(draws * share, abs=5 * np.sqrt(draws * share * (1 - share)))


def test_classes_and_seeds_draw_apart() -> None:
    keys, value = chunk_keys(["r"] * 50, np.arange(50) * 5.0, 0), np.zeros(50)
    one, other = (set(draw_strata(value, keys, c, 10, 1).row.tolist()) for c in ("ara", "frog"))
    assert one != other


def test_disagreement_by_hand() -> None:
    # shares of chunks at or above: 1/8, 3/8, 5/8, 7/8 from the top; ties share
    a, b = np.array([[4.0], [3], [2], [1]]), np.array([[0.1], [0.9], [0.5], [0.5]])
    yes = np.array([True])
    found = disagreement([a, b], [yes, yes])[:, 0]
    assert found == pytest.approx(np.abs(np.log10([1 / 7, 3 / 1, 5 / 4, 7 / 4])))
    assert disagreement([a, b, b], [yes, yes, yes])[:, 0] == pytest.approx(found)
    assert np.isnan(disagreement([a, b], [yes, ~yes])).all()
    with pytest.raises(BlendkitError, match="at least two"):
        disagreement([a], [yes])


def test_uncertainty_by_hand() -> None:
    assert uncertainty(np.array([[0.5, 2.0], [0.9, 0.0]]), np.array([0.5, 1.0])).tolist() == [
        [0, -1],
        [pytest.approx(-0.4), -1],
    ]
