"""The picture of how alike models err: a heat map of the correlation of their errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from blendkit.core import Float64
from blendkit.figures.house_style import house_style, new_axes, shown_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_likeness(names: Sequence[str], values: Float64, classes: int) -> Figure:
    """Draw correlations (K, K) of errors as colours and numbers."""
    side = 1.6 + 0.55 * len(names)
    figure, axes = new_axes(side + 1.2, side)
    with house_style():
        image = axes.imshow(np.where(np.eye(len(names), dtype=bool), np.nan, values), vmin=0, vmax=1)
        shown = [shown_name(n) for n in names]
        axes.set_xticks(range(len(names)), shown, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), shown)
        for (i, j), v in np.ndenumerate(values):
            if i != j and not math.isnan(v):
                axes.text(j, i, f"{v:.2f}", ha="center", va="center", color="white" if v < 0.6 else "black", fontsize=8)
        axes.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, label=f"correlation of errors, {classes} classes", shrink=0.8)
    return figure
