from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blendkit.errors import BlendkitError
from blendkit.metrics.auc import auc_state, macro_auc
from blendkit.metrics.kernels.pair_counts import count_pairs

POOL = np.array([0.0, -0.0, 1, -1, np.inf, -np.inf, 1e-310, 5e-324, 3, 3 + 1e-7, 1e30, -1e30, 0.5])


def drawn(seed: int, kind: type) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Truth, scores and a mask: values of the pool, rounded, saturated or free, in either layout."""
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 60)), int(rng.integers(1, 5)))
    z = rng.standard_normal(shape)
    x = (rng.choice(POOL, shape), z, np.round(z * 3), 1 / (1 + np.exp(-30 * z)))[seed % 4].astype(kind)
    y = rng.random(shape) < rng.choice([0.1, 0.5, 0.9])
    mask = (None, rng.random(shape[0]) < 0.7, rng.random(shape) < 0.7)[seed % 3]
    return y, np.asfortranarray(x) if seed % 5 == 0 else x, mask


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_pair_counts_equal_brute_force(kind: type) -> None:
    for seed in range(150):
        y, x, mask = drawn(seed, kind)
        out = count_pairs(y, x, mask)
        for c in range(y.shape[1]):
            keep = np.ones(len(y), bool) if mask is None else mask if mask.ndim == 1 else mask[:, c]
            p, n = x[keep & y[:, c], c], x[keep & ~y[:, c], c]
            won, tied = p[:, None] > n, p[:, None] == n
            expected = [int((2 * won + tied).sum()), int(tied.sum()), len(p), len(n)]
            assert out[c].tolist() == expected, (seed, c)


def test_many_equal_positives_are_counted_by_bisection() -> None:
    y = np.arange(3000)[:, None] % 3 == 0
    x = np.where(np.arange(3000)[:, None] % 2 == 0, 1.0, 0.0)
    assert macro_auc(y, x).macro == 0.5
    assert count_pairs(y, x)[0].tolist() == [2_000_000, 1_000_000, 1000, 2000]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 60))
def test_states_merge_to_the_whole(seed: int, cut: int) -> None:
    y, x, mask = drawn(seed, np.float64)
    parts = [
        auc_state(y[part], x[part], None if mask is None else mask[part]) for part in (slice(cut), slice(cut, None))
    ]
    whole, merged = macro_auc(y, x, mask), (parts[1] + parts[0]).result()
    assert np.array_equal(whole.per_class, merged.per_class, equal_nan=True)
    assert whole.macro == merged.macro or np.isnan(whole.macro)


def test_states_of_other_classes_do_not_merge() -> None:
    a, b = (auc_state(np.ones((2, c), bool), np.zeros((2, c))) for c in (1, 2))
    with pytest.raises(BlendkitError, match="1 and 2 classes"):
        a + b


def test_masked_cells_may_hold_anything() -> None:
    y = np.array([[True], [False], [False]])
    x = np.array([[2.0], [1.0], [np.nan]])
    keep = np.array([True, True, False])
    assert macro_auc(y, x, keep).macro == 1.0
    assert macro_auc(y, x, keep[:, None]).macro == 1.0
    for bad in (macro_auc, auc_state):
        with pytest.raises(BlendkitError, match="NaN in 1 cells, first at row 2, class 0"):
            bad(y, x)


@pytest.mark.parametrize("mask", [np.ones(2, bool), np.ones((3, 2), bool), np.ones(3)])
def test_a_mask_of_another_shape_or_type_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(BlendkitError, match="mask is"):
        macro_auc(np.ones((3, 1), bool), np.zeros((3, 1)), mask)
