"""How many different values columns have."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from blendkit.core import compiled_only, distinct_values

VALUES = st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.0, 5e-324, np.inf, -np.inf]) | st.floats(-9, 9, width=32)
TABLES = st.sampled_from([np.float32, np.float64]).flatmap(
    lambda of: hnp.arrays(of, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=20), elements=VALUES)
)


def test_by_hand() -> None:
    x = np.array([[0.5, 0.0, 1.0], [0.5, -0.0, 2.0], [0.25, 0.0, 3.0]])
    assert distinct_values(x).tolist() == [2, 1, 3]


@given(TABLES)
def test_the_loop_counts_as_numpy_does(x: Any) -> None:
    plain = distinct_values(x)
    with compiled_only():
        assert distinct_values(x).tolist() == plain.tolist()
        assert distinct_values(np.asfortranarray(x)).tolist() == plain.tolist()
