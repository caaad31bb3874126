from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from blendkit.core.names import NameRule
from blendkit.core.rows import Rows, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.ops.declare import Fitted
from blendkit.ops.fitted.site_hour import SiteHourPrior, fallbacks, fit_site_hour_prior, site_hour_prior
from blendkit.testing.small_world import small_rows

CLASSES = ("frog", "bird", "ghost")
K = {"k_hour": 1.0, "k_site": 1.0, "k_site_hour": 1.0}
LEVELS = ("p_global", "p_hour", "p_site", "p_cell")


def rows_of(*recordings: tuple[str, int | None, int]) -> Rows:
    """Rows of (site, hour, chunks); no site and no hour are possible."""
    names = {}
    for i, (site, hour, chunks) in enumerate(recordings):
        stamp = "19700101_000000" if hour is None else f"20250101_{hour:02d}0000"
        names[f"R{i:03d}_{site}_{stamp}" if site else f"R{i:03d}_20250101_{hour or 0:02d}0000"] = chunks
    return chunk_rows(names, 5.0, NameRule(r"(_(?P<site>S\d+))?_(?P<date>\d{8})_(?P<time>\d{6})$"))


def fit(rows: Rows, truth: Any, labelled: NDArray[np.bool_] | None = None, **params: float) -> SiteHourPrior:
    y = np.asarray(truth, bool).reshape(len(rows), -1)
    known = np.ones(len(rows), bool) if labelled is None else labelled
    return fit_site_hour_prior(y, known, rows, CLASSES[: y.shape[1]], **params)


def add(prior: SiteHourPrior, rows: Rows, **params: Any) -> NDArray[np.float64]:
    """What the op adds to zero logits, per row and class."""
    classes = params.pop("classes", prior.classes)
    x = np.zeros((len(rows), len(classes)))
    return site_hour_prior(x, rows=rows, classes=classes, fitted=Fitted((prior,)), **params)


def odds(p: float) -> float:
    return math.log(p / (1 - p))


