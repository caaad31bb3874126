from __future__ import annotations

import math
import tracemalloc
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, logit

from blendkit.blending import one_blend as module
from blendkit.blending import streams
from blendkit.blending.divided_work import Parts, require_divisible
from blendkit.blending.in_parts import make_streams_in_parts
from blendkit.blending.step_context import StepContext
from blendkit.blending.stream_cache import Memo
from blendkit.blending.streams import make_streams
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.core.scores import Scores
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.metrics.ranks import percentile_rank
from blendkit.ops.temporal import gaussian
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import Plan, make_plan

CLASSES = ("frog", "bird", "cicada")
TAXA = ("Amphibia", "Aves", "Insecta")
AROUND = StepContext(Taxonomy({c: {"scientific_name": c, "class_name": t} for c, t in zip(CLASSES, TAXA, strict=True)}))
ROWS = chunk_rows({"one": 3, "two": 2, "three": 4}, 5.0, NameRule())
SPACES = {"a": "prob", "b": "logit", "r": "rank"}
TWO = (
    "recipe: 1\nname: t\nmembers:\n  a: {{use: table, path: a.csv, space: prob}}\n"
    "  b: {{use: table, path: b.csv, space: logit}}\n{}\n"
)


def values(seed: int, space: str) -> NDArray[np.float64]:
    z = np.round(np.random.default_rng(seed).standard_normal((len(ROWS), 3)) * 2, 1)
    return {"logit": z, "prob": expit(z), "rank": percentile_rank(z)}[space]


def member(name: str, given: Any = None, covered: tuple[bool, ...] = (True, True, True)) -> Scores:
    x = values(ord(name), SPACES[name]) if given is None else np.asarray(given)
    space: Any = SPACES[name]
    return Scores.build(x, ROWS, CLASSES, space, covered=np.array(covered))


A, B, R = (member(n) for n in "abr")


class Run:
    """Streams made from a recipe: members by name, the rest as YAML."""

    def __init__(self, body: str, *members: Scores, around: StepContext = AROUND, more: str = "") -> None:
        names = [next(n for n, s in SPACES.items() if s == m.space) for m in members]
        lines = [f"  {n}: {{use: table, path: {n}.csv, space: {SPACES[n]}{more}}}\n" for n in names]
        text = f"recipe: 1\nname: t\nmembers:\n{''.join(lines)}{body}\n"
        self.notes: list[tuple[str, str]] = []
        self.made: list[str] = []
        self.out = make_streams(
            make_plan(parse_recipe(text, "r.yaml")),
            dict(zip(names, members, strict=True)),
            around,
            made=lambda name, scores: self.made.append(name),
            note=lambda stream, text: self.notes.append((stream, text)),
        )
        self.equal_in_parts(make_plan(parse_recipe(text, "r.yaml")), dict(zip(names, members, strict=True)), around)

    def equal_in_parts(self, plan: Plan, members: dict[str, Scores], around: StepContext) -> None:
        """What a plan makes of the whole it makes of parts, too, where its steps can be divided."""
        try:
            require_divisible(plan)
        except BlendkitError:
            return
        for cells in (1, 14, 1000):  # one class or recording at a time, some, all
            found = make_streams_in_parts(plan, members, around, Parts(cells))
            for name, scores in self.out.items():
                np.testing.assert_array_equal(found[name].values, scores.values)
                np.testing.assert_array_equal(found[name].covered, scores.covered)
                assert (found[name].space, found[name].classes) == (scores.space, scores.classes)

    def __getitem__(self, name: str) -> Scores:
        return self.out[name]


def blend(by: str, of: str = "{a: 0.75, b: 0.25}", more: str = "") -> str:
    return f"blends:\n  c: {{by: {by}, of: {of}{more}}}\noutput: c"


# --- blends -------------------------------------------------------------------------------------


