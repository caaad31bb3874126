"""The conformance kits must pass what keeps its promises, and fail what only says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pytest
from hypothesis import Phase, find, settings
from numpy.typing import NDArray

from blendkit.core.names import NameRule
from blendkit.core.rows import Rows, make_rows
from blendkit.core.scores import Scores
from blendkit.member.class_map import by_name_or_id
from blendkit.member.protocol import MemberContext, MemberInfo
from blendkit.ops.declare import Fitted, FittedOf, Offsets, RowsOf, Weights, op
from blendkit.ops.taxonomic import TaxonLevels
from blendkit.testing.member_checks import check_member
from blendkit.testing.op_checks import check_op, scores_strategy
from blendkit.testing.small_world import CLASSES, small_rows, small_taxonomy

Array = NDArray[Any]
RATE = 100  # a rate as low as this makes a test fast
CALLS: Iterator[int] = iter(range(10**9))  # what a member that does not repeat itself adds


def refused(function: Callable[..., Any], *words: str, **params: Any) -> None:
    with pytest.raises(AssertionError) as caught:
        check_op(function, **params)
    assert all(w in str(caught.value) for w in words), str(caught.value)


# --- ops that keep their promises ---------------------------------------------------------------


@op("double", scope="chunk", classwise=True, monotone="strict", spaces=("logit",))
def double(x: Array) -> Array:
    return x * 2


@op("clip", scope="chunk", classwise=True, monotone="weak")
def clip(x: Array) -> Array:
    return np.clip(x, -0.5, 0.5)


@op("from_start", scope="file", classwise=True, spaces=("logit",))
def from_start(x: Array, *, offsets: Offsets) -> Array:
    return np.asarray(x - np.repeat(x[offsets[:-1]], np.diff(offsets), axis=0))


@op("from_first", scope="set", classwise=True, spaces=("logit",))
def from_first(x: Array) -> Array:
    return np.asarray(x - x[:1])


@op("first", kind="blend", scope="chunk", classwise=True, per_class=("weights",), weights="coefficients")
def first(*xs: Array, weights: Weights) -> Array:
    return xs[0] * (weights[0] + weights[1])


@op("scaled", scope="chunk", classwise=True, spaces=("logit",))
def scaled(x: Array, *, by: float) -> Array:
    return x + np.asarray(by, x.dtype)


@pytest.mark.parametrize("honest", [double, clip, from_start, from_first, first])
def test_honest_ops_pass(honest: Callable[..., Any]) -> None:
    check_op(honest)


def test_parameters_reach_the_op() -> None:
    check_op(scaled, by=0.5)
    refused(scaled, "not finite", by=np.inf)


def test_a_parameter_per_class_is_cut_with_the_classes() -> None:
    @op("per_class", scope="chunk", classwise=True, per_class=("by",), spaces=("logit",))
    def honest(x: Array, *, by: Any) -> Array:
        return x * np.asarray(by, x.dtype)

    check_op(honest, by=list(range(len(CLASSES))))


# --- ops that lie -------------------------------------------------------------------------------


def test_a_mean_over_the_set_is_no_chunk_op() -> None:
    @op("liar", scope="chunk", classwise=True)
    def liar(x: Array) -> Array:
        return np.asarray(x - x.mean(axis=0))

    refused(liar, "'liar'", "scope chunk", "other values")


def test_a_mean_over_the_set_is_no_file_op_either() -> None:
    @op("liar", scope="file", classwise=True)
    def liar(x: Array) -> Array:
        return np.asarray(x - x.mean(axis=0))

    refused(liar, "scope file", "other values")


def test_mixing_neighbours_is_no_chunk_op() -> None:
    @op("liar", scope="chunk", classwise=True)
    def liar(x: Array) -> Array:
        return np.asarray(0.5 * x + 0.5 * np.roll(x, 1, axis=0))

    refused(liar, "scope chunk", "other values")


def test_reaching_into_the_next_recording_is_no_file_op() -> None:
    @op("liar", scope="file", classwise=True)
    def liar(x: Array) -> Array:
        return np.asarray(0.5 * x + 0.5 * np.roll(x, 1, axis=0))

    refused(liar, "scope file", "other values")


def test_a_softmax_over_the_row_is_not_classwise() -> None:
    @op("liar", scope="chunk", classwise=True)
    def liar(x: Array) -> Array:
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))

    refused(liar, "classwise", "some classes alone")


def test_sums_in_another_order_are_no_other_values() -> None:
    @op("level", scope="set", classwise=True, spaces=("logit",))
    def level(x: Array) -> Array:
        return np.asarray(x - np.repeat(x, 9, axis=0).mean(axis=0))

    refused(level, "other last digits", "np.add.accumulate")

    @op("level", scope="set", classwise=True, spaces=("logit",))
    def in_order(x: Array) -> Array:
        return np.asarray(x - np.add.accumulate(np.repeat(x, 9, axis=0), axis=0)[-1] / (9 * len(x)))

    check_op(in_order)


@pytest.mark.parametrize(
    ("space", "formula"),
    [
        ("prob", lambda x: np.clip(x, 1e-4, 1 - 1e-4)),
        ("logit", lambda x: np.clip(x, -9, 9)),
        ("logit", lambda x: 10 * np.tanh(x / 10)),
    ],
)
def test_a_clip_far_out_is_not_strict(space: Any, formula: Callable[[Array], Array]) -> None:
    @op("liar", scope="chunk", classwise=True, spaces=(space,), monotone="strict")
    def liar(x: Array) -> Array:
        return formula(x).astype(x.dtype)

    if space == "logit" and formula(np.array([24.0])) != 9:
        check_op(liar)  # float64 holds 10 tanh(2.4) and its neighbours apart
    else:
        refused(liar, "strictly monotone")


def test_ties_that_are_broken_are_seen() -> None:
    @op("liar", scope="set", classwise=True, spaces=("logit",), monotone="strict")
    def liar(x: Array) -> Array:
        return np.asarray(x + np.arange(len(x))[:, None] * 1e-9)

    refused(liar, "strictly monotone")


def test_far_values_that_turn_round_are_seen() -> None:
    @op("liar", scope="chunk", classwise=True, spaces=("logit",), monotone="weak")
    def liar(x: Array) -> Array:
        return np.where(x > 12, -x, x)

    refused(liar, "weakly monotone")


@pytest.mark.parametrize("formula", [lambda x: x * 2, lambda x: x - 5])
def test_results_lie_in_their_space(formula: Callable[[Array], Array]) -> None:
    @op("wide", scope="chunk", classwise=True)
    def wide(x: Array) -> Array:
        return formula(x)

    refused(wide, "in space prob", "in space rank", "gave values from")


def test_parameters_that_nothing_is_passed_to() -> None:
    with pytest.raises(
        TypeError, match=r"op 'wide': nothing is passed to offsets, width: a step takes.*put `\*,` before"
    ):

        @op("wide", scope="file")
        def wide(x: Array, offsets: Offsets, width: int = 3) -> Array:
            return x

    with pytest.raises(TypeError, match=r"nothing is passed to a, b: a blend takes its streams as `\*xs`"):

        @op("two", kind="blend")
        def two(a: Array, b: Array, *, weights: Weights) -> Array:
            return a + b


def test_a_class_without_coverage_must_not_count() -> None:
    @op("liar", scope="chunk")
    def liar(x: Any) -> Any:
        return x / np.abs(x).max(axis=1, keepdims=True)

    refused(liar, "not covered")


def test_a_blend_that_looks_at_all_weights_is_not_classwise() -> None:
    @op("liar", kind="blend", scope="chunk", classwise=True, per_class=("weights",))
    def liar(*xs: Array, weights: Weights) -> Array:
        return xs[0] * weights.max()

    refused(liar, "classwise")


def test_position_is_not_a_class() -> None:
    @op("liar", scope="chunk", classwise=True)
    def liar(x: Array) -> Array:
        return x + np.arange(x.shape[1], dtype=x.dtype)

    refused(liar, "classwise")


def test_an_op_must_not_write_to_its_argument() -> None:
    @op("liar", scope="chunk", classwise=True)
    def liar(x: Array) -> Array:
        x += 1
        return x

    refused(liar, "'liar'", "argument")


def test_nan_is_refused() -> None:
    @op("liar", scope="set")
    def liar(x: Array) -> Array:
        return np.where(x > 1, np.nan, x)

    refused(liar, "not finite")


def test_another_shape_is_refused() -> None:
    @op("liar", scope="set")
    def liar(x: Array) -> Array:
        return x[:, :1]

    refused(liar, "shape")


def test_a_clip_is_not_strictly_monotone() -> None:
    @op("liar", scope="chunk", classwise=True, monotone="strict")
    def liar(x: Array) -> Array:
        return np.clip(x, -0.5, 0.5)

    refused(liar, "strictly monotone")


def test_a_reversal_is_not_weakly_monotone() -> None:
    @op("liar", scope="chunk", classwise=True, monotone="weak")
    def liar(x: Array) -> Array:
        return -x

    refused(liar, "weakly monotone", "re-ordered")


def test_splitting_ties_is_not_strictly_monotone() -> None:
    @op("liar", scope="file", classwise=True, monotone="strict")
    def liar(x: Array, *, rows: RowsOf) -> Array:
        return x + (rows.start_s * 1e-9)[:, None]

    refused(liar, "strictly monotone")


def test_a_lie_in_one_space_only_is_found() -> None:
    @op("liar", scope="chunk", classwise=True)
    def liar(x: Array) -> Array:
        return x if (x < 0).any() or len(x) < 5 else np.asarray(x - x.mean(axis=0))  # harmless on logits

    refused(liar, "prob", "other values")


def test_every_broken_promise_is_listed() -> None:
    @op("liar", scope="chunk", classwise=True, monotone="strict")
    def liar(x: Array) -> Array:
        return np.asarray(-x + x.mean())

    refused(liar, "scope chunk", "classwise", "monotone", "float32", "float64")


def test_a_function_without_a_declaration_is_refused() -> None:
    with pytest.raises(AssertionError, match="not declared with @op"):
        check_op(lambda x: x)
    check_op("gaussian")  # by the name of what is installed


def test_a_fitted_op_is_run_on_fitted_artefacts() -> None:
    def fit(truth: Array, labelled: Array, rows: Rows, classes: tuple[str, ...]) -> Array:
        return truth.mean(axis=0)

    @op("honest", scope="file", fit=fit, load=lambda path: None, spaces=("logit",))
    def honest(x: Array, *, rows: RowsOf, fitted: FittedOf) -> Array:
        return np.asarray(x + [fitted.artefacts[fitted.pick(str(r))] for r in rows.recording])

    @op("liar", scope="file", fit=fit, load=lambda path: None)
    def liar(x: Array, *, rows: RowsOf, fitted: FittedOf) -> Array:
        return np.asarray(x + fitted.artefacts[fitted.pick(str(rows.recording[0]))])

    check_op(honest)
    refused(liar, "scope file")  # one recording's artefact used for all


def test_fitted_gives_each_recording_its_own_artefact() -> None:
    fitted = Fitted(("all", "without a"), 0, {"a": 1})
    assert [fitted.artefacts[fitted.pick(r)] for r in "abc"] == ["without a", "all", "all"]


# --- members ------------------------------------------------------------------------------------

INFO = MemberInfo(classes=CLASSES, covered=(True,) * len(CLASSES), rate=RATE, window_s=5.0)


@dataclass
class Listener:
    """An honest member: how loud each seventh of the window is. Liars change one thing."""

    info: MemberInfo = INFO
    change: Callable[[Array, Array], Array] = lambda windows, logits: logits

    def predict(self, windows: Array) -> Array:
        parts = np.array_split(windows, len(CLASSES), axis=1)
        logits = np.stack([np.abs(p).mean(axis=1) for p in parts], axis=1).astype(np.float32)
        return self.change(windows, logits)


def check(change: Callable[[Array, Array], Array], info: MemberInfo = INFO) -> None:
    check_member(lambda context: Listener(info, change))


def test_an_honest_member_passes() -> None:
    check_member(lambda context: Listener())


def test_the_smallest_registered_member_passes() -> None:
    check_member("tone")


def test_parameters_and_context_reach_the_factory() -> None:
    seen = []

    def factory(context: Any, *, loud: int) -> Listener:
        seen.append((context.classes, loud))
        return Listener()

    check_member(factory, loud=3)
    assert seen == [(CLASSES, 3)]


def _write(windows: Array, logits: Array) -> Array:
    windows[:] = 0
    return logits


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w, z: z.astype(np.float64), "expected float32"),
        (lambda w, z: z[:, :3], "shape"),
        (lambda w, z: z[:1], "shape"),
        (lambda w, z: z[0] if len(z) == 1 else z, "for a single window, expected"),
        (lambda w, z: np.where(z > 0, z, np.float32(np.nan)), "not finite"),
        (lambda w, z: np.where(z > 0, z, np.float32(-np.inf)), "not finite"),
        (_write, "changed its input"),
        (lambda w, z: z + np.float32(next(CALLS)), "second time"),
        (lambda w, z: z - z.mean(axis=0), "depend on its batch"),
        (lambda w, z: z + np.float32(len(z)), "depend on its batch"),
    ],
    ids=[
        "float64",
        "few classes",
        "few windows",
        "squeezed",
        "nan",
        "inf",
        "writes",
        "random",
        "batch mean",
        "batch size",
    ],
)
def test_lying_members_are_refused(change: Callable[[Array, Array], Array], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check(change)


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (replace(INFO, covered=(True,)), "coverage flags"),
        (replace(INFO, classes=(CLASSES[0],) * len(CLASSES)), "distinct"),
        (replace(INFO, covered=(False,) * len(CLASSES)), "no class is covered"),
    ],
)
def test_what_a_member_says_of_itself_is_checked(info: MemberInfo, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check(lambda w, z: z, info)


def test_a_member_of_fixed_classes_is_told_how_to_answer() -> None:
    own = replace(INFO, classes=("owl", *CLASSES[1:]))
    with pytest.raises(AssertionError, match="1 of its classes are none of the run's: owl") as error:
        check(lambda w, z: z, own)
    assert "by_name_or_id(name, labels, context)" in str(error.value)
    assert "check_member(name, context=MemberContext(labels))" in str(error.value)

    def factory(context: MemberContext) -> Listener:
        own = by_name_or_id("owls", ("owl", "bat"), context)
        return Listener(replace(INFO, classes=own.classes, covered=own.covered), lambda w, z: own.place(z[:, :2]))

    check_member(factory, context=MemberContext(("owl", "cat", "bat")))
    with pytest.raises(AssertionError, match=r"check_member\(name, context=MemberContext\(labels\)\)"):
        check_member(factory)  # none of the small world's classes matches


def test_a_bare_op_says_the_right_form() -> None:
    with pytest.raises(TypeError, match=r'write @op\("halve", scope="file", classwise=True\) above `def halve`'):

        @op  # type: ignore[arg-type, type-var]
        def halve(x: Array) -> Array:
            return x / 2

    with pytest.raises(TypeError, match=r'write @op\("my_op", scope="file", classwise=True\) above `def my_op`'):
        op()


def test_something_else_is_no_member() -> None:
    with pytest.raises(AssertionError, match="a str has none of"):
        check_member(lambda context: "hello")


@dataclass
class Finished:
    """A finished member: scores that somebody else computed."""

    scores: Any
    space: str = "prob"

    def read(self) -> Any:
        return self.scores

    def warnings(self) -> list[str]:
        return []


def ready(space: Any = "prob") -> Scores:
    rows = small_rows()
    return Scores.build(np.full((len(rows), 2), 0.5), rows, ("a", "b"), space)


def shuffled() -> Scores:
    rows = make_rows(["a", "a"], np.array([5.0, 0.0]), np.array([10.0, 5.0]), NameRule())
    values = np.zeros((2, 1))
    values.setflags(write=False)
    return Scores(values, rows, ("x",), "prob", np.ones(1, bool))


def test_an_honest_table_passes() -> None:
    check_member(lambda context: Finished(ready()))


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        (ready("logit"), "read gave logit scores, space says prob"),
        (np.zeros((2, 2)), "expected Scores"),
        (shuffled(), "start time"),
    ],
    ids=["space", "array", "order"],
)
def test_lying_tables_are_refused(scores: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_member(lambda context: Finished(scores))


def test_a_registered_table_passes(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("row_id,a,b\nrec_10,0.5,0.25\nrec_5,0.125,1\n", encoding="utf-8")
    check_member("table", path=str(path), space="prob")


# --- what the kits are made of ------------------------------------------------------------------


def test_the_small_world_holds_the_awkward_cases() -> None:
    rows, taxonomy = small_rows(), small_taxonomy()
    assert taxonomy.classes == CLASSES
    assert len(rows.recordings()) == 5
    assert 1 in np.diff(rows.offsets())  # a recording of one chunk
    assert "" in rows.site
    assert -1 in rows.hour
    assert sum(taxonomy.is_sonotype(c) for c in CLASSES) == 2
    assert taxonomy.sizes(CLASSES, "genus") == {"Nyctidromus": 2, "Scinax": 2}


def test_strategy_finds_ties_signed_zeros_and_large_values() -> None:
    strategy = scores_strategy()
    any_will_do = settings(phases=[Phase.generate], database=None)  # the smallest one would take long to find
    assert find(strategy, lambda x: len(np.unique(x[:, 0])) < len(x), settings=any_will_do).ndim == 2
    assert find(strategy, lambda x: bool(np.signbit(x[x == 0]).any()), settings=any_will_do).dtype == np.float64
    assert find(strategy, lambda x: bool((np.abs(x) > 1e299).any()), settings=any_will_do).size > 0


@op("no_mean", kind="blend", scope="chunk", classwise=True, per_class=("weights",), weighted_mean=True)
def no_mean(*xs: Array, weights: Weights) -> Array:
    return np.asarray(xs[0] * (weights[0] > 0))


@op("half_members", kind="blend", scope="chunk", classwise=True, per_class=("weights",), weights="membership")
def half_members(*xs: Array, weights: Weights) -> Array:
    return np.asarray((xs[0] * weights[0] + xs[1] * weights[1]) / weights.sum(axis=0))


@op("added", kind="blend", scope="chunk", classwise=True, per_class=("weights",))
def added(*xs: Array, weights: Weights) -> Array:
    return np.asarray(xs[0] * weights[0] + xs[1])


@op("hidden_levels", scope="chunk")
def hidden_levels(x: Array, **levels: Unpack[TaxonLevels]) -> Array:
    return x.copy()


@op("no_levels", scope="chunk", taxonomic=True)
def no_levels(x: Array, *, genus: float = 0.0) -> Array:
    return x.copy()


@op("no_rows", scope="chunk", needs=("site",))
def no_rows(x: Array) -> Array:
    return x.copy()


@pytest.mark.parametrize(
    ("liar", "says"),
    [
        (no_rows, "declared to need site, but has no parameter of type RowsOf"),
        (no_mean, "declared weighted_mean, but gives no mean"),
        (half_members, "declared weights membership, but other weights above 0"),
        (added, "declared weights relative, but doubling"),
        (hidden_levels, "is not declared taxonomic"),
        (no_levels, "declared taxonomic, but lacks class_name, family, order, sonotypes"),
    ],
)
def test_traits_are_verified(liar: Callable[..., Any], says: str) -> None:
    refused(liar, says)