class Oracle:
    """The shrunk cascade, one recording, hour and site at a time, straight from its definition."""

    def __init__(self, y: Any, known: Any, rows: Rows, k: dict[str, float], sigma: float) -> None:
        self.k, self.sigma = k, sigma
        self.seen = []  # (site, hour, share of labelled chunks per class) of every labelled recording
        for recording in dict.fromkeys(rows.recording):
            at = [i for i in range(len(rows)) if rows.recording[i] == recording and known[i]]
            if at:
                share = [sum(bool(y[i, c]) for i in at) / len(at) for c in range(y.shape[1])]
                self.seen.append((rows.site[at[0]], int(rows.hour[at[0]]), np.array(share)))
        self.overall = sum(s for *_, s in self.seen) / len(self.seen)

    def near(self, a: int, b: int) -> float:
        apart = min((a - b) % 24, (b - a) % 24)
        return math.exp(-0.5 * (apart / self.sigma) ** 2) if self.sigma else float(apart == 0)

    def hour(self, h: int) -> NDArray[np.float64]:
        timed = [(self.near(h, g), s) for _, g, s in self.seen if g >= 0]
        total = sum((w * s for w, s in timed), np.zeros_like(self.overall))
        return (total + self.k["k_hour"] * self.overall) / (sum(w for w, _ in timed) + self.k["k_hour"])

    @staticmethod
    def shrink(shares: list[Any], towards: NDArray[np.float64], k: float) -> NDArray[np.float64]:
        n = len(shares)
        mean = sum(shares) / n if n else 0.0
        w = n / (n + k)
        return w * mean + (1 - w) * towards

    def site(self, site: str, towards: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.shrink([s for t, _, s in self.seen if t == site], towards, self.k["k_site"])

    def cell(self, site: str, h: int) -> NDArray[np.float64]:
        mine = [s for t, g, s in self.seen if (t, g) == (site, h)]
        return self.shrink(mine, self.site(site, self.hour(h)), self.k["k_site_hour"])


@settings(max_examples=25)
@given(seed=st.integers(0, 9999), sigma=st.sampled_from([0.0, 0.5, 1.5, 6.0]))
def test_fit_equals_a_slow_oracle(seed: int, sigma: float) -> None:
    rng = np.random.default_rng(seed)
    k = dict(zip(K, rng.choice([0.5, 2.0, 8.0], 3), strict=True))
    count = int(rng.integers(1, 12))
    rows = rows_of(*[
        (str(rng.choice(["", "S1", "S2", "S3"])), rng.choice([None, 0, 1, 4, 22, 23]), int(rng.integers(1, 5)))
        for _ in range(count)
    ])  # fmt: skip
    y, known = rng.random((len(rows), 3)) < 0.4, rng.random(len(rows)) < 0.7
    known[0] = True
    prior, slow = fit(rows, y, known, hour_sigma=sigma, **k), Oracle(y, known, rows, k, sigma)
    np.testing.assert_allclose(prior.p_global, slow.overall, atol=1e-13)
    np.testing.assert_allclose(prior.p_hour, [slow.hour(h) for h in range(24)], atol=1e-13)
    assert prior.sites == tuple(sorted({s for s, *_ in slow.seen if s}))
    for i, site in enumerate(prior.sites):
        np.testing.assert_allclose(prior.p_site[i], slow.site(site, slow.overall), atol=1e-13)
        np.testing.assert_allclose(prior.p_cell[i], [slow.cell(site, h) for h in range(24)], atol=1e-13)


def test_fit_by_hand() -> None:
    rows = rows_of(("S1", 4, 1), ("S2", 4, 1))
    prior = fit(rows, [[1], [0]], hour_sigma=0.0, **K)
    assert prior.sites == ("S1", "S2")
    assert prior.p_global.tolist() == [0.5]
    assert prior.p_hour[4].tolist() == [0.5]
    assert prior.p_site[:, 0].tolist() == [0.75, 0.25]  # (1 + 0.5) / 2 and (0 + 0.5) / 2
    assert prior.p_cell[:, 4, 0].tolist() == [0.875, 0.125]  # once more towards 1 and 0
    assert prior.p_cell[:, 9, 0].tolist() == [0.75, 0.25]  # no positives at 9, so the rate of the site


def test_a_recording_counts_once_however_many_chunks_it_has() -> None:
    y = np.r_[np.ones(12), 0.0]
    prior = fit(rows_of(("S1", 4, 12), ("S1", 4, 1)), y, **K)
    assert prior.p_global.tolist() == [0.5]
    short = fit(rows_of(("S1", 4, 1), ("S1", 4, 1)), [1, 0], **K)
    np.testing.assert_array_equal(prior.p_cell, short.p_cell)


def test_half_of_the_chunks_is_half_a_recording() -> None:
    assert fit(rows_of(("S1", 4, 4)), [1, 1, 0, 0]).p_global.tolist() == [0.5]


def test_unlabelled_chunks_count_nowhere() -> None:
    rows = rows_of(("S1", 4, 4), ("S2", 9, 2), ("S3", 11, 3))
    known = np.array([1, 1, 0, 0, 1, 1, 0, 0, 0], bool)
    y = np.array([1, 0, 0, 0, 1, 1, 0, 0, 0], bool)[:, None]
    prior = fit(rows, y, known)
    lied = fit(rows, y | ~known[:, None], known)
    assert prior.p_global.tolist() == [0.75]
    assert prior.sites == ("S1", "S2")  # S3 was never labelled
    assert prior.saw == tuple(rows.recordings()[:2])
    for level in LEVELS:
        np.testing.assert_array_equal(getattr(prior, level), getattr(lied, level))


def test_nothing_labelled_is_refused() -> None:
    rows = rows_of(("S1", 4, 2))
    with pytest.raises(BlendkitError, match="no labelled chunk"):
        fit(rows, [1, 0], np.zeros(2, bool))


def test_hour_23_neighbours_hour_0() -> None:
    rows = rows_of(("S1", 23, 1), ("S1", 12, 1), ("S1", 12, 1))
    p = fit(rows, [1, 0, 0], hour_sigma=1.0, k_hour=1.0).p_hour[:, 0]
    assert p[0] == pytest.approx(p[22], rel=1e-12)  # one hour on either side
    assert p[23] > p[0] > p[1] > p[2] > p[12]


def test_the_hour_kernel_is_weighted_by_counts() -> None:
    """Three recordings an hour away weigh three times as much as one; an empty hour dilutes nothing."""
    one, three = rows_of(("S1", 3, 1), ("S1", 12, 1)), rows_of(*[("S1", 3, 1)] * 3, ("S1", 12, 1))
    near = math.exp(-0.5)
    k, far = 1.0, math.exp(-0.5 * 64)  # from 4 to 12 o'clock
    got = [fit(r, y, hour_sigma=1.0, k_hour=k).p_hour[4, 0] for r, y in ((one, [1, 0]), (three, [1, 1, 1, 0]))]
    assert got[0] == pytest.approx((near + k * 0.5) / (near + far + k), rel=1e-12)
    assert got[1] == pytest.approx((3 * near + k * 0.75) / (3 * near + far + k), rel=1e-12)


def test_no_kernel_leaves_each_hour_alone() -> None:
    p = fit(rows_of(("S1", 3, 1), ("S1", 4, 1)), [1, 0], hour_sigma=0.0, **K).p_hour[:, 0]
    assert p[[2, 3, 4, 5]].tolist() == [0.5, 0.75, 0.25, 0.5]


def test_recordings_without_a_clock_count_in_all_but_the_hours() -> None:
    rows = rows_of(("S1", None, 1), ("S2", 4, 1))
    prior = fit(rows, [1, 0], hour_sigma=0.0, **K)
    assert prior.p_global.tolist() == [0.5]
    assert prior.p_site[0].tolist() == [0.75]
    assert prior.p_hour[0].tolist() == [0.5]  # a reset clock says midnight, and is not believed


def test_strong_shrinkage_leaves_the_overall_rate() -> None:
    rows = rows_of(("S1", 4, 1), ("S2", 9, 1))
    prior = fit(rows, [1, 0], k_hour=1e6, k_site=1e6, k_site_hour=1e6)
    np.testing.assert_allclose(prior.p_cell, 0.5, atol=1e-5)


def test_the_term_by_hand() -> None:
    rows = rows_of(("S1", 4, 1), ("S2", 4, 1))
    prior = fit(rows, [[1], [0]], hour_sigma=0.0, **K)
    np.testing.assert_allclose(add(prior, rows, strength=1.0), [[math.log(7)], [-math.log(7)]], rtol=1e-12)
    np.testing.assert_allclose(add(prior, rows, strength=0.5), [[math.log(7) / 2], [-math.log(7) / 2]], rtol=1e-12)
    np.testing.assert_allclose(add(prior, rows), add(prior, rows, strength=0.5))  # the default


def test_the_term_is_added_to_every_chunk_of_the_logits() -> None:
    rows = rows_of(("S1", 4, 3), ("S2", 4, 2))
    prior = fit(rows_of(("S1", 4, 1), ("S2", 4, 1)), [[1], [0]], hour_sigma=0.0, **K)
    x = np.arange(5.0, dtype=np.float32)[:, None]
    out = site_hour_prior(x, rows=rows, classes=prior.classes, fitted=Fitted((prior,)), strength=1.0)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out[:, 0] - x[:, 0], np.log(7) * np.array([1, 1, 1, -1, -1]), atol=1e-6)


