"""Tables of where classes occur, from a stand-in for a model of places: P(class j at latitude, week) by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import logit

from blendkit.blending.geo_ranges import fit_ranges
from blendkit.core.arrays import Float32
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.io.readers.range_table import read_range_table
from blendkit.io.readers.site_coordinates import read_sites
from blendkit.ops.declare import Fitted
from blendkit.ops.fitted.rate_tables import load_site, place_prior, unchanged_by_table
from blendkit.ops.occurrence_tables import load_ranges
from blendkit.ops.species_ranges import range_mask

TAXONOMY = "primary_label,scientific_name,class_name\nhawk,Daptrius chimachima,Aves\nowl,Bubo one,Aves\nfrog,Rana one,Amphibia\n"


class Stand:
    """Two birds: the first one is common in the north, the second one from July on; the frog is not known."""

    labels = ("Milvago chimachima", "Bubo one")

    def probabilities(self, latitude: float, longitude: float, weeks: Sequence[int]) -> Float32:
        return np.array([[0.75 if latitude > 0 else 0.0, 0.5 if w > 24 else 0.015625] for w in weeks], np.float32)


@pytest.fixture
def taxonomy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("blendkit.blending.geo_ranges.registry", lambda _: SimpleNamespace(get=lambda _: Stand))
    (tmp_path / "taxonomy.csv").write_text(TAXONOMY, encoding="utf-8")
    (tmp_path / "sites.csv").write_text("site,latitude,longitude\nS01,10,20\nS02,-10,20\n", encoding="utf-8")
    return tmp_path / "taxonomy.csv"


def test_every_site_and_week_has_its_row(taxonomy: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    made = fit_ranges("any", tmp_path / "r.csv", taxonomy=taxonomy, sites=tmp_path / "sites.csv", note=notes.append)
    assert made.classes == ("hawk", "owl", "frog")  # the hawk by its synonym
    assert made.levels[:2] == (("S01", 1), ("S01", 2))
    assert made.levels[48:50] == (("S01", -1), ("S02", 1))
    np.testing.assert_array_equal(made.p[[0, 24, 49, 73]],
                                  [[0.75, 0.015625, np.nan], [0.75, 0.5, np.nan], [0, 0.015625, np.nan], [0, 0.5, np.nan]])  # fmt: skip
    again = read_range_table(tmp_path / "r.csv")
    assert again.levels == made.levels
    np.testing.assert_array_equal(again.p, made.p)
    assert "1 by synonym: hawk as Milvago chimachima" in notes[0]
    assert notes[1] == "any: not known, so that no step changes them: 1 classes: frog"


def test_one_place_and_week_hold_for_every_recording(taxonomy: Path, tmp_path: Path) -> None:
    made = fit_ranges("any", tmp_path / "r.csv", taxonomy=taxonomy, place=(-3.0, 7.0), week=30)
    assert made.levels == (("", 30),)
    recorded = chunk_rows({"x_S09_20250110_040000": 1, "bare": 1}, 5.0, NameRule())
    fitted = Fitted((load_ranges(tmp_path / "r.csv"),))
    got = range_mask(np.ones((2, 3)), rows=recorded, classes=made.classes, fitted=fitted, space="prob")
    assert got.tolist() == [[0, 1, 1]] * 2


def test_a_recipe_masks_by_the_table(
    taxonomy: Path, tmp_path: Path, tones: Callable[..., Path], run_text: Callable[..., RunResult]
) -> None:
    names = ("a_S01_20250624_040000", "a_S01_20250701_040000", "a_S02_20250701_040000", "a_S03_20250701_040000")
    folder = tones(dict.fromkeys(names, 5.0))
    (folder / "taxonomy.csv").write_text(TAXONOMY, encoding="utf-8")
    fit_ranges("any", folder / "r.csv", taxonomy=taxonomy, sites=tmp_path / "sites.csv")
    head = "recipe: 1\nname: r\ntemplate: null\nmembers:\n  a:\n    use: tone\n    steps:\n      - to: prob\n"
    done = run_text(head + "      - range_mask: {artefact: r.csv}\noutput: a\n", folder, tmp_path / "out")
    kept = done.made["a"].values > 0
    # 24 June is in week 24, 1 July in week 25; the table has no site S03; the frog is not known, so it stays
    assert kept.tolist() == [[True, False, True], [True, True, True], [False, True, True], [True, True, True]]
    assert any("1 of 4 recordings at a site or in a week" in w for w in done.warnings)
    assert any("1 of 3 classes are not known to the table (unchanged): frog" in w for w in done.warnings)


def test_the_table_of_place_prior_adds_the_logit(taxonomy: Path, tmp_path: Path) -> None:
    fit_ranges("any", tmp_path / "p.npz", taxonomy=taxonomy, sites=tmp_path / "sites.csv")
    table = load_site(tmp_path / "p.npz")
    recorded = chunk_rows({"x_S01_20250110_040000": 1, "x_S02_20250110_040000": 1, "z": 1}, 5.0, NameRule())
    got = place_prior(np.zeros((3, 3)), rows=recorded, classes=table.classes, fitted=Fitted((table,)), strength=1.0)
    np.testing.assert_allclose(got, [[logit(0.75), -4, 0], [-4, -4, 0], [0, 0, 0]])  # -4 is the cap


def test_one_place_is_a_prior_for_every_recording(taxonomy: Path, tmp_path: Path) -> None:
    fit_ranges("any", tmp_path / "s.npz", taxonomy=taxonomy, sites=tmp_path / "sites.csv")
    sites = load_site(tmp_path / "s.npz")
    (lat, lon) = read_sites(tmp_path / "sites.csv")["S01"]
    fit_ranges("any", tmp_path / "p.npz", taxonomy=taxonomy, place=(lat, lon))
    table = load_site(tmp_path / "p.npz")
    recorded = chunk_rows({"x_S01_20250110_040000": 1, "x_S02_20250110_040000": 1, "z": 1}, 5.0, NameRule())
    got = place_prior(np.zeros((3, 3)), rows=recorded, classes=table.classes, fitted=Fitted((table,)), strength=1.0)
    there = place_prior(np.zeros((3, 3)), rows=recorded, classes=sites.classes, fitted=Fitted((sites,)), strength=1.0)
    assert got.tolist() == [there[0].tolist()] * 3
    assert unchanged_by_table(got, rows=recorded, classes=table.classes, fitted=Fitted((table,))) == []


def test_all_that_is_wrong_is_said_at_once(taxonomy: Path, tmp_path: Path) -> None:
    with pytest.raises(BlendkitError) as caught:
        fit_ranges("any", tmp_path / "r.txt", taxonomy=taxonomy, place=(90.5, float("nan")), week=49)
    said = "\n".join(caught.value.problems)
    for part in ("week 49: expected 1 to 48", "latitude 90.5", "longitude nan", "r.txt: expected .csv"):
        assert part in said
    with pytest.raises(BlendkitError, match="either a CSV of sites, or one latitude"):
        fit_ranges("any", tmp_path / "r.csv", taxonomy=taxonomy)
    (tmp_path / "sites.csv").write_text("site,latitude,longitude\nS01,,20\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="line 2: latitude ''"):
        fit_ranges("any", tmp_path / "r.csv", taxonomy=taxonomy, sites=tmp_path / "sites.csv")
    assert not (tmp_path / "r.csv").exists()