def test_a_rank_blend_ranks_every_input() -> None:
    out = Run(blend("rank"), A, B)["c"]
    expected = 0.75 * percentile_rank(A.values) + 0.25 * percentile_rank(B.values)
    np.testing.assert_allclose(out.values, expected, rtol=1e-14)
    assert (out.space, out.values.dtype) == ("rank", np.float64)


def test_ranks_are_ranked_anew() -> None:
    halves = member("r", np.where(R.values > 0.5, 0.2, 0.1))
    out = Run("blends:\n  c: {by: rank, of: {r: 1}}\noutput: c", halves)["c"]
    np.testing.assert_array_equal(out.values, percentile_rank(halves.values))


def test_a_logit_blend_converts_probabilities() -> None:
    out = Run(blend("logit"), A, B)["c"]
    np.testing.assert_allclose(out.values, 0.75 * logit(A.values) + 0.25 * B.values, atol=1e-13)
    assert out.space == "logit"


def test_a_prob_blend_converts_logits() -> None:
    out = Run(blend("prob"), A, B)["c"]
    np.testing.assert_allclose(out.values, 0.75 * A.values + 0.25 * expit(B.values), rtol=1e-14)
    assert out.space == "prob"


def test_a_sum_takes_coefficients_as_they_are() -> None:
    out = Run(blend("sum", "{a: 1, b: -0.5}"), A, B)["c"]
    np.testing.assert_allclose(out.values, logit(A.values) - 0.5 * B.values, atol=1e-13)
    assert out.space == "logit"


def test_direct_averages_values_as_they_are() -> None:
    out = Run(blend("direct", "{a: 3, r: 1}", ", mixed: true"), A, R)["c"]
    np.testing.assert_allclose(out.values, 0.75 * A.values + 0.25 * R.values, rtol=1e-14)
    assert out.space == "rank"


def test_float32_members_blend_in_float64() -> None:
    narrow = Scores.build(A.values.astype(np.float32), ROWS, CLASSES, "prob")
    out = Run("blends:\n  c: {by: prob, of: {a: 1}}\noutput: c", narrow)["c"]
    assert out.values.dtype == np.float64
    np.testing.assert_array_equal(out.values, narrow.values.astype(np.float64))


@settings(max_examples=25)
@given(st.randoms(use_true_random=False), st.sampled_from(["rank", "logit", "prob"]))
def test_the_order_of_recordings_changes_no_bit(random: Any, by: str) -> None:
    """Members given on permuted recordings: every row gets the very same value."""
    names = list(dict.fromkeys(ROWS.recording))
    random.shuffle(names)
    order = np.concatenate([np.flatnonzero(ROWS.recording == n) for n in names])
    body = blend(by, "{a: 0.93, b: 0.07}", ", steps: [gaussian]")
    plain, reordered = Run(body, A, B)["c"], Run(body, A.take_rows(order), B.take_rows(order))["c"]
    np.testing.assert_array_equal(reordered.values, plain.values[order])


def test_weights_in_any_unit_give_the_same_bits() -> None:
    first, second = (Run(blend("rank", of), A, B)["c"].values for of in ("{a: 0.93, b: 0.07}", "{a: 93, b: 7}"))
    np.testing.assert_array_equal(first, second)


def test_weights_without_an_exact_form_are_reported() -> None:
    run = Run(blend("rank", "{a: 0.3333333333333333, b: 0.6666666666666666}"), A, B)
    expected = (percentile_rank(A.values) + 2 * percentile_rank(B.values)) / 3
    np.testing.assert_allclose(run["c"].values, expected, rtol=1e-14)
    assert [s for s, text in run.notes if "float64" in text] == ["c"]
    assert Run(blend("rank", "{a: 0.123456789, b: 1}"), A, B).notes == []


# --- coverage -----------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["rank", "logit", "prob"])
def test_weights_are_renormalised_over_the_members_that_cover(by: str) -> None:
    half = member("b", covered=(True, False, True))
    out = Run(blend(by), A, half)["c"].values
    np.testing.assert_allclose(out[:, 0], Run(blend(by), A, B)["c"].values[:, 0])
    alone = Run(f"blends:\n  c: {{by: {by}, of: {{a: 1}}}}\noutput: c", A)["c"].values
    np.testing.assert_allclose(out[:, 1], alone[:, 1], rtol=1e-14)


