from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.metrics.auc import macro_auc
from blendkit.metrics.kernels.ranking import doubled_ranks
from blendkit.metrics.ranks import percentile_rank
from blendkit.ops.calibration import (
    clip,
    fit_isotonic_map,
    fit_platt_map,
    isotonic,
    isotonic_notes,
    platt,
    platt_notes,
    rare_suppression,
    sharpen,
    sharpen_at_best_f1,
    standardise,
    temperature,
)
from blendkit.ops.declare import Fitted
from blendkit.ops.fitted.calibration_maps import fit_isotonic, fit_platt
from blendkit.ops.fitted.reference import (
    ClassRates,
    Reference,
    fit_class_rates,
    fit_reference,
    prior_correction,
    quantile_map,
)
from blendkit.ops.fitted.thresholds import Thresholds, fit_thresholds

CLASSES = ("frog", "bird", "cicada")
TAXA = Taxonomy(
    {c: {"scientific_name": c, "class_name": t} for c, t in zip(CLASSES, ("Amphibia", "Aves", "X"), strict=True)}
)
ROWS = chunk_rows({f"r{i}": 4 for i in range(10)}, 5.0, NameRule())
RNG = np.random.default_rng(0)
TRUTH = RNG.random((40, 3)) < 0.3
Z = np.round(RNG.standard_normal((40, 3)) + 1.5 * TRUTH, 1)
ALL = np.ones(40, bool)


def test_temperature_by_hand() -> None:
    out = temperature(
        np.ones((1, 3)), classes=CLASSES, taxonomy=TAXA, t=2.0, by_class_name={"Aves": 4.0}, by_class={"frog": 0.5}
    )
    assert out.tolist() == [[2.0, 0.25, 0.5]]
    with pytest.raises(BlendkitError, match="above 0"):
        temperature(Z, classes=CLASSES, taxonomy=TAXA, by_class={"frog": 0.0})


def test_sharpen_by_hand() -> None:
    out = sharpen(np.array([[0.2, 0.2, 0.9]]), classes=CLASSES, threshold=0.2, by_class={"bird": 0.4})
    np.testing.assert_allclose(out, [[0.5, 0.25, 0.9375]])
    with pytest.raises(BlendkitError, match="inside"):
        sharpen(expit(Z), classes=CLASSES, by_class={"frog": 1.0})


def test_standardise_by_hand_and_as_numpy() -> None:
    assert standardise(np.array([[1.0, 0.1], [3.0, 0.1], [5.0, 0.1]])).tolist() == [
        [pytest.approx(-np.sqrt(1.5)), 0.0], [0.0, 0.0], [pytest.approx(np.sqrt(1.5)), 0.0],
    ]  # fmt: skip
    np.testing.assert_allclose(standardise(Z), (Z - Z.mean(axis=0)) / Z.std(axis=0), atol=1e-12)
    assert np.array_equal(doubled_ranks(standardise(Z)), doubled_ranks(Z))
    assert standardise(Z[:0]).shape == (0, 3)


def test_clip_makes_ties_and_costs_auc() -> None:
    p = expit(4 * Z)
    out = clip(p, low=0.2, high=0.8)
    assert out.min() == 0.2
    assert macro_auc(TRUTH, out).macro < macro_auc(TRUTH, p).macro
    with pytest.raises(BlendkitError, match="not below"):
        clip(p, low=0.5, high=0.5)
    for low, high in ((2.0, 3.0), (-3.0, -2.0)):
        with pytest.raises(BlendkitError, match="holds no prob, which lies from 0 to 1"):
            clip(p, space="prob", low=low, high=high)
        assert clip(4 * Z, space="logit", low=low, high=high).min() == low


def test_clip_has_the_same_limits_among_logits_by_default() -> None:
    far = 60 * Z
    assert expit(clip(far)) == pytest.approx(clip(expit(far), space="prob"), abs=1e-12)
    assert abs(clip(far)).max() == pytest.approx(11.512915464920228, abs=1e-12)
    assert clip(far, low=0.0).min() == 0
    with pytest.raises(BlendkitError, match="low 12 is not below high 11"):
        clip(far, low=12.0)


def test_rare_suppression_keeps_order_and_is_what_it_says() -> None:
    p = expit(Z)
    out = rare_suppression(p, margin=0.05, factor=0.9)
    assert np.array_equal(doubled_ranks(out), doubled_ranks(p))
    below = p < p.mean(axis=0) + 0.05
    np.testing.assert_allclose(out, np.where(below, 0.9 * p, p))


