"""How a run reads recordings' names: by the recipe's `names:`, and for `auto` by the names themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from blendkit.audio import Recording, stated_zone
from blendkit.core import AUTO, PATTERNS, FoundNames, NameParts, Rows, fitting_names, make_rows, read_names, zone
from blendkit.errors import BlendkitError
from blendkit.io import read_deployments
from blendkit.recipe import DataFolder, Plan

_ASKED = 20


def names_of(
    plan: Plan, data: DataFolder, recordings: Sequence[str], files: dict[str, Path] | None = None
) -> FoundNames:
    """Return how the names of a run's recordings are read, and what they give.

    files: gets the table of deployments that was read. Raises BlendkitError, with the line of the recipe, for a table
    that cannot be read or has none of the recordings, and a time zone that contradicts the names.
    """
    model = plan.recipe.model.names
    try:
        table = None
        if model.deployments is not None:
            path = data.require(model.deployments)
            table = read_deployments(path)
            if files is not None:
                files[model.deployments] = path
        rule = model.rule(table)
        return fitting_names(recordings, rule) if model.preset == AUTO else read_names(rule, recordings)
    except BlendkitError as error:
        raise BlendkitError(f"{plan.recipe.where(('names',))}: {error.title}", error.problems) from error


def zone_notes(named: FoundNames, recordings: Sequence[Recording]) -> list[str]:
    """Return a note where AudioMoths say in their files that their clock ran in another zone than the recipe does.

    It matters only where another zone is wanted; then the first recordings are asked, which one recorder made alike.
    """
    rule = named.rule
    if rule.report_tz is None or rule.pattern != PATTERNS["audiomoth"]:
        return []
    asked = {r.id: stated_zone(r.path) for r in recordings[:_ASKED]}
    others = {r: z for r, z in asked.items() if z and _offset(z, named.parts[r]) != _offset(rule.tz, named.parts[r])}
    if not others or rule.deployments:  # a table may state zones of its own
        return []
    first, stated = next(iter(others.items()))
    return [
        f"names: {len(others)} of the first {len(asked)} recordings state another time zone than {rule.tz} ({first}: "
        f"{stated}); if their clocks ran in it, say `names: {{tz: {stated}}}`"
    ]


def _offset(tz: str, part: NameParts) -> timedelta | None:
    """Return a zone's offset from UTC on the day of a recording."""
    day = date(2020, 1, 1) if np.isnat(part.date) else date.fromisoformat(str(part.date))
    return zone(tz).utcoffset(datetime.combine(day, time(12)))


def named_rows(plan: Plan, data: DataFolder, rows: Rows) -> tuple[FoundNames, Rows]:
    """Return how the names of score files' recordings are read, and their rows (N,) read so."""
    named = names_of(plan, data, rows.recordings())
    again = make_rows([str(r) for r in rows.recording], rows.start_s, rows.end_s, named.rule)
    return named, again
