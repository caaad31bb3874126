from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core.columns_that_are_no_classes import is_bookkeeping
from blendkit.core.joining import concat
from blendkit.core.names import NameRule
from blendkit.core.rows import Rows, chunk_rows, rows_from_ids
from blendkit.core.scores import Scores
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.io import read_scores

NAMES = NameRule()
CLASSES = ("22961", "grekis1", "compau")


def two_recordings() -> Rows:
    return chunk_rows({"r2": 2, "r10": 1}, 5.0, NAMES)


def numbered(rows: Rows, classes: tuple[str, ...] = CLASSES, dtype: Any = np.float32, **more: Any) -> Scores:
    """Scores whose values say where they stand."""
    values = np.arange(len(rows) * len(classes), dtype=dtype).reshape(len(rows), len(classes))
    return Scores.build(values, rows, classes, "logit", **more)


@st.composite
def any_scores(draw: st.DrawFn) -> Scores:
    chunks = draw(st.dictionaries(st.sampled_from(["a", "b2", "b10", "c_S1_20250101_040000"]), st.integers(1, 4)))
    classes = draw(st.lists(st.sampled_from(["1", "2", "10", "x", "y"]), unique=True, min_size=1))
    rows = chunk_rows(chunks, 5.0, NAMES)
    seed = draw(st.integers(0, 99))
    values = np.random.default_rng(seed).standard_normal((len(rows), len(classes)))
    covered = np.random.default_rng(seed + 1).random(len(classes)) < 0.7
    return Scores.build(values, rows, classes, "logit", covered=covered)


def refusal(values: Any, rows: Rows | None = None, classes: tuple[str, ...] = CLASSES, **more: Any) -> str:
    with pytest.raises(BlendkitError) as error:
        Scores.build(values, two_recordings() if rows is None else rows, classes, "logit", **more)
    return str(error.value)


def test_rows_are_put_in_order_with_their_values() -> None:
    rows = rows_from_ids(["r10_5", "r2_10", "r2_5"], 5.0, NAMES)
    scores = numbered(rows)
    assert scores.rows.ids() == ["r2_5", "r2_10", "r10_5"]
    assert scores.values.tolist() == [[6, 7, 8], [3, 4, 5], [0, 1, 2]]


def test_defaults_cover_every_class() -> None:
    scores = numbered(two_recordings())
    assert scores.covered.tolist() == [True, True, True]
    assert (scores.classes, scores.space, scores.made_by) == (CLASSES, "logit", "")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(dtype: Any) -> None:
    assert numbered(two_recordings(), dtype=dtype).values.dtype == dtype


def test_class_ids_become_text() -> None:
    scores = Scores.build(np.zeros((3, 2)), two_recordings(), [22961, 65380], "prob")  # type: ignore[list-item]
    assert scores.classes == ("22961", "65380")


def test_values_and_coverage_are_read_only() -> None:
    rows = rows_from_ids(["r10_5", "r2_10", "r2_5"], 5.0, NAMES)
    for scores in (numbered(two_recordings()), numbered(rows), numbered(rows).take_rows(np.array([1]))):
        with pytest.raises(ValueError, match="read-only"):
            scores.values[0, 0] = 1.0
        with pytest.raises(ValueError, match="read-only"):
            scores.covered[0] = False


def test_build_leaves_the_callers_array_writeable() -> None:
    values = np.zeros((3, 3))
    Scores.build(values, two_recordings(), CLASSES, "logit")
    values[0, 0] = 1.0
    assert values[0, 0] == 1.0


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (3, 3, 1), (9,), (0, 3)])
def test_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    message = refusal(np.zeros(shape), source="mine.csv")
    assert "mine.csv" in message
    assert str(shape) in message
    assert "(3 rows, 3 classes)" in message


