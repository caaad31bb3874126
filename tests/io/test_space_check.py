from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import expit
from scipy.stats import rankdata

from blendkit.errors import BlendkitError
from blendkit.io.readers.score_sources import read_scores
from blendkit.io.readers.score_table import read_table
from blendkit.io.space_check import check_space, likely_space

RNG = np.random.default_rng(8)
LOGITS = RNG.normal(-4, 2, (40, 5))
PROBS = expit(LOGITS)
RANKS = rankdata(PROBS, axis=0) / 40


@pytest.mark.parametrize(("values", "space"), [(LOGITS, "logit"), (PROBS, "prob"), (RANKS, "rank")])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_of_the_stated_space_give_no_warning(values: np.ndarray, space: Any, dtype: Any) -> None:
    assert check_space(values.astype(dtype), space, "t") == []


@pytest.mark.parametrize("space", ["prob", "rank"])
@pytest.mark.parametrize("bad", [-0.25, 1.5])
def test_an_impossible_value_is_named_by_row_and_column(space: Any, bad: float) -> None:
    values = PROBS.copy()
    values[3, 1] = bad
    with pytest.raises(BlendkitError) as error:
        check_space(values, space, "table.csv")
    message = str(error.value)
    assert f"table.csv: declared `space: {space}`" in message
    assert f"row 4, column 2: {bad:g}" in message
    assert "`space: logit`?" in message


def test_zero_and_one_are_probabilities() -> None:
    values = PROBS.copy()
    values[0] = 0.0
    values[1] = 1.0
    assert check_space(values, "prob", "t") == []


@pytest.mark.parametrize(
    ("values", "space", "word"),
    [
        (PROBS[:10], "logit", "they look like `space: prob`"),
        (RANKS, "prob", "`space: rank`?"),
        (PROBS, "rank", "`space: prob`?"),
        (expit(PROBS), "prob", "sigmoid applied twice?"),
        (np.zeros((40, 5)), "prob", "every value is 0"),
        (np.full((40, 5), 0.5), "rank", "every value is 0.5"),
        (np.full((40, 5), -7.0), "logit", "every value is -7"),
    ],
)
def test_values_that_look_like_another_space_give_a_warning(values: np.ndarray, space: Any, word: str) -> None:
    warnings = check_space(values, space, "t")
    assert len(warnings) == 1
    assert word in warnings[0]


def test_a_blend_of_ranks_is_still_ranks() -> None:
    other = rankdata(RNG.random((40, 5)).round(1), axis=0) / 40  # with ties
    assert check_space(0.3 * RANKS + 0.7 * other, "rank", "t") == []
    assert "rank" in check_space(0.3 * RANKS + 0.7 * other, "prob", "t")[0]


def test_columns_that_never_move_do_not_hide_ranks() -> None:
    values = RANKS.copy()
    values[:, 2] = 0.5
    assert check_space(values, "rank", "t") == []


def test_one_column_unlike_ranks_is_enough() -> None:
    values = RANKS.copy()
    values[:, 2] **= 3
    assert "`space: prob`?" in check_space(values, "rank", "t")[0]
    assert check_space(values, "prob", "t") == []


@pytest.mark.parametrize("n", [2, 10, 23])
def test_few_rows_give_no_warning(n: int) -> None:
    ranks = rankdata(RNG.random((n, 3)), axis=0) / n
    assert check_space(ranks, "rank", "t") == []
    assert check_space(ranks, "prob", "t") == []
    assert check_space(expit(ranks), "prob", "t") == []


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
@pytest.mark.parametrize("space", ["logit", "prob", "rank"])
def test_nothing_to_judge(shape: tuple[int, int], space: Any) -> None:
    assert check_space(np.zeros(shape), space, "t") == []


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=st.floats(-2, 2)),
    st.sampled_from(["logit", "prob", "rank"]),
)
def test_only_values_outside_the_unit_interval_contradict(values: np.ndarray, space: Any) -> None:
    assume(space != "logit" or (np.abs(values - np.round(2 * values) / 2) >= 1e-6).any())  # counts are refused as well
    beyond = ((values < 0) | (values > 1)).any()
    if (space == "logit" and not beyond and values.size >= 100 and values.min() < values.max()) or (
        space != "logit" and beyond
    ):
        with pytest.raises(BlendkitError):
            check_space(values, space, "t")
    else:
        assert len(check_space(values, space, "t")) <= 1


def test_logits_that_are_probabilities_or_ranks_are_refused_unless_allowed() -> None:
    for values, likely in ((PROBS, "prob"), (RANKS, "rank")):
        with pytest.raises(BlendkitError, match=f"look like `space: {likely}`\n.*say `unlikely: true`"):
            check_space(values, "logit", "t")
        assert len(check_space(values, "logit", "t", unlikely=True)) == 1