@pytest.mark.parametrize(("by", "constant"), [("rank", 0.5), ("logit", 0.0), ("prob", 0.5)])
def test_a_class_without_coverage_is_constant_and_reported(by: str, constant: float) -> None:
    run = Run(blend(by), member("a", covered=(True, False, True)), member("b", covered=(True, False, False)))
    assert run["c"].covered.tolist() == [True, False, True]
    assert (run["c"].values[:, 1] == constant).all()
    assert ("c", "1 of 3 classes are covered by no member (constant)") in run.notes


def test_uncovered_classes_are_no_exact_zeros() -> None:
    p = A.values.copy()
    p[:, 1] = 0  # what alignment puts where a member lacks a class
    run = Run(blend("logit"), member("a", p, (True, False, True)), B)
    assert not [text for _, text in run.notes if "exact 0" in text]
    np.testing.assert_array_equal(run["c"].values[:, 1], B.values[:, 1])


def test_exact_zeros_and_ones_are_reported_with_their_source() -> None:
    p = A.values.copy()
    p[0, 0], p[1:3, 2] = 0, 1
    run = Run(blend("logit"), member("a", p), B)
    found = [(s, text) for s, text in run.notes if "exact" in text]
    assert len(found) == 1
    assert found[0][0] == "c"
    assert all(w in found[0][1] for w in ("a: ", "1 exact 0", "2 exact 1"))
    floor = p[p > 0].min() / 2
    assert run["c"].values[0, 0] == pytest.approx(0.75 * logit(floor) + 0.25 * B.values[0, 0], rel=1e-12)
    assert run["c"].values[1, 2] == pytest.approx(0.75 * 54 * math.log(2) + 0.25 * B.values[1, 2], rel=1e-9)


def test_blends_that_need_no_logit_are_quiet_about_zeros() -> None:
    p = A.values.copy()
    p[0, 0] = 0
    assert Run(blend("rank"), member("a", p), B).notes == []
    assert Run(blend("prob"), member("a", p), B).notes == []


@pytest.mark.parametrize(
    ("fill", "expected"),
    [("{value: 0.125}", 0.125), ("{logit: -8}", expit(-8.0))],
)
def test_fill_makes_a_class_covered(fill: str, expected: float) -> None:
    run = Run("output: a", member("a", covered=(True, False, True)), more=f", fill_uncovered: {fill}")
    assert run["a"].covered.all()
    np.testing.assert_allclose(run["a"].values[:, 1], expected, rtol=1e-15)
    np.testing.assert_array_equal(run["a"].values[:, [0, 2]], A.values[:, [0, 2]])
    assert run.notes == []


def test_fill_in_logits() -> None:
    run = Run("output: b", member("b", covered=(True, False, True)), more=", fill_uncovered: {logit: -8}")
    assert (run["b"].values[:, 1] == -8).all()


def test_fill_of_a_blend_comes_before_its_steps() -> None:
    body = "blends:\n  c: {by: logit, of: {b: 1}, fill_uncovered: {logit: -8}, steps: [{to: prob}]}\noutput: c"
    out = Run(body, member("b", covered=(True, False, True)))["c"]
    assert out.covered.all()
    np.testing.assert_allclose(out.values[:, 1], expit(-8.0), rtol=1e-15)


