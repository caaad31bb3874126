from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.member.class_file import read_class_names
from blendkit.member.class_map import by_id, by_name_or_id, by_scientific_name
from blendkit.member.protocol import MemberContext


def context(**names: str) -> MemberContext:
    return MemberContext(tuple(names), Taxonomy({c: {"scientific_name": s} for c, s in names.items()}))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a\nb\n", ["a", "b"]),
        ("inat2024_fsd50k\nPitangus lictor\n22961\n", ["Pitangus lictor", "22961"]),
        ("\ufeffprimary_label,x\n a ,1\n\n'b',2\n", ["a", "'b'"]),
        ('"Insect, son01"\nb', ["Insect, son01", "b"]),
        ("label\nlabel\n", ["label"]),  # only the first line can be a header
    ],
)
def test_class_lists(tmp_path: Path, text: str, names: list[str]) -> None:
    path = tmp_path / "labels.txt"
    path.write_text(text, encoding="utf-8")
    assert list(read_class_names(path, column=1).names) == names


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a\nb\na\n", "listed twice"), (b"", "no classes"), (b"label\n", "no classes"), (b"\xff\xfe\x00", "cannot read")],
)
def test_unusable_class_lists(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(content)
    with pytest.raises(BlendkitError, match=message) as error:
        read_class_names(path, column=1)
    assert "labels.txt" in str(error.value)


def test_ids_match_exactly_and_columns_move() -> None:
    mapped = by_id("m", ["b", "x", "a"], context(a="", b="", c=""))
    assert mapped.columns.tolist() == [2, 0, -1]
    assert mapped.covered == (True, True, False)
    assert "2 of 3 classes matched" in mapped.note
    assert mapped.note.endswith("without a column: c")
    values = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    assert mapped.place(values).tolist() == [[3, 1, 0], [6, 4, 0]]
    assert mapped.place(values).dtype == np.float32


def test_case_counts_for_ids_but_not_for_scientific_names() -> None:
    with pytest.raises(BlendkitError, match="none of its 1 classes"):
        by_id("m", ["A"], context(a=""))
    mapped = by_scientific_name("m", ["PITANGUS Lictor", "other"], context(x="Nobody here", y="Pitangus lictor"))
    assert mapped.columns.tolist() == [-1, 0]
    assert mapped.classes == ("x", "y")


def test_a_class_without_a_name_is_not_covered() -> None:
    assert by_scientific_name("m", ["Ara ararauna"], context(a="", b="Ara ararauna")).covered == (False, True)


def test_without_classes_of_the_run_the_models_own_are_used() -> None:
    for match in (by_id, by_scientific_name):
        mapped = match("m", ["q", "p"], MemberContext())
        assert mapped.classes == ("q", "p")
        assert mapped.columns.tolist() == [0, 1]


def test_ids_that_are_names_need_no_taxonomy() -> None:
    mapped = by_scientific_name(
        "perch", ["Ara ararauna", "Tyto alba"], MemberContext(("tyto alba", "a", "Tyto furcata"))
    )
    assert mapped.columns.tolist() == [1, -1, 1]  # the last by synonym
    with pytest.raises(BlendkitError, match=r"matched by scientific name, which a taxonomy gives .*: none does"):
        by_scientific_name("perch", ["Ara ararauna"], MemberContext(("a",)))


def test_no_overlap_shows_both_sides() -> None:
    with pytest.raises(BlendkitError, match="none of its 2 classes is one of the run's 1") as error:
        by_id("m", ["u", "v"], context(a=""))
    assert "model: u, v" in str(error.value)
    assert "run: a" in str(error.value)


def test_a_users_synonyms_come_before_ours(tmp_path: Path) -> None:
    path = tmp_path / "synonyms.csv"
    path.write_text("Tyto furcata,Tyto mea\n", encoding="utf-8")
    labels = ["Tyto alba", "Tyto mea", "Milvago chimachima"]
    run = context(owl="Tyto furcata", hawk="DAPTRIUS chimachima", none="Ara ararauna")
    assert by_scientific_name("m", labels, run).columns.tolist() == [0, 2, -1]
    mapped = by_scientific_name("m", labels, run, synonyms=path)
    assert mapped.columns.tolist() == [1, 2, -1]
    assert "2 by synonym: owl as Tyto mea, hawk as Milvago chimachima" in mapped.note
    path.write_text("Tyto furcata\nA,b,c\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="expected two names a line") as error:
        by_scientific_name("m", labels, run, synonyms=path)
    assert error.value.problems == ("line 1: Tyto furcata", "line 2: A,b,c")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig"])
def test_synonyms_as_a_spreadsheet_saves_them(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "synonyms.csv"
    path.write_text("Bütéo fictus;Buteo verus\n", encoding=encoding)
    run = context(hawk="Buteo verus")
    assert by_scientific_name("m", ["x", "Bütéo fictus"], run, synonyms=path).columns.tolist() == [1]


def test_a_genus_stands_in_and_a_sound_type_never_does() -> None:
    labels = ["Scinax fuscus", "Insect hum", "Scinax ruber", "Engine"]
    run = context(frog="Scinax novus", hum="Insect son01", ruber="Scinax ruber", car="Engine")
    mapped = by_scientific_name("m", labels, run, proxies="genus")
    assert mapped.covered == (True, False, True, True)
    values = np.array([[1, 9, 3, 4], [8, 9, 2, 5]], np.float32)
    assert mapped.place(values).tolist() == [[3, 0, 3, 4], [8, 0, 2, 5]]
    assert mapped.used.tolist() == [0, 2, 3]
    narrow = mapped.narrowed()
    assert narrow.width == 3
    assert np.array_equal(narrow.place(values[:, mapped.used]), mapped.place(values))
    assert by_scientific_name("m", labels, run).covered == (False, False, True, True)


def test_an_id_comes_before_a_name() -> None:
    about = context(a="Aus bus", b="Cus dus", c="Eus fus")
    mapped = by_name_or_id("m", ["b", "Aus bus", "Cus dus", "x"], about)
    assert mapped.columns.tolist() == [1, 0, -1]
    assert by_name_or_id("m", ["Cus dus", "Aus bus"], about).columns.tolist() == [1, 0, -1]
    with pytest.raises(BlendkitError, match="none of its 1 classes"):
        by_name_or_id("m", ["x"], about)
