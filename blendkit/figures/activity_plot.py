"""The picture of when or where classes are detected: a heat map of rates, with the effort below it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from blendkit.core import Float64, Int64
from blendkit.figures.house_style import QUIET, house_style, new_figure, save_figure, shown_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 30  # classes in a picture
_TICKS = 24
_UNITS = {"hour": "hour of the day", "date": "date", "site": "site"}


def plot_activity(
    path: Path, classes: Sequence[str], part: str, cells: Sequence[str], rate: Float64, recordings: Int64
) -> None:
    """Write detections per hour listened, rate (C, K), as colours over cells (K,), and the recordings (K,) as bars.

    The thirty classes of the highest mean rates are shown, the highest first. Hours that nobody listened to stay white.
    """
    save_figure(draw_activity(classes, part, cells, rate, recordings), path)


def draw_activity(
    classes: Sequence[str], part: str, cells: Sequence[str], rate: Float64, recordings: Int64, title: str = ""
) -> Figure:
    """Draw what `plot_activity` writes. title: in place of the number of classes."""
    with house_style():
        return _drawn(classes, part, cells, rate, recordings, title)


def _drawn(
    classes: Sequence[str], part: str, cells: Sequence[str], rate: Float64, recordings: Int64, title: str
) -> Figure:
    shown_cells, rate, recordings = _whole_day(cells, rate, recordings) if part == "hour" else (cells, rate, recordings)
    order = np.argsort(-np.nanmean(rate, axis=1), kind="stable")[:_MOST]
    figure = new_figure(8, max(4.0, 2.2 + 0.3 * len(order)))  # of few classes, too, the scale has room for its words
    axes, bars = figure.subplots(2, 1, sharex=True, height_ratios=[max(len(order), 4), 2])
    image = axes.imshow(rate[order], aspect="auto", interpolation="nearest", vmin=0)
    axes.set_yticks(range(len(order)), [shown_name(classes[c]) for c in order])
    bars.bar(range(len(shown_cells)), recordings, color=QUIET, width=1)
    bars.set_ylabel("recordings")
    every = max(1, -(-len(shown_cells) // _TICKS))
    at = list(range(0, len(shown_cells), every))
    bars.set_xticks(at, [shown_name(shown_cells[i]) for i in at], rotation=90 if part != "hour" else 0)
    bars.set_xlabel(_UNITS.get(part, part))
    figure.colorbar(image, ax=axes, label="detections per hour listened")
    left = len(classes) - len(order)
    axes.set_title(title or (f"{len(order)} of {len(classes)} classes, by rate" if left else f"{len(classes)} classes"))
    return figure


def _whole_day(cells: Sequence[str], rate: Float64, recordings: Int64) -> tuple[list[str], Float64, Int64]:
    """Return the 24 hours of a day, with no rate (NaN) in those without recordings."""
    hours = [f"{h:02d}" for h in range(24)]
    at = [hours.index(c) for c in cells]
    whole, heard = np.full((len(rate), 24), np.nan), np.zeros(24, np.int64)
    whole[:, at], heard[at] = rate, recordings
    return hours, whole, heard
