"""What a private leaderboard may make of a public plateau: one's chance of each place among teams that show alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from blendkit.core import Float64, Int64
from blendkit.errors import BlendkitError
from blendkit.metrics.like_teams import TeamSpread

_BOARDS, _CELLS = 20_000, 6_000_000  # boards and teams drawn in all, about: a chance is known to half a percent or so


@dataclass(frozen=True)
class Crowd:
    """The teams of a plateau: how many show the figure `at`, oneself among them, and how many teams are above them.

    place: one's public place, by default the middle of those that the plateau shares; correlation: of the errors of two
    teams' scores, None to estimate it; tries: of how many submissions a team shows the one that is best in public.
    Raises BlendkitError for what cannot be.
    """

    teams: int
    at: float
    above: int = 0
    place: int | None = None
    correlation: float | None = None
    tries: int = 10
    decimals: int = 3

    def __post_init__(self) -> None:
        first, last = self.band
        wrong = [
            (self.teams < 2, f"a plateau needs at least two teams, got {self.teams}"),
            (not 0 <= self.at <= 1, f"the figure of a plateau is a macro-AUC between 0 and 1, got {self.at:g}"),
            (self.above < 0, f"there cannot be {self.above} teams above the plateau"),
            (self.tries < 1, f"a team tries at least one submission, got {self.tries}"),
            (
                self.correlation is not None and not 0 <= self.correlation <= 1,
                f"the correlation of errors must be between 0 and 1, got {self.correlation}",
            ),
            (
                self.place is not None and not first <= self.place <= last,
                f"place {self.place} is not on the plateau, which has the places {first} to {last}",
            ),
        ]
        if found := [text for bad, text in wrong if bad]:
            raise BlendkitError(found[0], found[1:])

    @property
    def band(self) -> tuple[int, int]:
        """The first and the last place that the plateau shares."""
        return self.above + 1, self.above + self.teams

    @property
    def own_place(self) -> float:
        """One's public place."""
        return sum(self.band) / 2 if self.place is None else self.place