def test_fitted_maps_apply_by_class_name_and_by_recording(tmp_path: Path) -> None:
    half = ROWS.take(np.arange(20))
    one = fit_platt_map(Z[:20], TRUTH[:20], ALL[:20], half, CLASSES)
    two = fit_platt_map(Z, TRUTH, ALL, ROWS, CLASSES)
    both = Fitted((one, two), 0, {"r9": 1})
    out = platt(Z, rows=ROWS, classes=CLASSES, fitted=both)
    np.testing.assert_allclose(out[:36], Z[:36] * one.slope + one.intercept)
    np.testing.assert_allclose(out[36:], Z[36:] * two.slope + two.intercept)
    turned = platt(Z[:, ::-1], rows=ROWS, classes=CLASSES[::-1], fitted=both)
    np.testing.assert_array_equal(turned, out[:, ::-1])
    strange = platt(Z, rows=ROWS, classes=("x", "y", "z"), fitted=both)
    np.testing.assert_array_equal(strange, Z)
    assert one.saw == tuple(f"r{i}" for i in range(5))


def test_a_rare_class_borrows_from_its_taxon_or_from_all() -> None:
    classes = ("frog", "toad", "bird", "nobody")
    taxa = Taxonomy({c: {"class_name": "Amphibia" if c in ("frog", "toad") else "Aves"} for c in classes[:3]})
    z, truth = np.hstack([Z, Z[:, :1]]), np.hstack([TRUTH, TRUTH[:, :1]])
    truth[:, 1:3] &= np.arange(40)[:, None] == np.flatnonzero(truth[:, 1:3].all(axis=1))[0]  # one positive each
    truth[:, 3] = False
    own = fit_platt_map(z, truth, ALL, ROWS, classes, min_positives=3)
    assert own.fitted.tolist() == [True, False, False, False]
    assert (own.slope[1:], own.intercept[1:]) == (pytest.approx(1.0), pytest.approx(0.0))
    lent = fit_platt_map(z, truth, ALL, ROWS, classes, taxonomy=taxa, min_positives=3, borrow=True)
    frogs = fit_platt(truth[:, :2].reshape(-1, 1), z[:, :2].reshape(-1, 1), ("both",), ["r"] * 80)
    everybody = fit_platt(truth.reshape(-1, 1), z.reshape(-1, 1), ("all",), ["r"] * 160)
    assert lent.slope[0] == own.slope[0]
    for c, source in ((1, frogs), (2, everybody), (3, everybody)):
        assert (lent.slope[c], lent.intercept[c]) == pytest.approx((source.slope[0], source.intercept[0]), rel=1e-6)
    assert lent.fitted.all()
    steps = fit_isotonic_map(expit(z), truth, ALL, ROWS, classes, taxonomy=taxa, min_positives=3, borrow=True)
    pooled = fit_isotonic(truth.reshape(-1, 1), expit(z).reshape(-1, 1), ("all",), ["r"] * 160)
    assert np.diff(steps.first)[2:].tolist() == [len(pooled.scores)] * 2
    np.testing.assert_array_equal(steps.probs[steps.first[3] :], pooled.probs)
    with pytest.raises(BlendkitError, match="at least 1"):
        fit_platt_map(z, truth, ALL, ROWS, classes, min_positives=0)


def test_maps_that_reverse_classes_or_are_missing_in_a_fold_are_reported() -> None:
    one = fit_platt_map(-Z, TRUTH, ALL, ROWS, CLASSES)
    two = fit_platt_map(Z, TRUTH & [True, True, False], ALL, ROWS, CLASSES)
    both, context = Fitted((one, two), 0, {"r9": 1}), {"rows": ROWS, "classes": CLASSES}
    turned, half = platt_notes(Z, fitted=both, **context)
    assert turned == "3 of 3 classes have a negative slope, which reverses them: frog, bird, cicada"
    assert half == "1 of 3 classes have a map in some folds only, so their columns mix two scales: cicada"
    assert platt_notes(Z, fitted=Fitted((two, one)), **context) == []  # nobody gets the other
    steps = [fit_isotonic_map(expit(Z), t, ALL, ROWS, CLASSES) for t in (TRUTH, TRUTH & [True, True, False])]
    assert isotonic_notes(Z, fitted=Fitted(tuple(steps), 0, {"r9": 1}), **context) == [half]