def test_a_fill_after_a_step_and_with_numbers_by_class() -> None:
    """The step before the fill sees the class as uncovered; the one after it sees what was filled."""
    steps = "steps: [{power: {power: 2}, id: first}, {power: {power: 3}, id: second}]"
    covered = member("a", covered=(True, False, False))
    for after, powers in (("", 6), (", after: first", 3), (", after: second", 1)):
        run = Run(
            "output: a", covered, more=f", fill_uncovered: {{value: 0.5, by_class: {{cicada: 0.25}}{after}}}, {steps}"
        )
        out = run["a"]
        assert out.covered.all()
        np.testing.assert_allclose(out.values[:, 1], 0.5**powers, rtol=1e-15)
        np.testing.assert_allclose(out.values[:, 2], 0.25**powers, rtol=1e-15)
        np.testing.assert_allclose(out.values[:, 0], A.values[:, 0] ** 6)


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        ("{value: 0.5, after: powr}", "no step 'powr' (did you mean 'power'?); this stream has power"),
        ("{value: 0.5, by_class: {cicad: 0.5}}", "unknown class 'cicad' (did you mean 'cicada'?)"),
        ("{value: 0.5, by_class: {frog: 2}}", "expected 0 to 1 in a prob stream, got 2"),
        ("{prior: labels.csv, by_class: {frog: 0.5}}", "`by_class:` goes with `value:` or `logit:`"),
        ("{logit: -8, after: power}", None),
    ],
)
def test_a_fill_that_cannot_be(fill: str, said: str | None) -> None:
    def run() -> Run:
        given = member("a", covered=(True, False, True))
        return Run("output: a", given, more=f", fill_uncovered: {fill}, steps: [power]")

    if said is None:
        np.testing.assert_allclose(run()["a"].values[:, 1], expit(-8.0))
        return
    with pytest.raises(BlendkitError) as caught:
        run()
    assert said in str(caught.value)


def test_a_filled_class_counts_in_a_blend() -> None:
    body = blend("logit", "{f: 0.75, b: 0.25}")
    body = f"streams:\n  f: {{from: a, fill_uncovered: {{value: 0.5}}, steps: [{{to: logit}}]}}\n{body}"
    out = Run(body, member("a", covered=(True, False, True)), B)["c"]
    np.testing.assert_allclose(out.values[:, 1], 0.25 * B.values[:, 1], atol=1e-15)  # the logit of 0.5 is 0


def test_fill_of_a_stream_that_covers_all_changes_nothing() -> None:
    run = Run("output: a", A, more=", fill_uncovered: {value: 0.5}")
    np.testing.assert_array_equal(run["a"].values, A.values)


# --- weights by group ---------------------------------------------------------------------------


def test_groups_choose_their_own_weights() -> None:
    by = "{class_name: {Aves: {b: 1}}, classes: [{classes: [cicada], of: {a: 1, b: 1}}]}"
    out = Run(blend("logit", more=f", weights_by: {by}"), A, B)["c"].values
    za, zb = logit(A.values), B.values
    expected = np.column_stack([0.75 * za[:, 0] + 0.25 * zb[:, 0], zb[:, 1], (za[:, 2] + zb[:, 2]) / 2])
    np.testing.assert_allclose(out, expected, atol=1e-13)


def test_groups_by_a_members_coverage() -> None:
    by = "{covered_by: {b: {yes: {b: 1}, no: {a: 1}}}}"
    out = Run(blend("logit", more=f", weights_by: {by}"), A, member("b", covered=(True, False, True)))["c"].values
    expected = np.column_stack([B.values[:, 0], logit(A.values[:, 1]), B.values[:, 2]])
    np.testing.assert_allclose(out, expected, atol=1e-13)


def test_coverage_means_the_member_itself_not_what_a_fill_made_of_it() -> None:
    body = "output: b"
    more = ", fill_uncovered: {logit: -8}, steps: [{gaussian: {}, where: {not_covered_by: b}}]"
    run = Run(body, member("b", covered=(True, False, True)), more=more)
    np.testing.assert_allclose(run["b"].values[:, 1], -8, rtol=1e-12)
    np.testing.assert_array_equal(run["b"].values[:, 0], B.values[:, 0])