def test_centred_on_the_overall_rate_or_not() -> None:
    rows = rows_of(("S1", 4, 1), ("S2", 4, 1), ("S3", 4, 1), ("S3", 4, 1))
    prior = fit(rows, [[1], [0], [0], [0]], hour_sigma=0.0, **K)
    rate = prior.rate("S1", 4)[0]
    first = rows.take(np.array([0]))
    assert add(prior, first, strength=1.0)[0, 0] == pytest.approx(odds(rate) - odds(0.25), rel=1e-12)
    assert add(prior, first, strength=1.0, centre=False)[0, 0] == pytest.approx(odds(rate), rel=1e-12)


def test_a_class_that_is_never_present_adds_nothing() -> None:
    rows = rows_of(("S1", 4, 2), ("S2", 9, 2))
    y = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 0], [1, 0, 0]])
    for centre in (True, False):
        term = add(fit(rows, y), rows, strength=1.0, centre=centre)
        assert (term[:, 1:] == 0).all()
        assert (term[:, 0] != 0).all()


def test_a_class_that_is_always_present_adds_nothing() -> None:
    rows = rows_of(("S1", 4, 2), ("S2", 9, 2))
    assert (add(fit(rows, [1, 1, 1, 1]), rows, strength=1.0, centre=False) == 0).all()


