"""Work on saved logits: what-if, comparison, ablation, search over a recipe.

In go recipes or score files, and labels; out come exact figures with their intervals. No audio and no model is
needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.offline.ablation import Ablation, ablate
    from blendkit.offline.axes import Axis, check_shares, read_axis, read_share
    from blendkit.offline.bench import Bench, Workshop
    from blendkit.offline.comparison import Comparison, Rules, Truth, compare
    from blendkit.offline.data_lint import doubts
    from blendkit.offline.recipe_search import Found, greedy_weights, grid_values, line_weights
    from blendkit.offline.sweeps import Sweep, sweep
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "Ablation",
    "Axis",
    "Bench",
    "Comparison",
    "Found",
    "Rules",
    "Sweep",
    "Truth",
    "Workshop",
    "ablate",
    "check_shares",
    "compare",
    "doubts",
    "greedy_weights",
    "grid_values",
    "line_weights",
    "read_axis",
    "read_share",
    "sweep",
]
