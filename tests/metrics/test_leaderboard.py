from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from blendkit.errors import BlendkitError
from blendkit.metrics.auc import macro_auc
from blendkit.metrics.bootstrap import Bootstrap, paired_bootstrap
from blendkit.metrics.leaderboard import SimulatedSplit, plateaus, rank_band, simulate_split

GROUPS = np.repeat([f"r{i}" for i in range(20)], 6)


def made(seed: int = 0) -> tuple[NDArray[np.bool_], dict[str, NDArray[np.float64]]]:
    rng = np.random.default_rng(seed)
    y = np.repeat(rng.random((20, 4)) < 0.4, 6, axis=0) & (rng.random((120, 4)) < 0.7)
    x = np.round(rng.standard_normal((120, 4)) + y, 1)
    return y, {"good": x, "noisy": x + rng.standard_normal((120, 4)), "blind": rng.standard_normal((120, 4))}


def boot(**estimates: float) -> Bootstrap:
    """Replicates that lie 0.0001 k around the estimate, k = -2..2."""
    shifts = np.arange(-2, 3) * 1e-4
    draws = {n: e + shifts * (i + 1) for i, (n, e) in enumerate(estimates.items())}
    return Bootstrap(dict(estimates), draws, draws, np.full(5, 3), 10)


def test_plateaus_by_hand() -> None:
    found = plateaus(boot(a=0.9501, b=0.9503, c=0.9411, d=0.9498))
    assert [p.names for p in found] == [("b", "a", "d"), ("c",)]
    first = found[0]
    assert first.shown == 0.95
    assert first.width == pytest.approx(0.0005)
    shifts = np.arange(-2, 3) * 1e-4
    a, b, d = 0.9501 + shifts, 0.9503 + 2 * shifts, 0.9498 + 4 * shifts
    alike = [len({round(v, 3) for v in t}) == 1 for t in zip(a, b, d, strict=True)]
    assert first.tied == pytest.approx(np.mean(alike))
    assert first.sd == pytest.approx((b - d).std(ddof=1))
    assert (found[1].width, found[1].tied, found[1].sd) == (0, 1, 0)


def test_a_plateau_needs_two_draws_for_a_spread() -> None:
    draws = {"a": np.array([0.9, math.nan]), "b": np.array([0.9003, 0.9])}  # one replicate holds both
    (one,) = plateaus(Bootstrap({"a": 0.9001, "b": 0.9}, draws, draws, np.full(5, 3), 10))
    assert (one.names, one.tied) == (("a", "b"), 1.0)
    assert math.isnan(one.sd)
    (none,) = plateaus(Bootstrap({"a": 0.9}, {"a": np.array([math.nan])}, draws, np.full(5, 3), 10))
    assert math.isnan(none.tied)
    assert math.isnan(none.sd)


def test_fewer_decimals_make_wider_plateaus() -> None:
    assert len(plateaus(boot(a=0.9501, b=0.9503, c=0.9411), 2)) == 2
    assert len(plateaus(boot(a=0.9501, b=0.9503, c=0.9411), 4)) == 3


def sides(seed: int, public: float, draws: int) -> list[NDArray[np.bool_]]:
    """The documented rule again: groups in random order, as near to the share as they get."""
    rng = np.random.default_rng(seed)
    names = sorted(set(GROUPS))
    out = []
    for _ in range(draws):
        order = [names[i] for i in rng.permutation(len(names))]
        shares = [np.isin(GROUPS, order[: k + 1]).mean() for k in range(len(order) - 1)]
        best = int(np.argmin(np.abs(np.array(shares) - public)))
        out.append(np.isin(GROUPS, order[: best + 1]))
    return out


def test_every_draw_is_the_macro_auc_of_its_side() -> None:
    y, scores = made()
    found = simulate_split(y, scores, GROUPS, 0.34, 30, seed=5)
    for r, side in enumerate(sides(5, 0.34, 30)):
        assert found.shares[r] == pytest.approx(side.mean())
        for name, x in scores.items():
            for rows, got in ((side, found.public), (~side, found.private)):
                assert got[name][r] == pytest.approx(macro_auc(y[rows], x[rows]).macro, abs=1e-15, nan_ok=True)
    assert found.shares.mean() == pytest.approx(0.35)


