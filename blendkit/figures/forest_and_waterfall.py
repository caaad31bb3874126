"""A forest of figures with their intervals, and the waterfall of an ablation: what each step or member is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from blendkit.figures.house_style import QUIET, house_style, new_axes, shown_name
from blendkit.metrics import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 0.27  # inches


def draw_forest(lines: Mapping[str, Interval], label: str, *, zero: float | None = None, title: str = "") -> Figure:
    """Draw figures {name: interval} below each other, the first on top. zero: a value that all are read against."""
    figure, axes = new_axes(6.3, 0.9 + _ROW * len(lines))
    with house_style():
        at = np.arange(len(lines))
        if zero is not None:
            axes.axvline(zero, color=QUIET, linestyle="--", linewidth=0.8)
        for i, own in enumerate(lines.values()):
            if not math.isnan(own.low):
                axes.plot([own.low, own.high], [i, i], color="C0", solid_capstyle="butt")
        axes.plot([i.estimate for i in lines.values()], at, "o", color="C0")
        axes.set_yticks(at, [shown_name(n) for n in lines])
        axes.invert_yaxis()
        axes.set_ylim(len(lines) - 0.5, -0.5)
        axes.set_xlabel(label)
        axes.set_title(title)
    return figure


def draw_waterfall(rows: Mapping[str, tuple[float, Interval | None]], label: str) -> Figure:
    """Draw figures {name: (figure, its change from the one above)}, each bar from where the last one ended.

    The first has no change, and is a dot. Bars whose interval holds 0 are grey.
    """
    figure, axes = new_axes(6.3, 0.9 + _ROW * len(rows))
    with house_style():
        before = math.nan
        for i, (value, change) in enumerate(rows.values()):
            if change is None:
                axes.plot(value, i, "o", color=QUIET)
            else:
                tone = "C6" if change.low > 0 else "C1" if change.high < 0 else QUIET
                axes.barh(i, value - before, left=before, height=0.55, color=tone, alpha=0.35)
                axes.plot([before + change.low, before + change.high], [i, i], color=tone, solid_capstyle="butt")
            if i + 1 < len(rows):
                axes.plot([value, value], [i, i + 1], color=QUIET, linestyle=":", linewidth=0.8)
            before = value
        axes.set_yticks(range(len(rows)), [shown_name(n) for n in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel(label)
    return figure
