"""A plateau's private board: what it does where that can be computed by hand, and what holds whatever is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from blendkit.errors import BlendkitError
from blendkit.metrics import Crowd, Future, Outlook, TeamSpread, plateau_futures, plateau_outlook
from blendkit.metrics.plateau_futures import best_of

FLAT = TeamSpread(np.full(200, 0.02), np.full(200, 0.01))


def future(better: list[int], tied: list[int], crowd: Crowd) -> Future:
    return Future(crowd, np.array(better), np.array(tied), np.zeros(len(better)))


def outlook(teams: int = 20, *, tries: int = 1, spread: TeamSpread = FLAT, above: int = 0, seed: int = 0) -> Outlook:
    return plateau_outlook(Crowd(teams, 0.95, above, tries=tries), spread, 0.5, seed)


def test_places_and_chances_by_hand() -> None:
    one = future([0, 1, 3], [1, 2, 1], Crowd(4, 0.95, above=10, place=14))
    assert one.places.tolist() == [11, 12.5, 14]  # the second shares places 12 and 13 with another team
    assert one.chances == pytest.approx([1 / 3, 1 / 6, 1 / 6, 1 / 3])
    assert one.median == 12.5
    assert [one.gains(k) for k in (1, 2, 3, 4)] == pytest.approx([2 / 3, 1 / 3, 1 / 3, 0])
    assert one.loses(1) == 0
    assert one.interval(0) == (12.5, 12.5)
    assert future([0], [1], Crowd(4, 0.95, above=10)).crowd.own_place == 12.5
    assert Crowd(757, 0.95, above=187).band == (188, 944)


def test_equal_teams_get_every_place_alike() -> None:
    found = outlook(10)
    for one in (found.chased, found.careful):
        draws = len(one.places)
        assert one.chances == pytest.approx(0.1, abs=4 * math.sqrt(0.09 / draws))
        assert one.chances.sum() == pytest.approx(1)
    assert abs(found.worth) < 0.15
    assert found.ahead == pytest.approx(0.5, abs=0.02)


def test_teams_that_never_differ_tie_again() -> None:
    still = TeamSpread(np.zeros(5), np.zeros(5))
    found = outlook(7, tries=10, spread=still, above=3)
    assert found.all_tie == 1
    assert set(found.careful.places.tolist()) == {7.0}  # the middle of 4 to 10
    assert found.careful.chances == pytest.approx(1 / 7)
    assert (found.worth, found.worth_auc, found.ahead) == (0, 0, 0.5)


@pytest.mark.parametrize("tries", [1, 2, 10])
def test_the_luck_of_the_best_try_is_what_a_careful_submission_is_ahead(tries: int) -> None:
    found = outlook(4, tries=tries)
    luck = {1: 0.0, 2: 1 / math.sqrt(math.pi), 10: 1.538753}[tries]  # the expected highest of so many normal draws
    assert found.worth_auc == pytest.approx(0.02 * luck, abs=1e-3)
    assert abs(float(found.chased.lead.mean())) < 1e-3  # as the others were picked, so no better than they
    assert best_of(np.random.default_rng(1), tries, (200_000,)).mean() == pytest.approx(luck, abs=0.01)


def test_two_teams_meet_as_two_normal_draws_do() -> None:
    found = outlook(2, tries=2)
    # one's own: -P z + Q z'; the rival's: -P max(z1, z2) + Q z'; rounding moves both by less than .001
    p, q = 0.02, 0.01
    z = np.linspace(-8, 8, 4001)
    density = 2 * norm.pdf(z) * norm.cdf(z)
    above = np.trapezoid(density * norm.cdf(p * z / math.sqrt(p**2 + 2 * q**2)), z)
    assert found.careful.chances[0] == pytest.approx(above, abs=0.015)


def test_more_tries_of_the_others_never_harm_a_careful_submission() -> None:
    worth = [outlook(50, tries=k).worth for k in (1, 3, 10, 30)]
    assert worth == sorted(worth)
    same, again, other = (outlook(5, tries=3, seed=s) for s in (0, 0, 1))
    assert np.array_equal(same.careful.places, again.careful.places)
    assert not np.array_equal(same.careful.places, other.careful.places)


def test_what_cannot_be_is_told_all_at_once() -> None:
    with pytest.raises(BlendkitError, match="at least two teams") as told:
        Crowd(1, 1.2, above=-1, place=9, correlation=1.5, tries=0)
    assert len(told.value.problems) == 5
    with pytest.raises(BlendkitError, match="place 187 is not on the plateau, which has the places 188 to 944"):
        Crowd(757, 0.95, above=187, place=187)


@pytest.mark.parametrize("spread", [0.0, 0.0001, 0.02])
def test_hidden_digits_of_a_plateau_round_alike(spread: float) -> None:
    crowd = Crowd(50, 0.95)
    found = plateau_futures._hidden_digits(np.random.default_rng(0), crowd, spread, 200)
    assert found.shape == (200, 50)
    assert np.abs(found).max() <= 0.0005 + 1e-12  # three decimals: half a step either way
    assert (np.ptp(found, axis=1) > 0).all() == (spread > 0)
    assert abs(found.mean()) < 0.00004  # as often below the centre of the step as above it
    assert found.std() == pytest.approx(0.001 / math.sqrt(12), rel=0.05)  # evenly over the step
