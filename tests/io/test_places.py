from __future__ import annotations

from pathlib import Path

import pytest

from blendkit.errors import BlendkitError
from blendkit.io.readers.site_coordinates import read_sites
from blendkit.io.readers.species_finds import read_finds


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_sites_and_finds(tmp_path: Path) -> None:
    sites = write(tmp_path / "s.csv", "Site,Latitude,Longitude", "S01,-16.5,-56", "007,90,180")
    assert read_sites(sites) == {"S01": (-16.5, -56.0), "007": (90.0, 180.0)}
    short = write(tmp_path / "s.csv", "Site;Lat;Lon", "S01;-16,5;-56")  # decimal commas
    assert read_sites(short) == {"S01": (-16.5, -56.0)}
    both = write(tmp_path / "s.csv", "site,lat,latitude,lon,longitude", "S01,1,2,3,4")
    assert read_sites(both) == {"S01": (2.0, 4.0)}
    finds = write(tmp_path / "f.csv", "primary_label,latitude,longitude", "frog,1,2", "NA,3,4.5", "bird,,")
    assert read_finds(finds) == [("frog", 1.0, 2.0), ("NA", 3.0, 4.5)]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("S02,,-56", "line 3: latitude ''"),
        ("S02,north,-56", "line 3: latitude 'north'"),
        ("S02,nan,inf", "line 3: latitude 'nan', longitude 'inf'"),
        ("S02,-91,0", "line 3: latitude '-91'"),
        ("S02,0,180.5", "line 3: longitude '180.5'"),
        ("S01,1,1", "line 3: 'S01' is listed twice"),
        (",1,1", "line 3: no name"),
    ],
)
def test_every_site_needs_a_place_on_earth(tmp_path: Path, row: str, says: str) -> None:
    path = write(tmp_path / "s.csv", "site,latitude,longitude", "S01,-16.5,-56", row, "S03,east,0")
    with pytest.raises(BlendkitError) as caught:
        read_sites(path)
    assert says in caught.value.problems
    assert "line 4: latitude 'east'" in caught.value.problems  # all problems at once


@pytest.mark.parametrize("row", ["frog,1,", "frog,one,2", "frog,1,-200", "frog,inf,0"])
def test_a_find_has_both_coordinates_or_none(tmp_path: Path, row: str) -> None:
    path = write(tmp_path / "f.csv", "primary_label,latitude,longitude", "frog,1,2", row)
    with pytest.raises(BlendkitError, match="line 3"):
        read_finds(path)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="no column latitude, longitude"):
        read_sites(write(tmp_path / "s.csv", "site,x,y", "S01,1,2"))
    with pytest.raises(BlendkitError, match="cannot read this table"):
        read_finds(tmp_path / "none.csv")
