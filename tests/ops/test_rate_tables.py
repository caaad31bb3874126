from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit

from blendkit.core.names import NameRule
from blendkit.core.rows import Rows, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.ops.declare import Fitted
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
)
from blendkit.ops.species_ranges import RangeList, load_ranges, range_mask, range_penalty, station_floor, unknown_sites

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


def test_unknown_levels_are_the_overall_rate() -> None:
    made = RateTable("site", CLASSES, (), np.array([0.5, 0.25]), np.empty((0, 2)), ())
    assert made.rate("S09") is made.p_global


def listed(tmp_path: Path, text: str) -> RangeList:
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    return load_ranges(tmp_path / "list.csv")


def test_a_list_for_everywhere(tmp_path: Path) -> None:
    found = listed(tmp_path, "primary_label\na\n")
    fitted = Fitted((found,))
    x = np.ones((4, 2))
    assert range_mask(x, rows=rows(JAN, NONE), classes=CLASSES, fitted=fitted).tolist() == [[1, 0]] * 4
    assert range_penalty(x, rows=rows(JAN, NONE), classes=CLASSES, fitted=fitted, penalty=3.0)[0].tolist() == [1, -2]


def test_a_list_by_site(tmp_path: Path) -> None:
    found = listed(tmp_path, "site,class\nS01,a\nS02,b\nS02,a\n")
    recorded = rows(JAN, JUL, NONE)
    x = np.ones((6, 2))
    out = range_mask(x, rows=recorded, classes=CLASSES, fitted=Fitted((found,)), floor=-20.0)
    assert out.tolist() == [[1, -20]] * 2 + [[1, 1]] * 4
    assert unknown_sites(x, rows=recorded, fitted=Fitted((found,))) == [
        "1 of 3 recordings at a site that is not in the list (unchanged)"
    ]


@pytest.mark.parametrize("text", ["", "name\na\n", "class\n"])
def test_a_file_that_is_no_list(tmp_path: Path, text: str) -> None:
    with pytest.raises(BlendkitError, match="no column of classes"):
        listed(tmp_path, text)


def test_station_floor_by_hand() -> None:
    x = np.array([[0.2, 0.7], [0.9, 0.1], [0.2, 0.2], [0.2, 0.2]])
    out = station_floor(x, rows=rows(JAN, JUL), classes=CLASSES, site="S01", floors={"a": 0.65})
    assert out.tolist() == [[0.65, 0.7], [0.9, 0.1], [0.2, 0.2], [0.2, 0.2]]
