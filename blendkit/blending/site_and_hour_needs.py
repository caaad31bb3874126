"""What a step needs of recordings' names: site, hour or date."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from blendkit.core import NAME_PRESETS, NO_HOUR, Bools, NameRule, Rows, rule_name
from blendkit.errors import BlendkitError, shorten
from blendkit.events import ignore_text
from blendkit.recipe import OpStep

_WAYS_OUT = (
    f"`names:` says how names are read: a preset ({', '.join(NAME_PRESETS)}), or {{pattern: ...}} with the groups "
    "site, date and time",
    "sites can also come from folders (`names: {site: folder}`) or from a table (`names: {deployments: table.csv}`)",
)


def require_name_parts(
    step: OpStep,
    rows: Rows,
    names: NameRule,
    note: Callable[[str], None] = ignore_text,
    what: str = "recording",
) -> None:
    """Raise BlendkitError if no recording's name gives anything that a step needs; call `note` where some do not.

    rows: (N,); names: how they were read, for the message; what: which recordings these are.
    """
    if not step.info.needs or not len(rows):
        return
    first = rows.take(rows.offsets()[:-1])
    known: dict[str, Bools] = {
        "site": np.array([bool(s) for s in first.site], bool),
        "hour": first.hour != NO_HOUR,
        "date": ~np.isnat(first.date),
    }
    usable = np.any([known[part] for part in step.info.needs], axis=0)
    lacks = [str(r) for r in first.recording[~usable]]
    needed = " or ".join(step.info.needs)
    if not usable.any():
        raise BlendkitError(
            f"{step.name}: needs the {needed} of recordings, and no {what}'s name gives one",
            [f"names are read as {rule_name(names)}, which fails on {shorten(lacks, 3)}", *_WAYS_OUT],
        )
    by_level = len(step.info.needs) > 1 and step.info.notes is not None  # such an op counts them itself, level by level
    if lacks and not by_level:
        note(f"{step.name}: {len(lacks)} of {len(usable)} {what}s without a {needed}: {shorten(lacks, 3)}")
