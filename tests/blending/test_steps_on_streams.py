"""Steps that look at other streams, gates, fills and weights by genus and column: all through a plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from blendkit.blending.step_context import StepContext
from blendkit.blending.stream_cache import Memo
from blendkit.blending.streams import make_streams
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.core.scores import Scores
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.metrics.ranks import percentile_rank
from blendkit.offline.data_lint import spearman, tied_cells
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan
from blendkit.recipe.recipe_files import RecipeFiles

CLASSES = ("frog", "toad", "bird")
NAMES = {"frog": "Scinax one", "toad": "Scinax two", "bird": "Turdus one"}
AROUND = StepContext(
    Taxonomy({c: {"scientific_name": n, "class_name": "Aves" if c == "bird" else "Amphibia"} for c, n in NAMES.items()})
)
ROWS = chunk_rows({"one": 3, "two": 2, "three": 4}, 5.0, NameRule())
RNG = np.random.default_rng(0)
Z, P = RNG.standard_normal((9, 3)), expit(RNG.standard_normal((9, 3)))


def scores(x: NDArray[np.float64], space: str, covered: tuple[bool, ...] = (True, True, True)) -> Scores:
    return Scores.build(x, ROWS, CLASSES, space, covered=np.array(covered))  # type: ignore[arg-type]


def out(
    body: str, a: Scores | None = None, b: Scores | None = None, *, around: StepContext = AROUND,
    notes: list[str] | None = None, memo: Memo | None = None,
) -> Scores:  # fmt: skip
    text = f"""recipe: 1
