"""Pictures of results, in one look.

In go figures; out come matplotlib figures, and PNG, SVG and PDF files. matplotlib is imported only when a picture is
asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.figures.activity_plot import draw_activity, plot_activity
    from blendkit.figures.forest_and_waterfall import draw_forest, draw_waterfall
    from blendkit.figures.house_style import can_draw, require_drawing, save_figure
    from blendkit.figures.likeness_map import draw_likeness
    from blendkit.figures.probe_plots import best_layout, clip_pictures, ranking_chart
    from blendkit.figures.share_path_and_classes import draw_classes, draw_share
    from blendkit.figures.sweep_plots import check_plot_path, draw_climb, draw_curve, draw_heat_map
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "best_layout",
    "can_draw",
    "check_plot_path",
    "clip_pictures",
    "draw_activity",
    "draw_classes",
    "draw_climb",
    "draw_curve",
    "draw_forest",
    "draw_heat_map",
    "draw_likeness",
    "draw_share",
    "draw_waterfall",
    "plot_activity",
    "ranking_chart",
    "require_drawing",
    "save_figure",
]
