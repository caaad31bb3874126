from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from blendkit.training.examples import Examples, stack
from blendkit.training.mixup import mixup_shares
from blendkit.training.sampling import class_balance, epoch_rows
from blendkit.training.settings import Mixture

Make = Callable[..., Examples]


def counts(e: Examples, rows: np.ndarray) -> dict[str, int]:
    kinds, n = np.unique(e.kind[rows], return_counts=True)
    return dict(zip(kinds.tolist(), n.tolist(), strict=True))


def test_an_epoch_by_hand(make_examples: Make) -> None:
    e = stack([make_examples(40, 10), make_examples(0, 12, "pseudo", prefix="p")])
    rows = epoch_rows(e, Mixture(soundscape=0.25, pseudo=0.2, fewest=100), np.random.default_rng(0))
    assert counts(e, rows) == {"pseudo": 20, "chunk": 20, "clip": 60}


@pytest.mark.parametrize(
    ("clips", "chunks", "expected"),
    [(40, 0, {"clip": 64}), (0, 40, {"chunk": 64}), (80, 20, {"clip": 75, "chunk": 25})],
)
def test_what_is_missing_leaves_its_share(
    make_examples: Make, clips: int, chunks: int, expected: dict[str, int]
) -> None:
    e = make_examples(clips, chunks)
    rows = epoch_rows(e, Mixture(soundscape=0.25, pseudo=0.5, fewest=64), np.random.default_rng(1))
    assert counts(e, rows) == expected


def test_chunks_come_once_before_any_comes_again(make_examples: Make) -> None:
    e = make_examples(0, 30)
    rows = epoch_rows(e, Mixture(fewest=75), np.random.default_rng(2))
    assert sorted(set(np.bincount(rows, minlength=30).tolist())) == [2, 3]


def test_epochs_differ_and_repeat_with_their_seed(make_examples: Make) -> None:
    e = make_examples()
    one, same, other = (epoch_rows(e, Mixture(), np.random.default_rng(s)) for s in (5, 5, 6))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_balance_by_hand() -> None:
    targets = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [1, 1], [0, 0]], np.float32)
    # class x has four rows, y two; the row of both gets the mean; the silent row one chance of its own
    raw = np.array([1 / 4, 1 / 4, 1 / 4, 1 / 2, (1 / 4 + 1 / 2) / 2, 1.0])
    np.testing.assert_allclose(class_balance(targets), raw / raw.sum())


def test_balance_shows_rare_classes_as_often(make_examples: Make) -> None:
    e = make_examples(99, 0)
    targets = np.zeros((99, 3), np.float32)
    targets[:90, 0] = targets[90:98, 1] = targets[98:, 2] = 1
    e = Examples(e.features, targets, e.row_ids, e.recording, e.group, e.kind, e.classes)
    for balance, low in ((True, 900), (False, 0)):
        rows = epoch_rows(e, Mixture(balance=balance, fewest=3000), np.random.default_rng(0))
        assert (targets[rows].sum(axis=0) > low).all()
        assert (targets[rows].sum(axis=0)[2] < 100) is not balance


def test_mixup_mixes_half() -> None:
    share, partner = mixup_shares(10_000, 0.4, np.random.default_rng(0))
    assert 0.48 < (share < 1).mean() < 0.52
    assert share.min() >= 0
    assert sorted(partner.tolist()) == list(range(10_000))
    none, _ = mixup_shares(50, 0.0, np.random.default_rng(0))
    assert (none == 1).all()
