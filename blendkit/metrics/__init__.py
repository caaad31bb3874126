"""Tie-aware evaluation: exact algorithms on arrays."""

from blendkit.metrics.ap import ClassMean, average_precision, padded_cmap, recall_at_precision, top_one
from blendkit.metrics.auc import AUCState, MacroAUC, auc_state, macro_auc
from blendkit.metrics.bootstrap import Bootstrap, Interval, holm, paired_bootstrap
from blendkit.metrics.breakpoints import Breakpoints, weight_breakpoints
from blendkit.metrics.calibration import Reliability, reliability
from blendkit.metrics.calibrators import Isotonic, Platt, fit_isotonic, fit_platt
from blendkit.metrics.leaderboard import Plateau, RankBand, SimulatedSplit, plateaus, rank_band, simulate_split
from blendkit.metrics.ranks import percentile_rank
from blendkit.metrics.weight_path import WeightPath, weight_path

__all__ = [
    "AUCState", "Bootstrap", "Breakpoints", "ClassMean", "Interval", "Isotonic", "MacroAUC", "Plateau", "Platt",
    "RankBand", "Reliability", "SimulatedSplit", "WeightPath", "auc_state", "average_precision", "fit_isotonic",
    "fit_platt", "holm", "macro_auc", "padded_cmap", "paired_bootstrap", "percentile_rank", "plateaus",
    "rank_band", "recall_at_precision", "reliability", "simulate_split", "top_one", "weight_breakpoints",
    "weight_path",
]  # fmt: skip