name: t
members:
  a: {{use: table, path: a.csv, space: logit}}
  b: {{use: table, path: b.csv, space: prob}}
{body}
output: c
also: [a, b]
"""
    members = {"a": scores(Z, "logit") if a is None else a, "b": scores(P, "prob") if b is None else b}
    note = (lambda stream, text: notes.append(text)) if notes is not None else (lambda stream, text: None)
    plan = make_plan(parse_recipe(text, "r.yaml"))
    return make_streams(plan, members, around, note=note, memo=memo)["c"]


RANKED = "blends:\n  c:\n    by: rank\n    of: {a: 1, b: 1}\n    steps:\n"


def test_streams_arrive_in_the_space_an_op_asks_for() -> None:
    got = out(RANKED + "      - fake_only: {main: a, check: b, above: 0.5, below: 0.5, alpha: 0.5}").values
    x = (percentile_rank(Z) + percentile_rank(P)) / 2
    mask = (expit(Z) > 0.5) & (P < 0.5)
    assert 0 < mask.sum() < mask.size
    np.testing.assert_allclose(got, np.where(mask, 0.5 * x + 0.5 * percentile_rank(Z), x), atol=1e-12)


def test_a_cell_is_edited_by_the_first_gate_and_all_see_the_unedited_stream() -> None:
    gates = (
        "      - gates:\n" + "          - spike: {main: a, check: b, check_above: 0.5, main_below: 1.0, alpha: %s}\n"
    )
    one = "            id: first\n"
    more = "          - spike: {main: a, check: b, check_above: 0.0, main_below: 1.0, alpha: 0.25}\n            id: second\n"
    notes: list[str] = []
    got = out(RANKED + gates % "1.0" + one + more, notes=notes).values
    x, ra, rb = (percentile_rank(Z) + percentile_rank(P)) / 2, percentile_rank(Z), percentile_rank(P)
    first = (rb > 0.5) & (ra < 1)
    second = (rb > 0) & (ra < 1) & ~first
    expected = np.where(first, rb, np.where(second, 0.75 * x + 0.25 * rb, x))
    np.testing.assert_allclose(got, expected, atol=1e-12)
    assert f"first: edited {first.sum()} of 27 cells" in notes
    assert f"second: edited {second.sum()} of 27 cells" in notes


def test_where_narrows_gates_and_steps_that_read_streams() -> None:
    step = "      - spike: {main: a, check: b, check_above: 0.0, main_below: 1.0, alpha: 1.0}\n        where: {class_name: Aves}"
    got, plain = out(RANKED + step).values, out(RANKED.replace("    steps:\n", "")).values
    np.testing.assert_array_equal(got[:, :2], plain[:, :2])
    assert (got[:, 2] != plain[:, 2]).any()
    gate = "streams:\n  c:\n    from: b\n    steps:\n      - rank_gate: {by: a, floor: 0.0}\n        where: {classes: [toad]}"
    np.testing.assert_allclose(out(gate).values[:, 1], P[:, 1] * percentile_rank(Z)[:, 1])
    np.testing.assert_array_equal(out(gate).values[:, [0, 2]], P[:, [0, 2]])


def test_classes_that_the_other_stream_lacks_stay() -> None:
    notes: list[str] = []
    body = "streams:\n  c:\n    from: b\n    steps:\n      - rank_gate: {by: a, floor: 0.0}"
    got = out(body, scores(Z, "logit", (True, False, True)), notes=notes).values
    np.testing.assert_array_equal(got[:, 1], P[:, 1])
    assert "rank_gate: a does not cover 1 classes; they stay as they are" in notes


def test_the_memo_depends_on_the_streams_that_were_read() -> None:
    memo = Memo(10**9)
    body = "streams:\n  c:\n    from: b\n    steps:\n      - rank_gate: {by: a, floor: 0.0}"
    from dataclasses import replace

    first = out(body, replace(scores(Z, "logit"), made_by="one"), replace(scores(P, "prob"), made_by="p"), memo=memo)
    other = out(body, replace(scores(-Z, "logit"), made_by="two"), replace(scores(P, "prob"), made_by="p"), memo=memo)
    assert (first.values != other.values).any()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (RANKED + "      - fake_only: {main: a, check: zz}", "no stream is called 'zz'"),
        (RANKED + "      - fake_only: {main: a}", "check: missing"),
        (RANKED + "      - gates: []", "`gates:` expects a list of gates"),
        (RANKED + "      - gates: [gaussian]", "'gaussian' is a step, not a gate"),
        (RANKED + "      - fake_only: {main: c, check: b}", "feed each other in a loop"),
        (
            "streams:\n  r: {from: a, steps: [{to: rank}]}\n" + RANKED + "      - fake_only: {main: r, check: b}",
            "'r' is in rank space, and fake_only needs it as prob",
        ),
        (RANKED + "      - range_mask", "give `artefact:`, the file it applies"),
        (
            "streams:\n  c:\n    from: b\n    steps:\n      - quantile_map: {artefact: q.npz}\n        where: {class_name: Aves}",
            "acts on all classes",
        ),
        (RANKED + "      - temperature", "the stream is in rank space, temperature accepts logit"),
    ],
)
def test_mistakes(body: str, said: str) -> None:
    with pytest.raises(BlendkitError) as caught:
        out(body)
    assert said in str(caught.value)


def test_uncovered_classes_borrow_or_get_their_rate(tmp_path: Path) -> None:
    part = scores(P, "prob", (True, False, True))
    body = "streams:\n  c: {from: b, fill_uncovered: {%s}}"
    got = out(body % "congeners: max", b=part)
    np.testing.assert_array_equal(got.values[:, 1], P[:, 0])
    assert got.covered.tolist() == [True] * 3
    lonely = out(body % "congeners: mean", b=scores(P, "prob", (True, True, False)))
    assert lonely.covered.tolist() == [True, True, False]
    (tmp_path / "l.csv").write_text(
        "filename,start,end,primary_label\nfar,0,5,toad\nfar,5,10,\none,0,5,toad\n", encoding="utf-8"
    )
    around = StepContext(
        AROUND.taxonomy, files=RecipeFiles({("streams", "c", "fill_uncovered", "prior"): tmp_path / "l.csv"})
    )
    rate = out(body % "prior: l.csv", b=part, around=around).values[:, 1]
    assert np.unique(rate).tolist() == pytest.approx([(0.5 + 1 * (0.5 / 3)) / 2])
    (tmp_path / "l.csv").write_text("filename,start,end,primary_label\none,0,5,toad\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="labels only scored recordings"):
        out(body % "prior: l.csv", b=part, around=around)


def test_weights_by_genus_and_by_column() -> None:
    body = "blends:\n  c:\n    by: prob\n    of: {a: 1, b: 0}\n    weights_by: {%s}"
    got = out(body % "class_name: {Amphibia: {a: 1, b: 1}}, genus: {Scinax: {b: 1}}").values
    np.testing.assert_allclose(got, np.column_stack([P[:, :2], expit(Z)[:, 2:]]))
    got = out(body % "split: {at: 1, before: {b: 1}, after: {a: 1, b: 3}}").values
    np.testing.assert_allclose(got, np.column_stack([P[:, :1], (expit(Z)[:, 1:] + 3 * P[:, 1:]) / 4]))
    with pytest.raises(BlendkitError, match="leaves nothing after it"):
        out(body % "split: {at: 3, before: {b: 1}, after: {a: 1}}")
    with pytest.raises(BlendkitError, match="did you mean 'Scinax'"):
        out(body % "genus: {Scinx: {b: 1}}")


def test_counting_ties_and_agreement() -> None:
    x = np.array([[1.0, 2], [1, 3], [1, 2], [4, 5]])
    assert tied_cells(x) == 3
    assert tied_cells(x[:0]) == 0
    from scipy.stats import spearmanr

    a, b = RNG.integers(0, 5, (2, 30, 2)).astype(float)
    np.testing.assert_allclose(spearman(a, b), [spearmanr(a[:, i], b[:, i]).statistic for i in (0, 1)])
    assert len(spearman(np.ones((5, 1)), np.arange(5.0)[:, None])) == 0


def test_the_rank_of_the_only_chunk_is_one() -> None:
    rows = chunk_rows({"one": 1}, 5.0, NameRule())
    a, b = (Scores.build(np.full((1, 3), 0.25), rows, CLASSES, s) for s in ("logit", "prob"))  # type: ignore[arg-type]
    gate = "streams:\n  c:\n    from: b\n    steps:\n      - rank_gate: {by: a, floor: 0.0}"
    assert out(gate, a, b).values.tolist() == [[0.25] * 3]  # times the rank, 1 of 1
