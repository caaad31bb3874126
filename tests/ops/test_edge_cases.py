"""What every op does with little: no rows, one chunk, constant columns, names that say nothing, no taxonomy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from blendkit.blending.step_context import StepContext
from blendkit.blending.streams import make_streams
from blendkit.core.names import NameRule
from blendkit.core.rows import Rows, chunk_rows
from blendkit.core.scores import Scores
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.metrics.kernels.ranking import doubled_ranks
from blendkit.ops.declare import Fitted, OpInfo, info_of
from blendkit.ops.fitted.rate_tables import near_places
from blendkit.ops.occurrence_tables import RangeList
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan
from blendkit.registry import OPS, registry

CLASSES = ("a", "b", "c")
TAXA = Taxonomy({k: {"scientific_name": f"G{i // 2} s{i}", "class_name": "Aves"} for i, k in enumerate(CLASSES)})
PLACES = near_places({"S01": (0.0, 0.0)}, [("a", 0.0, 0.0), ("b", 40.0, 40.0)])
LOADED = {
    "range_mask": RangeList({"S01": frozenset({"a"})}),
    "range_penalty": RangeList({"S01": frozenset({"a"})}),
    "place_prior": PLACES,
}
BARE = chunk_rows({"x": 1, "y": 1, "z": 3}, 5.0, NameRule())  # neither site nor date nor hour
GOOD = chunk_rows({"x_S01_20250110_040000": 4, "y_S02_20250710_160000": 4}, 5.0, NameRule())
INFOS = {n: info for n in registry(OPS).names() if (info := info_of(registry(OPS).get(n))) is not None}


def fitted(info: OpInfo) -> Fitted | None:
    if info.name in LOADED:
        return Fitted((LOADED[info.name],))
    if info.fit is None:
        return None
    x = np.random.default_rng(0).random((8, 3))
    truth = np.array([[1, 0, 0], [0, 1, 0]] * 4, bool)
    if info.fit_on == "reference":
        return Fitted((info.fit(x, GOOD, CLASSES),))
    given = (x,) if info.fit_on == "scores" else ()
    return Fitted((info.fit(*given, truth, np.ones(8, bool), GOOD, CLASSES),))


def call(info: OpInfo, x: Any, rows: Rows, **params: Any) -> Any:
    space = next(s for s in ("prob", "rank", "logit") if s in info.spaces)
    supply = {
        "offsets": rows.offsets(), "rows": rows, "taxonomy": TAXA, "classes": CLASSES, "covered": np.ones(3, bool),
        "weights": np.ones((2, 3)), "fitted": fitted(info), "space": space,
    }  # fmt: skip
    xs = [x] if info.kind != "blend" else [x, x]
    xs = [doubled_ranks(v) for v in xs] if info.inputs_as == "doubled_ranks" else xs
    kwargs = {p: supply[c] for p, c in info.context().items()} | dict.fromkeys(info.streams(), x)
    found = info.function(*xs, **kwargs, **params)
    return np.where(found[0], found[1], x) if info.kind == "gate" else found


@pytest.mark.parametrize("name", INFOS)
def test_no_rows(name: str) -> None:
    assert call(INFOS[name], np.empty((0, 3)), BARE.take(np.arange(0))).shape == (0, 3)


@pytest.mark.parametrize("name", INFOS)
def test_constant_columns_and_recordings_of_one_chunk(name: str) -> None:
    x = np.tile([0.25, 0.5, 0.75], (5, 1))
    out = call(INFOS[name], x, BARE)
    assert np.isfinite(out).all()
    if name == "file_noisy_or":  # a longer recording has more chances
        assert (out[:2] == out[0]).all()
        assert (out[2:] == out[2]).all()
        return
    assert (out == out[:1]).all()  # what cannot be told apart stays so: no op makes an order from nothing


@pytest.mark.parametrize(
    "name",
    ["site_hour_prior", "month_prior", "diel_prior", "place_prior", "range_mask", "range_penalty", "station_floor"],
)
def test_names_that_say_nothing_change_nothing(name: str) -> None:
    x = np.random.default_rng(1).random((5, 3))
    np.testing.assert_array_equal(call(INFOS[name], x, BARE), x)


@pytest.mark.parametrize(
    "name",
    [
        "gaussian",
        "three_tap",
        "five_tap",
        "adaptive_delta",
        "local_max",
        "dilate",
        "conservative_delta",
        "segment_mean",
    ],
)
def test_a_chunk_alone_is_not_smoothed(name: str) -> None:
    x = np.random.default_rng(1).random((5, 3))
    np.testing.assert_allclose(call(INFOS[name], x, BARE)[:2], x[:2], atol=1e-15)


def run(step: str, space: str = "prob", taxonomy: Taxonomy = TAXA, **more: Any) -> Scores:
    text = (
        f"recipe: 1\nname: t\nmembers:\n  m: {{use: table, path: m.csv, space: {space}, steps: [{step}]}}\noutput: m\n"
    )
    x = np.random.default_rng(2).random((5, 3))
    made = make_streams(
        make_plan(parse_recipe(text, "r.yaml")), {"m": Scores.build(x, BARE, CLASSES, space)}, StepContext(taxonomy)
    )  # type: ignore[arg-type]
    return made["m"]


@pytest.mark.parametrize("name", ["taxonomy_mean", "taxonomy_mean_unsure", "taxonomy_max", "taxonomy_noisy_or"])
def test_no_taxonomy(name: str) -> None:
    with pytest.raises(BlendkitError, match="needs a taxonomy"):
        run(f"{{{name}: {{genus: 0.1}}}}", taxonomy=Taxonomy({}))
    alone = Taxonomy({c: {"scientific_name": f"{c} x", "class_name": ""} for c in CLASSES})
    np.testing.assert_array_equal(
        run(f"{{{name}: {{genus: 0.5}}}}", taxonomy=alone).values, run("{power: {power: 1.0}}").values
    )


def test_numbers_by_taxon_without_a_taxonomy() -> None:
    with pytest.raises(BlendkitError):
        run("{temperature: {by_class_name: {Aves: 2.0}}}", "logit", Taxonomy({}))


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("{gaussian: {sigma: 0}}", "sigma"),
        ("{three_tap: {alpha: 1.1}}", "alpha"),
        ("{three_tap: {edge: mirror}}", "edge"),
        ("{five_tap: {centre: -1}}", "centre"),
        ("{adaptive_delta: {alpha: -0.1}}", "alpha"),
        ("{local_max: {radius: 0}}", "radius"),
        ("{conservative_delta: {sure: 1.2}}", "sure"),
        ("{segment_mean: {threshold: -0.1}}", "threshold"),
        ("{taxonomy_mean_unsure: {largest: 1}}", "largest"),
        ("{taxon_share: {power: -1}}", "power"),
        ("{dilate: {radius: 1.5}}", "radius"),
        ("{file_top_scale: {n: 0}}", "n"),
        ("{file_top_scale: {power: -1}}", "power"),
        ("{file_max_mix: {alpha: 2}}", "alpha"),
        ("{file_lse: {beta: 0}}", "beta"),
        ("{low_rank_power: {keep: 0}}", "keep"),
        ("{softmax_richness: {tau: 0}}", "tau"),
        ("{power: {power: -1}}", "power"),
        ("{sharpen: {threshold: 1}}", "threshold"),
        ("{sharpen: {threshold: true}}", "threshold"),
        ("{mirror: {groups: a}}", "groups"),
        ("{rare_suppression: {factor: 1.5}}", "factor"),
        ("{station_floor: {floors: {a: high}}}", "floors"),
        ("{station_floor: {site: S01, floors: {a: 1.5}}}", "floors"),
        ("{taxonomy_max: {genus: 2}}", "genus"),
        ("{isotonic: {artefact: x.npz, fit: l.csv}}", "give `fit:`"),
        ("{isotonic: {fit: {labels: l.csv, folds: 1}}}", "one fold"),
        ("{quantile_map: {fit: l.csv}}", "unknown key 'fit'"),
        ("{gaussian: {sigma: .inf}}", "sigma"),
    ],
)
def test_parameters_out_of_range_are_refused_with_their_place(step: str, said: str) -> None:
    with pytest.raises(BlendkitError) as error:
        run(step)
    assert "r.yaml:4" in str(error.value)
    assert said in str(error.value)


def test_a_mask_of_classes_stays_in_its_space() -> None:
    mask = INFOS["range_mask"].function
    given = {"rows": GOOD, "classes": CLASSES, "fitted": Fitted((LOADED["range_mask"],))}
    x = np.full((8, 3), 0.5)
    assert mask(x, **given, space="logit", floor=-20.0)[:4].tolist() == [[0.5, -20, -20]] * 4
    for floor in (-20.0, 1.5):
        with pytest.raises(BlendkitError, match=r"floor .* among prob scores, which lie from 0 to 1"):
            mask(x, **given, space="prob", floor=floor)
