from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit

from blendkit.core.names import NameRule
from blendkit.core.rows import Rows, chunk_rows, rows_from_ids
from blendkit.errors import BlendkitError
from blendkit.ops.declare import Fitted, info_of
from blendkit.ops.fitted.rate_tables import (
    RateTable,
    diel_prior,
    fit_hour,
    fit_month,
    load_hour,
    load_month,
    load_site,
    month_prior,
    near_places,
    place_prior,
    unchanged_by_table,
)
from blendkit.ops.occurrence_tables import RangeList, RangeRates, load_ranges, week_of_year
from blendkit.ops.species_ranges import range_mask, range_penalty, unknown_places
from blendkit.ops.station_floors import station_floor

CLASSES = ("a", "b")


def rows(*names: str, chunks: int = 2) -> Rows:
    return chunk_rows(dict.fromkeys(names, chunks), 5.0, NameRule())


JAN, JUL, NONE = "x_S01_20250110_040000", "y_S02_20250710_160000", "zz_bare"
TRUTH = np.array([[1, 0], [1, 0], [0, 1], [0, 0]], bool)


def test_months_by_hand() -> None:
    made = fit_month(TRUTH, np.ones(4, bool), rows(JAN, JUL), CLASSES, k=2.0, sigma=0.0)
    assert made.p_global.tolist() == [0.5, 0.25]
    np.testing.assert_allclose(made.rate("1"), [(1 + 2 * 0.5) / 3, (0 + 2 * 0.25) / 3])
    np.testing.assert_allclose(made.rate("7"), [(0 + 2 * 0.5) / 3, (0.5 + 2 * 0.25) / 3])
    np.testing.assert_allclose(made.rate("3"), made.p_global)
    recorded = rows(JAN, NONE)
    out = month_prior(np.zeros((4, 2)), rows=recorded, classes=CLASSES, fitted=Fitted((made,)), strength=0.5)
    np.testing.assert_allclose(out[:2], [0.5 * (logit(made.rate("1")) - logit(made.p_global))] * 2)
    assert out[2:].tolist() == [[0, 0], [0, 0]]


def test_december_is_next_to_january() -> None:
    made = fit_month(TRUTH, np.ones(4, bool), rows(JAN, JUL), CLASSES, k=1.0, sigma=1.0)
    assert made.rate("12")[0] == pytest.approx(made.rate("2")[0])
    assert made.rate("12")[0] > made.rate("5")[0]


def test_hours_round_the_clock(tmp_path: Path) -> None:
    made = fit_hour(TRUTH, np.ones(4, bool), rows(JAN, JUL), CLASSES)
    made.save(tmp_path / "h.npz")
    again = load_hour(tmp_path / "h.npz")
    np.testing.assert_array_equal(again.p_level, made.p_level)
    out = diel_prior(np.zeros((2, 2)), rows=rows(JAN), classes=("b", "a"), fitted=Fitted((again,)), strength=1.0)
    assert out[0, 1] > 0 > out[0, 0]
    reset = diel_prior(np.zeros((2, 2)), rows=rows("z_S01_19700101_040000"), classes=CLASSES, fitted=Fitted((made,)))
    assert reset.tolist() == [[0, 0], [0, 0]]
    for load in (load_month, load_site):
        with pytest.raises(BlendkitError, match="rates are by hour"):
            load(tmp_path / "h.npz")


