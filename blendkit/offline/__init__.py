"""Work on saved logits: what-if, comparison, ablation, search over a recipe.

In go recipes or score files, and labels; out come exact figures with their intervals. No audio and no model is
needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.offline.ablation import Ablation, ablate, ablate_parts
    from blendkit.offline.chain_growth import Growth
    from blendkit.offline.checking import check
    from blendkit.offline.compare_sources import Labels, Source, SourcesRead, compare, compare_read, read_sources
    from blendkit.offline.comparison import Comparison, LabelledChunks, Rules, compare_scores, values_on
    from blendkit.offline.data_lint import data_findings
    from blendkit.offline.evaluation import Evaluation, evaluate
    from blendkit.offline.file_blend import EQUAL, Blended, BlendSettings, blend_files, new_recipe
    from blendkit.offline.found_values import Found
    from blendkit.offline.grown_recipe import Grown
    from blendkit.offline.interval_settings import Judging
    from blendkit.offline.member_removals import Removal, removals
    from blendkit.offline.offline_files import Place, open_workspaces
    from blendkit.offline.outlook_texts import future_words, lumps_words, plateau_words, ways, worth_words
    from blendkit.offline.recipe_draft import BlendFiles
    from blendkit.offline.recipe_search import greedy_weights, grid_values, line_weights
    from blendkit.offline.score_kinds import score_kind
    from blendkit.offline.searches import GreedySearch, GridSearch, LineSearch, StackSearch, search, search_recipe
    from blendkit.offline.sweeps import Sweep, blend_sides, sweep
    from blendkit.offline.verdicts import Verdict, share_of_redraws, weights_text
    from blendkit.offline.what_if import WhatIf, whatif
    from blendkit.offline.whatif_axes import Axis, check_shares, read_axis, read_share
    from blendkit.offline.workspace import Workspace, Workspaces
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "EQUAL",
    "Ablation",
    "Axis",
    "BlendFiles",
    "BlendSettings",
    "Blended",
    "Comparison",
    "Evaluation",
    "Found",
    "GreedySearch",
    "GridSearch",
    "Grown",
    "Growth",
    "Judging",
    "LabelledChunks",
    "Labels",
    "LineSearch",
    "Place",
    "Removal",
    "Rules",
    "Source",
    "SourcesRead",
    "StackSearch",
    "Sweep",
    "Verdict",
    "WhatIf",
    "Workspace",
    "Workspaces",
    "ablate",
    "ablate_parts",
    "blend_files",
    "blend_sides",
    "check",
    "check_shares",
    "compare",
    "compare_read",
    "compare_scores",
    "data_findings",
    "evaluate",
    "future_words",
    "greedy_weights",
    "grid_values",
    "line_weights",
    "lumps_words",
    "new_recipe",
    "open_workspaces",
    "plateau_words",
    "read_axis",
    "read_share",
    "read_sources",
    "removals",
    "score_kind",
    "search",
    "search_recipe",
    "share_of_redraws",
    "sweep",
    "values_on",
    "ways",
    "weights_text",
    "whatif",
    "worth_words",
]
