from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from blendkit.blending.conversions import convert
from blendkit.blending.site_and_hour_needs import require_name_parts
from blendkit.blending.step_context import StepContext
from blendkit.blending.steps import apply_step, run_op
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows, make_rows
from blendkit.core.scores import Scores
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.metrics.ranks import percentile_rank
from blendkit.ops import info_of, op
from blendkit.ops.fitted.rate_tables import diel_prior
from blendkit.ops.taxonomic import taxonomy_mean
from blendkit.ops.temporal import gaussian
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan
from blendkit.recipe.step_plans import OpStep, StepPlan

CLASSES = ("frog1", "frog2", "bird")
TABLE = {
    "frog1": {"scientific_name": "Scinax a", "class_name": "Amphibia"},
    "frog2": {"scientific_name": "Scinax b", "class_name": "Amphibia"},
    "bird": {"scientific_name": "Pitangus c", "class_name": "Aves"},
}
AROUND = StepContext(taxonomy=Taxonomy(TABLE))
ROWS = chunk_rows({"one": 3, "two": 2}, 5.0, NameRule())
X = np.array([[0.0, 4, 1], [8, 4, 2], [0, 4, 3], [2, 4, 4], [6, 4, 5]])


def scores(values: Any = X, space: Any = "logit", covered: Any = None) -> Scores:
    cover = None if covered is None else np.array(covered)
    return Scores.build(np.asarray(values), ROWS, CLASSES, space, covered=cover)


def step(text: str, space: str = "logit") -> StepPlan:
    body = (
        f"recipe: 1\nname: t\nmembers:\n  m: {{use: table, path: m.csv, space: {space}, steps: [{text}]}}\noutput: m\n"
    )
    return make_plan(parse_recipe(body, "r.yaml")).streams[0].steps[0]


def apply(
    text: str, given: Scores, around: StepContext = AROUND, coverage: dict[str, NDArray[np.bool_]] | None = None
) -> tuple[Scores, list[str]]:
    notes: list[str] = []
    out = apply_step(step(text, given.space), given, around, coverage or {"m": given.covered}, notes.append)
    return out, notes


# --- conversions --------------------------------------------------------------------------------


def test_to_prob_is_a_float64_sigmoid() -> None:
    out, notes = apply("{to: prob}", scores(X.astype(np.float32)))
    assert out.space == "prob"
    assert out.values.dtype == np.float64
    np.testing.assert_array_equal(out.values, expit(X))
    assert notes == []


def test_to_rank_is_the_percentile_rank_of_the_column() -> None:
    out, _ = apply("{to: rank}", scores())
    assert out.space == "rank"
    np.testing.assert_array_equal(out.values, percentile_rank(X))


def test_to_its_own_space_changes_nothing() -> None:
    given = scores()
    assert convert(given, "logit", lambda text: None) is given


def test_to_logit_keeps_what_lies_inside() -> None:
    p = np.full((5, 3), 5e-15)
    out, notes = apply("{to: logit}", scores(p, "prob"))
    np.testing.assert_allclose(out.values, math.log(5e-15), rtol=1e-12)
    assert notes == []


def test_exact_zeros_and_ones_are_counted_and_reported() -> None:
    p = np.array([[0.0, 0.5, 1], [0, 0.5, 1], [0.02, 0.5, 1], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]])
    out, notes = apply("{to: logit}", scores(p, "prob"))
    assert len(notes) == 1
    assert all(word in notes[0] for word in ("2 exact 0", "0.01", "3 exact 1"))
    assert out.values[0, 0] == pytest.approx(math.log(0.01 / 0.99), rel=1e-12)
    assert out.values[0, 2] == pytest.approx(54 * math.log(2), rel=1e-12)


def test_the_source_type_decides_what_an_exact_one_is() -> None:
    p = np.full((5, 3), 1, np.float32)
    out, _ = apply("{to: logit}", scores(p, "prob"))
    np.testing.assert_allclose(out.values, 25 * math.log(2), rtol=1e-7)


def test_classes_nobody_covers_are_no_exact_zeros() -> None:
    p = np.column_stack([np.full((5, 2), 0.5), np.zeros(5)])  # alignment fills what is missing with 0
    _, notes = apply("{to: logit}", scores(p, "prob", [True, True, False]))
    assert notes == []


