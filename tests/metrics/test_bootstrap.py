from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from blendkit.errors import BlendkitError
from blendkit.metrics.auc import macro_auc
from blendkit.metrics.bootstrap import Bootstrap, holm, paired_bootstrap, require_redraws


def world(seed: int) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray, np.ndarray | None]:
    """60 chunks of 10 recordings, 4 classes, two scores with ties, with and without a mask."""
    rng = np.random.default_rng(seed)
    y = rng.random((60, 4)) < 0.15
    scores = {k: (np.round(rng.standard_normal((60, 4)) * 3) + y).astype(np.float32) for k in "ab"}
    mask = (None, rng.random(60) < 0.8, rng.random((60, 4)) < 0.8)[seed % 3]
    return y, scores, np.array([f"r{i // 6}" for i in range(60)]), mask


@pytest.mark.parametrize("seed", range(6))
def test_replicates_and_jackknife_equal_the_naive_loop(seed: int) -> None:
    y, scores, recording, mask = world(seed)
    found = paired_bootstrap(y, scores, recording, replicates=100, seed=seed, mask=mask)
    names = sorted(set(recording))
    draws = np.random.default_rng(seed).integers(0, len(names), (100, len(names)))
    for name, x in scores.items():

        def figure(rows: np.ndarray, x: np.ndarray = x) -> float:
            return macro_auc(y[rows], x[rows], None if mask is None else mask[rows]).macro

        drawn = [figure(np.concatenate([np.flatnonzero(recording == names[k]) for k in draw])) for draw in draws]
        left_out = [figure(np.flatnonzero(recording != k)) for k in names]
        assert np.array_equal(found.replicates[name], drawn, equal_nan=True)
        assert np.array_equal(found.jackknife[name], left_out, equal_nan=True)
        assert found.estimate[name] == figure(np.arange(60))


def test_row_order_and_cluster_names_do_not_matter() -> None:
    y, scores, recording, _ = world(0)
    order = np.random.default_rng(1).permutation(60)
    a = paired_bootstrap(y, scores, recording, replicates=50)
    b = paired_bootstrap(y[order], {k: x[order] for k, x in scores.items()}, recording[order], replicates=50)
    assert all(np.array_equal(a.replicates[k], b.replicates[k], equal_nan=True) for k in scores)


def test_clusters_may_be_site_and_date_pairs() -> None:
    y, scores, recording, _ = world(0)
    pairs = [("S01", r) for r in recording]
    a, b = (paired_bootstrap(y, scores, c, replicates=20) for c in (recording, pairs))
    assert np.array_equal(a.replicates["a"], b.replicates["a"], equal_nan=True)


def test_a_score_does_not_differ_from_itself() -> None:
    y, scores, recording, _ = world(0)
    found = paired_bootstrap(y, {"a": scores["a"], "same": scores["a"]}, recording, replicates=99)
    gap = found.difference("same", "a")
    assert (gap.estimate, gap.low, gap.high, gap.sd, gap.p) == (0, 0, 0, 0, 1)


def test_intervals_by_hand() -> None:
    draws = np.arange(101) / 100.0
    symmetric = np.array([-1.0, 0.0, 1.0])
    made = Bootstrap({"a": 0.5}, {"a": draws}, {"a": symmetric}, np.ones(101, np.int64), 3)
    plain, corrected = (made.interval("a", 0.9, kind) for kind in ("percentile", "bca"))
    assert (plain.low, plain.high) == pytest.approx((0.05, 0.95))
    assert (corrected.low, corrected.high) == pytest.approx((0.05, 0.95))  # no bias, no skew: the same
    assert math.isnan(plain.p)


