from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from blendkit.blending.weights import class_mask, raw_weights, weight_matrix
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.core.scores import Scores
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.ops import StackWeights
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import StreamPlan, make_plan

CLASSES = ("frog1", "frog2", "bird", "22961")
TAXA = ("Amphibia", "Amphibia", "Aves", "Insecta")
TAXONOMY = Taxonomy({c: {"scientific_name": f"{c} x", "class_name": t} for c, t in zip(CLASSES, TAXA, strict=True)})
ALL = (True, True, True, True)


def blend(of: str, more: str = "", by: str = "rank") -> StreamPlan:
    members = "".join(f"  {m}: {{use: table, path: {m}.csv, space: logit}}\n" for m in "ab")
    text = (
        f"recipe: 1\nname: t\nmembers:\n{members}blends:\n  c: {{by: {by}, of: {of}{more}}}\noutput: c\nalso: [a, b]\n"
    )
    return make_plan(parse_recipe(text, "r.yaml")).streams[-1]


def scores(covered: tuple[bool, ...]) -> Scores:
    rows = chunk_rows({"r": 1}, 5.0, NameRule())
    return Scores.build(np.zeros((1, 4)), rows, CLASSES, "logit", covered=np.array(covered))


def matrix(stream: StreamPlan, a: tuple[bool, ...] = ALL, b: tuple[bool, ...] = ALL) -> list[list[float]]:
    inputs_by_name = {"a": scores(a), "b": scores(b)}
    inputs = {n: inputs_by_name[n] for n in stream.inputs}
    coverage: dict[str, NDArray[np.bool_]] = {n: s.covered for n, s in inputs_by_name.items()}
    result: Any = weight_matrix(stream, inputs, coverage, TAXONOMY)
    return result.tolist()


def grouped(by: str, of: str = "{a: 2, b: 1}") -> StreamPlan:
    return blend(of, f", weights_by: {by}")


def test_weights_are_given_to_every_class() -> None:
    assert matrix(blend("{a: 0.93, b: 0.07}")) == [[0.93] * 4, [0.07] * 4]


def test_uncovered_classes_have_no_weight() -> None:
    found = matrix(blend("{a: 2, b: 1}"), a=(True, False, True, False), b=(True, True, False, False))
    assert found == [[2, 0, 2, 0], [1, 1, 0, 0]]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("{class_name: {Amphibia: {a: 1, b: 5}}}", [[1, 1, 2, 2], [5, 5, 1, 1]]),
        ("{class_name: {Amphibia: {b: 5}, Aves: {a: 7}}}", [[0, 0, 7, 2], [5, 5, 0, 1]]),
        ("{classes: [{classes: [22961, bird], of: {a: 3, b: 4}}]}", [[2, 2, 3, 3], [1, 1, 4, 4]]),
        ("{covered_by: {a: {yes: {a: 9}, no: {b: 8}}}}", [[9, 9, 0, 0], [0, 0, 8, 8]]),
        ("{covered_by: {a: {no: {b: 8}}}}", [[2, 2, 0, 0], [1, 1, 8, 8]]),
        # the narrower the group, the later its word
        (
            "{class_name: {Amphibia: {a: 1, b: 5}}, covered_by: {a: {yes: {a: 9}}}, "
            "classes: [{classes: [frog2], of: {b: 6}}]}",
            [[9, 0, 0, 0], [0, 6, 1, 1]],
        ),
    ],
)
def test_groups_of_classes_have_their_own_weights(by: str, expected: list[list[float]]) -> None:
    assert matrix(grouped(by), a=(True, True, False, False)) == [
        [w if covered else 0.0 for w, covered in zip(expected[0], (True, True, False, False), strict=True)],
        expected[1],
    ]


def test_a_group_counts_by_the_members_coverage_even_where_another_blend_is_asked() -> None:
    found = matrix(grouped("{covered_by: {b: {yes: {a: 1, b: 3}, no: {a: 1}}}}"), b=(False, True, False, True))
    assert found == [[1, 1, 1, 1], [0, 3, 0, 3]]


def test_a_class_whose_weights_are_all_zero_is_refused_by_name() -> None:
    with pytest.raises(BlendkitError, match="all weights are 0 for 1 classes") as caught:
        matrix(grouped("{class_name: {Amphibia: {a: 1}, Insecta: {b: 1}}}", of="{a: 0, b: 0}"))
    assert "bird" in str(caught.value)
    assert "'c'" in str(caught.value)


def test_a_class_only_the_zero_weighted_cover_is_left_out_not_refused() -> None:
    assert matrix(blend("{a: 0, b: 1}"), b=(True, True, True, False)) == [[0] * 4, [1, 1, 1, 0]]


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("{class_name: {Avess: {a: 1}}}", ["weights_by.class_name", "'Avess'", "did you mean 'Aves'"]),
        ("{classes: [{classes: [brid], of: {a: 1}}]}", ["weights_by.classes", "'brid'", "did you mean 'bird'"]),
    ],
)
def test_groups_that_do_not_exist_are_named_with_the_nearest(by: str, words: list[str]) -> None:
    with pytest.raises(BlendkitError) as caught:
        matrix(grouped(by))
    assert all(w in str(caught.value) for w in words), str(caught.value)


def test_groups_of_taxa_need_a_taxonomy() -> None:
    stream = grouped("{class_name: {Aves: {a: 1}}}")
    with pytest.raises(BlendkitError, match=r"weights_by\.class_name: needs a taxonomy, and there is none"):
        raw_weights(stream, CLASSES, {m: np.ones(len(CLASSES), bool) for m in ("a", "b")}, Taxonomy({}))


def test_a_sum_takes_negative_weights_also_by_group() -> None:
    stream = blend("{a: 1, b: -0.5}", ", weights_by: {class_name: {Aves: {a: -1, b: 2}}}", by="sum")
    assert matrix(stream) == [[1, 1, -1, 1], [-0.5, -0.5, 2, -0.5]]


def test_class_mask() -> None:
    assert class_mask(["bird", "frog1"], CLASSES, "here").tolist() == [True, False, True, False]
    with pytest.raises(BlendkitError, match="here: unknown classes") as caught:
        class_mask(["bird", "frag1", "2296"], CLASSES, "here")
    assert "'frog1'" in str(caught.value)
    assert "'22961'" in str(caught.value)


def test_coefficients_of_a_stack_may_be_negative_in_a_sum_alone() -> None:
    stack = StackWeights(("frog1", "bird"), ("a", "b"), np.array([[1.0, -0.5], [2.0, 1.0]]), ())
    covered = {n: np.ones(4, bool) for n in "ab"}
    found = raw_weights(blend("{a: 1, b: 1}", by="sum"), CLASSES, covered, TAXONOMY, stack)
    assert found.tolist() == [[1, 1, 2, 1], [-0.5, 1, 1, 1]]  # classes that it does not know keep the blend's own
    with pytest.raises(BlendkitError, match="blend 'c': weights cannot be negative"):
        raw_weights(blend("{a: 1, b: 1}"), CLASSES, covered, TAXONOMY, stack)