def test_cells_that_tie_as_probabilities_are_counted_among_all_and_many_are_refused() -> None:
    rows = chunk_rows({"one": 100}, 5.0, NameRule())
    z = np.linspace(-5, 5, 200).reshape(100, 2)
    z[:3, 0] = 40, 50, 60  # all are 1: two of 200 cells lose their place, and 3 of 2 x 4950 pairs their order
    notes: list[str] = []
    convert(Scores.build(z, rows, CLASSES[:2], "logit"), "prob", notes.append)
    assert notes[0].startswith("2 of 200 cells in 1 classes tie as probabilities: 0.03% of the pairs")
    z[3, 0] = 70
    with pytest.raises(BlendkitError, match="3 of 200 cells in 1 classes tie"):
        convert(Scores.build(z, rows, CLASSES[:2], "logit"), "prob", notes.append)


def test_conversions_keep_rows_classes_and_coverage() -> None:
    given = scores(covered=[True, False, True])
    out, _ = apply("{to: prob}", given)
    assert out.rows is given.rows
    assert out.classes == CLASSES
    assert out.covered.tolist() == [True, False, True]


# --- ops and what they ask for ------------------------------------------------------------------


def test_offsets_keep_recordings_apart() -> None:
    out, notes = apply("{gaussian: {sigma: 1}}", scores())
    np.testing.assert_array_equal(out.values, gaussian(X, offsets=np.array([0, 3, 5]), sigma=1.0))
    assert notes == []


def test_taxonomy_classes_and_coverage_reach_the_op() -> None:
    covered = np.array([True, False, True])
    out, _ = apply("{taxonomy_mean: {genus: 0.5}}", scores(covered=covered))
    expected = taxonomy_mean(X, taxonomy=AROUND.taxonomy, classes=CLASSES, covered=covered, genus=0.5)
    np.testing.assert_array_equal(out.values, expected)
    np.testing.assert_array_equal(out.values[:, 0], X[:, 0])  # the uncovered congener is not in the mean


@pytest.mark.parametrize("space", ["logit", "prob"])
def test_ops_on_float32_work_in_float64(space: str) -> None:
    values = (np.arange(15).reshape(5, 3) / 31).astype(np.float32)
    out, _ = apply("{gaussian: {sigma: 1}}", scores(values, space))
    assert out.values.dtype == np.float64
    np.testing.assert_array_equal(out.values, gaussian(values.astype(float), offsets=np.array([0, 3, 5])))


def test_a_missing_taxonomy_is_said() -> None:
    with pytest.raises(BlendkitError, match=r"taxonomy_mean needs a taxonomy.*taxonomy:"):
        apply("{taxonomy_mean: {genus: 0.5}}", scores(), StepContext())


def test_an_op_of_hours_needs_a_recording_with_an_hour() -> None:
    info = info_of(diel_prior)
    assert info is not None
    hours = OpStep(name="diel_prior", info=info, params={}, space_in="logit", space_out="logit")
    known, notes = chunk_rows({"x_S01_20250110_040000": 1, "bare": 1}, 5.0, NameRule()), list[str]()
    require_name_parts(hours, known, NameRule(), notes.append)
    assert notes == ["diel_prior: 1 of 2 recordings without a hour: bare"]
    with pytest.raises(BlendkitError, match="needs the hour of recordings, and no recording's name gives one"):
        require_name_parts(hours, known.take(np.array([0])), NameRule())


def test_missing_chunks_between_neighbours_are_reported() -> None:
    rows = make_rows(
        ["one"] * 3 + ["two"] * 2, np.array([0.0, 10, 15, 0, 5]), np.array([5.0, 15, 20, 5, 10]), NameRule()
    )
    given = Scores.build(X, rows, CLASSES, "logit")
    _, notes = apply("gaussian", given)
    assert len(notes) == 1
    assert "missing in 1 places" in notes[0]
    assert apply("file_mean_max", given)[1] == []  # a recording's highest chunk has no neighbours


def test_the_input_is_not_written_to() -> None:
    given = scores()
    before = given.values.copy()
    for text in ("gaussian", "{three_tap: {}, where: {classes: [bird]}}", "{taxonomy_mean: {genus: 1}}", "{to: prob}"):
        apply(text, given)
    np.testing.assert_array_equal(given.values, before)


def test_results_are_read_only() -> None:
    out, _ = apply("gaussian", scores())
    assert not out.values.flags.writeable


