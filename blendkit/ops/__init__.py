"""Ops: what recipes do to scores, as pure array functions with a declared scope.

In go scores (N, C) and an op's own parameters; out come scores of the same shape. `op` declares a function, `info_of`
reads the declaration; what is fitted lies in `fitted`, apart from where it is applied.
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
    from blendkit.ops.declare import (
        ByClass,
        ByTaxon,
        ClassGroups,
        ClassIds,
        Context,
        Covered,
        Fitted,
        FittedOf,
        Keys,
        NonNegative,
        Offsets,
        OpInfo,
        Positive,
        ProbsOf,
        RanksOf,
        RowsOf,
        Share,
        SpaceOf,
        Stream,
        TaxonomyOf,
        Weights,
        info_of,
        mark_of,
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
        power,
        softmax_richness,
    )
    from blendkit.ops.fitted.calibration_maps import Isotonic, Platt, fit_isotonic, fit_platt
    from blendkit.ops.fitted.rate_tables import diel_prior, month_prior, near_places, place_prior
    from blendkit.ops.fitted.reference import fit_class_rates, prior_correction, quantile_map
    from blendkit.ops.fitted.site_hour import site_hour_prior
    from blendkit.ops.gates import fake_only, rank_gate, replace_where_sure, spike, temporal_gate
    from blendkit.ops.pools import geometric_mean, maximum, median, minimum, power_mean, quantile_mix
    from blendkit.ops.ranges import range_mask, range_penalty, station_floor
    from blendkit.ops.sidecars import sidecar
    from blendkit.ops.taxonomic import (
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
        local_max,
        segment_mean,
        three_tap,
    )
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "ByClass",
    "ByTaxon",
    "ClassGroups",
    "ClassIds",
    "Context",
    "Covered",
    "Fitted",
    "FittedOf",
    "Isotonic",
    "Keys",
    "NonNegative",
    "Offsets",
    "OpInfo",
    "Platt",
    "Positive",
    "ProbsOf",
    "RanksOf",
    "RowsOf",
    "Share",
    "SpaceOf",
    "Stream",
    "TaxonomyOf",
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
    "file_max_mix",
    "file_mean_max",
    "file_noisy_or",
    "file_top_scale",
    "fit_class_rates",
    "fit_isotonic",
    "fit_platt",
    "five_tap",
    "gaussian",
    "geometric_mean",
    "info_of",
    "integer_weights",
    "isotonic",
    "local_max",
    "logit_mean",
    "logit_sum",
    "low_rank_power",
    "mark_of",
    "maximum",
    "median",
    "minimum",
    "mirror",
    "month_prior",
    "near_places",
    "op",
    "place_prior",
    "platt",
    "power",
    "power_mean",
    "prior_correction",
    "prob_mean",
    "quantile_map",
    "quantile_mix",
    "range_mask",
    "range_penalty",
    "rank_gate",
    "rank_mean",
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
    "station_floor",
    "taxon_share",
    "taxonomy_max",
    "taxonomy_mean",
    "taxonomy_mean_unsure",
    "taxonomy_noisy_or",
    "temperature",
    "temporal_gate",
    "three_tap",
]
