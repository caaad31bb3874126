"""Sizes beyond one tile and one block of columns, every layout, and awkward values, against ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from blendkit.core.spaces import sigmoid
from blendkit.errors import BlendkitError
from blendkit.metrics.auc import macro_auc
from blendkit.metrics.kernels.crossings import _pairs, path_steps
from blendkit.metrics.kernels.pair_counts import _count_blocks, count_pairs
from blendkit.metrics.kernels.ranking import doubled_ranks
from blendkit.metrics.kernels.resampled_counts import _count_classes, resampled_counts

SHAPES = [(2500, 70), (1024, 33), (1025, 32), (7, 3), (1, 2), (8, 1)]


def by_ranks(y: NDArray[np.bool_], x: NDArray[Any]) -> list[int]:
    """2U from doubled average ranks: sum over positives of 2 rank, less P (P + 1)."""
    out = []
    for t, ranks in zip(y.T, doubled_ranks(np.asarray(x, np.float64)).T, strict=True):
        p = int(t.sum())
        out.append(int(ranks[t].astype(np.int64).sum()) - p * (p + 1) if 0 < p < len(t) else 0)
    return out


def made(shape: tuple[int, int], kind: str, seed: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    y = rng.random(shape) < rng.choice([0.01, 0.3, 0.9], shape[1])
    x = rng.standard_normal(shape)
    if kind == "tied":
        x = np.round(x, 1)
    elif kind == "infinite":
        x = np.where(rng.random(shape) < 0.2, np.inf, np.where(rng.random(shape) < 0.2, -np.inf, x))
    elif kind == "saturated":
        x = np.clip(sigmoid(40 * x), 1e-7, 1).round(6)
    elif kind == "subnormal":
        x = x * 1e-310
    elif kind == "far":
        x = np.where(rng.random(shape) < 0.01, x * 1e300, x)
    elif kind == "constant":
        x = np.zeros(shape)
    return y, x


@pytest.mark.parametrize("kind", ["plain", "tied", "infinite", "saturated", "subnormal", "far", "constant"])
@pytest.mark.parametrize("shape", SHAPES)
def test_counts_in_every_layout(shape: tuple[int, int], kind: str) -> None:
    y, x = made(shape, kind)
    wanted = by_ranks(y, x)
    apart = np.zeros((2 * shape[0], 2 * shape[1]))
    apart[::2, ::2] = x
    for scores in (x, np.asfortranarray(x), apart[::2, ::2]):
        for truth in (y, np.asfortranarray(y), np.repeat(np.repeat(y, 2, 0), 2, 1)[::2, ::2]):
            counts = count_pairs(truth, scores)
            assert counts[:, 0].tolist() == wanted
            assert counts[:, 2].tolist() == y.sum(axis=0).tolist()
    if kind not in ("subnormal", "far"):
        single = x.astype(np.float32)
        assert count_pairs(y, np.asfortranarray(single))[:, 0].tolist() == by_ranks(y, single)


@pytest.mark.parametrize("kind", ["tied", "infinite"])
def test_masked_cells_are_as_if_they_were_not_there(kind: str) -> None:
    y, x = made((2500, 40), kind)
    rng = np.random.default_rng(1)
    rows, cells = rng.random(2500) < 0.6, rng.random((2500, 40)) < 0.6
    for scores in (x, np.asfortranarray(x)):
        assert count_pairs(y, scores, rows).tolist() == count_pairs(y[rows], x[rows]).tolist()
        found = count_pairs(y, np.where(cells, scores, np.nan), cells)
        for c in range(40):
            m = cells[:, c]
            assert found[c].tolist() == count_pairs(y[m, c : c + 1], x[m, c : c + 1])[0].tolist()


@given(st.integers(0, 2499), st.integers(0, 39), st.sampled_from(["plain", "tied", "constant"]))
@settings(max_examples=40)
def test_a_single_nan_is_found_wherever_it_is(row: int, column: int, kind: str) -> None:
    y, x = made((2500, 40), kind)
    x[row, column] = np.nan
    with pytest.raises(BlendkitError, match=f"NaN in 1 cells, first at row {row}, class {column}"):
        macro_auc(y, x)


@pytest.mark.parametrize("truth", [False, True])
def test_a_nan_is_found_in_a_class_that_is_skipped(truth: bool) -> None:
    x = np.zeros((30, 2))
    x[12, 1] = np.nan
    with pytest.raises(BlendkitError, match="row 12, class 1"):
        macro_auc(np.full((30, 2), truth), x)


def test_tied_pairs_are_counted() -> None:
    y, x = made((600, 5), "tied")
    for c, tied in enumerate(count_pairs(y, x)[:, 1].tolist()):
        assert tied == sum(int((x[~y[:, c], c] == v).sum()) for v in x[y[:, c], c])


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_a_map_that_keeps_values_apart_keeps_every_bit(seed: int) -> None:
    y, z = made((200, 4), "plain", seed)
    for p in (sigmoid(z), np.exp(z), z**3):
        for before, after in zip(z.T, p.T, strict=True):
            assert len(np.unique(before)) == len(np.unique(after))  # otherwise nothing is promised
        assert np.array_equal(macro_auc(y, p).per_class, macro_auc(y, z).per_class, equal_nan=True)


def test_the_ties_that_a_float32_sigmoid_makes_are_ties() -> None:
    rng = np.random.default_rng(0)
    z = rng.uniform(8, 18, (2000, 1))  # where float32 probabilities run out
    y = rng.random((2000, 1)) < 0.3
    single = sigmoid(z).astype(np.float32)
    before, after = count_pairs(y, z)[0], count_pairs(y, single)[0]
    assert before[1] == 0
    pairs = int(before[2] * before[3])
    assert after[1] > 0.02 * pairs  # whole pairs that can no longer be told apart
    assert abs(int(before[0]) - int(after[0])) <= after[1]  # each moves 2U by one at most


def test_loops_are_compiled_once_for_all_layouts() -> None:
    rng = np.random.default_rng(0)
    x, y, keep = rng.random((40, 3)), rng.random((40, 3)) < 0.4, np.ones((40, 1), bool)
    frozen = x.copy()
    frozen.setflags(write=False)
    one_each, live = np.arange(40), np.arange(3)
    for own in (x, frozen, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2]):
        for truth in (y, np.asfortranarray(y)):
            whole = count_pairs(truth, own, np.broadcast_to(keep, y.shape))
            np.testing.assert_array_equal(whole, count_pairs(y, x))
            path_steps(own, own, truth.view(np.uint8), live, 4)
            weights = np.ones((40, 2), np.uint8)
            twice_u, _ = resampled_counts(truth, own, np.broadcast_to(keep, y.shape), one_each, weights, live)
            np.testing.assert_array_equal(twice_u, np.repeat(whole[:, :1], 2, axis=1))
    # float32 and float64 and, for the replicates, narrow and wide weights
    assert len(_count_blocks.dispatcher.signatures) <= 2
    assert len(_pairs.dispatcher.signatures) == 1
    assert len(_count_classes.dispatcher.signatures) <= 4