@pytest.mark.parametrize("dtype", [np.int64, bool, object, np.complex128])
def test_wrong_type_is_refused(dtype: Any) -> None:
    message = refusal(np.zeros((3, 3), dtype))
    assert np.dtype(dtype).name in message
    assert "float32 or float64" in message


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_placed(bad: float) -> None:
    values = np.zeros((3, 3), np.float32)
    values[1, 2] = bad
    message = refusal(values, source="member 'x'")
    assert "1 values are not finite" in message
    assert "(r2, 5 s, class compau)" in message
    assert "member 'x'" in message


def test_two_infinities_do_not_cancel() -> None:
    values = np.zeros((3, 3))
    values[0, 0], values[2, 1] = np.inf, -np.inf
    assert "2 values are not finite" in refusal(values)


def test_only_the_first_bad_values_are_listed() -> None:
    message = refusal(np.full((3, 3), np.nan))
    assert "9 values are not finite" in message
    assert message.count(", class ") == 5


def test_large_finite_values_are_fine() -> None:
    values = np.full((3, 3), 1.7e308)  # their sum overflows
    assert np.array_equal(Scores.build(values, two_recordings(), CLASSES, "logit").values, values)


def test_duplicates_are_all_listed() -> None:
    rows = rows_from_ids(["a_5", "a_10", "a_5"], 5.0, NAMES)
    message = refusal(np.zeros((3, 3)), rows, ("x", "y", "x"))
    assert "duplicate row: a_5" in message
    assert "duplicate class: x" in message
    assert "a_10" not in message


@pytest.mark.parametrize("covered", [[True], [True] * 4, [[True, True, True]]])
def test_coverage_must_fit_the_classes(covered: list[Any]) -> None:
    assert "cover" in refusal(np.zeros((3, 3)), covered=np.array(covered))


def test_no_rows_are_fine() -> None:
    scores = numbered(chunk_rows({}, 5.0, NAMES))
    assert scores.values.shape == (0, 3)


def test_with_values_keeps_the_rest() -> None:
    scores = numbered(two_recordings(), covered=np.array([True, False, True]), made_by="m")
    other = scores.with_values(np.full((3, 3), 0.5), "prob")
    assert (other.space, other.made_by, other.classes) == ("prob", "m", CLASSES)
    assert other.rows is scores.rows
    assert other.covered.tolist() == [True, False, True]
    assert scores.with_values(np.zeros((3, 3))).space == "logit"


def test_with_values_refuses_another_shape() -> None:
    with pytest.raises(BlendkitError, match=r"\(3, 2\).*\(3, 3\)"):
        numbered(two_recordings()).with_values(np.zeros((3, 2)))


def test_align_by_identity() -> None:
    scores = numbered(two_recordings(), covered=np.array([True, False, True]), made_by="m")
    rows = rows_from_ids(["r10_5", "r2_10"], 5.0, NAMES)
    placed = scores.align(rows, ("compau", "new", "22961", "grekis1"), fill=-9.0)
    assert placed.values.tolist() == [[8, -9, 6, 7], [5, -9, 3, 4]]
    assert placed.values.dtype == np.float32
    assert placed.covered.tolist() == [True, False, True, False]
    assert (placed.space, placed.made_by) == ("logit", "m")
    assert placed.rows is rows


def test_align_fills_with_zero_unless_told() -> None:
    scores = numbered(two_recordings())
    assert scores.align(scores.rows, (*CLASSES, "new")).values[:, 3].tolist() == [0, 0, 0]


def test_align_on_itself_keeps_the_values() -> None:
    scores = numbered(two_recordings())
    assert scores.align(scores.rows, scores.classes).values is scores.values
    equal = rows_from_ids(scores.rows.ids(), 5.0, NAMES)
    assert np.array_equal(scores.align(equal, scores.classes).values, scores.values)


def test_align_is_read_only() -> None:
    scores = numbered(two_recordings())
    with pytest.raises(ValueError, match="read-only"):
        scores.align(scores.rows, ("compau", "22961", "grekis1")).values[0, 0] = 1.0


