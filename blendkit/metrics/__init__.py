"""Tie-aware evaluation: exact algorithms on arrays."""

from blendkit.metrics.auc import AUCState, MacroAUC, auc_state, macro_auc
from blendkit.metrics.bootstrap import Bootstrap, Interval, holm, paired_bootstrap
from blendkit.metrics.ranks import percentile_rank
from blendkit.metrics.weight_path import WeightPath, weight_path

__all__ = [
    "AUCState",
    "Bootstrap",
    "Interval",
    "MacroAUC",
    "WeightPath",
    "auc_state",
    "holm",
    "macro_auc",
    "paired_bootstrap",
    "percentile_rank",
    "weight_path",
]
