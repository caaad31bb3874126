"""Ops: the processing steps of recipes, as pure array functions with a declared scope.

Scores (N, C) and an op's own parameters go in; scores of the same shape come out. `op` declares a function, `info_of`
reads the declaration; ops with fitted parameters are in the folder `fitted`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.ops.blends import direct, exact_weights, integer_weights, logit_mean, logit_sum, prob_mean, rank_mean
    from blendkit.ops.calibration import (
        clip,
        isotonic,
        platt,
        rare_suppression,
        sharpen,
        sharpen_at_best_f1,
        standardise,
        temperature,
    )
    from blendkit.ops.chunk_and_file_tops import highest_classes
    from blendkit.ops.declare import (
        WEIGHTS_DO,
        ByClass,
        ByTaxon,
        ClassGroups,
        ClassIds,
        Covered,
        Fitted,
        FittedOf,
        Monotone,
        NonNegative,
        Offsets,
        OpInfo,
        Positive,
        ProbsOf,
        RanksOf,
        RowsOf,
        Scope,
        SpaceOf,
        TaxonomyOf,
        UnitInterval,
        Weights,
        info_of,
        op,
        signature,
    )
    from blendkit.ops.file_level import (
        file_lse,
        file_max_mix,
        file_mean_max,
        file_noisy_or,
        file_top_scale,
        low_rank_power,
        low_rank_power_of_set,
        power,
        softmax_richness,
    )
    from blendkit.ops.file_means import file_max_add, file_mean_mix, file_power_mean, file_sure_mean
    from blendkit.ops.fitted.calibration_maps import Isotonic, Platt, fit_isotonic, fit_platt
    from blendkit.ops.fitted.prior_shift import (
        prior_shift,
        prior_shift_bbse,
        prior_shift_bbse_by_site,
        prior_shift_by_site,
    )
    from blendkit.ops.fitted.rate_tables import RateTable, diel_prior, month_prior, near_places, place_prior
    from blendkit.ops.fitted.reference import fit_class_rates, prior_correction, quantile_map
    from blendkit.ops.fitted.site_hour import site_hour_prior
    from blendkit.ops.fitted.stack_weights import StackWeights
    from blendkit.ops.gates import fake_only, rank_gate, replace_where_sure, spike, temporal_gate
    from blendkit.ops.moving_windows import local_lse, moving_max, moving_mean, moving_median
    from blendkit.ops.notebook_terms import NotebookWords, notebook_words, words_as_markdown
    from blendkit.ops.parameter_marks import Context, Default, KeptRanks, Keys, Stream, mark_of
    from blendkit.ops.power_and_order_means import (
        geometric_mean,
        maximum,
        mean_of_geometric_and_square,
        median,
        minimum,
        power_mean,
        quantile_mix,
    )
    from blendkit.ops.scales import linear, ranks_from_zero, standardise_by_site
    from blendkit.ops.sidecars import sidecar
    from blendkit.ops.species_ranges import range_mask, range_penalty
    from blendkit.ops.station_floors import station_floor
    from blendkit.ops.taxonomic import (
        TaxonLevels,
        check_levels,
        congener_scores,
        mirror,
        taxon_share,
        taxonomy_max,
        taxonomy_mean,
        taxonomy_mean_unsure,
        taxonomy_noisy_or,
    )
    from blendkit.ops.temporal import (
        adaptive_delta,
        conservative_delta,
        dilate,
        five_tap,
        gaussian,
        kernel,
        local_max,
        segment_mean,
        three_tap,
    )
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "WEIGHTS_DO",
    "ByClass",
    "ByTaxon",
    "ClassGroups",
    "ClassIds",
    "Context",
    "Covered",
    "Default",
    "Fitted",
    "FittedOf",
    "Isotonic",
    "KeptRanks",
    "Keys",
    "Monotone",
    "NonNegative",
    "NotebookWords",
    "Offsets",
    "OpInfo",
    "Platt",
    "Positive",
    "ProbsOf",
    "RanksOf",
    "RateTable",
    "RowsOf",
    "Scope",
    "SpaceOf",
    "StackWeights",
    "Stream",
    "TaxonLevels",
    "TaxonomyOf",
    "UnitInterval",
    "Weights",
    "adaptive_delta",
    "check_levels",
    "clip",
    "congener_scores",
    "conservative_delta",
    "diel_prior",
    "dilate",
    "direct",
    "exact_weights",
    "fake_only",
    "file_lse",
    "file_max_add",
    "file_max_mix",
    "file_mean_max",
    "file_mean_mix",
    "file_noisy_or",
    "file_power_mean",
    "file_sure_mean",
    "file_top_scale",
    "fit_class_rates",
    "fit_isotonic",
    "fit_platt",
    "five_tap",
    "gaussian",
    "geometric_mean",
    "highest_classes",
    "info_of",
    "integer_weights",
    "isotonic",
    "kernel",
    "linear",
    "local_lse",
    "local_max",
    "logit_mean",
    "logit_sum",
    "low_rank_power",
    "low_rank_power_of_set",
    "mark_of",
    "maximum",
    "mean_of_geometric_and_square",
    "median",
    "minimum",
    "mirror",
    "month_prior",
    "moving_max",
    "moving_mean",
    "moving_median",
    "near_places",
    "notebook_words",
    "op",
    "place_prior",
    "platt",
    "power",
    "power_mean",
    "prior_correction",
    "prior_shift",
    "prior_shift_bbse",
    "prior_shift_bbse_by_site",
    "prior_shift_by_site",
    "prob_mean",
    "quantile_map",
    "quantile_mix",
    "range_mask",
    "range_penalty",
    "rank_gate",
    "rank_mean",
    "ranks_from_zero",
    "rare_suppression",
    "replace_where_sure",
    "segment_mean",
    "sharpen",
    "sharpen_at_best_f1",
    "sidecar",
    "signature",
    "site_hour_prior",
    "softmax_richness",
    "spike",
    "standardise",
    "standardise_by_site",
    "station_floor",
    "taxon_share",
    "taxonomy_max",
    "taxonomy_mean",
    "taxonomy_mean_unsure",
    "taxonomy_noisy_or",
    "temperature",
    "temporal_gate",
    "three_tap",
    "words_as_markdown",
]
