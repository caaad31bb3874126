"""Tie-aware evaluation: exact algorithms on arrays."""

from blendkit.metrics.auc import MacroAUC, macro_auc
from blendkit.metrics.ranks import percentile_rank

__all__ = ["MacroAUC", "macro_auc", "percentile_rank"]