def test_bca_agrees_with_scipy() -> None:
    from scipy.stats import bootstrap

    rng = np.random.default_rng(3)
    y = np.tile([True, False], 40)[:, None]
    x = rng.exponential(size=(80, 1)) + 0.8 * y
    clusters = np.repeat(np.arange(40), 2)
    ours = paired_bootstrap(y, {"x": x}, clusters, replicates=4000).interval("x", kind="bca")

    def statistic(which: np.ndarray) -> float:
        rows = np.concatenate([2 * which, 2 * which + 1])
        return macro_auc(y[rows], x[rows]).macro

    theirs = bootstrap(
        (np.arange(40),),
        statistic,
        vectorized=False,
        n_resamples=2000,
        method="BCa",
        random_state=np.random.default_rng(0),
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_classes_that_the_mask_hides_change_nothing() -> None:
    """Every chunk is a cluster: so many are counted in one sweep, which has no last positive of a hidden class."""
    y, scores, _, _ = world(0)
    hidden = np.ones((60, 12), bool)
    hidden[:, 4:] = False
    more = [np.hstack([m, y, y]) for m in (y, scores["a"])]
    found = paired_bootstrap(more[0], {"a": more[1]}, range(60), replicates=30, mask=hidden)
    plain = paired_bootstrap(y, {"a": scores["a"]}, range(60), replicates=30)
    assert found.estimate == plain.estimate
    assert np.array_equal(found.replicates["a"], plain.replicates["a"], equal_nan=True)
    assert np.array_equal(found.jackknife["a"], plain.jackknife["a"], equal_nan=True)


def test_holm_by_hand() -> None:
    assert holm({"a": 0.04, "b": 0.01, "c": 0.03}) == pytest.approx({"a": 0.06, "b": 0.03, "c": 0.06})
    assert holm({}) == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clusters": ["one"] * 60}, "at least two clusters"),
        ({"clusters": ["one"] * 5}, "5 cluster labels for 60 rows"),
        ({"scores": {}}, "needs scores"),
        ({"scores": {"a": np.zeros((3, 4))}}, "'a'"),
        ({"replicates": 0}, "replicates"),
    ],
)
def test_bad_input_is_named(change: dict[str, object], message: str) -> None:
    y, scores, recording, _ = world(0)
    with pytest.raises(BlendkitError, match=message):
        paired_bootstrap(**{"y": y, "scores": scores, "clusters": recording, **change})  # type: ignore[arg-type]


def test_a_single_replicate_is_drawn() -> None:
    y, scores, recording, _ = world(0)
    one, two = (paired_bootstrap(y, scores, recording, replicates=n, seed=3) for n in (1, 2))
    assert one.replicates["a"].tolist() == two.replicates["a"][:1].tolist()


def test_an_unknown_name_gets_the_nearest() -> None:
    y, scores, recording, _ = world(0)
    found = paired_bootstrap(y, {"seqhead": scores["a"], "sed": scores["b"]}, recording, replicates=5)
    with pytest.raises(BlendkitError, match="did you mean 'seqhead'"):
        found.difference("seqhed", "sed")
    with pytest.raises(BlendkitError, match="level"):
        found.interval("sed", 1.5)
    with pytest.raises(BlendkitError, match=r"kind of interval: expected one of percentile, bca, got 'bac' \(did you"):
        found.interval("sed", kind="bac")  # type: ignore[arg-type]


def test_spread_and_p_by_hand() -> None:
    draws = {"a": np.array([0.5, 0.6, 0.8, np.nan]), "b": np.array([0.4, 0.7, 0.5, 0.5])}
    boot = Bootstrap({"a": 0.6, "b": 0.5}, draws, {n: np.zeros(2) for n in "ab"}, np.ones(4, np.int64), 2)
    assert boot.interval("a").sd == pytest.approx(np.std([0.5, 0.6, 0.8], ddof=1))
    gap = Bootstrap({"a": 0.6, "b": 0.5}, {"a": np.array([0.5, 0.6, 0.8]), "b": np.array([0.4, 0.7, 0.5])},
                    {n: np.zeros(2) for n in "ab"}, np.ones(3, np.int64), 2).difference("a", "b")  # fmt: skip
    assert gap.p == 2 * (1 + 1) / (1 + 3)  # one of three replicates is below 0
    many = {"a": np.full(9, 0.6), "b": np.array([0.7, *[0.5] * 8])}
    gap = Bootstrap({"a": 0.6, "b": 0.5}, many, {n: np.zeros(2) for n in "ab"}, np.ones(9, np.int64), 2)
    assert gap.difference("a", "b").p == gap.difference("b", "a").p == pytest.approx(2 * (1 + 1) / (1 + 9))


