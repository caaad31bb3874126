"""Rates that moved between labels and test: by hand, and on made data whose true rates are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, logit

from blendkit.core import NameRule, Rows
from blendkit.core.rows import chunk_rows
from blendkit.errors import BlendkitError
from blendkit.ops import prior_correction, prior_shift, prior_shift_bbse, prior_shift_bbse_by_site, prior_shift_by_site
from blendkit.ops.declare import Fitted, info_of
from blendkit.ops.fitted.prior_shift import SoftConfusion, fit_soft_confusion
from blendkit.ops.fitted.reference import ClassRates
from blendkit.recipe import make_plan, parse_recipe
from blendkit.recipe.params import op_model

RULE = NameRule(pattern=r"(?P<site>S\d)")


def rows_of(*chunks: int) -> Rows:
    return chunk_rows({f"r_S{i}": n for i, n in enumerate(chunks)}, 5.0, RULE)


def rates(*rate: float) -> Fitted:
    return Fitted((ClassRates(tuple("abcdefg"[: len(rate)]), np.array(rate), ("x",)),))


def confusion(rate: float, hit: float, false: float) -> Fitted:
    return Fitted((SoftConfusion(("a",), np.array([rate]), np.array([hit]), np.array([false]), ("x",)),))


def made_scores(rate: float, n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Calibrated logits for a label rate of 0.2, of chunks where the class has another rate."""
    rng = np.random.default_rng(seed)
    y = rng.random((n, 1)) < rate
    x = rng.standard_normal((n, 1)) + 2.0 * y  # so log p(x | 1) / p(x | 0) is 2 x - 2
    return 2 * x - 2 + logit(0.2), y


def test_em_by_hand() -> None:
    # two chunks of certainty .5 and one sure absence: the rate p solves p = 2/3 s, s the moved probability of .5
    z = np.array([[0.0], [0.0], [-40.0]])
    out = prior_shift(z, classes=("a",), fitted=rates(0.5))
    # s = p for a label rate of .5, so p = 2 p / 3: the rate falls to the least that is kept
    assert out[0, 0] == pytest.approx(logit(1e-6), abs=1e-4)
    z = np.array([[2.0], [-2.0]])
    out = prior_shift(z, classes=("a",), fitted=rates(0.5))
    np.testing.assert_allclose(out, z, atol=1e-6)  # symmetric: the rate stays one half
    one = prior_shift(np.array([[0.4]]), classes=("a",), fitted=rates(0.5), k=1.0)
    p = float(expit(one[0, 0]))  # with one chunk at .5 beside it, the rate is the mean of .5 and p
    assert logit((p + 0.5) / 2) == pytest.approx(one[0, 0] - 0.4, abs=1e-6)


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.6])
def test_em_finds_the_rate_and_calibrates(rate: float) -> None:
    z, y = made_scores(rate, 20_000, seed=1)
    out = prior_shift(z, classes=("a",), fitted=rates(0.2))
    assert expit(out).mean() == pytest.approx(y.mean(), abs=0.01)
    assert np.ptp(out - z) < 1e-9  # one constant


def test_bbse_by_hand(tmp_path: Path) -> None:
    z = logit(np.array([[0.5], [0.3], [0.7], [0.3]]))  # mean .45: rate (.45 - .2) / (.7 - .2) = .5
    out = prior_shift_bbse(z, classes=("a",), fitted=confusion(0.2, 0.7, 0.2))
    np.testing.assert_allclose(out, z + logit(0.5) - logit(0.2))
    less = prior_shift_bbse(z, classes=("a",), fitted=confusion(0.2, 0.7, 0.2), k=4.0)
    np.testing.assert_allclose(less, z + logit(0.35) - logit(0.2))
    for hit, false in ((0.2, 0.2), (np.nan, 0.2), (0.7, np.nan)):  # says nothing: the class stays
        same = prior_shift_bbse(z, classes=("a",), fitted=confusion(0.2, hit, false))
        assert np.array_equal(same, z)
    truth = np.array([[True], [False], [False], [True]])
    made = fit_soft_confusion(z, truth, np.array([True, True, True, False]), rows_of(4), ("a",))
    assert (made.rate[0], made.hit[0], made.false[0]) == pytest.approx((1 / 3, 0.5, 0.5))
    made.save(tmp_path / "m.npz")
    assert SoftConfusion.load(tmp_path / "m.npz").saw == ("r_S0",)
    never = fit_soft_confusion(z, np.zeros((4, 1), bool), np.ones(4, bool), rows_of(4), ("a",))
    assert np.isnan(never.hit[0])