def test_isotonic_is_the_calibrators_own() -> None:
    p = expit(Z)
    made = fit_isotonic_map(p, TRUTH, ALL, ROWS, CLASSES)
    out = isotonic(p, rows=ROWS, classes=CLASSES, fitted=Fitted((made,)))
    np.testing.assert_allclose(out, made.apply(p, ["other"] * 40))
    assert len(np.unique(out[:, 0])) < len(np.unique(p[:, 0]))


def test_thresholds_against_every_possible_one(tmp_path: Path) -> None:
    p = expit(Z)
    made = fit_thresholds(p, TRUTH, ALL, ROWS, CLASSES)
    high = p.reshape(10, 4, 3).max(axis=1)
    positive = TRUTH.reshape(10, 4, 3).any(axis=1)
    for c in range(3):

        def f1(t: float, c: int = c) -> float:
            said = high[:, c] > t
            return 2 * (said & positive[:, c]).sum() / (said.sum() + positive[:, c].sum())

        assert f1(made.threshold[c]) == pytest.approx(max(f1(t) for t in np.linspace(0, 1, 2001)))
    made.save(tmp_path / "t.npz")
    again = Thresholds.load(tmp_path / "t.npz")
    assert again.threshold.tolist() == made.threshold.tolist()
    assert again.saw == made.saw
    out = sharpen_at_best_f1(p, rows=ROWS, classes=CLASSES, fitted=Fitted((made,)))
    assert np.array_equal(doubled_ranks(out), doubled_ranks(p))
    silent = fit_thresholds(p, np.zeros_like(TRUTH), ALL, ROWS, CLASSES)
    assert silent.threshold.tolist() == [0.5] * 3


def test_a_group_of_positives_only_gives_no_map() -> None:
    z = np.array([[3.0, 1.0], [2.0, -1.0], [1.0, 0.5], [4.0, -2.0]])
    y = np.array([[True, True], [True, False], [True, False], [True, False]])
    lent = fit_platt(y, z, ("a", "b"), ["r"] * 4, groups=("alone", "other"))
    everybody = fit_platt(y.reshape(-1, 1), z.reshape(-1, 1), ("all",), ["r"] * 8)
    assert (lent.slope[0], lent.intercept[0]) == pytest.approx((everybody.slope[0], everybody.intercept[0]))
    assert not fit_platt(y, z, ("a", "b"), ["r"] * 4).fitted[0]


def test_thresholds_lie_midway_between_different_scores() -> None:
    """Above 0.9: 2 / 3; above 0.5 twice: 4 / 5, the best; above 0.1: 4 / 6. All lie above 0: 0.05 is below the last."""
    p = np.array([[0.9, 0.2], [0.5, 0.4], [0.5, 0.1], [0.1, 0.3]])
    heard = np.array([[True, True], [True, True], [False, True], [False, True]])
    rows = chunk_rows({f"r{i}": 1 for i in range(4)}, 5.0, NameRule())
    made = fit_thresholds(p, heard, np.ones(4, bool), rows, ("a", "b"))
    np.testing.assert_allclose(made.threshold, [0.3, 0.05])
    part = fit_thresholds(p, heard, np.array([True, False, True, False]), rows, ("a", "b"))  # 0.9 and 0.5; 0.2 and 0.1
    np.testing.assert_allclose(part.threshold, [0.7, 0.05])
    assert part.saw == ("r0", "r2")


def test_a_reference_gives_its_own_scores_their_ranks(tmp_path: Path) -> None:
    made = fit_reference(Z, ROWS, CLASSES)
    made.save(tmp_path / "q.npz")
    out = quantile_map(Z, classes=CLASSES, fitted=Fitted((Reference.load(tmp_path / "q.npz"),)))
    np.testing.assert_allclose(out, percentile_rank(Z), atol=1e-12)
    # one row alone gets what it got among all: no other test row is needed
    alone = quantile_map(Z[7:8], classes=CLASSES, fitted=Fitted((made,)))
    np.testing.assert_array_equal(alone, out[7:8])
    beyond = quantile_map(np.full((1, 3), 99.0), classes=("x", *CLASSES[1:]), fitted=Fitted((made,)))
    assert beyond[0, 0] == 0.5
    assert 0.97 < beyond[0, 1] <= 1


def test_a_reference_saw_each_of_its_recordings() -> None:
    assert fit_reference(Z, ROWS, CLASSES).saw == tuple(f"r{i}" for i in range(10))