def test_places_weigh_finds_by_distance() -> None:
    sites = {"S01": (0.0, 0.0), "S02": (0.0, 90.0)}
    finds = [("a", 0.0, 0.0)] * 30 + [("b", 0.0, 90.0)] * 30
    made = near_places(sites, finds, radius_km=300, k=10)
    np.testing.assert_allclose(made.rate("S01"), [(30 + 10 * 0.5) / 40, (0 + 10 * 0.5) / 40], atol=1e-9)
    out = place_prior(np.zeros((2, 2)), rows=rows(JAN), classes=CLASSES, fitted=Fitted((made,)), strength=1.0)
    np.testing.assert_allclose(out[0], logit(made.rate("S01")) - logit([0.5, 0.5]))
    one_degree = near_places({"S": (0.0, 1.0)}, [("a", 0.0, 0.0), ("b", 0.0, 1.0)], radius_km=111.19, k=1e-9)
    assert one_degree.rate("S")[0] / one_degree.rate("S")[1] == pytest.approx(np.exp(-0.5), rel=1e-3)
    with pytest.raises(BlendkitError, match="needs sites and finds"):
        near_places({}, finds)


def test_meridians_meet_towards_the_poles() -> None:
    # from 60 N 0 E to 60 N 90 E: sqrt(cos 60 * cos 60 * sin^2 45) = sqrt(1/8); 2 * 6371 km * arcsin(0.353553) = 4605 km
    finds = [("a", 60.0, 0.0), ("b", 60.0, 90.0)]
    made = near_places({"S": (60.0, 0.0)}, finds, radius_km=4604.5, k=1e-9)
    assert made.rate("S")[1] / made.rate("S")[0] == pytest.approx(np.exp(-0.5), rel=1e-4)
    # to 0 N 90 E it is a quarter of the equator, 10007.5 km, because one of the cosines is 0 and sin^2(30) + 1/4 = 1/2
    made = near_places({"S": (60.0, 0.0)}, [("a", 60.0, 0.0), ("b", 0.0, 90.0)], radius_km=10007.54, k=1e-9)
    assert made.rate("S")[1] / made.rate("S")[0] == pytest.approx(np.exp(-0.5), rel=1e-4)


def test_unknown_levels_are_the_overall_rate() -> None:
    made = RateTable("site", CLASSES, (), np.array([0.5, 0.25]), np.empty((0, 2)), ())
    assert made.rate("S09") is made.p_global


def listed(tmp_path: Path, text: str) -> RangeList | RangeRates:
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    return load_ranges(tmp_path / "list.csv")


def test_a_list_for_everywhere(tmp_path: Path) -> None:
    found = listed(tmp_path, "primary_label\na\n")
    fitted = Fitted((found,))
    x = np.ones((4, 2))
    given = {"rows": rows(JAN, NONE), "classes": CLASSES, "fitted": fitted}
    for space, absent in (("prob", 0), ("unit", 0), ("rank", 0), ("logit", -20)):  # a logit of 0 would be a half
        assert range_mask(x, **given, space=space).tolist() == [[1, absent]] * 4
    assert range_penalty(x, rows=rows(JAN, NONE), classes=CLASSES, fitted=fitted, penalty=3.0)[0].tolist() == [1, -2]


def test_a_list_by_site(tmp_path: Path) -> None:
    found = listed(tmp_path, "site,class\nS01,a\nS02,b\nS02,a\n")
    recorded = rows(JAN, JUL, NONE)
    x = np.ones((6, 2))
    out = range_mask(x, rows=recorded, classes=CLASSES, fitted=Fitted((found,)), floor=-20.0)
    assert out.tolist() == [[1, -20]] * 2 + [[1, 1]] * 4
    assert unknown_places(x, rows=recorded, classes=CLASSES, fitted=Fitted((found,)), at_least=0.03) == [
        "1 of 3 recordings at a site or in a week that is not in the list (unchanged)"
    ]


@pytest.mark.parametrize(
    ("date", "week"),
    [("2025-01-01", 1), ("2025-01-07", 1), ("2025-01-08", 2), ("2025-01-31", 4), ("2024-02-29", 8), ("2025-03-01", 9),
     ("2025-06-21", 23), ("2025-12-21", 47), ("2025-12-22", 48), ("2025-12-31", 48), ("NaT", -1)],
)  # fmt: skip
def test_weeks_are_quarters_of_months(date: str, week: int) -> None:
    assert week_of_year(np.datetime64(date, "D")) == week


