from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from blendkit.metrics.kernels.exact_signs import blended_exactly, exact_sign

NUMBERS = st.one_of(
    st.integers(-(2**40), 2**40).map(float),
    st.floats(-100, 100, width=32),
    st.floats(-1e200, 1e200).filter(lambda v: v == 0 or abs(v) > 1e-200),
)


def column(*numbers: float) -> np.ndarray:
    out = np.array(numbers)
    out.setflags(write=False)
    return out


@given(st.lists(NUMBERS, min_size=4, max_size=4), st.integers(1, 1000), st.data())
def test_signs_are_those_of_fractions(numbers: list[float], whole: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, whole))
    ap, an, bp, bn = numbers
    a, b = (Fraction(p) - Fraction(n) for p, n in ((ap, an), (bp, bn)))
    true = (whole - k) * a + k * b
    assert exact_sign(k, whole, ap, an, bp, bn, False) == (true > 0) - (true < 0)
    if blended_exactly(column(ap, an), column(bp, bn), whole):
        assert Fraction((whole - k) * (ap - an) + k * (bp - bn)) == true
        assert exact_sign(k, whole, ap, an, bp, bn, True) == (true > 0) - (true < 0)


def test_ranks_and_scores_are_blended_exactly_and_tenths_are_not() -> None:
    ranks = column(*range(2, 2_000_002, 100_000))
    assert blended_exactly(ranks, ranks, 1000)
    assert not blended_exactly(column(2.0**52, 1.0), column(0.0, 1.0), 10)
    assert not blended_exactly(column(0.1, 0.3), column(0.2, 0.7), 10)
    assert blended_exactly(column(0.0, 0.0), column(0.0, 0.0), 10)
    assert blended_exactly(column(-3.25, 7.5), column(0.125, 1.0), 1000)