def test_bbse_finds_the_rate_of_scores_that_are_not_calibrated() -> None:
    labelled, truth = made_scores(0.2, 20_000, seed=2)
    made = fit_soft_confusion(0.3 * labelled, truth, np.ones(len(truth), bool), rows_of(len(truth)), ("a",))
    z, y = made_scores(0.5, 20_000, seed=3)
    out = prior_shift_bbse(0.3 * z, classes=("a",), fitted=Fitted((made,)))
    shift = float((out - 0.3 * z).mean())
    assert expit(shift + logit(truth.mean())) == pytest.approx(y.mean(), abs=0.02)


def test_every_site_is_moved_by_em_against_all_sites() -> None:
    z = np.concatenate([made_scores(0.05, 40, seed=4)[0], made_scores(0.6, 60, seed=5)[0]])
    out = prior_shift_by_site(z, rows=rows_of(40, 60), k=3.0)
    overall = float(expit(z).mean())  # what stands for the rate of labels, which are not asked for
    first = prior_shift(z[:40], classes=("a",), fitted=rates(overall), k=3.0)
    np.testing.assert_allclose(out[:40], first, atol=1e-9)
    assert (out - z)[0, 0] < 0 < (out - z)[-1, 0]  # the site with more calls is moved up against the other
    alone = prior_shift_by_site(z[:40], rows=rows_of(40), k=1e6)
    np.testing.assert_allclose(alone, z[:40], atol=1e-3)


def test_every_site_is_moved_by_bbse_as_if_it_were_alone() -> None:
    z = np.concatenate([made_scores(0.05, 40, seed=4)[0], made_scores(0.6, 60, seed=5)[0]])
    made = confusion(0.2, 0.6, 0.1)
    out = prior_shift_bbse_by_site(z, rows=rows_of(40, 60), classes=("a",), fitted=made, k=3.0)
    first = prior_shift_bbse(z[:40], classes=("a",), fitted=made, k=3.0)
    np.testing.assert_array_equal(out[:40], first)
    assert (out - z)[0, 0] < (out - z)[-1, 0]


@pytest.mark.parametrize("op", [prior_shift, prior_shift_bbse, prior_shift_bbse_by_site, prior_correction])
def test_cross_fitting_would_give_labels_away_so_a_recipe_cannot_ask_for_it(op: Callable[..., Any]) -> None:
    info = info_of(op)
    assert info is not None
    assert "artefact" in op_model(info).model_fields
    step = f"{{{info.name}: {{fit: {{labels: l.csv, folds: 3}}}}}}"
    text = (
        f"recipe: 1\nname: t\nmembers: {{m: {{use: table, path: m.csv, space: logit, steps: [{step}]}}}}\noutput: m\n"
    )
    with pytest.raises(BlendkitError) as raised:
        make_plan(parse_recipe(text, "r.yaml"))
    assert f"{info.name} is not fitted in a recipe" in str(raised.value)
    assert f"`blendkit fit step {info.name}`" in str(raised.value)


def test_a_fit_without_labelled_chunks_is_refused() -> None:
    rows = chunk_rows({"r": 2}, 5.0, NameRule())
    with pytest.raises(BlendkitError, match="prior shift: no labelled chunk"):
        fit_soft_confusion(np.zeros((2, 1)), np.ones((2, 1), bool), np.zeros(2, bool), rows, ("a",))


def test_a_class_that_the_labels_lack_stays() -> None:
    z = np.random.default_rng(0).standard_normal((8, 2))
    made = Fitted((ClassRates(("a", "x"), np.array([0.6, 0.5]), ("x",)),))
    out = prior_shift(z, classes=("a", "b"), fitted=made)
    assert np.array_equal(out[:, 1], z[:, 1])
    assert not np.array_equal(out[:, 0], z[:, 0])