def test_ranks_from_one_say_how_they_become_shares() -> None:
    ranks = np.argsort(np.argsort(PROBS, axis=0), axis=0) + 1.0
    with pytest.raises(BlendkitError, match="are they ranks from 1 to 40\\? divide them by 40"):
        check_space(ranks, "rank", "t")


def test_probabilities_full_of_exact_0_and_1_are_noted() -> None:
    values = PROBS.copy()
    values[:, 0], values[:5, 1] = 0, 1
    (note,) = check_space(values, "prob", "t")
    assert note == (
        "40 of 200 probabilities are exactly 0 and 5 exactly 1: "
        "20.3% of the pairs of chunks tie, and count half in an AUC"  # (40 * 39 + 5 * 4) / (5 * 40 * 39)
    )


@given(st.permutations(range(5)), st.randoms())
def test_order_changes_no_verdict(columns: list[int], random: Any) -> None:
    rows = list(range(40))
    random.shuffle(rows)
    for values in (RANKS, PROBS, expit(PROBS)):
        assert check_space(values[rows][:, columns], "prob", "t") == check_space(values, "prob", "t")


@pytest.mark.parametrize(
    ("array", "space"),
    [
        ("sed_5s", "prob"),
        ("sed_20s", "prob"),
        ("noisy_student", "prob"),
        ("perch_zeroshot", "logit"),
        ("perch_probes", "logit"),
    ],
)
def test_real_members_are_what_they_say(real_data: Path, array: str, space: Any) -> None:
    path = real_data / "birdclef2026" / "oof_432.npz"
    values = read_table(path, array=array, rows="row_ids", classes="classes").values
    assert check_space(values, space, array) == []
    if space == "logit":
        with pytest.raises(BlendkitError, match=array):
            check_space(values, "prob", array)
    else:
        with pytest.raises(BlendkitError, match=r"look like `space: prob`"):
            check_space(values, "logit", array)


def test_whole_ranks_and_percentages_are_named() -> None:
    ranks = np.argsort(np.argsort(PROBS, axis=0), axis=0) + 1.0
    with pytest.raises(BlendkitError, match=r"whole numbers from 1 to 40\n.*divide them by 40 and say"):
        check_space(ranks, "logit", "t")
    with pytest.raises(BlendkitError, match=r"are they percentages\? divide them by 100"):
        check_space(PROBS * 99, "prob", "t")


RANKED = pd.DataFrame(np.round(PROBS, 1))  # with ties


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (RANKED.rank(method="min"), "ranks from 1 to 40"),
        (RANKED.rank(method="max"), "ranks from"),
        (RANKED.rank(method="dense"), "ranks or counts"),
        (pd.DataFrame(PROBS).rank() - 1, "are they ranks from 0 to 39? divide them by 39"),
        (pd.DataFrame(PROBS).rank(axis=1), "ranks of classes within each chunk"),
        (pd.DataFrame(PROBS).rank() + 1e-13, "divide them by 40"),
        (RANKED.round() * 3, "ranks or counts"),
    ],
)
def test_ranks_and_counts_of_any_kind_are_no_logits(values: pd.DataFrame, said: str) -> None:
    for judged in (lambda: check_space(values.to_numpy(), "logit", "t"), lambda: likely_space(values.to_numpy(), "t")):
        with pytest.raises(BlendkitError) as error:
            judged()
        assert said in error.value.problems[0]
    assert check_space(values.to_numpy(), "logit", "t", unlikely=True) == []


def test_whole_logits_below_zero_are_logits() -> None:
    values = np.round(20 * PROBS - 15)
    assert check_space(values, "logit", "t") == []
    assert likely_space(values, "t")[0] == "logit"


def test_values_that_contradict_their_space_are_not_read(tmp_path: Path) -> None:
    for name, values in (("logits", LOGITS), ("probs", PROBS)):
        frame = pd.DataFrame(values, columns=[*"vwxyz"])
        frame.insert(0, "row_id", [f"r_{5 * k + 5}" for k in range(len(frame))])
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    with pytest.raises(BlendkitError, match="declared `space: prob`, but values lie in"):
        read_scores(tmp_path / "logits.csv", "prob")
    with pytest.raises(BlendkitError, match="they look like `space: prob`"):
        read_scores(tmp_path / "probs.csv", "logit")
    assert read_scores(tmp_path / "probs.csv", "logit", unlikely=True).space == "logit"
    assert read_scores(tmp_path / "probs.csv").space == "unknown"