def test_masked_rows_are_on_no_side() -> None:
    y, scores = made()
    mask = np.arange(120) < 90
    masked = simulate_split(y, scores, GROUPS, draws=20, mask=mask)
    cut = simulate_split(y[:90], {n: x[:90] for n, x in scores.items()}, GROUPS[:90], draws=20)
    for name in scores:
        assert np.array_equal(masked.private[name], cut.private[name], equal_nan=True)


def test_what_a_split_says_by_hand() -> None:
    public = {"a": np.array([0.9, 0.8, 0.9, 0.9]), "b": np.array([0.8, 0.9, 0.8, 0.9])}
    private = {"a": np.array([0.7, 0.7, 0.8, np.nan]), "b": np.array([0.8, 0.8, 0.7, np.nan])}
    found = SimulatedSplit(public, private, np.full(4, 0.3))
    assert found.shake_up("a").tolist() == [1, 0, 0]  # the draw without figures is no draw
    assert found.shake_up("b").tolist() == [-1, 0, 0]
    assert found.rank_correlation() == pytest.approx((-1 + 1 + 1) / 3)
    assert found.above("a", "b") == pytest.approx(1 / 3)
    assert found.stays_above("a", "b") == pytest.approx(1 / 2)
    assert math.isnan(SimulatedSplit({"a": public["a"]}, {"a": private["a"]}, np.full(4, 0.3)).rank_correlation())
    with pytest.raises(BlendkitError, match="'good' \\(did you mean 'goods'"):
        SimulatedSplit({"goods": public["a"]}, {"goods": public["a"]}, np.zeros(4)).shake_up("good")


def test_the_better_score_mostly_stays_above() -> None:
    y, scores = made()
    found = simulate_split(y, scores, GROUPS, draws=200)
    assert found.above("good", "blind") > 0.95
    assert found.stays_above("good", "blind") > 0.95
    assert 0.3 < found.rank_correlation() <= 1


@pytest.mark.parametrize("public", [0, 1, -0.2, 1.5])
def test_a_public_share_lies_between_0_and_1(public: float) -> None:
    y, scores = made()
    with pytest.raises(BlendkitError, match="public share"):
        simulate_split(y, scores, GROUPS, public)


def test_one_group_cannot_be_split() -> None:
    y, scores = made()
    with pytest.raises(BlendkitError, match="at least two clusters"):
        simulate_split(y, scores, ["one"] * 120)


def test_nan_is_named() -> None:
    y, scores = made()
    scores["noisy"][4, 2] = np.nan
    with pytest.raises(BlendkitError, match="row 4, class 2"):
        simulate_split(y, scores, GROUPS)


def test_a_rank_band_by_hand() -> None:
    board = np.array([0.951, 0.950, 0.950, 0.9, 0.8])
    draws = np.linspace(0.89, 0.96, 101)
    band = rank_band(board, 0.9496, draws)  # shows as 0.950: shares rank 2
    low, high = np.quantile(draws, [0.05, 0.95])
    assert (band.rank, band.teams) == (2, 5)
    assert band.best == 1 + (board > round(high, 3)).sum() == 1
    assert band.worst == 1 + (board > round(low, 3)).sum() == 5
    with pytest.raises(BlendkitError, match="empty"):
        rank_band(np.empty(0), 0.9, draws)


def test_plateaus_of_a_real_bootstrap_cover_every_score_once() -> None:
    y, scores = made()
    found = plateaus(paired_bootstrap(y, {**scores, "twin": scores["good"]}, GROUPS, 50))
    assert sorted(n for p in found for n in p.names) == sorted([*scores, "twin"])
    together = next(p for p in found if "twin" in p.names)
    assert {"good", "twin"} <= set(together.names)
