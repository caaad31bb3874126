"""Every registered op keeps what it declares: parts equal the whole, bit for bit."""

from __future__ import annotations

from inspect import Parameter
from typing import Any

import pytest

from blendkit.ops import parallel as blocks
from blendkit.ops.declare import info_of, signature
from blendkit.ops.fitted.rate_tables import near_places
from blendkit.ops.occurrence_tables import RangeList
from blendkit.registry import OPS, registry
from blendkit.testing.op_checks import check_op

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "gaussian": [{"sigma": 0.3}, {"sigma": 5.0, "edge": "reflect"}, {"edge": "shrink"}],
    "moving_mean": [{"width": 5, "edge": "available"}, {"width": 7, "edge": "reflect"}],
    "moving_median": [{"width": 5, "edge": "available"}],
    "local_lse": [{"width": 5, "edge": "keep", "beta": 50.0}],
    "three_tap": [{"alpha": 0.0}, {"alpha": 1.0}],
    "taxonomy_mean": [
        {"genus": 0.15, "class_name": 0.05, "sonotypes": "group"},
        {"genus": 1.0, "sonotypes": "skip"},
        {"class_name": 0.5},
    ],
    "site_hour_prior": [
        {"strength": 1.0, "centre": False},
        {"strength": 2.0, "cap": 0.1},
        {"by_class_name": {"Aves": 0.1}},
        {"cap_by_class_name": {"Aves": 0.1}, "floor": 1e-4, "centre": False},
    ],
    "five_tap": [{"edge": "keep"}, {"edge": "available"}, {"centre": 0.0, "near": 1.0, "far": 0.0}],
    "adaptive_delta": [{"edge": "keep"}, {"edge": "available", "alpha": 1.0}],
    "conservative_delta": [{"alpha": 1.0, "keep_above": 0.0, "keep_ratio": 0.9}, {"unsure": 0.0, "sure": 1.0}],
    "segment_mean": [{"threshold": 0.0}, {"threshold": 2.0, "alpha": 1.0}],
    "taxonomy_mean_unsure": [
        {"genus": 0.5, "class_name": 1.0, "sonotypes": "group", "unsure": 0.0, "sure": 1.0},
        {"class_name": 1.0, "largest": 2, "unsure": 0.5, "sure": 0.999},
    ],
    "taxon_share": [{"power": 0.0}, {"power": 2.0}],
    "local_max": [{"radius": 3, "alpha": 1.0}],
    "dilate": [{"radius": 100}],
    "file_top_scale": [{"n": 1, "power": 0.6}, {"n": 50, "power": 1.0}],
    "low_rank_power": [{"keep": 2}, {"keep": 1, "power": 0.0}],
    "file_lse": [{"beta": 100.0, "alpha": 1.0}],
    "temperature": [{"by_class_name": {"Aves": 1.1}, "by_class": {"22961": 0.5}}],
    "sharpen": [{"threshold": 0.2, "by_class": {"compau": 0.9}}],
    "taxonomy_max": [{"genus": 1.0, "class_name": 0.3, "sonotypes": "group"}],
    "taxonomy_noisy_or": [{"genus": 0.5, "class_name": 0.3}],
    "mirror": [{"groups": [["47158son01", "47158son02"], ["22961", "116570", "litnig1"]]}],
    "power_mean": [{"exponent": 0.0}, {"exponent": -3.0}, {"exponent": 50.0}],
    "rank_gate": [{"floor": 0.0}],
    "sidecar": [{"alpha": 1.0, "budget": 1.0, "most_cells": 1.0, "overlap_top3": 0.0, "overlap_top10": 0.0}],
    "station_floor": [{"site": "S01", "floors": {"22961": 0.9}}],
    "range_mask": [{"floor": 0.2}],
    "linear": [{"factor": 2.0, "added": -0.3}, {"factor": 0.0}],
    "file_max_add": [{"alpha": 0.0}, {"alpha": 3.0}],
    "file_sure_mean": [{"alpha": 1.0}],
    "file_power_mean": [{"alpha": 1.0, "exponent": 7.3}],
    "kernel": [{"taps": [3, 2, 1, 0.5]}, {"taps": [0, 1], "edge": "available"}, {"taps": [0.0]}],
    "prior_correction": [{"source_rate": 0.1, "strength": 0.3}],
    "prior_shift": [{"k": 7.5}],
    "prior_shift_bbse_by_site": [{"k": 0.0}],
    "prior_shift_by_site": [{"k": 0.0}],
}
LISTED = RangeList({"S01": frozenset({"22961", "compau"}), "S02": frozenset({"litnig1"})})
ARTEFACTS = {
    "range_mask": LISTED,
    "range_penalty": LISTED,
    "place_prior": near_places({"S01": (-20.0, -56.0)}, [("22961", -20.1, -56.2), ("compau", 10.0, 3.0)]),
}
NAMES = registry(OPS).names()


