from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from blendkit.core.spaces import (
    logit,
    lost_as_probabilities,
    saturated,
    saturated_pairs,
    sigmoid,
    tied_pairs,
    zero_floor,
)

ONE_32, ONE_64 = 1 - 2.0**-24, 1 - 2.0**-53  # the largest values below 1
INSIDE_64 = [5e-324, 1e-300, 5e-15, 1e-5, 1e-3, 0.1, 0.25, 0.75, 0.9, 0.999, ONE_32, 1 - 5e-15, ONE_64]
INSIDE_32 = [1e-45, 1e-38, 5e-15, 1e-7, 0.1, 0.9, 1 - 2.0**-20, ONE_32]


def exact_logit(p: Any) -> float:
    """log(p / (1 - p)) to sixty digits; p is taken bit for bit."""
    with localcontext() as context:
        context.prec = 60
        value = Decimal(float(p))
        return float((value / (1 - value)).ln())


@pytest.mark.parametrize(
    ("p", "kind"), [(p, np.float64) for p in INSIDE_64] + [(p, np.float32) for p in INSIDE_32], ids=str
)
def test_values_inside_are_never_clipped(p: float, kind: type) -> None:
    x = np.array([[p]], kind)
    z = logit(x, floor=1e-3)
    assert z.dtype == np.float64
    assert z[0, 0] == pytest.approx(exact_logit(x[0, 0]), rel=1e-14)


def test_one_half_is_exactly_zero() -> None:
    assert logit(np.array([[0.5]]), floor=0.1).tolist() == [[0.0]]


@given(st.lists(st.floats(2.0**-149, ONE_32, width=32), min_size=2, max_size=30, unique=True))
def test_distinct_float32_probabilities_stay_distinct(values: list[float]) -> None:
    column = np.array([sorted(values)], np.float32).T
    assert (np.diff(logit(column, floor=1e-50)[:, 0]) > 0).all()


@pytest.mark.parametrize(("kind", "bits"), [(np.float16, 12), (np.float32, 25), (np.float64, 54)])
def test_exact_one_is_half_a_step_beyond_the_last_value(kind: type, bits: int) -> None:
    last = np.nextafter(kind(1), kind(0))
    z = logit(np.array([[1.0], [last]], kind), floor=0.1)[:, 0]
    assert z[0] == pytest.approx(exact_logit(1 - 2.0**-53 if bits == 54 else 1 - 2.0**-bits), rel=0.02)
    assert z[0] == pytest.approx(bits * np.log(2), rel=1e-7)
    assert z[0] > z[1]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_exact_zero_is_the_logit_of_the_floor(kind: type) -> None:
    p = np.array([[0.0, 0.5], [-0.0, 1e-30]], kind)
    z = logit(p, floor=zero_floor(p))
    assert z[0, 0] == z[1, 0] == pytest.approx(exact_logit(p[1, 1] / 2), rel=1e-7)
    assert z[0, 0] < z[1, 1]


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ([[0.0, 0.5, 1e-6]], 5e-7),
        ([[0.25, 0.5]], 0.125),
        ([[0.0, 0.0]], 2.0**-25),
        ([[1.0, 1.0]], 0.5),
        (np.zeros((0, 3)), 2.0**-25),
    ],
)
def test_the_floor_is_half_the_smallest_positive(p: Any, expected: float) -> None:
    assert zero_floor(np.asarray(p, np.float64)) == expected


def test_the_floor_of_a_subnormal_float32_is_still_positive() -> None:
    p = np.array([[0.0, 1e-45]], np.float32)
    z = logit(p, floor=zero_floor(p))
    assert np.isfinite(z).all()
    assert z[0, 0] < z[0, 1]


def test_the_floor_of_the_smallest_float64_is_still_positive() -> None:
    """Half of 5e-324 is 0 in float64, and the logit of 0 is no number."""
    p = np.array([[0.0, 5e-324, 0.5]])
    assert np.isfinite(logit(p, floor=zero_floor(p))).all()


def test_sigmoid_does_not_tie_what_float32_would() -> None:
    z = np.arange(15, 36, dtype=np.float32)[:, None]
    p = sigmoid(z)[:, 0]
    assert p.dtype == np.float64
    assert (np.diff(p) > 0).all()
    assert len(np.unique(p.astype(np.float32))) < len(p)  # what a float32 sigmoid would have left


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_sigmoid_of_extreme_logits_is_quiet(kind: type) -> None:
    p = sigmoid(np.array([[-1e30, -800, 0, 800, 1e30]], kind))
    assert p[0].tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


@given(st.lists(st.floats(-600, 30), min_size=1, max_size=20))
def test_logit_undoes_sigmoid(values: list[float]) -> None:
    z = np.array([values])
    p = sigmoid(z)
    # near 1 a probability keeps few digits of its logit: one last bit of p is worth eps / (1 - p)
    tolerance = 1e-12 * np.abs(z) + 2.0**-52 / (1 - p) + 1e-15
    assert (np.abs(logit(p, floor=0.1) - z) <= tolerance).all()


def test_exact_zeros_and_ones_are_counted() -> None:
    assert saturated(np.array([[0.0, -0.0, 1.0], [ONE_64, 5e-324, 0.5]])) == (2, 1)
    assert saturated(np.array([[0.5]], np.float32)) == (0, 0)


def test_inputs_are_only_read() -> None:
    p: NDArray[np.float64] = np.array([[0.0, 0.5, 1.0]])
    p.setflags(write=False)
    logit(p, floor=0.1)
    sigmoid(p)
    assert p.tolist() == [[0.0, 0.5, 1.0]]


def test_cells_that_tie_as_probabilities_are_counted() -> None:
    z = np.array([[40.0, 1.0, -800.0], [50.0, 2.0, -700.0], [60.0, 40.0, -600.0]])
    assert lost_as_probabilities(z) == (2, 1)  # three logits above 36.7 are one probability; low ones keep theirs
    assert lost_as_probabilities(z[:, 1:]) == (0, 0)
    close = np.array([[20.0], [np.nextafter(np.float32(20), np.float32(40))]])
    assert lost_as_probabilities(close) == (0, 0)
    assert lost_as_probabilities(close + 14) == (1, 1)
    low = np.array([[-800.0], [-790.0], [-20.0]])
    assert lost_as_probabilities(low) == (1, 1)  # two are 0
    assert lost_as_probabilities(low + 200) == (0, 0)
    assert lost_as_probabilities(np.empty((0, 2))) == (0, 0)


def test_shares_of_pairs_that_tie() -> None:
    x = np.array([[0.0, 0.5], [0.0, 0.5], [1.0, 0.25], [0.5, 0.75]])
    assert tied_pairs(x) == 2 / 12  # one of six pairs in each column
    assert saturated_pairs(x) == 1 / 12  # 0.5 is no end of the scale
    assert np.isnan([tied_pairs(x[:1]), saturated_pairs(x[:1])]).all()
