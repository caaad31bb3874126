from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.member.class_file import read_class_names
from blendkit.member.class_map import match_classes
from blendkit.member.protocol import MemberContext

V3 = "\ufeffidx;id;sci_name;com_name;class;order\n0;3;Ara ararauna;Blue, or not;Aves;X\n1;5;Bufo bufo;Toad;Amphibia;Y\n"
LINES = "Ara ararauna_Macaw\nDog_Dog\nBufo bufo_Toad\n"


def read(tmp_path: Path, text: str, *args: Any) -> tuple[list[str], str]:
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8")
    found = read_class_names(path, *args)
    return list(found.names), found.note


def failure(tmp_path: Path, text: str, *args: Any) -> str:
    with pytest.raises(BlendkitError) as error:
        read(tmp_path, text, *args)
    assert "labels.csv" in error.value.title
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "by", "column", "names"),
    [
        ("a\n\nb\n", "id", None, ["a", "b"]),
        ("label\na\nb\n", "id", None, ["a", "b"]),
        ("inat2024_fsd50k\nAra ararauna\n22961\n", "scientific_name", None, ["Ara ararauna", "22961"]),
        ('"Insect, son01"\nb\n', "id", None, ["Insect, son01", "b"]),
        ("Insect, son01\nb\n", "id", None, ["Insect, son01", "b"]),
        (V3, "scientific_name", None, ["Ara ararauna", "Bufo bufo"]),
        (V3, "common_name", None, ["Blue, or not", "Toad"]),
        (V3, "id", None, ["3", "5"]),
        (V3, "scientific_name", "Order", ["X", "Y"]),
        (V3, "id", 3, ["Ara ararauna", "Bufo bufo"]),
        ("SPECIES_CODE,SCI_NAME\nostric2,Struthio camelus\n", "ebird", None, ["ostric2"]),
        ("ebird2021\nostric2\ngrekis\n", "ebird", None, ["ostric2", "grekis"]),
        ("a\tAra ararauna\nb\tBufo bufo\n", "ebird", 1, ["a", "b"]),
        ("nom;code\nAra;x\nBufo;y\n", "id", "code", ["x", "y"]),
        ("a,\nb,\n", "id", None, ["a", "b"]),
        ("sci_name,com_name\nAra ararauna,\nBufo bufo,Toad\n", "common_name", None, ["", "Toad"]),  # keeps its place
        (LINES, "scientific_name", None, ["Ara ararauna", "Dog", "Bufo bufo"]),
        (LINES, "common_name", None, ["Macaw", "Dog", "Toad"]),
        ("Ara ararauna (Blue Macaw)\nBufo b. bufo (Toad)\nDog\n", "common_name", None, ["Blue Macaw", "Toad", "Dog"]),
        ("Ara ararauna (Blue Macaw)\nBufo bufo (Toad)\n", "scientific_name", None, ["Ara ararauna", "Bufo bufo"]),
        (
            "Turdus merula_Common Blackbird (Eurasian)\nParus major_Great Tit (Old)\n",
            "common_name",
            None,
            ["Common Blackbird (Eurasian)", "Great Tit (Old)"],
        ),
        (
            "Yellow-rumped Warbler (Myrtle)\nNorthern Flicker (Red)\n",
            "common_name",
            None,
            ["Yellow-rumped Warbler (Myrtle)", "Northern Flicker (Red)"],
        ),
        (
            "Turdus merula (Linnaeus 1758)\nParus major (Linnaeus 1758)\n",
            "common_name",
            None,
            ["Turdus merula (Linnaeus 1758)", "Parus major (Linnaeus 1758)"],
        ),
        ("Speech (male)\nAlarm\n", "common_name", None, ["Speech (male)", "Alarm"]),  # one word is no scientific name
        (LINES, "id", None, LINES.split("\n")[:3]),
        ("Ara_ararauna\nBufo_bufo\n", "scientific_name", None, ["Ara ararauna", "Bufo bufo"]),
        ("A\u0301ra\n", "id", None, ["\u00c1ra"]),  # composed, as ids are everywhere
    ],
)
def test_class_lists_as_people_publish_them(
    tmp_path: Path, text: str, by: Any, column: str | int | None, names: list[str]
) -> None:
    assert read(tmp_path, text, by, column)[0] == names


@pytest.mark.parametrize("header", ["index", "class_id", "class_idx", "order", "", "inat_id", "target"])
def test_rows_that_their_own_numbers_put_in_another_order(tmp_path: Path, header: str) -> None:
    table = f"{header};scientific_name\n3;Crax fasciolata\n0;Turdus merula\n2;Rhea americana\n1;Ara ararauna\n"
    with pytest.raises(BlendkitError, match="does not count up from 0 or 1"):
        read(tmp_path, table, "scientific_name")
    head, *lines = table.splitlines()
    names, _ = read(tmp_path, "\n".join([head, *sorted(lines)]), "scientific_name")
    assert names == ["Turdus merula", "Ara ararauna", "Rhea americana", "Crax fasciolata"]


