"""Pictures of figures with their intervals: forests, paths along a share, classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from blendkit.core import Float64
from blendkit.figures.house_style import QUIET, house_style, new_axes, plain_text
from blendkit.metrics import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 0.27  # inches
_MOST = 60  # classes in a picture


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
        axes.set_yticks(at, [plain_text(n) for n in lines])
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
        axes.set_yticks(range(len(rows)), [plain_text(n) for n in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel(label)
    return figure


def draw_share(
    shares: Sequence[float],
    macro: Sequence[float],
    *,
    member: str,
    current: tuple[float, float],
    band: tuple[Sequence[float], Sequence[float], Sequence[float]] | None = None,
) -> Figure:
    """Draw macro-AUC (G,) along the shares (G,) of a member. current: the recipe's share and its macro-AUC.

    band: shares, lower and upper bounds of the interval.
    """
    figure, axes = new_axes(6.3, 3.4)
    with house_style():
        if band is not None:
            axes.fill_between(*band, color="C0", alpha=0.15, linewidth=0, label="interval")
        axes.plot(shares, macro, color="C0", label="exact macro-AUC")
        best = int(np.nanargmax(macro))
        axes.plot(shares[best], macro[best], "o", color="C1", label=f"best {macro[best]:.4f} at {shares[best]:g}")
        axes.plot(*current, "D", color="C2", label=f"recipe {current[1]:.4f} at {current[0]:.3g}")
        axes.axhline(current[1], color=QUIET, linestyle="--", linewidth=0.8)
        axes.set_xlim(0, 1)
        axes.set_xlabel(f"share of {plain_text(member)}")
        axes.set_ylabel("macro-AUC")
        axes.legend()
    return figure


def draw_classes(names: Sequence[str], auc: Mapping[str, Float64], label: str = "AUC") -> Figure:
    """Draw the AUC (C,) of classes by every stream, the first filled; of many classes those lowest by the first."""
    first, *others = auc
    order = np.argsort(np.where(np.isnan(auc[first]), np.inf, auc[first]), kind="stable")
    order = order[~np.isnan(auc[first][order])][:_MOST]
    figure, axes = new_axes(6.3, 1.1 + 0.18 * len(order))
    with house_style():
        at = np.arange(len(order))
        every = np.array([x[order] for x in auc.values()])
        axes.hlines(at, np.nanmin(every, axis=0), np.nanmax(every, axis=0), color="#d9dcd8", linewidth=1.5)
        for k, name in enumerate(others, 1):
            axes.plot(auc[name][order], at, "o", mfc="none", color=f"C{k % 9}", label=plain_text(name))
        axes.plot(auc[first][order], at, "o", color="C0", label=plain_text(first))
        axes.axvline(0.5, color=QUIET, linestyle="--", linewidth=0.8)
        axes.set_yticks(at, [plain_text(names[i]) for i in order], fontsize=6.5)
        axes.set_ylim(len(order) - 0.5, -0.5)
        axes.set_xlabel(label)
        left = len(names) - len(order)
        axes.set_title(f"the {len(order)} of {len(names)} classes of the lowest AUC" if left else "")
        if len(auc) > 1:
            figure.legend(loc="outside lower center", ncols=min(4, len(auc)))
    return figure