# --- some classes only --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "chosen"),
    [
        ("{classes: [bird]}", [2]),
        ("{classes: [bird, frog1]}", [0, 2]),
        ("{class_name: Amphibia}", [0, 1]),
        ("{class_name: [Aves, Amphibia]}", [0, 1, 2]),
        ("{covered_by: m}", [0, 2]),
        ("{not_covered_by: m}", [1]),
    ],
)
@pytest.mark.parametrize(
    "op", ["gaussian: {sigma: 1}", "three_tap: {alpha: 0.5}", "taxonomy_mean: {genus: 0.5, class_name: 0.2}"]
)
def test_a_step_acts_on_its_classes_alone(op: str, where: str, chosen: list[int]) -> None:
    """Chosen classes as if the step had met them all, the others bit for bit as they were."""
    given = scores(covered=[True, False, True])
    everywhere, _ = apply(f"{{{op}}}", given)
    narrowed, _ = apply(f"{{{op}, where: {where}}}", given)
    rest = [c for c in range(3) if c not in chosen]
    np.testing.assert_array_equal(narrowed.values[:, chosen], everywhere.values[:, chosen])
    np.testing.assert_array_equal(narrowed.values[:, rest], X[:, rest])


def test_an_op_that_mixes_classes_still_sees_them_all() -> None:
    out, _ = apply("{taxonomy_mean: {genus: 0.5}, where: {classes: [frog1]}}", scores())
    assert out.values[:, 0].tolist() == [1, 7, 1, 2.5, 5.5]  # half way to the mean with its congener
    assert out.values[:, 1].tolist() == [4] * 5


def test_a_selection_of_no_class_changes_nothing() -> None:
    out, _ = apply("{gaussian: {}, where: {not_covered_by: m}}", scores())
    np.testing.assert_array_equal(out.values, X)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("{classes: [brid]}", ["where.classes", "'brid'", "did you mean 'bird'"]),
        ("{class_name: Avez}", ["where.class_name", "'Avez'", "did you mean 'Aves'"]),
    ],
)
def test_selections_of_what_does_not_exist_are_refused(where: str, words: list[str]) -> None:
    with pytest.raises(BlendkitError) as caught:
        apply(f"{{gaussian: {{}}, where: {where}}}", scores())
    assert all(w in str(caught.value) for w in words), str(caught.value)


def test_a_selection_by_taxon_needs_a_taxonomy() -> None:
    with pytest.raises(BlendkitError, match="needs a taxonomy"):
        apply("{gaussian: {}, where: {class_name: Aves}}", scores(), StepContext())


def test_what_an_op_refuses_is_said_in_its_own_words() -> None:
    around = StepContext()  # no taxonomy
    with pytest.raises(BlendkitError, match="taxonomy"):
        apply("{taxonomy_mean: {genus: 0.5}}", scores(), around)
    with pytest.raises(BlendkitError, match="width 4 is even"):
        apply("{moving_mean: {width: 4}}", scores())


# --- ops of third parties -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        (lambda x: x * 2 - 0.5, r"gave values from -0\.5 to 1\.5, in space prob"),
        (lambda x: np.log(x), "values that are not finite"),
        (lambda x: x[:, :1], r"gave shape \(5, 1\), expected \(5, 3\)"),
    ],
)
def test_an_op_of_others_is_held_to_its_space(formula: Any, says: str) -> None:
    @op("strange")
    def strange(x: Any) -> Any:
        with np.errstate(divide="ignore"):
            return formula(x)

    values = np.linspace(0, 1, 15).reshape(5, 3)
    info = info_of(strange)
    assert info is not None
    one = OpStep(name="strange", info=info, params={}, space_in="prob", space_out="prob")
    with pytest.raises(
        BlendkitError, match=rf"op 'strange' \(.*test_steps\) {'gave' if 'gave' not in says else ''}.*{says}"
    ):
        run_op(one, scores(values, "prob"), {})
    ones = np.ones((5, 3), np.float32)  # their mean in float32 lies beyond 1
    mean = replace(one, info=replace(info, function=lambda x: x * np.float32(1 + 1e-7)))
    assert run_op(mean, scores(ones, "prob"), {}).max() > 1
    nothing = replace(one, info=replace(info, scope="file", function=lambda x: None))
    with pytest.raises(BlendkitError, match="op 'strange'"):
        run_op(nothing, scores(values, "prob"), {})
    fine = replace(one, info=replace(info, function=lambda x: x / 2))
    np.testing.assert_array_equal(run_op(fine, scores(values, "prob"), {}), values / 2)
