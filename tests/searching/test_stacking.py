"""Stacking: slopes against differences, an oracle, and what the pull does."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from blendkit.errors import BlendkitError
from blendkit.metrics import macro_auc
from blendkit.searching import fit_stack
from blendkit.searching.problem import problem_of
from blendkit.searching.stacking import STRENGTHS, _logistic, _pairwise

RNG = np.random.default_rng(2)
CLUSTERS = [f"r{i // 5}" for i in range(100)]
TRUTH = RNG.random((100, 4)) < 0.4
MEMBERS = {n: s * TRUTH + RNG.standard_normal(TRUTH.shape) for n, s in (("a", 1.0), ("b", 0.5), ("noise", 0.0))}
TAXA = ["Aves", "Aves", "Insecta", "Insecta"]


@pytest.mark.parametrize("measure", [_logistic, _pairwise])
def test_slopes_are_the_differences_of_the_loss(measure) -> None:
    problem = problem_of(TRUTH, MEMBERS)
    x = np.stack(list(problem.scores.values()))
    b, shift = RNG.standard_normal((4, 3)), RNG.standard_normal(4)
    _, at_b, at_shift = measure(problem, x, b, shift)
    for c in range(4):
        for k in range(3):
            step = np.zeros_like(b)
            step[c, k] = 1e-6
            rise = (measure(problem, x, b + step, shift)[0] - measure(problem, x, b - step, shift)[0]) / 2e-6
            assert at_b[c, k] == pytest.approx(rise, abs=1e-8)
        step = np.eye(4)[c] * 1e-6
        rise = (measure(problem, x, b, shift + step)[0] - measure(problem, x, b, shift - step)[0]) / 2e-6
        assert at_shift[c] == pytest.approx(rise, abs=1e-8)


def test_one_class_without_a_pull_is_a_logistic_regression() -> None:
    y, members = TRUTH[:, :1], {n: x[:, :1] for n, x in MEMBERS.items()}
    found = fit_stack(y, members, ["Aves"], CLUSTERS, nonnegative=False, strengths=[1e-9])
    oracle = LogisticRegression(C=1e9, class_weight="balanced").fit(np.hstack(list(members.values())), y[:, 0])
    np.testing.assert_allclose(found.coefficients[0], oracle.coef_[0], rtol=0.02)


def test_a_strong_pull_gives_all_classes_the_same_coefficients_and_a_weak_one_their_own() -> None:
    strong = fit_stack(TRUTH, MEMBERS, TAXA, CLUSTERS, strengths=[1e4])
    np.testing.assert_allclose(strong.coefficients, np.tile(strong.common, (4, 1)), atol=1e-3)
    weak = fit_stack(TRUTH, MEMBERS, TAXA, CLUSTERS, strengths=[1e-4])
    assert np.ptp(weak.coefficients, axis=0).max() > 0.1


@pytest.mark.parametrize("loss", ["logistic", "pairwise"])
def test_noise_gets_little_and_the_good_member_most(loss) -> None:
    found = fit_stack(TRUTH, MEMBERS, TAXA, CLUSTERS, loss=loss)
    a, b, noise = found.common
    assert a > b > noise >= 0
    assert macro_auc(TRUTH, found.scores(MEMBERS)).macro > max(macro_auc(TRUTH, x).macro for x in MEMBERS.values())
    assert found.strength in STRENGTHS


def test_a_class_without_labels_has_the_coefficients_of_its_taxon() -> None:
    y = TRUTH.copy()
    y[:, 3] = False
    found = fit_stack(y, MEMBERS, TAXA, CLUSTERS, strengths=[0.3])
    assert found.coefficients[3].tolist() != found.common.tolist()
    other = fit_stack(y, MEMBERS, ["Aves", "Aves", "Insecta", "Reptilia"], CLUSTERS, strengths=[0.3])
    np.testing.assert_allclose(other.coefficients[3], other.common)


def test_coefficients_follow_the_units_of_a_member() -> None:
    found = fit_stack(TRUTH, MEMBERS, TAXA, CLUSTERS, strengths=[0.3])
    halved = fit_stack(TRUTH, {**MEMBERS, "a": MEMBERS["a"] / 2}, TAXA, CLUSTERS, strengths=[0.3])
    np.testing.assert_allclose(halved.coefficients[:, 0], 2 * found.coefficients[:, 0], rtol=1e-6)


def test_without_strengths_nothing_is_fitted() -> None:
    with pytest.raises(BlendkitError, match="at least one strength"):
        fit_stack(TRUTH, MEMBERS, TAXA, CLUSTERS, strengths=[])


@pytest.mark.parametrize("loss", ["logistic", "pairwise"])
@pytest.mark.parametrize("noise", [0.0, 1e-12, 1e-9])
def test_a_member_that_says_nothing_gets_no_coefficient(loss, noise) -> None:
    rng = np.random.default_rng(0)
    y = rng.random((40, 3)) < 0.4
    members = {"good": y + rng.normal(0, 0.5, y.shape), "still": 0.3 + noise * rng.standard_normal(y.shape)}
    found = fit_stack(y, members, ["t"] * 3, [f"r{i // 4}" for i in range(40)], loss=loss, nonnegative=False)
    assert (found.coefficients[:, 1] == 0).all()
    assert (found.coefficients[:, 0] > 0).all()
    assert np.abs(found.coefficients).max() < 100