def test_groups_in_a_rank_blend_stay_exact() -> None:
    by = "{class_name: {Aves: {a: 0.5, b: 0.5}}}"
    out = Run(blend("rank", "{a: 93, b: 7}", f", weights_by: {by}"), A, B)["c"].values
    plain = Run(blend("rank", "{a: 0.93, b: 0.07}"), A, B)["c"].values
    np.testing.assert_array_equal(out[:, [0, 2]], plain[:, [0, 2]])
    even = Run(blend("rank", "{a: 1, b: 1}"), A, B)["c"].values
    np.testing.assert_array_equal(out[:, 1], even[:, 1])


# --- the graph ----------------------------------------------------------------------------------


def test_a_fork_leaves_its_source_alone() -> None:
    run = Run("streams:\n  f: {from: b, steps: [gaussian]}\noutput: f\nalso: [b]", B)
    np.testing.assert_array_equal(run["b"].values, B.values)
    np.testing.assert_array_equal(run["f"].values, gaussian(B.values, offsets=ROWS.offsets()))


def test_a_fork_starts_after_its_sources_steps() -> None:
    run = Run("streams:\n  f: {from: b, steps: [{to: rank}]}\noutput: f\nalso: [b]", B, more=", steps: [gaussian]")
    np.testing.assert_array_equal(run["f"].values, percentile_rank(run["b"].values))


def test_a_blend_of_blends() -> None:
    body = "blends:\n  c: {by: logit, of: {a: 1, b: 1}}\n  d: {by: rank, of: {c: 3, a: 1}}\noutput: d\nalso: [c]"
    run = Run(body, A, B)
    expected = 0.75 * percentile_rank(run["c"].values) + 0.25 * percentile_rank(A.values)
    np.testing.assert_allclose(run["d"].values, expected, rtol=1e-14)


def test_a_stream_in_several_blends_is_the_same_in_each() -> None:
    body = (
        "streams:\n  f: {from: a, steps: [three_tap]}\n"
        "blends:\n  c: {by: rank, of: {a: 1, b: 1}}\n  d: {by: prob, of: {a: 1, f: 1}}\n"
        "  e: {by: rank, of: {c: 1, d: 1, a: 1}}\noutput: e\nalso: [a, b, c, d, f]"
    )
    run = Run(body, A, B)
    np.testing.assert_array_equal(run["a"].values, A.values)
    np.testing.assert_allclose(run["d"].values, (A.values + run["f"].values) / 2, rtol=1e-14)
    ranks = sum(percentile_rank(run[n].values) for n in "cda")
    np.testing.assert_allclose(run["e"].values, ranks / 3, rtol=1e-14)


def test_steps_follow_a_blend() -> None:
    out = Run(blend("rank", more=", steps: [gaussian]"), A, B)["c"]
    plain = Run(blend("rank"), A, B)["c"]
    np.testing.assert_array_equal(out.values, gaussian(plain.values, offsets=ROWS.offsets()))


@pytest.mark.parametrize("op", ["gaussian: {}", "taxonomy_mean: {class_name: 0.5}"])
def test_steps_on_some_classes_of_a_blend(op: str) -> None:
    around = StepContext(Taxonomy({c: {"scientific_name": c, "class_name": "Aves"} for c in CLASSES}))
    plain = Run(blend("rank"), A, B)["c"].values
    whole = Run(blend("rank", more=f", steps: [{{{op}}}]"), A, B, around=around)["c"].values
    some = Run(blend("rank", more=f", steps: [{{{op}, where: {{classes: [bird]}}}}]"), A, B, around=around)["c"].values
    np.testing.assert_array_equal(some[:, 1], whole[:, 1])
    np.testing.assert_array_equal(some[:, [0, 2]], plain[:, [0, 2]])
    assert not np.array_equal(some, plain)


def test_every_stream_is_made_once_and_shown() -> None:
    body = "blends:\n  c: {by: rank, of: {a: 1, b: 1}}\n  d: {by: rank, of: {c: 1, a: 1}}\noutput: d"
    run = Run(body, A, B)
    assert sorted(run.made) == ["a", "b", "c", "d"]
    assert set(run.out) == {"d"}


