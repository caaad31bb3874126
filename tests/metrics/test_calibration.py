from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

from blendkit.errors import BlendkitError
from blendkit.metrics.reliability_table import reliability
from blendkit.ops.fitted.calibration_maps import Isotonic, Platt, fit_isotonic, fit_platt

CLASSES = ("a", "b", "c")
RECORDINGS = [f"r{i // 4}" for i in range(80)]


def made(seed: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((80, 3)) * 2
    y = rng.random((80, 3)) < 1 / (1 + np.exp(-z))
    y[:, 2] = False  # no positives to fit on
    return y, z


# --- figures ------------------------------------------------------------------------------------


def test_a_table_by_hand() -> None:
    p = np.array([[0.1], [0.2], [0.6], [1.0]])
    y = np.array([[0], [1], [1], [1]], bool)
    found = reliability(y, p, bins=2)
    assert found.edges.tolist() == [0, 0.5, 1]
    assert found.count.tolist() == [2, 2]  # 1.0 lies in the last bin
    assert found.predicted.tolist() == pytest.approx([0.15, 0.8])
    assert found.observed.tolist() == [0.5, 1.0]
    assert found.ece == pytest.approx(0.5 * 0.35 + 0.5 * 0.2)
    assert found.brier == pytest.approx((0.01 + 0.64 + 0.16 + 0) / 4)


def naive_ece(y: NDArray[Any], p: NDArray[Any], bins: int) -> float:
    total = 0.0
    for b in range(bins):
        inside = (p >= b / bins) & ((p < (b + 1) / bins) | ((b == bins - 1) & (p == 1)))
        if inside.any():
            total += inside.mean() * abs(y[inside].mean() - p[inside].mean())
    return total


@pytest.mark.parametrize("bins", [1, 4, 16])
def test_against_a_loop_and_scikit_learn(bins: int) -> None:
    y, z = made()
    p = 1 / (1 + np.exp(-z))
    mask = np.random.default_rng(1).random(y.shape) < 0.7
    found = reliability(y, np.where(mask, p, np.nan), bins, mask)
    assert found.ece == pytest.approx(naive_ece(y[mask], p[mask], bins), abs=1e-12)
    assert found.brier == pytest.approx(brier_score_loss(y[mask], p[mask]), abs=1e-12)
    for c in range(2):
        m = mask[:, c]
        assert found.class_ece[c] == pytest.approx(naive_ece(y[m, c], p[m, c], bins), abs=1e-12)
        assert found.class_brier[c] == pytest.approx(brier_score_loss(y[m, c], p[m, c]), abs=1e-12)
    assert found.class_count.sum() == mask.sum() == found.count.sum()


def test_a_class_without_cells_has_no_figure() -> None:
    y, z = made()
    mask = np.ones(y.shape, bool)
    mask[:, 1] = False
    found = reliability(y, 1 / (1 + np.exp(-z)), 5, mask)
    assert math.isnan(found.class_ece[1])
    assert math.isnan(found.class_brier[1])
    assert not math.isnan(found.ece)


@pytest.mark.parametrize(("change", "says"), [(1.2, "outside"), (-0.1, "outside"), (math.nan, "NaN")])
def test_what_is_no_probability_is_named(change: float, says: str) -> None:
    y, z = made()
    p = 1 / (1 + np.exp(-z))
    p[5, 1] = change
    with pytest.raises(BlendkitError, match=f"{says}.*row 5, class 1"):
        reliability(y, p)


def test_a_table_has_bins() -> None:
    with pytest.raises(BlendkitError, match="at least one bin"):
        reliability(np.ones((1, 1), bool), np.ones((1, 1)), 0)


# --- fitted maps --------------------------------------------------------------------------------


def test_platt_minimises_the_loss_of_smoothed_targets() -> None:
    y, z = made()
    found = fit_platt(y, z, CLASSES, RECORDINGS)
    for c in range(2):
        p, q = y[:, c].sum(), (~y[:, c]).sum()
        target = np.where(y[:, c], (p + 1) / (p + 2), 1 / (q + 2))

        def loss(w: NDArray[Any], c: int = c, target: NDArray[Any] = target) -> float:
            s = w[0] * z[:, c] + w[1]
            return float((np.logaddexp(0, -s) * target + np.logaddexp(0, s) * (1 - target)).sum())

        best = minimize(loss, [1.0, 0.0], method="BFGS").x
        assert [found.slope[c], found.intercept[c]] == pytest.approx(best, abs=1e-4)
        assert loss(np.array([found.slope[c], found.intercept[c]])) <= loss(best) + 1e-9
    assert found.fitted.tolist() == [True, True, False]
    assert (found.slope[2], found.intercept[2]) == (1, 0)  # as it was


def test_separable_classes_stay_finite() -> None:
    y = np.arange(80)[:, None] >= 60
    z = np.arange(80.0)[:, None] - 59.5
    found = fit_platt(y, z, ("a",), RECORDINGS)
    assert np.isfinite(found.slope).all()
    assert 0 < found.slope[0] < 10


def test_isotonic_is_scikit_learns() -> None:
    y, z = made()
    p = 1 / (1 + np.exp(-z))
    found = fit_isotonic(y, p, CLASSES, RECORDINGS)
    new = np.linspace(-0.5, 1.5, 41)[:, None].repeat(3, axis=1)  # also beyond what was seen
    got = found.apply(new, ["new"] * 41)
    for c in range(2):
        model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(p[:, c], y[:, c].astype(float))
        assert got[:, c] == pytest.approx(model.predict(new[:, c]), abs=1e-12)
        assert (np.diff(got[:, c]) >= 0).all()
    assert got[:, 2].tolist() == new[:, 2].tolist()  # not fitted: left alone


@pytest.mark.parametrize("fit", [fit_platt, fit_isotonic])
def test_a_map_knows_what_it_saw(fit: Any) -> None:
    y, z = made()
    mask = np.arange(80) < 40
    before = z.copy()
    found = fit(y, z, CLASSES, RECORDINGS, mask)
    assert found.saw == tuple(f"r{i}" for i in range(10))
    with pytest.raises(BlendkitError, match="fitted on 1 of these recordings"):
        found.apply(z[36:44], RECORDINGS[36:44])
    assert found.apply(z[36:44], RECORDINGS[36:44], allow_seen=True).shape == (8, 3)
    assert found.apply(z[40:], RECORDINGS[40:]).shape == (40, 3)
    assert np.array_equal(z, before)
    with pytest.raises(BlendkitError, match="expected"):
        found.apply(z[40:, :2], RECORDINGS[40:])


@pytest.mark.parametrize("fit", [fit_platt, fit_isotonic])
@pytest.mark.parametrize("classes", [CLASSES[:2], (*CLASSES, "d")])
def test_a_fit_on_other_columns_than_its_classes_is_refused(fit: Any, classes: tuple[str, ...]) -> None:
    y, z = made()
    with pytest.raises(BlendkitError, match=rf"shape \(80, 3\), expected \(N, {len(classes)} classes\)"):
        fit(y, z, classes, RECORDINGS)


@pytest.mark.parametrize(("fit", "kind", "other"), [(fit_platt, Platt, Isotonic), (fit_isotonic, Isotonic, Platt)])
def test_a_map_is_saved_to_the_bit(tmp_path: Path, fit: Any, kind: Any, other: Any) -> None:
    y, z = made()
    found = fit(y, z, CLASSES, RECORDINGS)
    found.save(tmp_path / "map.npz")
    again = kind.load(tmp_path / "map.npz")
    assert (again.classes, again.saw) == (found.classes, found.saw)
    new = np.random.default_rng(9).standard_normal((50, 3))
    assert np.array_equal(again.apply(new, ["x"] * 50), found.apply(new, ["x"] * 50))
    with pytest.raises(BlendkitError, match="not a saved"):
        other.load(tmp_path / "map.npz")
    for content in (b"", b"PK nonsense", (tmp_path / "map.npz").read_bytes()[:200]):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(BlendkitError, match=r"bad\.npz: not a saved"):
            kind.load(tmp_path / "bad.npz")


def test_a_map_with_arrays_of_other_shapes_is_refused(tmp_path: Path) -> None:
    Platt(("a", "b"), np.ones(3), np.ones(2), np.ones(2, bool), ()).save(tmp_path / "p.npz")
    with pytest.raises(BlendkitError, match="do not fit together"):
        Platt.load(tmp_path / "p.npz")
    Isotonic(("a",), np.array([0, 2]), np.ones(2), np.ones(2), ()).save(tmp_path / "i.npz")
    with np.load(tmp_path / "i.npz") as held:
        np.savez(tmp_path / "i.npz", **{**held, "first": np.array([0, 3])})
    with pytest.raises(BlendkitError, match="2 knots"):
        Isotonic.load(tmp_path / "i.npz")