@dataclass(frozen=True, eq=False)
class Future:
    """Simulated private boards of one submission.

    better (D,): teams of the plateau above it; tied (D,): teams with the same figure, itself among them; lead (D,): its
    private macro-AUC minus the mean of the other teams'.
    """

    crowd: Crowd
    better: Int64
    tied: Int64
    lead: Float64

    @cached_property
    def places(self) -> Float64:
        """Private places (D,); teams that tie have the mean of their places."""
        return np.asarray(self.crowd.above + self.better + (self.tied + 1) / 2)

    @cached_property
    def chances(self) -> Float64:
        """The chance (teams,) of each place of the plateau, the best first; a tie spreads over the places it shares."""
        steps = np.zeros(self.crowd.teams + 1)
        np.add.at(steps, self.better, 1 / self.tied)
        np.add.at(steps, self.better + self.tied, -1 / self.tied)
        return np.asarray(np.cumsum(steps)[:-1] / len(self.better))

    @property
    def median(self) -> float:
        """The median of the private places."""
        return float(np.median(self.places))

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """Return the places that hold this share of the draws, with equal shares beyond both."""
        low, high = np.quantile(self.places, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def gains(self, places: float) -> float:
        """Return the chance to gain at least this many places from public to private."""
        return float((self.crowd.own_place - self.places >= places).mean())

    def loses(self, places: float) -> float:
        """Return the chance to lose at least this many places from public to private."""
        return float((self.places - self.crowd.own_place >= places).mean())


@dataclass(frozen=True, eq=False)
class Outlook:
    """What may become of a plateau: for a submission that was picked by its public figure as those of the other teams
    were, and for one that was picked without it. spread_public and spread_private: standard deviations between
    teams; all_tie: the share of boards on which the whole plateau ties again.
    """  # fmt: skip

    crowd: Crowd
    correlation: float
    spread_public: float
    spread_private: float
    chased: Future
    careful: Future
    all_tie: float

    @property
    def worth(self) -> float:
        """Places that the careful submission is ahead of the chased one, on average over the same boards."""
        return float((self.chased.places - self.careful.places).mean())

    @property
    def worth_auc(self) -> float:
        """Private macro-AUC of the careful submission minus that of the chased one, on average."""
        return float((self.careful.lead - self.chased.lead).mean())

    @property
    def ahead(self) -> float:
        """The share of boards on which the careful submission ends above the chased one; ties count half."""
        gap = self.chased.places - self.careful.places
        return float(((gap > 0) + 0.5 * (gap == 0)).mean())


def plateau_outlook(crowd: Crowd, spread: TeamSpread, correlation: float, seed: int = 0) -> Outlook:
    """Simulate private boards of a plateau.

    Per split, every team's shown submission is the best of `tries` that are equal but for noise of the public rows.
    Its hidden public digits vary as far as rounding lets them; its level is its public figure minus the luck of the
    best of `tries` normal draws; its private figure is its level plus fresh noise. Both noises have the standard
    deviation of `spread` on their side. Teams above and below the plateau stay there. correlation: what `spread` was
    made with. Figures are relative to the common change from public to private, which moves no place.
    """
    rng = np.random.default_rng(seed)
    times = max(1, math.ceil(min(_BOARDS, _CELLS / crowd.teams) / len(spread.public)))
    found = [_boards(rng, crowd, p, q, times) for p, q in zip(spread.public, spread.private, strict=True)]
    tied = np.concatenate([f[0] for f in found])
    chased, careful = (
        Future(crowd, *(np.concatenate([f[way][part] for f in found]) for part in range(3))) for way in (1, 2)
    )
    means = float(spread.public.mean()), float(spread.private.mean())
    return Outlook(crowd, correlation, *means, chased, careful, float(tied.mean()))


def _boards(
    rng: np.random.Generator, crowd: Crowd, public: float, private: float, times: int
) -> tuple[Int64, tuple[Int64, Int64, Float64], tuple[Int64, Int64, Float64]]:
    """Boards of one split: whether all tie, and better, tied and lead (times,) of the chased and careful submission."""
    shown = _hidden_digits(rng, crowd, public, times)
    noise = private * rng.standard_normal(shown.shape)
    teams = shown - public * best_of(rng, crowd.tries, shown.shape) + noise
    others, chased = teams[:, 1:], teams[:, 0]
    careful = shown[:, 0] - public * rng.standard_normal(times) + noise[:, 0]
    tied = np.asarray(np.ptp(teams, axis=1) == 0, np.int64)
    return tied, _standing(chased, others), _standing(careful, others)


def _standing(own: Float64, others: Float64) -> tuple[Int64, Int64, Float64]:
    better = (others > own[:, None]).sum(axis=1)
    return better, 1 + (others == own[:, None]).sum(axis=1), own - others.mean(axis=1)


def best_of(rng: np.random.Generator, tries: int, shape: tuple[int, ...]) -> Float64:
    """Return the highest of `tries` standard normal draws, for every cell of `shape`."""
    from scipy.special import ndtri

    if tries == 1:
        return rng.standard_normal(shape)
    return np.asarray(ndtri(rng.random(shape) ** (1 / tries)), np.float64)


def _hidden_digits(rng: np.random.Generator, crowd: Crowd, public: float, times: int) -> Float64:
    """Public figures (times, teams) about a common centre within the step of rounding, all of them rounding alike."""
    from scipy.special import ndtr, ndtri

    step = 10.0**-crowd.decimals
    centre = step * (rng.random((times, 1)) - 0.5)
    if public == 0:
        return np.broadcast_to(centre, (times, crowd.teams))
    low, high = ndtr((-step / 2 - centre) / public), ndtr((step / 2 - centre) / public)
    drawn = low + (high - low) * rng.random((times, crowd.teams))
    return np.asarray(centre + public * ndtri(drawn), np.float64)
