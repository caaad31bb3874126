"""The path of macro-AUC along a member's share, and the AUC of classes by every stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from blendkit.core import Float64
from blendkit.figures.house_style import QUIET, house_style, new_axes, shown_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 60  # classes in a picture


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
        axes.set_xlabel(f"share of {shown_name(member)}")
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
            axes.plot(auc[name][order], at, "o", mfc="none", color=f"C{k % 9}", label=shown_name(name))
        axes.plot(auc[first][order], at, "o", color="C0", label=shown_name(first))
        axes.axvline(0.5, color=QUIET, linestyle="--", linewidth=0.8)
        axes.set_yticks(at, [shown_name(names[i]) for i in order], fontsize=6.5)
        axes.set_ylim(len(order) - 0.5, -0.5)
        axes.set_xlabel(label)
        left = len(names) - len(order)
        axes.set_title(f"the {len(order)} of {len(names)} classes of the lowest AUC" if left else "")
        if len(auc) > 1:
            figure.legend(loc="outside lower center", ncols=min(4, len(auc)))
    return figure
