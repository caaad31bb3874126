from __future__ import annotations

from pathlib import Path

import pytest

from blendkit.errors import BlendkitError
from blendkit.io.readers.range_table import is_range_table, read_range_table


def table(tmp_path: Path, *lines: str) -> Path:
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "t.csv"


def test_a_class_that_a_place_does_not_list_is_not_known(tmp_path: Path) -> None:
    path = table(tmp_path, "Site,Week,Class,Probability", "S01,-1,a,0.25", "S01,-1,b,", "S02,-1,a,1")
    found = read_range_table(path)
    assert is_range_table(path)
    assert (found.levels, found.classes) == ((("S01", -1), ("S02", -1)), ("a", "b"))
    assert repr(found.p.tolist()) == "[[0.25, nan], [1.0, nan]]"
    again = table(tmp_path, "site;week;class;probability", "S01;-1;a;0,25", "S01;-1;b;", "S02;-1;a;1")
    assert is_range_table(again)
    assert read_range_table(again).levels == found.levels
    assert not is_range_table(table(tmp_path, "site,class", "S01,a"))
    assert not is_range_table(tmp_path / "none.csv")


def test_every_wrong_line_is_named(tmp_path: Path) -> None:
    path = table(tmp_path, "site,week,class,probability", "S01,0,a,0.5", "S01,1,b,1.5", "S01,1,,0", "S01,1,c,0", "S01,1,c,0",
                 "S01,June,d,rare")  # fmt: skip
    with pytest.raises(BlendkitError) as caught:
        read_range_table(path)
    said = str(caught.value)
    for part in ("line 2: week '0'", "line 3: probability '1.5'", "line 4: class ''", "line 6: its site, week and class",
                 "line 7: week 'June'", "line 7: probability 'rare'", "6 wrong values"):  # fmt: skip
        assert part in said
    with pytest.raises(BlendkitError, match="no column week"):
        read_range_table(table(tmp_path, "site,class,probability", "S01,a,1"))
    with pytest.raises(BlendkitError, match="no rows"):
        read_range_table(table(tmp_path, "site,week,class,probability"))