def test_ranks_of_a_stream_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = streams.doubled_ranks
    monkeypatch.setattr(streams, "doubled_ranks", lambda x: calls.append(x.shape) or real(x))
    body = (
        "blends:\n  c: {by: rank, of: {a: 1, b: 1}}\n  d: {by: rank, of: {a: 1, b: 2}}\n"
        "  e: {by: rank, of: {c: 1, d: 1, a: 1}}\noutput: e\nalso: [c, d]"
    )
    Run(body, A, B)
    assert len(calls) == 4  # a, b, c and d once each


def test_members_are_not_written_to_and_stay_unless_they_are_given_away() -> None:
    before = [A.values.copy(), B.values.copy()]
    more = ", steps: [{gaussian: {}, where: {classes: [bird]}}, three_tap]"
    members = {"a": A, "b": B}
    text = (
        f"recipe: 1\nname: t\nmembers:\n  a: {{use: table, path: a.csv, space: prob{more}}}\n"
        f"  b: {{use: table, path: b.csv, space: logit{more}}}\n{blend('rank')}\n"
    )
    plan = make_plan(parse_recipe(text, "r.yaml"))
    first = make_streams(plan, members, AROUND)
    assert members == {"a": A, "b": B}
    second = make_streams(plan, members, AROUND, release=members.pop)
    np.testing.assert_array_equal(first["c"].values, second["c"].values)
    np.testing.assert_array_equal(A.values, before[0])
    np.testing.assert_array_equal(B.values, before[1])
    assert members == {}


def test_what_a_remembered_blend_was_made_of_leaves_memory() -> None:
    plan, memo = make_plan(parse_recipe(TWO.format(blend("logit")), "r.yaml")), Memo(limit=10_000)
    members = {"a": member("a"), "b": member("b")}
    held = [weakref.ref(s.values) for s in members.values()]
    make_streams(plan, members, AROUND, memo=memo)
    left: dict[str, int] = {}
    make_streams(
        plan,
        members,
        AROUND,
        made=lambda name, _: left.update({name: sum(r() is not None for r in held)}),
        memo=memo,
        release=members.pop,
    )
    assert (memo.hits, left["c"]) == (1, 0)


def test_blends_are_read_only() -> None:
    for by in ("rank", "logit", "prob"):
        assert not Run(blend(by), A, B)["c"].values.flags.writeable


@pytest.mark.parametrize("by", ["logit", "prob"])
def test_blocks_of_rows_equal_the_whole_bit_for_bit(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    p = A.values.copy()
    p[4, 0] = 0  # the stand-in for zeros is the stream's, not the block's
    whole = Run(blend(by), member("a", p), B)["c"].values
    monkeypatch.setattr(module, "_BLOCK", 2)
    np.testing.assert_array_equal(Run(blend(by), member("a", p), B)["c"].values, whole)


def test_a_blend_holds_little_beside_its_inputs_and_its_result() -> None:
    rows = chunk_rows({"one": 100_000}, 5.0, NameRule())
    p = np.linspace(0.1, 0.9, 300_000).reshape(100_000, 3)
    members = {"a": Scores.build(p, rows, CLASSES, "prob"), "b": Scores.build(p, rows, CLASSES, "logit")}
    plan = make_plan(parse_recipe(TWO.format(blend("logit")), "r.yaml"))
    make_streams(plan, members, AROUND)  # what is imported by the first call is not counted
    tracemalloc.start()
    made = make_streams(plan, members, AROUND)["c"]
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2 * made.values.nbytes


def test_a_rank_stream_is_not_filled_with_a_logit() -> None:
    body = "blends:\n  c: {by: rank, of: {a: 1}, fill_uncovered: {logit: -8}}\noutput: c"
    with pytest.raises(BlendkitError, match="rank"):
        Run(body, member("a", covered=(True, False, True)))
