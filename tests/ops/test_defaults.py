"""What an op does when a recipe names no parameter: a default that changes would change old recipes' results."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from blendkit.ops.declare import info_of, signature
from blendkit.registry import OPS, registry

NO_LEVEL = {"genus": 0.0, "family": 0.0, "order": 0.0, "class_name": 0.0, "sonotypes": "skip"}
STEPS: dict[str, dict[str, Any]] = {
    "adaptive_delta": {"alpha": 0.2, "edge": "nearest"},
    "conservative_delta": {"alpha": 0.08, "unsure": 0.35, "sure": 0.92, "keep_above": 0.65, "keep_ratio": 1.25},
    "diel_prior": {"strength": 0.5, "cap": 4.0},
    "dilate": {"radius": 1},
    "fake_only": {"above": 0.5, "below": 0.05, "alpha": 0.08},
    "file_lse": {"alpha": 0.3, "beta": 4.5},
    "file_max_add": {"alpha": 0.05},
    "file_max_mix": {"alpha": 0.05},
    "file_mean_max": {"alpha": 0.3},
    "file_mean_mix": {"alpha": 0.2},
    "file_noisy_or": {"alpha": 0.3},
    "file_power_mean": {"alpha": 0.2, "exponent": 2.0},
    "file_sure_mean": {"alpha": 0.2},
    "file_top_scale": {"n": 2, "power": 0.4},
    "five_tap": {"centre": 0.4, "near": 0.2, "far": 0.1, "edge": "nearest"},
    "gaussian": {"sigma": 1.0, "edge": "nearest"},
    "linear": {"factor": 1.0, "added": 0.0},
    "local_lse": {"width": 3, "edge": "nearest", "alpha": 1.0, "beta": 4.5},
    "local_max": {"alpha": 0.15, "radius": 1},
    "low_rank_power": {"keep": 30, "power": 2.0},
    "low_rank_power_of_set": {"keep": 30, "power": 2.0},
    "mirror": {"groups": [], "unknown_classes": "error"},
    "moving_max": {"width": 3, "edge": "nearest"},
    "moving_mean": {"width": 3, "edge": "nearest"},
    "moving_median": {"width": 3, "edge": "nearest"},
    "month_prior": {"strength": 0.5, "cap": 4.0},
    "place_prior": {"strength": 0.5, "cap": 4.0},
    "power": {"power": 1.2},
    "power_mean": {"exponent": 2.0},
    "prior_correction": {"source_rate": 0.5, "strength": 1.0},
    "prior_shift": {"k": 0.0},
    "prior_shift_bbse": {"k": 0.0},
    "prior_shift_bbse_by_site": {"k": 50.0},
    "prior_shift_by_site": {"k": 50.0},
    "quantile_mix": {"alpha": 0.5},
    "range_mask": {"at_least": 0.03},
    "range_penalty": {"penalty": 2.0, "at_least": 0.03},
    "rank_gate": {"floor": 0.5},
    "rare_suppression": {"margin": 0.05, "factor": 0.9},
    "replace_where_sure": {"above": 0.5, "alpha": 0.5},
    "segment_mean": {"threshold": 0.06, "alpha": 0.6, "radius": 1000},
    "sharpen": {"threshold": 0.5, "by_class": {}},
    "sidecar": {
        "alpha": 0.05, "by_class_name": {}, "top_anchor": 32, "top_sidecar": 16, "anchor_above": 0.7, "budget": 0.009,
        "most_cells": 0.25, "overlap_top3": 0.75, "overlap_top10": 0.8,
    },
    "site_hour_prior": {"strength": 0.5, "by_class_name": {}, "cap": 4.0, "cap_by_class_name": {}, "centre": True, "floor": 0.0},
    "softmax_richness": {"tau": 0.12},
    "spike": {"check_above": 0.95, "main_below": 0.8, "alpha": 0.12},
    "station_floor": {"site": "", "floors": {}},
    "kernel": {"taps": [0.4, 0.2, 0.1], "edge": "nearest"},
    "taxon_share": {"power": 0.5},
    "taxonomy_max": NO_LEVEL,
    "taxonomy_mean": NO_LEVEL,
    "taxonomy_mean_unsure": {**NO_LEVEL, "largest": 80, "unsure": 0.35, "sure": 0.92},
    "taxonomy_noisy_or": NO_LEVEL,
    "temperature": {"t": 1.0, "by_class_name": {}, "by_class": {}},
    "temporal": {"context_above": 0.88, "rank_above": 0.77, "check_below": 0.14, "alpha": 0.15},
    "three_tap": {"alpha": 0.2, "edge": "nearest"},
}  # fmt: skip
FITS: dict[str, dict[str, Any]] = {
    "diel_prior": {"k": 8.0, "sigma": 1.5},
    "isotonic": {"min_positives": 1, "borrow": False, "on": "chunks"},
    "month_prior": {"k": 8.0, "sigma": 1.0},
    "platt": {"min_positives": 1, "borrow": False, "on": "chunks"},
    "prior_correction": {"k": 1.0},
    "prior_shift": {"k": 1.0},
    "quantile_map": {"knots": 4096},
    "sharpen_at_best_f1": {"grid": [], "min_recordings": 1},
    "site_hour_prior": {
        "k_hour": 8.0, "k_site": 8.0, "k_site_hour": 4.0, "hour_sigma": 1.5, "count": "recordings", "hour_pool": "counts",
    },
}  # fmt: skip


def given(function: Any) -> dict[str, Any]:
    """The defaults of what a recipe may set; None (what the runner supplies) left out."""
    found = {name: default for name, (_, context, default) in signature(function).items() if context is None}
    return {name: d for name, d in found.items() if d is not inspect.Parameter.empty and d is not None}


@pytest.mark.parametrize("name", registry(OPS).names())
def test_what_an_op_does_by_default(name: str) -> None:
    function = registry(OPS).get(name)
    info = info_of(function)
    assert info is not None
    assert given(function) == STEPS.get(name, {})
    assert (given(info.fit) if info.fit else {}) == FITS.get(name, {})


@pytest.mark.parametrize(
    ("op", "parameter", "inside", "outside"),
    [
        ("gaussian", "sigma", (1e-9, 1e6), (0, 1e6 + 1)),
        ("segment_mean", "threshold", (0, 1e6), (-1e-9, 1e6 + 1)),
        ("three_tap", "alpha", (0, 1), (-1e-9, 1 + 1e-9)),
        ("sharpen", "threshold", (1e-9, 1 - 1e-9), (0, 1)),
        ("prior_correction", "source_rate", (1e-9, 1 - 1e-9), (0, 1)),
        ("file_top_scale", "power", (0, 100), (-1e-9, 100.5)),
        ("power_mean", "exponent", (-50, 50), (-50.5, 50.5)),
        ("five_tap", "far", (0, 1e6), (-1e-9, 1e6 + 1)),
        ("dilate", "radius", (1, 1000), (0, 1001)),
        ("file_top_scale", "n", (1, 1_000_000), (0, 1_000_001)),
        ("sidecar", "top_anchor", (0, 1_000_000), (-1, 1_000_001)),
        ("taxonomy_mean", "genus", (0, 1), (-1e-9, 1 + 1e-9)),
        ("taxonomy_mean_unsure", "largest", (2, 1_000_000), (1, 1_000_001)),
        ("quantile_map", "knots", (2, 1_000_000), (1, 1_000_001)),
        ("platt", "min_positives", (1, 1_000_000), (0, 1_000_001)),
    ],
)
def test_what_a_parameter_may_be(
    op: str, parameter: str, inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    info = info_of(registry(OPS).get(op))
    assert info is not None
    own = {**(signature(info.fit) if info.fit else {}), **signature(info.function)}
    allowed = TypeAdapter(own[parameter][0])
    assert [allowed.validate_python(v) for v in inside] == list(inside)
    for value in outside:
        with pytest.raises(ValidationError):
            allowed.validate_python(value)