def test_probabilities_by_site_and_week(tmp_path: Path) -> None:
    weekly = "S01,2,a,0.5\nS01,2,b,0.01\nS01,-1,a,0.02\nS02,7,a,0\n"  # 10 January is in week 2
    found = listed(tmp_path, "site,week,class,probability\n" + weekly)
    recorded = rows(JAN, "x_S01_20250710_040000", "x_S01_20251310_040000", "x_S02_20250710_040000", NONE, chunks=1)
    x, fitted = np.zeros((5, 3)), Fitted((found,))
    got = range_penalty(x, rows=recorded, classes=("b", "a", "c"), fitted=fitted)
    # S01 has no row for July, and 20251310 is no date: the year's. S02 has one row, for every date. Not known: b, c.
    assert got.tolist() == [[-2, 0, 0], [0, -2, 0], [0, -2, 0], [0, -2, 0], [0, 0, 0]]
    bold = range_mask(x + 1, rows=recorded, classes=("b", "a", "c"), fitted=fitted, at_least=0.005)
    assert bold.tolist() == [[1, 1, 1], [1, 1, 1], [1, 1, 1], [1, -20, 1], [1, 1, 1]]
    notes = unknown_places(x, rows=recorded, classes=("b", "a", "c"), fitted=fitted, at_least=0.03)
    assert "1 of 5 recordings" in notes[0]
    assert notes[1] == "1 of 3 classes are not known to the table (unchanged): c"


@pytest.mark.parametrize("text", ["", "name\na\n", "class\n"])
def test_a_file_that_is_no_list(tmp_path: Path, text: str) -> None:
    with pytest.raises(BlendkitError, match=r"no column of classes|the file is empty"):
        listed(tmp_path, text)


def test_station_floor_by_hand() -> None:
    x = np.array([[0.2, 0.7], [0.9, 0.1], [0.2, 0.2], [0.2, 0.2]])
    out = station_floor(x, rows=rows(JAN, JUL), classes=CLASSES, site="S01", floors={"a": 0.65})
    assert out.tolist() == [[0.65, 0.7], [0.9, 0.1], [0.2, 0.2], [0.2, 0.2]]


def test_what_a_table_of_places_leaves_unchanged_is_said() -> None:
    table = near_places({"S01": (-20.0, -56.0)}, [("a", -20.1, -56.2)])
    said = unchanged_by_table(np.zeros((6, 2)), rows=rows(JAN, JUL, NONE), classes=("a", "b"), fitted=Fitted((table,)))
    assert said == [
        "2 of 3 recordings unchanged, for the table lacks their sites: S02, no site in the name",
        "1 classes unchanged, for the table lacks them: b",
    ]
    assert unchanged_by_table(np.zeros((2, 1)), rows=rows(JAN), classes=("a",), fitted=Fitted((table,))) == []


def test_what_station_floor_cannot_do_is_noted() -> None:
    rows = rows_from_ids(["BC2026_Test_0001_S01_20240501_230000_5"], 5.0, NameRule())
    info = info_of(station_floor)
    assert info is not None
    assert info.notes is not None
    x, said = np.zeros((1, 1)), info.notes
    assert said(x, rows=rows, site="S01", floors={"a": 0.5}) == []
    assert said(x, rows=rows, site="S99", floors={"a": 0.5}) == ["no recording is of site 'S99': it changes nothing"]
    assert said(x, rows=rows, site="S01", floors={}) == ["without `floors:` it changes nothing"]


def test_cross_fitted_rates_without_a_centre_say_that_figures_come_out_low() -> None:
    one, two = Fitted((object(),)), Fitted((object(), object()))
    for op in (month_prior, diel_prior):
        info = info_of(op)
        assert info is not None
        assert info.notes is not None
        assert info.notes(np.zeros((1, 1)), fitted=one) == []
        (said,) = info.notes(np.zeros((1, 1)), fitted=two)
        assert "figures come out rather too low" in said
