"""Curves and heat maps of macro-AUC, as PNG or SVG; matplotlib is imported only here, when a plot is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import Float64
from blendkit.errors import BlendkitError
from blendkit.figures.house_style import QUIET, house_style, new_axes, require_drawing, shown_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
_TICKS = 12


def check_plot_path(path: Path) -> None:
    """Raise BlendkitError unless a plot can be drawn, and written under this name."""
    require_drawing()
    if path.suffix.lower() not in FORMATS:
        raise BlendkitError(f"{path}: plots are written as {' or '.join(FORMATS)}")


def draw_curve(label: str, values: Sequence[Any], macro: Float64, base: float) -> Figure:
    """Draw macro-AUC (V,) over the values of one axis; a dashed line marks the recipe as it is."""
    figure, axes = new_axes(8, 5)
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    at = np.asarray(values, float) if numbers else np.arange(len(values), dtype=float)
    best = int(np.nanargmax(macro))
    with house_style():
        axes.plot(at, macro, marker="." if len(at) <= 60 else "", label="what if")
        axes.plot(at[best], macro[best], "o", label=f"best {macro[best]:.6f} at {values[best]}")
        axes.axhline(base, linestyle="--", color=QUIET, label=f"recipe as it is {base:.6f}")
        if not numbers:
            axes.set_xticks(at, [shown_name(str(v)) for v in values])
        axes.set_xlabel(label)
        axes.set_ylabel("macro-AUC")
        axes.legend()
    return figure


def draw_climb(rounds: Sequence[int], inside: Sequence[float], held_out: Sequence[float], alone: float) -> Figure:
    """Draw a search's macro-AUC (V,) over its rounds (V,): on the labels that chose, and on recordings held out.

    alone: of the best input, held out alike. The gap between the two lines is the optimism.
    """
    figure, axes = new_axes(8, 5)
    with house_style():
        axes.plot(
            rounds, inside, marker=".", drawstyle="steps-post", label=f"on the labels that chose {inside[-1]:.6f}"
        )
        axes.plot(rounds, held_out, marker=".", drawstyle="steps-post", label=f"held out {held_out[-1]:.6f}")
        axes.axhline(alone, linestyle="--", color=QUIET, label=f"best input alone {alone:.6f}")
        axes.set_xlabel("round of the search")
        axes.set_ylabel("macro-AUC")
        axes.legend()
    return figure


def draw_heat_map(labels: Sequence[str], values: Sequence[Sequence[Any]], macro: Float64, base: float) -> Figure:
    """Draw macro-AUC (V1, V2) over two axes as colours; the best point is marked."""
    figure, axes = new_axes(8, 5)
    best = np.unravel_index(int(np.nanargmax(macro)), macro.shape)
    with house_style():
        image = axes.imshow(macro, aspect="auto", origin="lower", interpolation="nearest")
        axes.plot(best[1], best[0], "+", color="C1", markersize=12)
        for k, (ticks, names) in enumerate(((axes.set_yticks, values[0]), (axes.set_xticks, values[1]))):
            every = max(1, -(-len(names) // _TICKS))
            at = list(range(0, len(names), every))
            ticks(at, [shown_name(str(names[i])) for i in at])
            (axes.set_ylabel if k == 0 else axes.set_xlabel)(labels[k])
        figure.colorbar(image, ax=axes, label="macro-AUC")
        axes.set_title(f"best {macro[best]:.6f}, recipe as it is {base:.6f}")
    return figure
