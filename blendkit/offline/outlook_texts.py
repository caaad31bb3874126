"""A plateau's outlook and lumpy splits in words, the same on the command line and in reports."""

from __future__ import annotations

from blendkit.metrics import Future, Outlook, SplitLumps

LEVEL = 0.9  # of the intervals of places


def lumps_words(lumps: SplitLumps, by: str, public: float) -> str:
    """Say how lumpy sites (or dates) make a split; public: the share that was asked for."""
    first, *others = lumps.largest
    told = [f"{first.name} holds {first.rows:.0%} of the chunks and {first.positives:.0%} of the positives"]
    told += [f"{x.name} {x.rows:.0%} and {x.positives:.0%}" for x in others]
    alone = (
        f"; {lumps.alone} of {lumps.classes} classes with positives are heard at one {by} alone, so that every split "
        "measures them on one side only"
    )
    return (
        f"{lumps.groups} {by}s: {', '.join(told)}; asked for {public:.0%} public chunks, 90 of 100 splits have "
        f"{lumps.low:.0%} to {lumps.high:.0%}{alone if lumps.alone else ''}"
    )


def plateau_words(found: Outlook, name: str) -> str:
    """Say which places a plateau shares, and how its teams were made from the scores called `name`."""
    crowd = found.crowd
    first, last = crowd.band
    return (
        f"plateau {crowd.at:.{crowd.decimals}f}: {crowd.teams} teams share the places {first} to {last}; yours is "
        f"{crowd.own_place:.0f}. Teams are made like {name}, with errors that correlate by {found.correlation:.3f}: "
        f"they lie {found.spread_public:.4f} apart in public and {found.spread_private:.4f} in private (standard "
        "deviations on as many chunks as these labels have)"
    )


def ways(found: Outlook) -> dict[str, Future]:
    """The two submissions of an outlook by how they were picked."""
    return {f"best of {found.crowd.tries} in public": found.chased, "not by public": found.careful}


def future_words(found: Outlook) -> str:
    """Say where both submissions may end."""
    told = []
    for way, one in ways(found).items():
        low, high = one.interval(LEVEL)
        told.append(f"picked {way}, place {one.median:.0f} [{low:.0f} to {high:.0f}]")
    return f"private, if the teams above and below the plateau stay there: {'; '.join(told)}"


def worth_words(found: Outlook) -> str:
    """Say what the more conservative of two submissions is worth."""
    return (
        "of two submissions that show alike, the one that was not picked by its public figure is worth "
        f"{found.worth:+.0f} places and {found.worth_auc:+.4f} macro-AUC in private, and ends above in "
        f"{found.ahead:.0%} of the boards, if the other teams show the best of {found.crowd.tries} submissions"
    )
