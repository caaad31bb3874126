"""Tables of how probable each class is at a place and in a week, from CSV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from blendkit.core import Float64
from blendkit.errors import BlendkitError, shorten
from blendkit.io.text_form import text_form
from blendkit.io.text_tables import decimal_points, open_table

if TYPE_CHECKING:
    import pandas as pd

WEEKS = 48  # of a year: four a month
WHOLE_YEAR = -1
RANGE_COLUMNS = ("site", "week", "class", "probability")


@dataclass(frozen=True, eq=False)
class RangeTable:
    """How probable it is that a class occurs. levels: (site, week) of each of the L rows of `p` (L, C).

    The site "" stands for everywhere; a week is 1 to 48, four a month, or -1 for the whole year. NaN: not known.
    """

    levels: tuple[tuple[str, int], ...]
    classes: tuple[str, ...]
    p: Float64


def is_range_table(path: Path) -> bool:
    """Return whether a CSV has a column `probability`, which no plain list of species has."""
    try:
        return "probability" in [name.strip().lower() for name in text_form(path).header]
    except BlendkitError:
        return False  # the reader of lists says what is wrong with the file


def read_range_table(path: Path) -> RangeTable:
    """Read a CSV with the columns site, week, class and probability; an empty probability is not known (NaN).

    Raises BlendkitError naming columns that are missing, and every line whose week is not 1 to 48 or -1, whose
    probability is not in 0 to 1, that has no class, or that repeats a site, week and class.
    """
    import pandas as pd

    frame = _frame(path)
    week = pd.to_numeric(frame["week"], errors="coerce")
    given = frame["probability"].str.strip() != ""
    p = pd.to_numeric(frame["probability"].where(given), errors="coerce")
    checks = {
        "week": ~(week.isin([WHOLE_YEAR, *range(1, WEEKS + 1)])),
        "probability": given & ~p.between(0, 1),
        "class": frame["class"] == "",
    }
    bad = [f"line {i + 2}: {c} {frame[c].iloc[i]!r}" for c, wrong in checks.items() for i in np.flatnonzero(wrong)]
    twice = frame.duplicated(["site", "week", "class"])
    bad += [f"line {i + 2}: its site, week and class are listed twice" for i in np.flatnonzero(twice)]
    if bad or frame.empty:
        expected = "expected weeks 1 to 48 or -1, probabilities 0 to 1 or empty, each class once per site and week"
        raise BlendkitError(f"{path}: {len(bad)} wrong values; {expected}", [shorten(bad, 10)] if bad else ["no rows"])
    keys = list(zip(frame["site"], week.astype(int).tolist(), strict=True))
    levels, classes = tuple(dict.fromkeys(keys)), tuple(dict.fromkeys(frame["class"]))
    out = np.full((len(levels), len(classes)), np.nan)
    row, column = {k: i for i, k in enumerate(levels)}, {c: i for i, c in enumerate(classes)}
    out[[row[k] for k in keys], [column[c] for c in frame["class"]]] = p.to_numpy(np.float64)
    return RangeTable(levels, classes, out)


def _frame(path: Path) -> pd.DataFrame:
    frame, _ = open_table(path, "this table of probabilities")
    frame, _ = decimal_points(frame, [c for c in frame.columns if c.strip().lower() == "probability"])
    frame = frame.rename(columns=lambda c: c.strip().lower()).reset_index(drop=True)
    lacks = [c for c in RANGE_COLUMNS if c not in frame.columns]
    if lacks:
        raise BlendkitError(f"{path}: no column {', '.join(lacks)}", [f"has {shorten(frame.columns, 8)}"])
    for column in ("site", "class"):
        frame[column] = frame[column].str.strip()
    return frame