def test_align_lists_every_problem_at_once() -> None:
    wanted = chunk_rows({"r2": 3, "r10": 1, "r11": 7}, 5.0, NAMES)
    with pytest.raises(BlendkitError) as error:
        numbered(two_recordings()).align(wanted, ("22961", "grekis2"), source="table.csv")
    message = str(error.value)
    assert "table.csv" in message
    assert "8 of 11 rows missing: r2_15, r11_5" in message
    assert "2 unknown classes" in message
    assert "'grekis1' (did you mean 'grekis2'?)" in message
    assert "'compau'" in message


def test_align_may_ignore_unknown_classes() -> None:
    scores = numbered(two_recordings())
    placed = scores.align(scores.rows, ("compau",), unknown_classes="ignore")
    assert placed.values.tolist() == [[2], [5], [8]]


def test_same_end_in_another_recording_is_another_row() -> None:
    scores = numbered(chunk_rows({"a": 1, "a_5": 1}, 5.0, NAMES))
    assert scores.align(rows_from_ids(["a_5_5", "a_5"], 5.0, NAMES), CLASSES).values[:, 0].tolist() == [3, 0]


@given(any_scores(), st.randoms())
def test_align_undoes_any_permutation(scores: Scores, random: Any) -> None:
    order, columns = list(range(len(scores.rows))), list(range(len(scores.classes)))
    random.shuffle(order)
    random.shuffle(columns)
    mixed = scores.align(scores.rows.take(np.array(order, np.int64)), [scores.classes[c] for c in columns])
    assert np.array_equal(mixed.values, scores.values[np.ix_(order, columns)])
    back = mixed.align(scores.rows, scores.classes)
    assert np.array_equal(back.values, scores.values)
    assert np.array_equal(back.covered, scores.covered)


@given(any_scores(), st.randoms())
def test_row_order_of_the_input_does_not_matter(scores: Scores, random: Any) -> None:
    order = list(range(len(scores.rows)))
    random.shuffle(order)
    index = np.array(order, np.int64)
    again = Scores.build(scores.values[index], scores.rows.take(index), scores.classes, "logit")
    assert again.rows.ids() == scores.rows.ids()
    assert np.array_equal(again.values, scores.values)


@given(any_scores())
def test_align_agrees_with_pandas(scores: Scores) -> None:
    wanted = ["y", "new", "1", "x", "2", "10"]
    placed = scores.align(scores.rows, wanted, fill=-1.0)
    oracle = scores.to_frame().reindex(columns=wanted, fill_value=-1.0)
    assert np.array_equal(placed.values, oracle.to_numpy())


def test_frame_has_the_opensoundscape_index() -> None:
    frame = numbered(two_recordings()).to_frame()
    assert list(frame.index.names) == ["file", "start_time", "end_time"]
    assert frame.index.tolist() == [("r2", 0.0, 5.0), ("r2", 5.0, 10.0), ("r10", 0.0, 5.0)]
    assert frame.columns.tolist() == list(CLASSES)
    assert frame.loc[("r10", 0.0, 5.0), "compau"] == 8


def test_frame_does_not_reach_into_the_scores() -> None:
    scores = numbered(two_recordings())
    frame = scores.to_frame()
    frame.iloc[0, 0] = 99.0
    assert scores.values[0, 0] == 0.0


@given(any_scores(), st.booleans(), st.randoms())
def test_frame_round_trip(scores: Scores, as_columns: bool, random: Any) -> None:
    frame = scores.to_frame()
    order = list(range(len(frame)))
    random.shuffle(order)
    frame = frame.iloc[order]
    again = Scores.from_frame(frame.reset_index() if as_columns else frame, "logit")
    assert again.rows.ids() == scores.rows.ids()
    assert again.classes == scores.classes
    assert np.array_equal(again.values, scores.values)
    assert again.rows.site.tolist() == scores.rows.site.tolist()


def test_frame_keeps_float32() -> None:
    assert Scores.from_frame(numbered(two_recordings()).to_frame(), "logit").values.dtype == np.float32


def test_frame_without_its_index_is_refused() -> None:
    with pytest.raises(BlendkitError, match=r"start_time.*\n.*filename"):
        Scores.from_frame(pd.DataFrame({"filename": ["a"], "x": [1.0]}), "logit")


