"""Folds of whole groups, dealt evenly, of clips and of chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from blendkit.core import fold_of
from blendkit.errors import BlendkitError
from blendkit.training.examples import Examples, deal_folds

Make = Callable[..., Examples]


def grouped(e: Examples, clips: Sequence[str], chunks: Sequence[str]) -> Examples:
    return replace(e, group=np.array([*clips, *chunks]))


def by_group(e: Examples, kind: str, fold: np.ndarray) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for g, f in zip(e.group[e.kind == kind].tolist(), fold[e.kind == kind].tolist(), strict=True):
        found.setdefault(g, set()).add(f)
    return found


def test_a_group_of_clips_and_chunks_has_one_fold(make_examples: Make) -> None:
    shared = [f"s{i}" for i in range(6)]
    clips, chunks = shared + [f"a{i}" for i in range(12)], shared + [f"b{i}" for i in range(9)]
    e = grouped(make_examples(36, 30), clips * 2, chunks * 2)
    fold = deal_folds(e, 3)
    of_clips, of_chunks = by_group(e, "clip", fold), by_group(e, "chunk", fold)
    assert all(len(f) == 1 for f in [*of_clips.values(), *of_chunks.values()])
    assert all(of_clips[g] == of_chunks[g] for g in shared)
    for dealt, each in ((of_clips, 6), (of_chunks, 5)):  # groups of one kind lie evenly over the folds
        assert np.bincount([min(f) for f in dealt.values()]).tolist() == [each] * 3


def test_without_shared_groups_each_kind_is_dealt_by_its_hash(make_examples: Make) -> None:
    e = make_examples(36, 18)
    fold = deal_folds(e, 4)
    for kind in ("clip", "chunk"):
        wanted = fold_of(e.group[e.kind == kind].tolist(), 4)
        assert by_group(e, kind, fold) == {g: {f} for g, f in wanted.items()}


def test_the_order_of_rows_changes_nothing(make_examples: Make) -> None:
    e = grouped(make_examples(36, 18), [f"g{i % 9}" for i in range(36)], [f"g{i % 6}" for i in range(18)])
    order = np.random.default_rng(0).permutation(len(e))
    np.testing.assert_array_equal(deal_folds(e.take(order), 3), deal_folds(e, 3)[order])


def test_pseudo_labelled_rows_have_no_fold(make_examples: Make) -> None:
    assert set(deal_folds(make_examples(0, 6, "pseudo"), 3).tolist()) == {-1}


def test_fewer_groups_than_folds_is_an_error(make_examples: Make) -> None:
    e = grouped(make_examples(36, 18), [f"g{i}" for i in range(36)], ["g0", "g1"] * 9)
    with pytest.raises(BlendkitError, match="2 groups of soundscape chunks cannot make 3 folds"):
        deal_folds(e, 3)