def test_the_cap_holds_the_term_of_any_strength() -> None:
    rows = rows_of(("S1", 4, 1), ("S2", 4, 1))
    prior = fit(rows, [[1], [0]], hour_sigma=0.0, **K)
    assert add(prior, rows, strength=100.0).tolist() == [[4.0], [-4.0]]
    assert add(prior, rows, strength=1.0, cap=0.5).tolist() == [[0.5], [-0.5]]


def test_strength_zero_changes_nothing() -> None:
    rows = rows_of(("S1", 4, 4), ("S2", 9, 2))
    prior = fit(rows, [1, 0, 0, 0, 1, 1])
    x = np.random.default_rng(0).standard_normal((6, 1)).astype(np.float32)
    out = site_hour_prior(x, rows=rows, classes=prior.classes, fitted=Fitted((prior,)), strength=0.0)
    np.testing.assert_array_equal(out, x)


def test_fallbacks_by_what_the_name_says() -> None:
    prior = fit(rows_of(("S1", 4, 1), ("S1", 9, 1), ("S2", 4, 1)), [1, 0, 0], **K)
    np.testing.assert_array_equal(prior.rate("S1", 4), prior.p_cell[0, 4])
    np.testing.assert_array_equal(prior.rate("S9", 4), prior.p_hour[4])  # an unseen site
    np.testing.assert_array_equal(prior.rate("", 9), prior.p_hour[9])
    np.testing.assert_array_equal(prior.rate("S2", -1), prior.p_site[1])  # no hour
    np.testing.assert_array_equal(prior.rate("S9", -1), prior.p_global)
    # four different levels, or the lines above would say little
    assert len({prior.rate(s, h)[0] for s, h in (("S1", 4), ("S9", 4), ("S2", -1), ("S9", -1))}) == 4


def test_nothing_known_of_place_and_time_adds_nothing() -> None:
    prior = fit(rows_of(("S1", 4, 1), ("S2", 9, 1)), [1, 0])
    assert (add(prior, rows_of(("S9", None, 2)), strength=1.0) == 0).all()


def test_fallbacks_are_counted_by_reason() -> None:
    rows = small_rows()  # S01, S02, S01 with a reset clock, a bare name, S09
    prior = fit(rows_of(("S01", 4, 1), ("S02", 9, 1)), [1, 0])
    notes = fallbacks(np.zeros((len(rows), 1)), rows=rows, fitted=Fitted((prior,)))
    expected = [
        "1 of 5 recordings at a site without labels",
        "1 of 5 recordings without a site",
        "2 of 5 recordings without an hour",
    ]
    assert all(n.startswith(e) for e, n in zip(expected, notes, strict=True)), notes
    other = fit(rows_of(("S05", 4, 1)), [1])
    notes = fallbacks(np.zeros((len(rows), 1)), rows=rows, fitted=Fitted((other,)))
    assert notes[0].startswith("4 of 5 recordings at a site")


def test_a_site_is_unseen_for_the_artefact_its_recording_gets() -> None:
    """Cross-fitting may leave a site with its only labelled recording in the fold that is left out."""
    rows = rows_of(("S1", 4, 1), ("S2", 9, 1))
    both, without = fit(rows, [1, 0]), fit(rows.take(np.array([1])), [0])
    fitted = Fitted((both, without), 0, {rows.recordings()[0]: 1})
    notes = fallbacks(np.zeros((2, 1)), rows=rows, fitted=fitted)
    assert [n[:6] for n in notes] == ["1 of 2"]