@pytest.fixture(params=[None, 60], ids=["whole", "in small blocks"])
def block_cells(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is small enough for one block here takes many in use, on several threads."""
    if request.param:
        monkeypatch.setattr(blocks, "_CELLS", request.param)
        monkeypatch.setattr(blocks, "loop_threads", lambda: 3)


@pytest.mark.usefixtures("block_cells")
@pytest.mark.parametrize("name", NAMES)
def test_every_registered_op_keeps_its_promises(name: str) -> None:
    check_op(registry(OPS).get(name), artefact=ARTEFACTS.get(name))


@pytest.mark.usefixtures("block_cells")
@pytest.mark.parametrize(("name", "params"), [(n, p) for n, all_of in SETTINGS.items() for p in all_of])
def test_ops_keep_their_promises_with_other_parameters(name: str, params: dict[str, Any]) -> None:
    check_op(registry(OPS).get(name), artefact=ARTEFACTS.get(name), **params)


@pytest.mark.parametrize("name", NAMES)
def test_every_op_says_what_it_is(name: str) -> None:
    function = registry(OPS).get(name)
    info = info_of(function)
    assert info is not None
    assert info.name == name
    assert function.__doc__
    # a recipe may leave every parameter at its default, but for the streams an op looks at
    own = {p: default for p, (_, context, default) in signature(function).items() if not context}
    assert {p for p, default in own.items() if default is Parameter.empty} <= set(info.streams())
    assert info.fit is None or info.load is not None


def test_the_declarations_of_the_built_in_ops() -> None:
    declared = {n: (i.kind, i.scope, i.classwise, i.gives) for n in NAMES if (i := info_of(registry(OPS).get(n)))}
    assert declared == {
        "adaptive_delta": ("step", "file", False, None),
        "clip": ("step", "chunk", True, None),
        "conservative_delta": ("step", "file", False, None),
        "diel_prior": ("step", "file", True, None),
        "dilate": ("step", "file", True, None),
        "direct": ("blend", "chunk", True, None),
        "fake_only": ("gate", "set", True, None),
        "file_lse": ("step", "file", True, None),
        "file_max_add": ("step", "file", True, None),
        "file_max_mix": ("step", "file", True, None),
        "file_mean_max": ("step", "file", True, None),
        "file_mean_mix": ("step", "file", True, None),
        "file_noisy_or": ("step", "file", True, None),
        "file_power_mean": ("step", "file", True, None),
        "file_sure_mean": ("step", "file", False, None),
        "file_top_scale": ("step", "file", True, None),
        "five_tap": ("step", "file", True, None),
        "gaussian": ("step", "file", True, None),
        "geometric": ("blend", "chunk", True, "prob"),
        "isotonic": ("step", "file", True, None),
        "kernel": ("step", "file", True, None),
        "linear": ("step", "chunk", True, None),
        "local_lse": ("step", "file", True, None),
        "local_max": ("step", "file", True, None),
        "logit": ("blend", "chunk", True, "logit"),
        "low_rank_power": ("step", "file", False, None),
        "low_rank_power_of_set": ("step", "set", False, None),
        "max": ("blend", "chunk", True, None),
        "median": ("blend", "chunk", True, None),
        "min": ("blend", "chunk", True, None),
        "mirror": ("step", "chunk", False, None),
        "moving_max": ("step", "file", True, None),
        "moving_mean": ("step", "file", True, None),
        "moving_median": ("step", "file", True, None),
        "month_prior": ("step", "file", True, None),
        "place_prior": ("step", "file", True, None),
        "platt": ("step", "file", True, None),
        "power": ("step", "chunk", True, None),
        "power_mean": ("blend", "chunk", True, "prob"),
        "prior_correction": ("step", "file", True, None),
        "prob": ("blend", "chunk", True, "prob"),
        "prior_shift": ("step", "set", True, None),
        "prior_shift_bbse": ("step", "set", True, None),
        "prior_shift_bbse_by_site": ("step", "set", True, None),
        "prior_shift_by_site": ("step", "set", True, None),
        "quantile_map": ("step", "chunk", True, "rank"),
        "quantile_mix": ("blend", "set", True, "rank"),
        "range_mask": ("step", "file", True, None),
        "range_penalty": ("step", "file", True, None),
        "rank": ("blend", "set", True, "rank"),
        "rank_gate": ("step", "chunk", True, None),
        "ranks_from_zero": ("step", "set", True, None),
        "rare_suppression": ("step", "set", True, None),
        "replace_where_sure": ("gate", "chunk", True, None),
        "segment_mean": ("step", "file", True, None),
        "sharpen": ("step", "chunk", True, None),
        "sharpen_at_best_f1": ("step", "file", True, None),
        "sidecar": ("step", "set", False, None),
        "site_hour_prior": ("step", "file", True, None),
        "softmax_richness": ("step", "chunk", False, None),
        "spike": ("gate", "chunk", True, None),
        "standardise": ("step", "set", True, None),
        "standardise_by_site": ("step", "set", True, None),
        "station_floor": ("step", "file", True, None),
        "sum": ("blend", "chunk", True, "logit"),
        "taxon_share": ("step", "chunk", False, None),
        "taxonomy_max": ("step", "chunk", False, None),
        "taxonomy_mean": ("step", "chunk", False, None),
        "taxonomy_mean_unsure": ("step", "chunk", False, None),
        "taxonomy_noisy_or": ("step", "chunk", False, None),
        "temperature": ("step", "chunk", True, None),
        "temporal": ("gate", "set", True, None),
        "three_tap": ("step", "file", True, None),
        "vlom": ("blend", "chunk", True, "prob"),
    }


@pytest.mark.parametrize("name", NAMES)
def test_context_is_never_a_recipe_parameter(name: str) -> None:
    function = registry(OPS).get(name)
    info = info_of(function)
    assert info is not None
    own = {p for p, (_, context, _) in signature(function).items() if context is None}
    assert not own & {"offsets", "rows", "taxonomy", "classes", "covered", "fitted", "weights", "space"}
    assert not own & set(info.context())
