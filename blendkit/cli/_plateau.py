"""The plateau of `blendkit compare`: its options, and how the outlook is printed, as lines or as an event."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._options import INSIDE_UNIT, Number, bundle
from blendkit.cli._show import event, print_table
from blendkit.errors import BlendkitError

if TYPE_CHECKING:
    from blendkit.metrics import Future, Outlook
    from blendkit.offline import Rules

_MOVES = (10, 50, 100, 200, 500, 1000)
_SHOWN_MOVES = 3
_LEVEL = 0.9


@dataclass(frozen=True)
class PlateauUse:
    """What the options say of a plateau."""

    teams: int | None
    at: float | None
    above: int | None
    place: int | None
    correlation: float | None
    tries: int | None

    @property
    def unused(self) -> bool:
        """True if no option of a plateau was given."""
        return all(v is None for v in vars(self).values())

    def rules(self, rules: Rules, leaderboard: Path | None) -> Rules:
        """Return the rules with the plateau, whose teams a leaderboard counts where --plateau does not."""
        if self.unused:
            return rules
        from blendkit.metrics import Crowd

        if self.at is None:
            raise BlendkitError("a plateau needs its figure: --at 0.950", ["and its teams: --plateau 757"])
        teams, above = self._counted(self.at, leaderboard, rules.decimals)
        given = {} if self.tries is None else {"tries": self.tries}
        crowd = Crowd(teams, self.at, above, self.place, correlation=self.correlation, decimals=rules.decimals, **given)
        return replace(rules, crowd=crowd)

    def _counted(self, at: float, leaderboard: Path | None, decimals: int) -> tuple[int, int]:
        """Teams that show `at` and teams above them: as given, else from the leaderboard."""
        if self.teams is not None:
            return self.teams, self.above or 0
        if leaderboard is None:
            raise BlendkitError(
                f"how many teams show {at:.{decimals}f}? Give --plateau 757", ["or --leaderboard FILE, to count them"]
            )
        import numpy as np

        from blendkit.io import read_leaderboard

        shown = np.round(read_leaderboard(leaderboard), decimals)
        same = np.abs(shown - round(at, decimals)) < 10.0**-decimals / 2
        if same.sum() < 2:
            near = ", ".join(f"{v:.{decimals}f}" for v in sorted(set(shown.tolist()), key=lambda v: abs(v - at))[:3])
            raise BlendkitError(
                f"{leaderboard}: {int(same.sum())} teams show {at:.{decimals}f}, and a plateau needs two",
                [f"the nearest figures are {near}"],
            )
        return int(same.sum()), int((shown > at).sum() - (same & (shown > at)).sum())


plateau_options = bundle(
    "plateau",
    ("teams", "at", "above", "place_now", "correlation", "tries"),
    lambda place_now, **own: PlateauUse(place=place_now, **own),
    click.option(
        "--plateau",
        "teams",
        type=click.IntRange(2),
        metavar="TEAMS",
        help="Look ahead from a plateau: how many teams show the figure of --at, yours (A) among them.",
    ),
    click.option("--at", type=INSIDE_UNIT, metavar="FIGURE", help="The figure that the plateau shows, as in 0.950."),
    click.option("--above", type=click.IntRange(0), metavar="TEAMS", help="How many teams are above the plateau [0]."),
    click.option(
        "--place",
        "place_now",
        type=click.IntRange(1),
        metavar="N",
        help="Your public place [the middle of those that the plateau shares].",
    ),
    click.option(
        "--correlation",
        type=Number(0, 1),
        metavar="X",
        help="How alike two teams of the plateau err [as two random blends of A's members, or of the sources].",
    ),
    click.option(
        "--tries",
        type=click.IntRange(1),
        metavar="N",
        help="Of how many submissions a team of the plateau shows the best one [10].",
    ),
)


def plateau_event(found: Outlook) -> None:
    """Emit an outlook as an event."""
    crowd = found.crowd
    event("plateau", {
        "teams": crowd.teams, "at": crowd.at, "above": crowd.above, "band": list(crowd.band), "place": crowd.own_place,
        "tries": crowd.tries, "correlation": found.correlation, "all_tie": found.all_tie,
        "sd": {"public": found.spread_public, "private": found.spread_private},
        "chased": _future(found.chased), "careful": _future(found.careful),
        "worth": {"places": found.worth, "auc": found.worth_auc, "ahead": found.ahead},
    })  # fmt: skip


def _future(one: Future) -> dict[str, Any]:
    moves = {str(k): {"gain": one.gains(k), "lose": one.loses(k)} for k in _moves(one.crowd.teams)}
    low, high = one.interval(_LEVEL)
    return {"median": one.median, "low": low, "high": high, "level": _LEVEL, "moves": moves,
            "chances": one.chances.tolist()}  # fmt: skip


def _moves(teams: int) -> list[int]:
    return [k for k in _MOVES if k < teams] or [1]


def print_plateau(found: Outlook, name: str) -> None:
    """Print an outlook as lines for people."""
    from blendkit.offline import plateau_words, ways, worth_words

    click.echo(plateau_words(found, name))
    moves, both = _moves(found.crowd.teams)[-_SHOWN_MOVES:], ways(found)
    header = ["picked", f"place [{_LEVEL:.0%}]", *(f"{sign}{k}" for sign in "+-" for k in moves)]
    title = (
        "private place, and the chance to gain or lose so many places or more, if the other teams stay where they are"
    )
    print_table(title, header, [
        (way, "{:.0f} [{:.0f}-{:.0f}]".format(one.median, *one.interval(_LEVEL)),
         *(f"{one.gains(k):.0%}" for k in moves), *(f"{one.loses(k):.0%}" for k in moves))
        for way, one in zip((f"best of {found.crowd.tries}", "not by public"), both.values(), strict=True)
    ])  # fmt: skip
    tenths = zip(_tenths(found.crowd.band), *map(_by_tenths, both.values()), strict=True)
    print_table("chance of each tenth of the plateau", ["places", *both], [
        (places, *(f"{v:.0%}" for v in chances)) for places, *chances in tenths
    ])  # fmt: skip
    click.echo(f"{worth_words(found)} (--tries)")


def _parts(teams: int) -> list[int]:
    """Where the tenths of a plateau end; fewer for fewer teams."""
    count = min(10, teams)
    return [round(teams * (i + 1) / count) for i in range(count)]


def _tenths(band: tuple[int, int]) -> list[str]:
    ends = _parts(band[1] - band[0] + 1)
    return [f"{band[0] + low}-{band[0] + high - 1}" for low, high in zip([0, *ends], ends, strict=False)]


def _by_tenths(one: Future) -> list[float]:
    ends = _parts(one.crowd.teams)
    return [float(one.chances[low:high].sum()) for low, high in zip([0, *ends], ends, strict=False)]
