"""Minimum scores of classes that are known to live at one station."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from blendkit.core import Matrix
from blendkit.ops.declare import NO_NUMBERS, ClassIds, RowsOf, UnitInterval, op
from blendkit.ops.parameter_marks import Keys


def floor_notes(x: Matrix, *, rows: RowsOf, site: str, floors: dict[str, float]) -> list[str]:
    """Say it where the step can change nothing."""
    if not floors:
        return ["without `floors:` it changes nothing"]
    return [] if (rows.site == site).any() else [f"no recording is of site {site!r}: it changes nothing"]


@op(
    "station_floor",
    also_called=(("gate 6, floor at a station", "{site: S15, floors: {47158son07: 0.65}}"),),
    scope="file",
    classwise=True,
    spaces=("prob", "rank", "unit"),
    notes=floor_notes,
    needs=("site",),
)
def station_floor(
    x: Matrix, *, rows: RowsOf, classes: ClassIds, site: str = "",
    floors: Annotated[dict[str, UnitInterval], Keys("classes")] = NO_NUMBERS,
) -> Matrix:  # fmt: skip
    """Raise classes at one site to a minimum score: x <- max(x, floor).

    x: (N, C). floors: {class: floor}. Scores below the floor become equal, which makes ties. Returns (N, C). Source:
    the station floors of the EoS chain (0.65), off in its last versions: a floor chosen by the labels overfits.
    """
    out, local = x.copy(), np.flatnonzero(rows.site == site)
    for c, floor in floors.items():
        if c in classes:
            out[local, classes.index(c)] = np.maximum(x[local, classes.index(c)], floor)
    return out