def test_numbers_of_the_classes_themselves_are_no_order(tmp_path: Path) -> None:
    for header in ("fold", "rank"):
        assert read(tmp_path, f"primary_label,{header}\na,1\nb,0\nc,2\n")[0] == ["a", "b", "c"]
    table = "scientific_name,number\nA a,1\nB b,0\nC c,2\n"
    with pytest.raises(BlendkitError, match="does not count up") as error:
        read(tmp_path, table, "scientific_name")
    assert "`class_column:`" in error.value.problems[-1]
    assert read(tmp_path, table, "scientific_name", "scientific_name")[0] == ["A a", "B b", "C c"]


def test_rows_without_a_header_have_an_order_too(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="column '1' does not count up"):
        read(tmp_path, "3;Crax fasciolata\n0;Turdus merula\n2;Rhea americana\n1;Ara ararauna\n", "id", 2)


def test_comments_and_blanks_that_do_not_break_a_line(tmp_path: Path) -> None:
    assert read(tmp_path, "# of our model\nTurdus\u00a0merula\nAra ararauna\n")[0] == ["Turdus merula", "Ara ararauna"]


def test_other_numbers_say_nothing_of_the_order(tmp_path: Path) -> None:
    for numbers in ("17 3 5", "0 2 2", "1 0", "5 4 3"):
        lines = [f"{n};Genus a{'bcd'[i]}" for i, n in enumerate(numbers.split())]
        assert len(read(tmp_path, "\n".join(["taxon_id;scientific_name", *lines]), "scientific_name")[0]) == len(lines)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le", "utf-8-sig"])
def test_a_list_in_another_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "labels.txt").write_text("Tapaculo ocelado\nÑandú\nZorzal\n", encoding=encoding)
    assert read_class_names(tmp_path / "labels.txt").names == ("Tapaculo ocelado", "Ñandú", "Zorzal")


def test_what_was_found_is_said(tmp_path: Path) -> None:
    found = "2 names from labels.csv (column sci_name, separator `;`)"
    assert read(tmp_path, V3, "scientific_name")[1] == found
    assert read(tmp_path, LINES, "common_name")[1] == "3 names from labels.csv (one a line, the part after `_`)"


@pytest.mark.parametrize(
    ("text", "by", "column", "words"),
    [
        ("", "id", None, ["no classes"]),
        ("label\n", "id", None, ["no classes"]),
        ("a\nb\na\n", "id", None, ["listed twice", "  a"]),
        (
            V3,
            "ebird",
            None,
            ["no column is known to hold `class_by: ebird`", "3: sci_name", "class_by: id | scientific"],
        ),
        (V3, "id", "com_nam", ["no column 'com_nam' (did you mean 'com_name'?)"]),
        (V3, "id", 7, ["no column 7", "6: order"]),
        ("x,1\ny,2\n", "id", None, ["the first row is 1: x, 2: 1", "`class_column: 1`"]),
        ("a\nb\n", "id", "code", ["has one column, so there is no 'code'"]),
        (
            "sci_name,n\nA b,1\nC d\n",
            "scientific_name",
            None,
            ["the header has 2 fields, 1 rows have not", "row 3 has 1"],
        ),
        ("idx,label\n1,a\n0,b\n", "id", None, ["'idx' does not count up", "row 2 has 0", "sort the rows by it"]),
    ],
)
def test_unusable_lists_say_the_way_out(
    tmp_path: Path, text: str, by: Any, column: str | int | None, words: list[str]
) -> None:
    message = failure(tmp_path, text, by, column)
    for word in words:
        assert word in message


TABLE = {
    "22961": {"scientific_name": "Ara ararauna", "common_name": "Blue Macaw", "ebird_code": "baymac"},
    "grekis": {"scientific_name": "Boana punctata", "common_name": "Polka-dot Treefrog"},
}
RUN = MemberContext(tuple(TABLE), Taxonomy(TABLE))


@pytest.mark.parametrize(
    ("by", "labels", "columns"),
    [
        ("id", ["grekis", "x"], [-1, 0]),
        ("scientific_name", ["x", "hypsiboas punctatus", "ARA ararauna"], [2, 1]),  # the first by synonym
        ("ebird", ["grekis", "BayMac"], [1, 0]),  # a class without a code may be named by it
        ("common_name", ["polka-dot treefrog", "", "Blue macaw"], [2, 0]),
    ],
)
def test_classes_are_matched_by_each_kind_of_name(by: Any, labels: list[str], columns: list[int]) -> None:
    assert match_classes("m", labels, by, RUN).columns.tolist() == columns


def test_a_list_that_matches_by_another_kind_of_name_says_so() -> None:
    for by in ("id", "ebird", "common_name"):
        with pytest.raises(BlendkitError, match="1 are the same by `class_by: scientific_name`"):
            match_classes("m", ["Ara ararauna"], by, RUN)
    with pytest.raises(BlendkitError, match="matched by common name, which a taxonomy gives"):
        match_classes("m", ["x"], "common_name", MemberContext(("a",)))
    with pytest.raises(BlendkitError, match="`proxies: genus` needs `class_by: scientific_name`, got ebird"):
        match_classes("m", ["x"], "ebird", RUN, proxies="genus")
    with pytest.raises(BlendkitError, match="1 of its classes have no common name"):
        match_classes("m", ["x", ""], "common_name", MemberContext())
