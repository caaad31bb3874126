"""Pictures of results.

In go figures; out come PNG and SVG files. matplotlib is imported only when a picture is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.reporting.activity_plot import plot_activity
    from blendkit.reporting.plots import can_draw, check_plot_path, plot_curve, plot_heat_map, require_drawing
    from blendkit.reporting.probe_plots import best_layout, clip_pictures, ranking_chart
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "best_layout",
    "can_draw",
    "check_plot_path",
    "clip_pictures",
    "plot_activity",
    "plot_curve",
    "plot_heat_map",
    "ranking_chart",
    "require_drawing",
]
