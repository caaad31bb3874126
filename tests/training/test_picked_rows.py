"""Rows by index: the same rows as a copy would give, without one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from blendkit.training import picked_rows
from blendkit.training.examples import Examples, stack
from blendkit.training.head_networks import Moments
from blendkit.training.picked_rows import PickedRows, in_batches

Make = Callable[..., Examples]


def test_rows_of_two_examples_come_as_a_copy_would_give_them(
    make_examples: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    e, more = make_examples(4, 2), make_examples(0, 3, "pseudo", seed=1, prefix="p")
    index = np.array([5, 0, 3])
    rows, copied = PickedRows.of(e, index, [more]), stack([e.take(index), more])
    assert len(rows) == 6
    assert rows.labels.row_ids.tolist() == ["r5_5", "r0_5", "r3_5", "p0_5", "p1_5", "p2_5"]
    np.testing.assert_array_equal(rows.labels.targets, copied.targets)
    asked = torch.tensor([4, 1, 1, 0])
    np.testing.assert_array_equal(rows.column("b")[asked].numpy(), copied.features["b"][asked.numpy()])
    monkeypatch.setattr(picked_rows, "MOST_ROWS", 4)
    parts = list(rows.batches(["a", "b"]))
    assert [len(a) for a, _ in parts] == [4, 2]
    np.testing.assert_array_equal(torch.cat([b for _, b in parts]).numpy(), copied.features["b"])


def test_nothing_is_copied(make_examples: Make) -> None:
    e = make_examples(4, 2)
    (source,) = PickedRows.of(e, np.array([1, 2])).column("a").sources
    assert np.shares_memory(source.numpy(), e.features["a"])


def test_a_batch_is_as_large_as_memory_allows(make_examples: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    e = make_examples(10, 0)
    assert [len(i) for i in in_batches(np.arange(10), e, ["a"])] == [10]
    monkeypatch.setattr(picked_rows, "_MOST_NUMBERS", 27)  # a row of both has 4 + 5 numbers
    assert [i.tolist() for i in in_batches(np.arange(7), e, ["a", "b"])] == [[0, 1, 2], [3, 4, 5], [6]]


def test_moments_of_batches_are_those_of_all_rows() -> None:
    own = Moments(1)
    own.add(torch.tensor([[1.0], [3.0]]))
    own.add(torch.tensor([[8.0]]))  # 1, 3, 8: mean 4, squares 9 + 1 + 16 = 26
    assert own.mean.tolist() == [4.0]
    assert own.deviation().item() == pytest.approx((26 / 3) ** 0.5)
