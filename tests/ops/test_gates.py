from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from blendkit.metrics.ranks import percentile_rank
from blendkit.ops.gates import fake_only, rank_gate, replace_where_sure, spike, temporal_gate
from blendkit.ops.sidecars import Limits, corrected


def test_fake_only_by_hand() -> None:
    x = np.array([[0.2], [0.4], [0.6], [0.8]])
    main = np.array([[0.9], [0.6], [0.5], [0.1]])
    check = np.array([[0.01], [0.05], [0.0], [0.0]])
    mask, edited = fake_only(x, main=main, check=check)
    assert mask[:, 0].tolist() == [True, False, False, False]  # thresholds themselves do not count
    assert edited[0, 0] == pytest.approx(0.92 * 0.2 + 0.08 * 1.0)


def test_temporal_uses_the_neighbours_of_one_recording() -> None:
    main = np.array([[0.9], [0.9], [0.9], [0.0], [0.0], [0.9]])  # the last is alone in its recording
    x, check = np.full((6, 1), 0.5), np.zeros((6, 1))
    mask, edited = temporal_gate(
        x, main=main, check=check, offsets=np.array([0, 3, 5, 6]), context_above=0.5, rank_above=0.5
    )
    assert mask[:, 0].tolist() == [True, True, True, False, False, True]
    high = percentile_rank(main)[0, 0]
    assert edited[0, 0] == pytest.approx(0.85 * 0.5 + 0.15 * high)
    together = temporal_gate(x, main=main, check=check, context_above=0.9, rank_above=0.5)[0]
    assert high == 0.75  # four tie for ranks 3 to 6 of 6; a threshold itself does not count
    assert not temporal_gate(x, main=main, check=check, context_above=0.5, rank_above=0.75)[0].any()
    assert not together[5, 0]  # as one recording, the two silent chunks before it pull its context down


def test_spike_by_hand() -> None:
    x = np.full((3, 1), 0.5)
    mask, edited = spike(x, main=np.array([[0.7], [0.9], [0.1]]), check=np.array([[0.96], [0.99], [0.95]]))
    assert mask[:, 0].tolist() == [True, False, False]
    assert edited[0, 0] == pytest.approx(0.88 * 0.5 + 0.12 * 0.96)


def test_attenuation_and_replacement() -> None:
    p = np.array([[0.8, 0.2]])
    np.testing.assert_allclose(rank_gate(p, by=np.array([[1.0, 0.5]])), [[0.8, 0.15]])
    mask, edited = replace_where_sure(p, by=np.array([[0.6, 0.4]]), alpha=0.5)
    assert mask.tolist() == [[True, False]]
    assert edited[0, 0] == pytest.approx(0.7)


LOOSE = Limits(1, 1, 0.5, 1.0, 1.0, 0.0, 0.0)
X = np.array([[0.9, 0.6, 0.1, 0.3]])
BY = np.array([[0.5, 0.8, 0.7, 0.2]])


def test_sidecar_corrects_where_either_is_high() -> None:
    out, note = corrected(X, BY, np.full(4, 0.5), LOOSE)
    np.testing.assert_allclose(out, [[0.7, 0.7, 0.1, 0.3]])  # anchor's first; sidecar's first, for the anchor is >= 0.5
    assert "50.0% of cells changed" in note
    high, _ = corrected(X, BY, np.full(4, 0.5), Limits(1, 1, 0.7, 1.0, 1.0, 0.0, 0.0))
    np.testing.assert_allclose(high, [[0.7, 0.6, 0.1, 0.3]])
    some, _ = corrected(X, BY, np.array([0.0, 0.5, 0.5, 0.5]), LOOSE)
    np.testing.assert_allclose(some, [[0.9, 0.7, 0.1, 0.3]])


def test_sidecar_keeps_its_budget() -> None:
    out, note = corrected(X, BY, np.full(4, 0.5), Limits(1, 1, 0.5, 0.015, 1.0, 0.0, 0.0))
    assert np.abs(out - X).mean() == pytest.approx(0.015)
    assert "scaled down" in note


@pytest.mark.parametrize(
    ("by", "limits", "why"),
    [
        (BY, Limits(1, 1, 0.5, 1.0, 0.4, 0.0, 0.0), "50.0% of cells would change"),
        (1 - X, Limits(4, 4, 0.0, 1.0, 1.0, 1.0, 0.0), "top 3 would overlap by"),
    ],
)
def test_sidecar_keeps_the_anchor_and_says_why(by: NDArray[np.float64], limits: Limits, why: str) -> None:
    out, note = corrected(X, by, np.ones(4), limits)
    assert out is X
    assert note.startswith("anchor unchanged")
    assert why in note


def plainly(x: NDArray[np.float64], by: NDArray[np.float64], share: float, at: Limits) -> tuple[Any, list[float]]:
    """Transcribe the sidecar with sorted rows; the overlaps beside it."""

    def bar(a: NDArray[np.float64], k: int) -> NDArray[np.float64]:
        return np.sort(a, axis=1)[:, [-k]] if k < a.shape[1] else np.full((len(a), 1), -np.inf)

    mask = (x >= bar(x, at.top_anchor)) | ((by >= bar(by, at.top_sidecar)) & (x >= at.anchor_above))
    change = np.where(mask, share * (by - x), 0.0)
    out = x + min(1.0, at.budget / np.abs(change).mean()) * change
    tops = [(x >= bar(x, k), out >= bar(out, k)) for k in (3, 10)]
    return out, [float((a & b).sum() / a.sum()) for a, b in tops]


@pytest.mark.parametrize("width", [5, 12, 40])
@pytest.mark.parametrize(("counts", "budget"), [((4, 2), 1.0), ((3, 30), 0.01), ((1, 1), 1.0), ((60, 60), 0.002)])
def test_sidecar_equals_a_transcription_on_tied_ranks(width: int, counts: tuple[int, int], budget: float) -> None:
    rng = np.random.default_rng(width)
    x, by = rng.integers(1, 12, (2, 50, width)) / 12
    at = Limits(*counts, 0.6, budget, 1.0, 0.0, 0.0)
    wanted, stay = plainly(x, by, 0.4, at)
    np.testing.assert_allclose(corrected(x, by, np.full(width, 0.4), at)[0], wanted, rtol=0, atol=1e-12)
    for which, share in enumerate(stay):
        for least, unchanged in ((share, False), (min(share + 1e-9, 1.0), share < 1)):
            limits = replace(at, **{("overlap_top3", "overlap_top10")[which]: least})
            assert (corrected(x, by, np.full(width, 0.4), limits)[0] is x) == unchanged


def test_sidecar_without_classes_or_rows() -> None:
    for shape in ((0, 4), (3, 0)):
        x = np.zeros(shape)
        assert corrected(x, x, np.ones(shape[1]), LOOSE)[0].shape == shape
