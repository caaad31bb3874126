"""Folds of whole groups, dealt evenly, of clips and of chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.training.examples import Examples, stack
from blendkit.training.fold_dealing import deal_folds, thin_classes

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


def of_classes(rows: Sequence[tuple[str, str]], kind: str = "chunk") -> Examples:
    """Rows of (group, classes as letters); the classes are a, b, c."""
    targets = np.array([[c in classes for c in "abc"] for _, classes in rows], np.float32)
    names = np.array([g for g, _ in rows])
    ids, kinds = np.array([f"{g}_{i}" for i, g in enumerate(names)]), np.full(len(rows), kind)
    return Examples({"x": np.zeros((len(rows), 1), np.float32)}, targets, ids, names, names, kinds, tuple("abc"))


def fold_at(e: Examples, folds: int = 3) -> dict[str, int]:
    return dict(zip(e.group.tolist(), deal_folds(e, folds).tolist(), strict=True))


def test_positives_of_every_class_are_spread_over_the_folds() -> None:
    rare = [("r1", "c"), ("r2", "c"), ("r3", "c")]
    common = [(f"g{i}", "a") for i in range(9)]
    both = [(f"h{i}", "ab") for i in range(6)]
    at = fold_at(of_classes([*common, *both, *rare]))
    assert sorted(at[g] for g, _ in rare) == [0, 1, 2]
    assert np.bincount([at[g] for g, _ in both]).tolist() == [2, 2, 2]
    assert np.bincount([at[g] for g, _ in common]).tolist() == [3, 3, 3]


def test_a_large_group_is_evened_out_by_small_ones() -> None:
    at = fold_at(of_classes([("big", "a")] * 4 + [(f"s{i}", "a") for i in range(4)] + [("two", "a")] * 2 + [("n", "")]))
    sizes = np.bincount([at["big"]] * 4 + [at["two"]] * 2 + [at[f"s{i}"] for i in range(4)])
    assert sorted(sizes.tolist()) == [3, 3, 4]
    assert at["n"] != at["big"]  # rows without a positive go where fewest rows are


def test_clips_and_chunks_are_spread_apart_and_every_fold_has_both() -> None:
    clips = of_classes([(f"p{i}", "abc"[i % 3]) for i in range(9)], "clip")
    chunks = of_classes([("q0", "a"), ("q1", "a"), ("q2", "")])
    e = stack([clips, chunks])
    fold = deal_folds(e, 3)
    assert all(np.bincount(fold[(e.kind == "clip") & (e.targets[:, c] > 0)]).tolist() == [1, 1, 1] for c in range(3))
    assert sorted(fold[e.kind == "chunk"].tolist()) == [0, 1, 2]


def test_the_order_of_classes_changes_nothing(make_examples: Make) -> None:
    e = grouped(make_examples(36, 18), [f"g{i % 9}" for i in range(36)], [f"g{i % 6}" for i in range(18)])
    turned = replace(e, targets=e.targets[:, ::-1].copy(), classes=e.classes[::-1])
    np.testing.assert_array_equal(deal_folds(turned, 3), deal_folds(e, 3))


def test_classes_that_few_folds_hold_are_named() -> None:
    e = of_classes([("g0", "a"), ("g1", "a"), ("g2", "a"), ("g3", "b"), ("g3", "b"), ("g4", "c"), ("g5", "c")])
    one, two = thin_classes(e, deal_folds(e, 3))
    assert one.startswith("1 classes have positives in one fold only: no head that is judged on them learned them")
    assert one.endswith(": b")
    assert two.endswith(": c")
    assert thin_classes(e.take(np.arange(3)), np.arange(3)) == []


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