def test_no_fallback_no_note() -> None:
    rows = rows_of(("S1", 4, 1), ("S2", 9, 1))
    assert fallbacks(np.zeros((2, 1)), rows=rows, fitted=Fitted((fit(rows, [1, 0]),))) == []


def test_cross_fitted_rates_without_a_centre_say_that_figures_come_out_low() -> None:
    rows = rows_of(("S1", 4, 1), ("S2", 9, 1))
    two = Fitted((fit(rows, [1, 0]),) * 2)
    assert fallbacks(np.zeros((2, 1)), rows=rows, fitted=two) == []
    (said,) = fallbacks(np.zeros((2, 1)), rows=rows, fitted=two, centre=False)
    assert said.startswith("cross-fitted: a recording's rate lacks the calls of its own fold")


def test_each_recording_gets_its_own_artefact() -> None:
    rows = rows_of(("S1", 4, 2), ("S1", 4, 2))
    first, second = fit(rows, [1, 1, 0, 0]), fit(rows, [1, 0, 0, 0])
    fitted = Fitted((first, second), 0, {rows.recordings()[1]: 1})
    x = np.zeros((4, 1))
    out = site_hour_prior(x, rows=rows, classes=first.classes, fitted=fitted, centre=False)
    np.testing.assert_array_equal(out[:2], add(first, rows, centre=False)[:2])
    np.testing.assert_array_equal(out[2:], add(second, rows, centre=False)[2:])
    assert not np.array_equal(out[:2], out[2:])


def test_a_run_with_other_classes_in_another_order() -> None:
    rows = rows_of(("S1", 4, 1), ("S2", 9, 1))
    prior = fit(rows, [[1, 0], [0, 1]])
    mapped = add(prior, rows, classes=("new", "bird", "frog"))
    there = add(prior, rows)
    np.testing.assert_array_equal(mapped, np.column_stack([np.zeros(2), there[:, 1], there[:, 0]]))


def test_a_saved_prior_reads_back_without_pickle(tmp_path: Path) -> None:
    rows = rows_of(("S1", 4, 3), ("S2", 23, 2), ("", 5, 1))
    prior = fit(rows, np.arange(18).reshape(6, 3) % 2, k_site=3.5)
    path = tmp_path / "deep" / "prior.npz"
    prior.save(path)
    with np.load(path, allow_pickle=False) as data:
        assert all(data[k].dtype != object for k in data.files)
    again = SiteHourPrior.load(path)
    for level in LEVELS:
        np.testing.assert_array_equal(getattr(again, level), getattr(prior, level))
    for field in ("classes", "sites", "saw", "settings"):
        assert getattr(again, field) == getattr(prior, field)
    np.testing.assert_array_equal(add(again, rows), add(prior, rows))


def _array(path: Path) -> None:
    with path.open("wb") as handle:
        np.save(handle, np.zeros(3))


def _truncated(path: Path) -> None:
    fit(rows_of(("S1", 4, 1)), [1]).save(path)
    path.write_bytes(path.read_bytes()[:100])


def _other_shapes(path: Path) -> None:
    fit(rows_of(("S1", 4, 1)), [1]).save(path)
    with np.load(path, allow_pickle=False) as data:
        arrays = dict(data)
    np.savez(path, **{**arrays, "p_hour": arrays["p_hour"][:23]})


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_text("not a zip"),
        lambda path: path.write_bytes(b""),
        lambda path: None,  # no file at all
        _array,
        lambda path: np.savez(path, other=np.zeros(3)),
        lambda path: np.savez(path, meta=np.array('{"kind": "calibration"}'), **dict.fromkeys(LEVELS, np.zeros(1))),
        _truncated,
        _other_shapes,
    ],
    ids=["text", "empty", "missing", "npy", "other keys", "other kind", "truncated", "other shapes"],
)
def test_other_files_are_refused_by_name(tmp_path: Path, write: Any) -> None:
    path = tmp_path / "prior.npz"
    write(path)
    with pytest.raises(BlendkitError, match=r"prior\.npz: not a saved site_hour_prior"):
        SiteHourPrior.load(path)
