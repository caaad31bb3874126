"""Teams made from one's own scores: as good, alike as asked, and as far apart on a split as that makes them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from blendkit.errors import BlendkitError
from blendkit.metrics import (
    blend_correlation,
    error_correlation,
    like_teams,
    macro_auc,
    simulate_split,
    split_lumps,
    team_spread,
)
from blendkit.metrics.bootstrap import cluster_codes
from blendkit.metrics.like_teams import disturbed, variance_shares

ROWS, CLASSES = 480, 6
RECORDING = np.repeat([f"r{i:02d}" for i in range(40)], 12)
SITE = np.repeat([f"s{i}" for i in range(8)], 60)


@pytest.fixture(scope="module")
def own() -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(3)
    y = rng.random((ROWS, CLASSES)) < 0.2
    recording = np.repeat(rng.standard_normal((40, CLASSES)), 12, axis=0)
    return y, 1.5 * y + recording + rng.standard_normal((ROWS, CLASSES))


@pytest.mark.parametrize("correlation", [0, 0.5, 0.9, 1])
def test_teams_err_as_alike_as_asked_and_are_as_good(
    own: tuple[NDArray[np.bool_], NDArray[np.float64]], correlation: float
) -> None:
    y, x = own
    teams = disturbed(y, x, correlation, [RECORDING], 6, seed=0)
    found, _ = error_correlation(y, teams)
    assert found[np.triu_indices(6, 1)].mean() == pytest.approx(correlation, abs=0.05)
    figures = [macro_auc(y, t).macro for t in teams.values()]
    assert np.mean(figures) == pytest.approx(macro_auc(y, x).macro, abs=0.02)
    if correlation == 1:
        assert set(figures) == {macro_auc(y, x).macro}


def test_shares_of_variance_by_hand() -> None:
    codes = [cluster_codes(g, np.ones((8, 1), bool)) for g in (list("aaaabbbb"), list("ccddeeff"))]
    assert variance_shares(np.array([[1.0], [1], [1], [1], [-1], [-1], [-1], [-1]]), codes) == [1, 0]
    assert variance_shares(np.array([[1.0], [1], [-1], [-1], [1], [1], [-1], [-1]]), codes) == [0, 1]
    assert variance_shares(np.array([[1.0], [-1], [1], [-1], [1], [-1], [1], [-1]]), codes) == [0, 0]
    assert variance_shares(np.zeros((8, 1)), codes) == [0, 0]


def test_drawn_errors_have_the_shares_of_ones_own(own: tuple[NDArray[np.bool_], NDArray[np.float64]]) -> None:
    y, x = own
    codes = [cluster_codes(RECORDING, np.ones(y.shape, bool))]
    (team, *_) = disturbed(np.zeros_like(y), x, 0, [RECORDING], 1, seed=1).values()
    (wanted,) = variance_shares(x - x.mean(axis=0), codes)
    assert variance_shares(team - team.mean(axis=0), codes) == pytest.approx([wanted], abs=0.08)
    assert wanted == pytest.approx(0.5, abs=0.12)  # as the scores were made


def test_less_alike_teams_lie_further_apart(own: tuple[NDArray[np.bool_], NDArray[np.float64]]) -> None:
    y, x = own
    spreads = [team_spread(y, x, c, RECORDING, RECORDING, draws=40) for c in (0.5, 0.9, 1)]
    for side in ("public", "private"):
        far, near, none = (float(getattr(s, side).mean()) for s in spreads)
        # the spread of AUCs grows with the part of the errors that is a team's own, sqrt(1 - correlation)
        assert far / near == pytest.approx(math.sqrt(0.5 / 0.1), rel=0.25)
        assert none == 0
    assert (spreads[0].public > spreads[0].private).mean() > 0.9  # a third of the rows against two thirds
    by_site = team_spread(y, x, 0.5, SITE, RECORDING, draws=40)
    assert len(by_site.public) == 40


def test_blends_of_independent_members_by_hand(own: tuple[NDArray[np.bool_], NDArray[np.float64]]) -> None:
    y, x = own
    assert blend_correlation(y, {"a": x}) == pytest.approx(1)
    assert blend_correlation(y, {"a": x, "b": x}) == pytest.approx(1)
    rng = np.random.default_rng(0)
    apart = {n: rng.standard_normal(y.shape) for n in "ab"}
    w, v = rng.random((2, 200_000))  # weights (w, 1 - w) of two members with errors of their own
    both = w * v + (1 - w) * (1 - v)
    wanted = (both / np.sqrt((w**2 + (1 - w) ** 2) * (v**2 + (1 - v) ** 2))).mean()
    assert blend_correlation(y, apart) == pytest.approx(wanted, abs=0.04)


def test_mistakes_are_named(own: tuple[NDArray[np.bool_], NDArray[np.float64]]) -> None:
    y, x = own
    with pytest.raises(BlendkitError, match=r"between 0 and 1, got 1\.2"):
        disturbed(y, x, 1.2, [RECORDING], 2, seed=0)
    one = np.zeros((4, 1), bool)
    one[0] = True
    with pytest.raises(BlendkitError, match="too few for a plateau"):
        team_spread(one, np.arange(4.0)[:, None], 0.5, list("abcd"), list("abcd"), draws=5)


def test_lumps_by_hand() -> None:
    y = np.array([[1, 0, 0], [1, 0, 1], [0, 0, 1], [1, 0, 0], [0, 0, 1]], bool)
    groups = ["b", "a", "a", "a", "c"]
    split = simulate_split(y, {"x": np.arange(15.0).reshape(5, 3)}, groups, public=0.5, draws=50)
    found = split_lumps(y, groups, split)
    assert [(x.name, x.rows, x.positives) for x in found.largest] == [
        ("a", 0.6, 4 / 6),
        ("b", 0.2, 1 / 6),
        ("c", 0.2, 1 / 6),
    ]
    assert (found.groups, found.alone, found.classes) == (3, 0, 2)
    assert {round(s, 6) for s in split.shares.tolist()} <= {0.2, 0.4, 0.6, 0.8}
    assert found.low <= float(np.median(split.shares)) <= found.high
    alone = split_lumps(y[:, [0]] & np.array([[True], [False], [False], [False], [False]]), groups, split)
    assert (alone.alone, alone.classes) == (1, 1)


def test_errors_are_drawn_by_group_and_recording_where_these_differ(
    own: tuple[NDArray[np.bool_], NDArray[np.float64]], monkeypatch: pytest.MonkeyPatch
) -> None:
    y, x = own
    seen: list[int] = []

    def counting(y: Any, x: Any, correlation: float, nested: Any, count: int, seed: int) -> Any:
        seen.append(len(nested))
        return disturbed(y, x, correlation, nested, count, seed)

    monkeypatch.setattr(like_teams, "disturbed", counting)
    for groups in (SITE, RECORDING):
        team_spread(y, x, 0.5, groups, RECORDING, draws=5)
    assert seen == [2, 1]  # sites hold recordings; recordings alone are one level