def test_frame_with_a_gap_is_refused() -> None:
    frame = numbered(two_recordings()).to_frame()
    frame.iloc[2, 1] = np.nan
    with pytest.raises(BlendkitError, match=r"\(r10, 0 s, class grekis1\)"):
        Scores.from_frame(frame, "logit")


def test_frame_of_text_is_refused() -> None:
    frame = numbered(two_recordings()).to_frame().astype(object)
    with pytest.raises(BlendkitError, match=r"grekis1 \(object\)"):
        Scores.from_frame(frame, "logit")


def test_concat_restores_the_natural_order() -> None:
    parts = [numbered(chunk_rows({r: 2}, 5.0, NAMES), made_by="m") for r in ("r10", "r9", "r1")]
    whole = concat(parts)
    assert whole.rows.ids() == ["r1_5", "r1_10", "r9_5", "r9_10", "r10_5", "r10_10"]
    assert whole.values[:, 0].tolist() == [0, 3] * 3
    assert whole.made_by == "m"


@given(any_scores())
def test_concat_undoes_a_split(scores: Scores) -> None:
    bounds = scores.rows.offsets()
    parts = [scores.take_rows(np.arange(a, b)) for a, b in itertools.pairwise(bounds)]
    if not parts:
        parts = [scores]
    whole = concat(parts[::-1])
    assert np.array_equal(whole.values, scores.values)
    assert np.array_equal(whole.covered, scores.covered)
    assert whole.rows.ids() == scores.rows.ids()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"classes": ("22961", "compau", "grekis1")}, "classes or spaces"),
        ({"space": "prob"}, "classes or spaces"),
        ({"covered": np.array([True, True, False])}, "coverage"),
    ],
)
def test_concat_refuses_what_differs(change: dict[str, Any], word: str) -> None:
    given_ = {"classes": CLASSES, "space": "logit", "covered": np.ones(3, bool), **change}
    other = Scores.build(np.zeros((1, 3)), chunk_rows({"z": 1}, 5.0, NAMES), **given_)
    with pytest.raises(BlendkitError, match=word):
        concat([numbered(two_recordings(), dtype=np.float64), other])


def test_concat_refuses_a_row_twice() -> None:
    scores = numbered(two_recordings())
    with pytest.raises(BlendkitError, match=r"duplicate row: .*r2_5"):
        concat([scores, scores])


# --- what people see, and what no Scores may be ---------------------------------------------------


@pytest.fixture
def scores() -> Scores:
    return numbered(two_recordings())


def test_repr_is_one_line(scores: Scores) -> None:
    text = repr(scores)
    assert "\n" not in text
    assert text.startswith(f"Scores({len(scores)} chunks of ")
    assert f"x {len(scores.classes)} classes" in text
    assert "\n" not in repr(scores.rows)


def test_shape_and_length(scores: Scores) -> None:
    assert scores.shape == scores.values.shape
    assert len(scores) == len(scores.rows) == scores.rows.shape[0]


def test_html_escapes_and_shows_ten_rows_at_most(scores: Scores) -> None:
    shown = replace(scores, classes=("<b>x</b>", *scores.classes[1:]))._repr_html_()
    assert "<b>x" not in shown
    assert shown.count("<tr>") <= 13
    assert "recording" in scores.rows._repr_html_()


@pytest.mark.parametrize("broken", ["rows", "classes", "covered", "type"])
def test_an_invalid_one_cannot_be_made(scores: Scores, broken: str) -> None:
    other: dict[str, Any] = {
        "rows": {"rows": scores.rows.take(slice(1, None))},
        "classes": {"classes": scores.classes[1:]},
        "covered": {"covered": np.ones(len(scores.classes), np.int8)},
        "type": {"values": np.zeros(scores.shape, np.int64)},
    }
    with pytest.raises(BlendkitError, match="do not fit together"):
        replace(scores, **other[broken])


