"""Tie-aware evaluation: exact algorithms on arrays.

Truth (N, C) and scores (N, C) go in; figures that do not depend on the order of rows come out: macro-AUC, average
precision, ranks, weight paths, clustered bootstraps, leaderboard simulations. This package uses no files or recipes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.metrics.auc import (
        AUCState,
        MacroAUC,
        auc_of,
        auc_state,
        check_shapes,
        counted_cells,
        macro_auc,
        refuse_nan,
        wrong_way_round,
    )
    from blendkit.metrics.bootstrap import (
        Bootstrap,
        Interval,
        IntervalKind,
        cluster_codes,
        holm,
        paired_bootstrap,
        require_redraws,
        resampled_macros,
    )
    from blendkit.metrics.breakpoints import Breakpoints, weight_breakpoints
    from blendkit.metrics.count_intervals import RedrawnEffort, clustered_share, redrawn, wilson
    from blendkit.metrics.cross_fitted import CrossFitted
    from blendkit.metrics.error_likeness import error_correlation
    from blendkit.metrics.kernels.pair_counts import PairCount, count_pairs
    from blendkit.metrics.kernels.ranking import doubled_ranks
    from blendkit.metrics.knn import KnnMetric, Probe, Probed, initial_weights, probe
    from blendkit.metrics.leaderboard import (
        Plateau,
        RankBand,
        SimulatedSplit,
        bootstrap_and_split,
        plateaus,
        rank_band,
        simulate_split,
    )
    from blendkit.metrics.like_teams import TeamSpread, blend_correlation, team_spread
    from blendkit.metrics.lumpy_groups import Lump, SplitLumps, split_lumps
    from blendkit.metrics.model_disagreement import disagreement, uncertainty
    from blendkit.metrics.out_of_fold_thresholds import ChosenThreshold, chosen_thresholds, precision_thresholds
    from blendkit.metrics.plateau_futures import Crowd, Future, Outlook, plateau_outlook
    from blendkit.metrics.precision_metrics import (
        ClassMean,
        average_precision,
        padded_cmap,
        precision_from_counts,
        recall_at_precision,
        retrieved_counts,
        top_one,
    )
    from blendkit.metrics.ranks import percentile_rank
    from blendkit.metrics.reliability_table import Reliability, reliability
    from blendkit.metrics.stratified_draw import StratifiedDraw, chunk_keys, draw_strata, strata_sizes
    from blendkit.metrics.survey_shares import (
        ReviewedThreshold,
        Share,
        StratifiedAnswers,
        reviewed_threshold,
        stratified_share,
    )
    from blendkit.metrics.weight_paths import WeightPath, weight_path
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "AUCState",
    "Bootstrap",
    "Breakpoints",
    "ChosenThreshold",
    "ClassMean",
    "CrossFitted",
    "Crowd",
    "Future",
    "Interval",
    "IntervalKind",
    "KnnMetric",
    "Lump",
    "MacroAUC",
    "Outlook",
    "PairCount",
    "Plateau",
    "Probe",
    "Probed",
    "RankBand",
    "RedrawnEffort",
    "Reliability",
    "ReviewedThreshold",
    "Share",
    "SimulatedSplit",
    "SplitLumps",
    "StratifiedAnswers",
    "StratifiedDraw",
    "TeamSpread",
    "WeightPath",
    "auc_of",
    "auc_state",
    "average_precision",
    "blend_correlation",
    "bootstrap_and_split",
    "check_shapes",
    "chosen_thresholds",
    "chunk_keys",
    "cluster_codes",
    "clustered_share",
    "count_pairs",
    "counted_cells",
    "disagreement",
    "doubled_ranks",
    "draw_strata",
    "error_correlation",
    "holm",
    "initial_weights",
    "macro_auc",
    "padded_cmap",
    "paired_bootstrap",
    "percentile_rank",
    "plateau_outlook",
    "plateaus",
    "precision_from_counts",
    "precision_thresholds",
    "probe",
    "rank_band",
    "recall_at_precision",
    "redrawn",
    "refuse_nan",
    "reliability",
    "require_redraws",
    "resampled_macros",
    "retrieved_counts",
    "reviewed_threshold",
    "simulate_split",
    "split_lumps",
    "strata_sizes",
    "stratified_share",
    "team_spread",
    "top_one",
    "uncertainty",
    "weight_breakpoints",
    "weight_path",
    "wilson",
    "wrong_way_round",
]