def test_what_cannot_be_measured_has_no_p() -> None:
    unknown = np.array([np.nan, np.nan])
    gap = Bootstrap(
        {"a": math.nan, "b": math.nan}, {"a": unknown, "b": unknown}, {n: np.zeros(2) for n in "ab"},
        np.zeros(2, np.int64), 2,
    ).difference("a", "b")  # fmt: skip
    assert math.isnan(gap.p)
    some = {"a": np.array([0.5, 0.6, np.nan, 0.8]), "b": np.array([0.4, 0.5, np.nan, 0.7])}
    gap = Bootstrap({"a": 0.6, "b": 0.5}, some, {n: np.zeros(2) for n in "ab"}, np.ones(4, np.int64), 2)
    assert gap.difference("a", "b").p == 2 * (1 + 0) / (1 + 3)


def test_two_replicates_are_an_interval_and_one_is_none() -> None:
    for draws, known in (([0.4, 0.6], True), ([0.4, math.nan], False)):
        boot = Bootstrap({"a": 0.5}, {"a": np.array(draws)}, {"a": np.zeros(2)}, np.ones(2, np.int64), 2)
        found = boot.interval("a", 0.5)
        assert math.isnan(found.low) != known
        assert not known or (found.low, found.high) == pytest.approx((0.45, 0.55))


def test_the_replicates_that_a_level_needs_are_rounded_up() -> None:
    require_redraws(34, 0.94)  # 2 / 0.06 is 33.3
    require_redraws(40, 0.95)  # 2 / (1 - 0.95) is 39.99999999999996
    with pytest.raises(BlendkitError, match="give at least 34"):
        require_redraws(33, 0.94)


def test_holm_leaves_out_what_is_no_comparison() -> None:
    assert holm({"b": 0.001, "c": 0.5}) == {"b": 0.002, "c": 0.5}
    for order in (("a", "b", "c"), ("b", "a", "c"), ("c", "b", "a")):
        p = {"a": math.nan, "b": 0.001, "c": 0.5}
        found = holm({n: p[n] for n in order})
        assert math.isnan(found["a"])
        assert (found["b"], found["c"]) == (0.002, 0.5)


def test_bca_bounds_by_the_formula() -> None:
    """Bias and acceleration of Efron (1987), both far from 0, so that each of their powers matters."""
    draws = np.sort(np.random.default_rng(2).normal(0.62, 0.05, 999))
    jackknife = np.array([0.7, 0.61, 0.6, 0.6, 0.59, 0.58])
    boot = Bootstrap({"a": 0.6}, {"a": draws}, {"a": jackknife}, np.ones(999, np.int64), 6)
    bias = norm.ppf((draws < 0.6).mean())
    away = jackknife.mean() - jackknife
    acceleration = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    assert abs(bias) > 0.3
    assert abs(acceleration) > 0.1
    z = [bias + norm.ppf(t) for t in (0.05, 0.95)]
    tails = [norm.cdf(bias + v / (1 - acceleration * v)) for v in z]
    found = boot.interval("a", 0.9, "bca")
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(draws, tails)), abs=1e-12)


@pytest.mark.parametrize(
    ("count", "level", "few"), [(2, 0.95, True), (3, 0.95, True), (4, 0.95, False), (3, 0.9, False)]
)
def test_redraws_of_few_clusters_make_no_interval(count: int, level: float, few: bool) -> None:
    # one redraw in 2^2, 3^3, 4^4 holds one cluster alone; .25 and .037 lie above .025, .0039 below
    y = np.tile([True, False], count)[:, None]
    x = np.random.default_rng(0).random(y.shape)
    boot = paired_bootstrap(y, {"x": x}, np.repeat(np.arange(count), 2), replicates=20)
    assert bool(boot.too_few(level)) == few
    assert not few or boot.too_few(level).startswith(f"{count} clusters are too few for an interval of level {level:g}")
