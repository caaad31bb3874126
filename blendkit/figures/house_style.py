"""The one look of all pictures, and how they are written."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from blendkit.errors import BlendkitError
from blendkit.store import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST_NAME = 48  # letters
QUIET = "#5a646e"  # baselines and notes


def can_draw() -> bool:
    """Return whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def require_drawing() -> None:
    """Raise BlendkitError with the way out where matplotlib is missing."""
    if not can_draw():
        raise BlendkitError("matplotlib, which draws pictures, is not installed", ["pip install 'blendkit[plot]'"])


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the look of `house.mplstyle` inside the block, and leave matplotlib's settings as they were."""
    import matplotlib as mpl

    own = mpl.rc_params_from_file(str(files("blendkit.figures") / "house.mplstyle"), use_default_template=False)
    with mpl.rc_context(own):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches. Raises BlendkitError where matplotlib is missing."""
    require_drawing()
    from matplotlib.figure import Figure

    with house_style():
        return Figure(figsize=(width, height), layout="constrained")


def new_axes(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure of one plot, in the house's look; raises as `new_figure`."""
    figure = new_figure(width, height)
    with house_style():
        return figure, figure.subplots()


def shown_name(text: str) -> str:
    """Return a name as a picture has room for it."""
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}\u2026"


def save_figure(figure: Figure, path: Path) -> None:
    """Write the file whole or not at all, as its suffix says; equal figures give equal SVG and PDF files."""
    kind = path.suffix.lower().removeprefix(".")
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    with house_style(), warnings.catch_warnings(), atomic_path(path) as temporary:
        warnings.simplefilter("ignore", UserWarning)  # of letters that no font has, and of names that leave little room
        figure.savefig(temporary, format=kind, dpi=150, metadata=metadata)
