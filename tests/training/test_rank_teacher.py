"""Students of ranks: shares, normal scores and agreement by hand, and what goes together."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm, spearmanr

from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.metrics import macro_auc
from blendkit.training.rank_teacher import orders_only, rank_agreement, settled, taught
from blendkit.training.settings import Distil, Picture, Schedule
from blendkit.training.student import StudentRows, fit_student, student_logits

ROWS = chunk_rows({"r": 4}, 5.0, NameRule())
RANKS = Scores.build(np.array([[0.3, 7], [0.1, 7], [0.3, 7], [0.9, 7]]), ROWS, ("x", "y"), "rank")


def test_shares_and_normal_scores_by_hand() -> None:
    shares = np.array([[0.5, 0.5], [0.125, 0.5], [0.5, 0.5], [0.875, 0.5]])  # ties in the middle of their places
    np.testing.assert_allclose(taught(RANKS, settled(Distil(), ranks=True)), shares)
    np.testing.assert_allclose(taught(RANKS, settled(Distil(loss="pairwise"), ranks=True)), shares)
    mapped = taught(RANKS, settled(Distil(rank_map="normal"), ranks=True))
    np.testing.assert_allclose(mapped, norm.ppf(shares), rtol=1e-6)
    logits = Scores.build(RANKS.values, ROWS, ("x", "y"), "logit")
    np.testing.assert_array_equal(taught(logits, settled(Distil(), ranks=False)), RANKS.values.astype(np.float32))
    np.testing.assert_allclose(taught(logits, settled(Distil(loss="listwise"), ranks=False)), shares)


def test_ranking_starts_no_numba() -> None:  # its threads would set the number of torch's
    code = """
import sys
import numpy as np
from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.training.rank_teacher import rank_agreement, taught
from blendkit.training.settings import Distil
scores = Scores.build(np.eye(4), chunk_rows({"r": 4}, 5.0, NameRule()), tuple("abcd"), "rank")
assert rank_agreement(taught(scores, Distil(loss="listwise")), np.eye(4)) == 1
assert "numba" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_settings_that_are_left_out_follow_the_teacher() -> None:
    found = [settled(Distil(), ranks=r) for r in (False, True)] + [settled(Distil(rank_map="normal"), ranks=True)]
    assert [(h.loss, h.temperature) for h in found] == [("bce", 2.0), ("listwise", 0.1), ("bce", 2.0)]
    assert [orders_only(h) for h in found] == [False, True, True]
    pairs = settled(Distil(loss="pairwise"), ranks=False)
    assert (pairs.loss, pairs.temperature) == ("pairwise", None)
    assert settled(Distil(temperature=0.5), ranks=True).temperature == 0.5


@pytest.mark.parametrize(
    ("how", "ranks", "said"),
    [
        (Distil(loss="bce"), True, "use listwise, or --rank-map normal"),
        (Distil(rank_map="normal"), False, "are not ranks"),
        (Distil(rank_map="normal", loss="pairwise"), True, "--loss pairwise needs none"),
        (Distil(loss="pairwise", temperature=1.0), True, "the pairwise loss has none"),
    ],
)
def test_settings_that_contradict_each_other(how: Distil, ranks: bool, said: str) -> None:
    with pytest.raises(BlendkitError, match="do not go together") as caught:
        settled(how, ranks=ranks)
    assert said in caught.value.problems[0]


def test_agreement_is_spearmans() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, (30, 3)), rng.integers(0, 5, (30, 3))
    wanted = np.mean([spearmanr(x, y).statistic for x, y in zip(a.T, b.T, strict=True)])
    assert rank_agreement(a.astype(float), b.astype(float)) == pytest.approx(wanted)
    flat = np.zeros((30, 3))
    assert rank_agreement(flat, b.astype(float)) == 0  # a student that says nothing agrees with nothing
    assert np.isnan(rank_agreement(b.astype(float), flat))


@pytest.mark.parametrize("loss", ["listwise", "pairwise"])
def test_a_student_learns_an_order(tmp_path: Path, loss: str) -> None:
    rng = np.random.default_rng(0)
    loud = rng.random((24, 1)) * [1, -1]  # the louder, the higher one class and the lower the other
    pictures = rng.standard_normal((24, 16, 12)) + 5 * np.abs(loud[:, :1, None])
    how = settled(Distil(loss=loss, width=0.25, device="cpu"), ranks=True)  # type: ignore[arg-type]
    how = replace(
        how, picture=Picture(4000, 256, 160, 16, 50.0, 2000.0), schedule=Schedule(2, 8, 5e-3, mixup=0, average="none")
    )
    teacher = Scores.build(loud, chunk_rows({"r": 24}, 5.0, NameRule()), ("x", "y"), "rank")
    none = np.zeros(24, np.float32)
    rows = StudentRows(pictures.astype(np.float16), taught(teacher, how), np.zeros((24, 2), np.float32), none)
    network, state = fit_student(rows, range(16), range(16, 24), how, tmp_path / "s")
    found = student_logits(network.student, rows.pictures, network)
    assert rank_agreement(found, loud) > 0.5
    assert macro_auc(loud > [0.5, -0.5], found).macro > 0.8
    assert state.best_score == pytest.approx(rank_agreement(found[16:], loud[16:]), abs=1e-6)
