"""Ops of published chains beyond the first ones, by hand and against transcriptions of their formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.stats import rankdata

from blendkit.blending import StepContext, make_streams
from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.core.rows import Rows
from blendkit.ops.calibration import fit_isotonic_map, fit_platt_map
from blendkit.ops.declare import Fitted
from blendkit.ops.file_level import low_rank_power, low_rank_power_of_set
from blendkit.ops.file_means import file_max_add, file_mean_mix, file_power_mean, file_sure_mean, sureness
from blendkit.ops.fitted.calibration_maps import fit_platt
from blendkit.ops.fitted.site_hour import fit_site_hour_prior, site_hour_prior
from blendkit.ops.fitted.thresholds import fit_thresholds
from blendkit.ops.gates import fake_only, temporal_gate
from blendkit.ops.power_and_order_means import mean_of_geometric_and_square
from blendkit.ops.scales import linear, ranks_from_zero, standardise_by_site
from blendkit.recipe import make_plan, parse_recipe

TWO = np.array([0, 2, 3], np.int64)
RNG = np.random.default_rng(7)


def rows_at(*places: tuple[str, int]) -> Rows:
    """One recording of two chunks for each (site, hour)."""
    names = {f"R{i}_{site}_20250101_{hour:02d}0000": 2 for i, (site, hour) in enumerate(places)}
    return chunk_rows(names, 5.0, NameRule(r"_(?P<site>S\d+)_(?P<date>\d{8})_(?P<time>\d{6})$"))


def test_means_and_maxima_of_a_recording_by_hand() -> None:
    x = np.array([[0.2], [0.6], [0.9]])
    np.testing.assert_allclose(file_mean_mix(x, offsets=TWO, alpha=0.25)[:, 0], [0.25, 0.55, 0.9])
    np.testing.assert_allclose(
        file_power_mean(x, offsets=TWO, alpha=0.5)[:, 0], (x[:, 0] + [0.2**0.5, 0.2**0.5, 0.9]) / 2
    )
    np.testing.assert_allclose(file_power_mean(x * 1e-200, offsets=TWO, alpha=1)[0], [0.2**0.5 * 1e-200])
    assert (file_power_mean(x * 0, offsets=TWO) == 0).all()
    np.testing.assert_allclose(file_max_add(x, space="prob", offsets=TWO, alpha=0.5)[:, 0], [0.5, 0.9, 1.0])
    np.testing.assert_allclose(file_max_add(x, space="logit", offsets=TWO, alpha=0.5)[:, 0], [0.5, 0.9, 1.35])


def test_sure_chunks_weigh_more() -> None:
    """A chunk of 0 and 1 is sure, one of 0.5 is not: the mean is the first one; of equal chunks it is plain."""
    x = np.array([[0.0, 1.0], [0.5, 0.5], [0.5, 0.5]])
    np.testing.assert_allclose(sureness(x, None), [1, 0, 0])
    np.testing.assert_allclose(file_sure_mean(x, offsets=TWO, alpha=0.5), [[0, 1], [0.25, 0.75], [0.5, 0.5]])
    part = sureness(np.array([[0.25, 0.5]]), np.array([True, False]))
    assert part[0] == pytest.approx(1 - (0.25 * 2 + 0.75 * np.log2(4 / 3)))


def test_linear_by_hand() -> None:
    x = np.array([[0.2, 0.8]])
    np.testing.assert_allclose(linear(x, space="prob", factor=1.5, added=-0.1), [[0.2, 1.0]])
    np.testing.assert_allclose(linear(x, space="logit", factor=2.0, added=-1), [[-0.6, 0.6]])


def test_a_bonus_for_the_highest_classes_of_a_chunk() -> None:
    text = (
        "recipe: 1\nname: t\nmembers:\n  m: {use: table, path: m.csv, space: prob, "
        "steps: [{linear: {factor: 1.1}, where: {top: 1, of: chunk}}]}\noutput: m\n"
    )
    x = np.array([[0.5, 0.4], [0.1, 0.3]])
    given = Scores.build(x, chunk_rows({"r": 2}, 5.0, NameRule()), ["a", "b"], "prob")
    out = make_streams(make_plan(parse_recipe(text, "r.yaml")), {"m": given}, StepContext())["m"]
    np.testing.assert_allclose(out.values, [[0.55, 0.4], [0.1, 0.33]])


def test_ranks_counted_from_zero() -> None:
    x = np.round(RNG.random((9, 3)), 1)
    shares = rankdata(x, axis=0) / 9
    np.testing.assert_allclose(ranks_from_zero(shares), (rankdata(x, axis=0) - 1) / 8, atol=1e-15)
    assert ranks_from_zero(np.array([[0.05], [1.0]])).tolist() == [[0.0], [1.0]]
    assert ranks_from_zero(np.array([[1.0]])).tolist() == [[1.0]]


def test_scores_standardised_site_by_site() -> None:
    rows = rows_at(("S1", 1), ("S2", 1), ("S1", 2))
    x = np.array([1.0, 3, 10, 10, 5, 7])[:, None]
    out = standardise_by_site(x, rows=rows)[:, 0]
    own = x[[0, 1, 4, 5], 0]
    np.testing.assert_allclose(out[[0, 1, 4, 5]], (own - own.mean()) / own.std())
    assert out[[2, 3]].tolist() == [0, 0]


def test_low_ranks_of_the_set() -> None:
    x = np.array([[0.9, 0.5, 0.1], [0.2, 0.6, 0.3], [0.1, 0.4, 0.8]])
    np.testing.assert_allclose(low_rank_power_of_set(x, keep=2), np.column_stack([x[:, 0], x[:, 1] ** 2, x[:, 2]]))
    by_file = low_rank_power(x, offsets=TWO, keep=2)
    assert not np.allclose(by_file, low_rank_power_of_set(x, keep=2))


def test_vlom_by_hand() -> None:
    a, b, w = np.array([[0.04]]), np.array([[0.36]]), np.array([[1.0], [1.0]])
    expected = (np.sqrt(0.04 * 0.36) + np.sqrt((0.04**2 + 0.36**2) / 2)) / 2
    np.testing.assert_allclose(mean_of_geometric_and_square(a, b, weights=w), expected)
    w = np.array([[0.6], [0.4]])
    expected = (0.04**0.6 * 0.36**0.4 + np.sqrt(0.6 * 0.04**2 + 0.4 * 0.36**2)) / 2
    np.testing.assert_allclose(mean_of_geometric_and_square(a, b, weights=w), expected)


def test_thresholds_of_a_grid_as_a_chain_finds_them() -> None:
    rows, classes = rows_at(*[("S1", h) for h in range(12)]), ("a", "b", "rare", "never")
    x, truth = RNG.random((24, 4)), RNG.random((24, 4)) < [0.3, 0.5, 0.04, 0.0]
    truth[:, 2] = False
    truth[0, 2] = True
    grid = [round(t, 3) for t in np.arange(0.20, 0.75, 0.025)]
    made = fit_thresholds(x, truth, np.ones(24, bool), rows, classes, grid=grid, min_recordings=3)
    high, found = x.reshape(12, 2, 4).max(axis=1), truth.reshape(12, 2, 4).any(axis=1)
    for c in range(4):
        best, at = 0.0, 0.5
        for t in grid if found[:, c].sum() >= 3 else ():
            hit = high[:, c] >= t
            tp, fp, fn = (hit & found[:, c]).sum(), (hit & ~found[:, c]).sum(), (~hit & found[:, c]).sum()
            f1 = 2 * tp / (2 * tp + fp + fn)
            best, at = (f1, t) if f1 > best else (best, at)
        assert made.threshold[c] == pytest.approx(at), classes[c]


@pytest.mark.parametrize("fitted", [fit_platt_map, fit_isotonic_map])
def test_a_calibrator_of_recordings_sees_their_maxima(fitted: Any) -> None:
    rows = rows_at(*[("S1", h) for h in range(10)])
    x, truth = RNG.normal(size=(20, 1)), RNG.random((20, 1)) < 0.3
    labelled = np.ones(20, bool)
    labelled[5] = False
    made = fitted(x, truth, labelled, rows, ("a",), on="recordings")
    spans = [slice(2 * i, 2 * i + 2) for i in range(10)]
    high = np.array([[x[s][labelled[s]].max()] for s in spans])
    positive = np.array([[truth[s][labelled[s]].any()] for s in spans])
    if fitted is fit_platt_map:
        plain = fit_platt(positive, high, ("a",), [str(r) for r in rows.recordings()])
        assert made.slope == pytest.approx(plain.slope)
    assert made.saw == tuple(rows.recordings())
    chunks = fitted(x, truth, labelled, rows, ("a",))
    grid = np.linspace(-2, 2, 9)[:, None]
    apply = (
        (lambda m: m.slope * grid + m.intercept) if fitted is fit_platt_map else (lambda m: m.apply(grid, ["z"] * 9))
    )
    assert not np.allclose(apply(made), apply(chunks))


def published_prior(rows: Rows, y: NDArray[np.bool_], test: Rows, strength: float) -> NDArray[np.float64]:
    """The prior of public 2026 chains, window by window: hours smoothed as rates, 1e-4 as the floor, no centre."""
    overall = y.mean(axis=0)
    hours = {h: y[rows.hour == h] for h in sorted(set(rows.hour.tolist()))}
    table = np.zeros((24, y.shape[1]))
    for h, own in hours.items():
        table[h] = own.mean(axis=0)
    if len(hours) >= 3:
        table = gaussian_filter1d(np.tile(table, (3, 1)), 1.5, axis=0, mode="wrap")[24:48]
    out = np.tile(overall, (len(test), 1))
    for i, (s, h) in enumerate(zip(test.site.tolist(), test.hour.tolist(), strict=True)):
        steps = [(y[rows.hour == h], table[h], 8), (y[rows.site == s], None, 8)]
        steps.append((y[(rows.site == s) & (rows.hour == h)], None, 4))
        for own, smooth, k in steps:
            if len(own):
                w = len(own) / (len(own) + k)
                out[i] = w * (own.mean(axis=0) if smooth is None else smooth) + (1 - w) * out[i]
    p = np.clip(out, 1e-4, 1 - 1e-4)
    return np.asarray(strength * (np.log(p) - np.log1p(-p)))


def test_the_prior_of_public_chains_to_the_last_digits() -> None:
    rows = rows_at(("S1", 3), ("S1", 4), ("S2", 4), ("S2", 22), ("S3", 23), ("S1", 3))
    y = RNG.random((12, 3)) < [0.5, 0.2, 0.0]
    test = rows_at(("S1", 3), ("S2", 4), ("S3", 3), ("S1", 12), ("S9", 4), ("S9", 12), ("S2", 23))
    made = fit_site_hour_prior(y, np.ones(12, bool), rows, ("a", "b", "c"), count="windows", hour_pool="rates")
    got = site_hour_prior(
        np.zeros((14, 3)), rows=test, classes=("a", "b", "c"), fitted=Fitted((made,)), strength=0.4, cap=1e6,
        centre=False, floor=1e-4,
    )  # fmt: skip
    np.testing.assert_allclose(got, published_prior(rows, y, test, 0.4), atol=1e-12)
    assert made.saw == tuple(rows.recordings())


def test_caps_by_taxon() -> None:
    from blendkit.core import Taxonomy

    rows = rows_at(("S1", 3), ("S2", 4))
    y = np.array([[1, 1], [1, 1], [0, 0], [0, 0]], bool)
    made = fit_site_hour_prior(y, np.ones(4, bool), rows, ("frog", "bird"), k_site=0.01, k_site_hour=0.01)
    taxa = Taxonomy({"frog": {"class_name": "Amphibia"}, "bird": {"class_name": "Aves"}})
    got = site_hour_prior(
        np.zeros((4, 2)), rows=rows, classes=("frog", "bird"), fitted=Fitted((made,)), taxonomy=taxa, strength=2.0,
        cap=3.0, cap_by_class_name={"Aves": 0.25},
    )  # fmt: skip
    np.testing.assert_allclose(got, [[3, 0.25]] * 2 + [[-3, -0.25]] * 2)


def test_gates_use_ranks_that_are_there() -> None:
    """Given ranks of the main stream, a gate makes none; they are those it would have made."""
    x, main, check = (RNG.random((20, 3)) for _ in range(3))
    ranks = rankdata(main, axis=0) / 20
    for gate in (fake_only, temporal_gate):
        for own, given in zip(
            gate(x, main=main, check=check), gate(x, main=main, check=check, main_ranks=ranks), strict=True
        ):
            np.testing.assert_array_equal(own, given)
        moved = gate(x, main=main, check=check, main_ranks=ranks * 0 + 0.9)[1]
        assert not np.array_equal(moved, gate(x, main=main, check=check)[1])


def test_a_stream_s_ranks_are_made_once_for_a_blend_and_its_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    from blendkit.blending import streams

    made: list[int] = []
    honest = streams.doubled_ranks
    monkeypatch.setattr(streams, "doubled_ranks", lambda x: (made.append(1), honest(x))[1])
    text = (
        "recipe: 1\nname: t\nmembers:\n  a: {use: table, path: a.csv, space: prob}\n"
        "  b: {use: table, path: b.csv, space: prob}\nblends:\n  c:\n    by: rank\n    of: {a: 1, b: 1}\n    steps:\n"
        "      - gates:\n          - fake_only: {main: a, check: b}\n          - temporal: {main: a, check: b}\n"
        "          - spike: {main: a, check: b}\noutput: c\n"
    )
    rows = chunk_rows({"r": 12, "s": 12}, 5.0, NameRule())
    given = {n: Scores.build(RNG.random((24, 4)), rows, list("wxyz"), "prob") for n in "ab"}
    make_streams(make_plan(parse_recipe(text, "r.yaml")), given, StepContext())
    assert len(made) == 2