def test_values_and_coverage_are_read_only_however_it_is_made(scores: Scores) -> None:
    values, covered = np.zeros(scores.shape), np.ones(len(scores.classes), bool)
    made = Scores(values, scores.rows, scores.classes, "logit", covered)
    for array in (made.values, made.covered):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    values[0] = 1  # the maker's own array is left alone


def test_an_unknown_space_is_refused_where_one_is_needed(scores: Scores) -> None:
    assert replace(scores, space="prob").stated_space() == "prob"
    with pytest.raises(BlendkitError, match="the space of these scores is unknown"):
        replace(scores, space="unknown").stated_space()


def test_a_frame_gives_back_the_same_recordings(scores: Scores) -> None:
    names = ["a.wav", "/abs/b.v2.ogg", "c"]
    rows = chunk_rows(dict.fromkeys(names, 2), 5.0, NameRule())
    made = Scores.build(np.arange(12.0).reshape(6, 2), rows, ("x", "y"), "logit")
    again = Scores.from_frame(made.to_frame(), "logit")
    assert again.rows.ids() == made.rows.ids()
    np.testing.assert_array_equal(again.values, made.values)


@pytest.mark.parametrize(
    ("files", "ids"),
    [
        (["/data/rec/a/x.wav", "/data/rec/b/x.wav"], ["a/x", "b/x"]),
        (["/data/rec/a/x.wav", "/data/rec/a/y.wav"], ["x", "y"]),
        ([r"C:\rec\a\x.wav", r"C:\rec\b\x.wav"], ["a/x", "b/x"]),
        (["./a/x.wav", "b/x.wav"], ["a/x", "b/x"]),
    ],
)
def test_files_of_a_frame_are_recordings_by_the_rule_of_score_files(
    files: list[str], ids: list[str], tmp_path: Path
) -> None:
    frame = pd.DataFrame({"file": files, "start_time": 0.0, "end_time": 5.0, "x": 0.25})
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert Scores.from_frame(frame, "prob").rows.recordings() == ids
    assert read_scores(tmp_path / "t.csv").rows.recordings() == ids


@pytest.mark.parametrize(
    ("columns", "space", "said"),
    [
        ({"x": [0.5, -0.1]}, "prob", "declared 'prob', but values lie in"),
        ({"x": [0.5, 1.5]}, "rank", "declared 'rank', but values lie in"),
        ({"x": [0.5, 0.5]}, "logits", "expected one of logit, prob, rank"),
        ({"x": [0.5, 0.5], "fold": [0, 1]}, "prob", "fold"),
        ({"x": [0.5, 0.5], "Unnamed: 0": [0, 1]}, "prob", r"frame.drop\(columns=\['Unnamed: 0'\]\)"),
    ],
)
def test_a_frame_that_is_no_scores_is_refused(columns: dict[str, list[float]], space: str, said: str) -> None:
    frame = pd.DataFrame({"row_id": ["r_5", "r_10"], **columns})
    with pytest.raises(BlendkitError, match=said):
        Scores.from_frame(frame, space)  # type: ignore[arg-type]


def test_classes_that_a_taxonomy_knows() -> None:
    taxa = Taxonomy({"a": {"scientific_name": "Aus bus"}, "b": {}})
    rows = rows_from_ids(["r_5"], 5.0, NameRule())
    scores = Scores.build(np.array([[1.0, 2.0, 3.0]]), rows, ["Aus bus", "b", "best"], "logit")
    known, notes = scores.known_to(taxa)
    assert (known.classes, known.values.tolist()) == (("a", "b"), [[1.0, 2.0]])
    assert notes[-1] == "1 columns that the taxonomy lacks are left out: best"
    assert scores.known_to(taxa, also=("best",))[0].classes == ("a", "b", "best")
    assert scores.known_to(Taxonomy({"x": {}}))[0].classes == ("Aus bus", "b")  # a taxonomy of other classes
    floats = Scores.build(np.array([[1.0, 2.0]]), rows, ["22961.0", "3.0"], "logit")
    assert floats.known_to(Taxonomy({}), ("22961", "3.0"))[0].classes == ("22961", "3.0")  # as labels have them