@pytest.mark.parametrize("fit", [fit_platt, fit_isotonic])
def test_a_fit_refuses_what_is_no_number_unless_it_is_masked(fit: Callable[..., Any]) -> None:
    x = np.linspace(0.1, 0.9, 8).reshape(4, 2)
    x[2, 1] = np.nan
    y, rows = np.array([[0, 1], [1, 0], [0, 1], [1, 0]], bool), list("abcd")
    with pytest.raises(BlendkitError, match="NaN"):
        fit(y, x, ("u", "v"), rows)
    masked = np.ones_like(y)
    masked[2, 1] = False
    assert fit(y, x, ("u", "v"), rows, masked).saw


def test_few_knots_keep_ranks_nearly() -> None:
    x = np.random.default_rng(1).standard_normal((3000, 1))
    rows = chunk_rows({"r": 3000}, 5.0, NameRule())
    made = fit_reference(x, rows, ("a",), knots=64)
    assert len(made.scores) <= 64
    out = quantile_map(x, classes=("a",), fitted=Fitted((made,)))
    assert np.abs(out - percentile_rank(x)).max() < 0.03


def test_prior_correction_by_hand(tmp_path: Path) -> None:
    made = fit_class_rates(TRUTH, ALL, ROWS, CLASSES, k=2.0)
    share = TRUTH.reshape(10, 4, 3).mean(axis=1)
    np.testing.assert_allclose(made.rate, (share.sum(axis=0) + 2 * share.mean()) / 12)
    made.save(tmp_path / "r.npz")
    again = Fitted((ClassRates.load(tmp_path / "r.npz"),))
    out = prior_correction(Z, rows=ROWS, classes=CLASSES, fitted=again, source_rate=0.25)
    np.testing.assert_allclose(out, Z + logit(made.rate) - logit(0.25))
    never = fit_class_rates(np.zeros_like(TRUTH), ALL, ROWS, CLASSES)
    assert (never.rate > 0).all()
    for rate in (0.0, 1.0, np.nan):
        with pytest.raises(ValueError, match="inside"):
            ClassRates(("a", "b"), np.array([0.5, rate]), ("r",))
    assert fit_class_rates(np.ones_like(TRUTH), ALL, ROWS, CLASSES).rate.tolist() == [1 - 1e-6] * 3  # always heard


def test_rates_without_a_fold_move_this_fold_down() -> None:
    """Four recordings of a chunk, two with the class and in one fold, scored .1 and 0: perfect, until cross-fitted."""
    rows, truth = chunk_rows({f"r{i}": 1 for i in range(4)}, 5.0, NameRule()), np.array([[1], [1], [0], [0]], bool)
    x, everything = np.where(truth, 0.1, 0.0), fit_class_rates(truth, np.ones(4, bool), rows, ("a",))
    first, second = (fit_class_rates(truth, np.arange(4) // 2 == other, rows, ("a",)) for other in (1, 0))
    assert (first.rate[0], second.rate[0]) == (pytest.approx(1e-6, abs=1e-6), pytest.approx(1 - 1e-6, abs=1e-6))
    crossed = Fitted((everything, first, second), 0, {"r0": 1, "r1": 1, "r2": 2, "r3": 2})
    macros = [
        macro_auc(truth, prior_correction(x, rows=rows, classes=("a",), fitted=f)).macro
        for f in (Fitted((everything,)), crossed)
    ]
    assert macros == [1.0, 0.0]


@pytest.mark.parametrize("load", [Thresholds.load, Reference.load, ClassRates.load])
def test_other_files_are_refused(load: Any, tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_text("no", encoding="utf-8")
    with pytest.raises(BlendkitError, match="not a saved"):
        load(tmp_path / "x.npz")
    np.savez(tmp_path / "y.npz", meta=np.array('{"kind": "other"}'))
    with pytest.raises(BlendkitError, match="it is a other"):
        load(tmp_path / "y.npz")


@pytest.mark.parametrize("t", [0.1, 0.3, 1 / 3, 0.49, 0.7, 0.999])
def test_sharpening_never_turns_neighbours_round(t: float) -> None:
    """The last bits on either side of the threshold, and everywhere else."""
    near = [np.nextafter(t, 0), t, np.nextafter(t, 1)]
    x = np.unique([0.0, *near, *np.linspace(0, 1, 4001), 1.0])[:, None]
    out = sharpen(x, classes=("a",), threshold=t)
    assert (np.diff(out[:, 0]) >= 0).all()
    assert out[0, 0] == 0.0
    assert out[-1, 0] == pytest.approx(1.0)
