"""Curves and heat maps of macro-AUC, as PNG or SVG; matplotlib is imported only here, when a plot is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import Float64
from blendkit.errors import BlendkitError
from blendkit.store import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
_TICKS = 12


def can_draw() -> bool:
    """Return whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def require_drawing() -> None:
    """Raise BlendkitError with the way out where matplotlib is missing."""
    if not can_draw():
        raise BlendkitError("matplotlib, which draws pictures, is not installed", ["pip install 'blendkit[plot]'"])


def check_plot_path(path: Path) -> None:
    """Raise BlendkitError unless a plot can be drawn, and written under this name."""
    require_drawing()
    if path.suffix.lower() not in FORMATS:
        raise BlendkitError(f"{path}: plots are written as {' or '.join(FORMATS)}")


def plot_curve(path: Path, label: str, values: Sequence[Any], macro: Float64, base: float) -> None:
    """Write macro-AUC (V,) over the values of one axis; a dashed line marks the recipe as it is."""
    figure, axes = _figure()
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    at = np.asarray(values, float) if numbers else np.arange(len(values), dtype=float)
    best = int(np.nanargmax(macro))
    axes.plot(at, macro, marker="." if len(at) <= 60 else "", label="what if")
    axes.plot(at[best], macro[best], "o", label=f"best {macro[best]:.6f} at {values[best]}")
    axes.axhline(base, linestyle="--", color="grey", label=f"recipe as it is {base:.6f}")
    if not numbers:
        axes.set_xticks(at, [str(v) for v in values])
    axes.set_xlabel(label)
    axes.set_ylabel("macro-AUC")
    axes.legend()
    save_figure(figure, path)


def plot_heat_map(
    path: Path, labels: Sequence[str], values: Sequence[Sequence[Any]], macro: Float64, base: float
) -> None:
    """Write macro-AUC (V1, V2) over two axes as colours; the best point is marked."""
    figure, axes = _figure()
    image = axes.imshow(macro, aspect="auto", origin="lower", interpolation="nearest")
    best = np.unravel_index(int(np.nanargmax(macro)), macro.shape)
    axes.plot(best[1], best[0], "r+", markersize=12)
    for k, (ticks, names) in enumerate(((axes.set_yticks, values[0]), (axes.set_xticks, values[1]))):
        every = max(1, -(-len(names) // _TICKS))
        at = list(range(0, len(names), every))
        ticks(at, [str(names[i]) for i in at])
        (axes.set_ylabel if k == 0 else axes.set_xlabel)(labels[k])
    figure.colorbar(image, ax=axes, label="macro-AUC")
    axes.set_title(f"best {macro[best]:.6f}, recipe as it is {base:.6f}")
    save_figure(figure, path)


def _figure() -> tuple[Figure, Axes]:
    figure = new_figure(8, 5)
    return figure, figure.subplots()


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches. Raises BlendkitError where matplotlib is missing."""
    require_drawing()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Figure, path: Path) -> None:
    """Write the file whole or not at all; equal figures give equal SVG text."""
    import matplotlib as mpl

    kind = path.suffix.lower().removeprefix(".")
    with mpl.rc_context({"svg.hashsalt": "blendkit"}), atomic_path(path) as temporary:
        figure.savefig(temporary, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