def test_columns_that_only_count_or_describe_are_no_classes() -> None:
    words = ["target", "mean_prob", "max", "n", "version", "extra", "score_mean", "file_size", "N files", "prob_2",
             "year", "chunk_idx", "fold_id", "n_labels", "is_train", "sample_weight", "lon", "site_index", "dow", "obs", "top1"]  # fmt: skip
    classes = ["22961", "47158son07", "barswa", "Aus bus", "Great Kiskadee", "n1", "Max owl", "x_mean", "2", "rat",
               "train", "Train"]  # fmt: skip
    assert [w for w in words if not is_bookkeeping(w)] == []
    assert [c for c in classes if is_bookkeeping(c)] == []
    rows = rows_from_ids(["r_5"], 5.0, NameRule())
    scores = Scores.build(np.array([[1.0, 2.0, 3.0]]), rows, ["x", "n", "extra"], "logit")
    known, notes = scores.known_to(Taxonomy({}))
    assert (known.classes, notes) == (("x",), ("2 columns are left out, for they are no classes: n, extra",))
    assert scores.known_to(Taxonomy({}), also=("extra",))[0].classes == ("x", "extra")  # a label names it
    with pytest.raises(BlendkitError, match="no column is a class"):
        Scores.build(np.ones((1, 1)), rows, ["n"], "logit").known_to(Taxonomy({}))


@pytest.mark.parametrize("as_index", [False, True])
def test_a_frame_of_row_ids_has_chunks_that_end_there(as_index: bool) -> None:
    frame = pd.DataFrame({"row_id": ["r_10", "r_20", "s_10"], "x": [1, 0, 1], "y": [0.5, 0.25, 0.0]})
    made = Scores.from_frame(frame.set_index("row_id") if as_index else frame, "prob", chunk_s=10)
    assert made.classes == ("x", "y")
    assert made.rows.recording.tolist() == ["r", "r", "s"]
    assert made.rows.start_s.tolist() == [0, 10, 0]
    assert made.values.tolist() == [[1, 0.5], [0, 0.25], [1, 0]]


def test_a_column_of_a_frame_without_numbers_is_named() -> None:
    frame = pd.DataFrame({"row_id": ["r_5"], "site": ["north"], "x": [1.0]})
    with pytest.raises(BlendkitError, match=r"holds numbers\n  not site \("):
        Scores.from_frame(frame, "prob")


@pytest.mark.parametrize("space", ["prob", "rank"])
def test_what_rounding_put_beyond_0_and_1_is_0_and_1(space: Any) -> None:
    frame = pd.DataFrame({"row_id": ["r_5", "r_10", "r_15"], "x": [1.0000001, -1e-9, 0.25]})
    values = frame["x"].to_numpy()
    assert Scores.from_frame(frame, space).values[:, 0].tolist() == [1, 0, 0.25]
    assert values.tolist() == [1.0000001, -1e-9, 0.25]  # the frame's own stay
    assert Scores.from_frame(frame, "logit").values[:, 0].tolist() == [1.0000001, -1e-9, 0.25]
    with pytest.raises(BlendkitError, match="not in"):
        Scores.from_frame(frame.assign(x=[1.00001, 0.0, 0.5]), space)


def test_nothing_found_beside_logits_of_no_stated_space_is_below_them() -> None:
    rows = rows_from_ids(["r_5", "r_10"], 5.0, NameRule())
    own = Scores.build(np.array([[-3.0]]), rows.take(np.array([0])), ["x"], "unknown")
    assert own.align(rows, ["x"], missing_rows="nothing").values.tolist() == [[-3.0], [-20.0]]
    far = Scores.build(np.array([[-30.0]]), rows.take(np.array([0])), ["x"], "unknown")
    assert far.align(rows, ["x"], missing_rows="nothing").values.tolist() == [[-30.0], [-30.0]]
