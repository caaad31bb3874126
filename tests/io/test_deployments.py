"""Tables of deployments: what they give, and every line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from blendkit.core import Deployment
from blendkit.errors import BlendkitError
from blendkit.io import read_deployments


def written(folder: Path, text: str) -> Path:
    path = folder / "d.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "by", "lines"),
    [
        ("recording,site\na/5E90A4D4.WAV,007\n1E5,NA\n", "recording",
         (Deployment("a/5E90A4D4", "007"), Deployment("1E5", "NA"))),
        ("Folder;Site;Latitude;longitude;TZ\ncard\\one/;East;-16.5;-56;UTC-4\ntwo;West;;;\n", "folder",
         (Deployment("card/one", "East", "UTC-4", -16.5, -56.0), Deployment("two", "West"))),
        ("recording,site,tz,latitude,longitude,lat\nR1,A\nR2,B,UTC,2,3,9\n", "recording",  # a line may end before the header
         (Deployment("R1", "A"), Deployment("R2", "B", "UTC", 2.0, 3.0))),
        ("folder;site;lat;lon\ncard;East;-16,5;-56,25\n", "folder", (Deployment("card", "East", None, -16.5, -56.25),)),
        ("\ufeffprefix\tsite\nSM4-01\tRidge\n\n", "prefix", (Deployment("SM4-01", "Ridge"),)),
    ],
)  # fmt: skip
def test_what_a_table_gives(tmp_path: Path, text: str, by: str, lines: tuple[Deployment, ...]) -> None:
    found = read_deployments(written(tmp_path, text))
    assert (found.source, found.by, found.lines) == ("d.csv", by, lines)


def test_a_table_in_the_encoding_of_an_old_spreadsheet(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes("folder,site\ncartão,Pântano\n".encode("latin-1"))
    assert read_deployments(tmp_path / "d.csv").lines == (Deployment("cartão", "Pântano"),)


def test_all_lines_that_are_wrong_are_listed(tmp_path: Path) -> None:
    text = "folder,site,tz,latitude,longitude\na,A,UTC,91,0\n,B,,,\nc,,Mars,x,\na,D,,,\n"
    with pytest.raises(BlendkitError) as caught:
        read_deployments(written(tmp_path, text))
    assert caught.value.problems == (
        "line 2: latitude '91': expected -90 to 90 degrees",
        "line 3: no folder",
        "line 4: no site",
        "line 4: tz: unknown time zone 'Mars'; expected an IANA name, or UTC, Z, UTC-5, UTC+05:30 or -03:00",
        "line 4: latitude 'x': expected -90 to 90 degrees",
        "line 5: 'a' is in line 2 already",
    )


@pytest.mark.parametrize("text", ["site\nA\n", "recording,folder,site\na,b,c\n", "recording,place\na,b\n"])
def test_columns_that_do_not_say_which_recordings(tmp_path: Path, text: str) -> None:
    with pytest.raises(BlendkitError, match="expected a column site, and one of recording, folder, prefix"):
        read_deployments(written(tmp_path, text))


def test_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    written(tmp_path, "folder,site\nA,B,C\n")  # a field too many
    (tmp_path / "empty.csv").touch()
    (tmp_path / "header.csv").write_text("folder,site\n", encoding="utf-8")
    for path in (tmp_path / f"{n}.csv" for n in ("d", "empty", "header", "none")):
        with pytest.raises(BlendkitError, match="this table of deployments"):
            read_deployments(path)
