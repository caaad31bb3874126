from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core.taxonomy import LEVELS, Taxonomy
from blendkit.errors import BlendkitError
from blendkit.io.readers.taxonomy_csv import read_taxonomy

TABLE = """primary_label,inat_taxon_id,scientific_name,common_name,class_name
1161364,1161364,Guyalna cuta,Guyalna cuta,Insecta
grekis,1,Pitangus sulphuratus,Great Kiskadee,Aves
47158son01,47158,Insect son01,Insect son01,Insecta
47158son02,47158,Insect son02,Insect son02,Insecta
22961,22961,Scinax fuscus,,Amphibia
22967,22967,Scinax nasicus,,Amphibia
nameless,0,,,
"""
CLASSES = ("1161364", "grekis", "47158son01", "47158son02", "22961", "22967", "nameless")
EBIRD = """SPECIES_CODE,SCI_NAME,PRIMARY_COM_NAME,ORDER,FAMILY
grekis,Pitangus sulphuratus,Great Kiskadee,Passeriformes,Tyrannidae (Tyrant Flycatchers)
other,scinax FUSCUS,by name,Anura,Hylidae
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def taxonomy(tmp_path: Path) -> Taxonomy:
    return read_taxonomy([write(tmp_path, "taxonomy.csv", TABLE)])


def test_classes_are_text_in_file_order(taxonomy: Taxonomy) -> None:
    assert taxonomy.classes == CLASSES


def test_ids_keep_leading_zeros_and_words_like_na(tmp_path: Path) -> None:
    found = read_taxonomy([write(tmp_path, "t.csv", "primary_label,scientific_name\n007,A b\nNA,C d\n")])
    assert found.classes == ("007", "NA")


@pytest.mark.parametrize(
    ("class_id", "name"), [("grekis", "Pitangus sulphuratus"), ("nameless", ""), ("not there", "")]
)
def test_scientific_name(taxonomy: Taxonomy, class_id: str, name: str) -> None:
    assert taxonomy.scientific_name(class_id) == name


@pytest.mark.parametrize(
    ("class_id", "level", "sonotypes", "group"),
    [
        ("22961", "genus", "skip", "Scinax"),
        ("22961", "class_name", "skip", "Amphibia"),
        ("22961", "family", "skip", ""),
        ("47158son01", "genus", "skip", ""),
        ("47158son01", "genus", "group", "Insect"),
        ("47158son01", "class_name", "skip", "Insecta"),  # a sound type has no genus, but has a class
        ("nameless", "genus", "skip", ""),
        ("nameless", "class_name", "skip", ""),
        ("not there", "genus", "group", ""),
    ],
)
def test_group_of(taxonomy: Taxonomy, class_id: str, level: str, sonotypes: str, group: str) -> None:
    assert taxonomy.group_of(class_id, level, sonotypes) == group  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("level", "sonotypes", "numbers"),
    [
        ("genus", "skip", [-1, -1, -1, -1, 0, 0, -1]),
        ("genus", "group", [-1, -1, 0, 0, 1, 1, -1]),
        ("class_name", "skip", [1, -1, 1, 1, 0, 0, -1]),
        ("order", "skip", [-1] * 7),
    ],
)
def test_groups(taxonomy: Taxonomy, level: str, sonotypes: str, numbers: list[int]) -> None:
    assert taxonomy.groups(CLASSES, level, sonotypes).tolist() == numbers  # type: ignore[arg-type]


def test_groups_count_only_the_given_classes(taxonomy: Taxonomy) -> None:
    assert taxonomy.groups(("22961", "grekis"), "genus").tolist() == [-1, -1]


def test_sizes(taxonomy: Taxonomy) -> None:
    assert taxonomy.sizes(CLASSES, "class_name") == {"Amphibia": 2, "Insecta": 3}
    assert taxonomy.sizes(CLASSES, "genus") == {"Scinax": 2}
    assert taxonomy.sizes(CLASSES, "genus", "group") == {"Insect": 2, "Scinax": 2}


@given(st.permutations(CLASSES), st.sampled_from(LEVELS), st.sampled_from(["skip", "group"]))
def test_groups_do_not_depend_on_class_order(order: list[str], level: str, sonotypes: str) -> None:
    table = Taxonomy(_plain_table())
    number = dict(zip(CLASSES, table.groups(CLASSES, level, sonotypes), strict=True))  # type: ignore[arg-type]
    assert table.groups(order, level, sonotypes).tolist() == [number[c] for c in order]  # type: ignore[arg-type]


def _plain_table() -> dict[str, dict[str, str]]:
    rows = [line.split(",") for line in TABLE.splitlines()[1:]]
    return {r[0]: {"scientific_name": r[2], "family": "", "order": "", "class_name": r[4]} for r in rows}


@pytest.mark.parametrize(
    ("class_id", "name", "sonotype"),
    [
        ("x", "Insect son01", True),
        ("x", "Insect son123", True),
        ("47158son01", "", True),
        ("x", "Masson01us minor", False),
        ("x", "Sonus sonus", False),
        ("watson", "Pitangus sulphuratus", False),
    ],
)
def test_is_sonotype(class_id: str, name: str, sonotype: bool) -> None:
    assert Taxonomy({class_id: {"scientific_name": name}}).is_sonotype(class_id) is sonotype


def test_a_second_table_adds_what_is_missing(tmp_path: Path) -> None:
    paths = [write(tmp_path, "taxonomy.csv", TABLE), write(tmp_path, "ebird.csv", EBIRD)]
    found = read_taxonomy(paths)
    assert found.classes == CLASSES  # it never adds a class
    by_id = found.table["grekis"]
    assert (by_id["family"], by_id["order"]) == ("Tyrannidae (Tyrant Flycatchers)", "Passeriformes")
    assert by_id["class_name"] == "Aves"
    by_name = found.table["22961"]
    assert (by_name["family"], by_name["order"]) == ("Hylidae", "Anura")
    assert by_name["scientific_name"] == "Scinax fuscus"  # what is known stays
    assert found.table["22967"]["family"] == ""


def test_a_blank_name_is_not_a_match(tmp_path: Path) -> None:
    more = write(tmp_path, "more.csv", "SCI_NAME,FAMILY\n,Nobodyidae\n")
    found = read_taxonomy([write(tmp_path, "taxonomy.csv", TABLE), more])
    assert found.table["nameless"]["family"] == ""


def test_earlier_tables_win(tmp_path: Path) -> None:
    paths = [write(tmp_path, "t.csv", TABLE)]
    paths += [write(tmp_path, f"{i}.csv", f"species_code,family\ngrekis,F{i}\n") for i in (1, 2)]
    assert read_taxonomy(paths).table["grekis"]["family"] == "F1"


def test_column_names_may_be_written_anyhow(tmp_path: Path) -> None:
    found = read_taxonomy([write(tmp_path, "t.csv", "eBird_Code,Sci_Name,Order\nx,A b,O\n")])
    assert found.table == {"x": {"scientific_name": "A b", "family": "", "order": "O", "class_name": ""}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,common\na,b\n", ["no class id column", "name, common"]),
        ("primary_label,x\na,1\nb,2\na,3\n", ["listed twice", "a"]),
        ("", ["cannot read this taxonomy"]),
    ],
)
def test_unusable_taxonomies(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(BlendkitError) as error:
        read_taxonomy([write(tmp_path, "bad.csv", text)])
    assert all(w in str(error.value) for w in ["bad.csv", *words])


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match=r"nowhere\.csv: cannot read this taxonomy"):
        read_taxonomy([tmp_path / "nowhere.csv"])


def test_real_taxonomy(real_data: Path) -> None:
    found = read_taxonomy([real_data / "birdclef2026" / "taxonomy.csv"])
    assert len(found.classes) == 234
    assert sum(map(found.is_sonotype, found.classes)) == 25
    assert "Insect" not in found.sizes(found.classes, "genus")
    assert found.sizes(found.classes, "genus", "group")["Insect"] == 25


def test_real_birds_find_their_families(real_data: Path) -> None:
    ebird = real_data / "ebird" / "ebird_taxonomy_2025_species.csv"
    found = read_taxonomy([real_data / "birdclef2026" / "taxonomy.csv", ebird])
    birds = [c for c in found.classes if found.group_of(c, "class_name") == "Aves"]
    assert len(birds) == 162
    assert all(found.group_of(c, "family") and found.group_of(c, "order") for c in birds)
    assert np.unique(found.groups(birds, "class_name")).tolist() == [0]


def test_common_names_and_ebird_codes_are_kept_where_a_table_has_them(tmp_path: Path) -> None:
    first = write(tmp_path, "t.csv", "primary_label,scientific_name,common_name\n22961,A b,Kiskadee\n22962,C d,\n")
    ebird = write(tmp_path, "e.csv", "SPECIES_CODE,SCI_NAME,PRIMARY_COM_NAME\ngrekis,A b,Great Kiskadee\n")
    alone, joined = read_taxonomy(first), read_taxonomy([first, ebird])
    assert [alone.common_name(c) for c in ("22961", "22962", "no")] == ["Kiskadee", "", ""]
    assert alone.ebird_code("22961") == "22961"  # it may be the code
    assert [joined.ebird_code(c) for c in ("22961", "22962")] == ["grekis", "22962"]
    assert joined.common_name("22961") == "Kiskadee"


def test_names_that_one_class_alone_has() -> None:
    taxa = Taxonomy({"a": {"scientific_name": "Aus bus", "common_name": "Frog"}, "b": {"common_name": "Frog"}})
    assert taxa.ids_of(["AUS bus", "Frog", "a", "other"]) == {"AUS bus": "a"}


# eBird's own columns: house wren before its split of 2024, and a group of subspecies of the mallard
OLD_EBIRD = """TAXON_ORDER,CATEGORY,SPECIES_CODE,PRIMARY_COM_NAME,SCI_NAME,ORDER1,FAMILY,SPECIES_GROUP,REPORT_AS
1,species,houwre,House Wren,Troglodytes aedon,Passeriformes,Troglodytidae (Wrens),,
2,issf,wren1,House Wren (Northern),Troglodytes aedon [aedon Group],Passeriformes,Troglodytidae (Wrens),,houwre
3,issf,wren2,House Wren (Southern),Troglodytes aedon [musculus Group],Passeriformes,Troglodytidae (Wrens),,houwre
4,domestic,malla2,Mallard (Domestic),Anas platyrhynchos (Domestic type),Anseriformes,Anatidae (Ducks),,mallar3
5,spuh,duck1,duck sp.,Anatinae sp.,Anseriformes,Anatidae (Ducks),,
"""


def test_ebirds_report_as_explains_forms_and_codes_that_were_split(tmp_path: Path) -> None:
    own = write(tmp_path, "own.csv", "primary_label,scientific_name\nwren1,A b\nwren2,C d\nmallar3,E f\n")
    found = read_taxonomy([own, write(tmp_path, "ebird.csv", OLD_EBIRD)])
    assert found.reports_as == {"wren1": "houwre", "wren2": "houwre", "malla2": "mallar3"}
    assert found.ebird_hints(["houwre", "malla2", "duck1", "x"], found.classes) == [
        "eBird reported 'wren1', 'wren2' as 'houwre', which may have been split",
        "eBird reports 'malla2' as 'mallar3'",
    ]


def test_ebirds_table_alone_is_a_taxonomy(tmp_path: Path) -> None:
    found = read_taxonomy(write(tmp_path, "ebird.csv", OLD_EBIRD))
    assert found.classes == ("houwre", "wren1", "wren2", "malla2", "duck1")
    assert found.group_of("houwre", "order") == "Passeriformes"
    assert found.common_name("duck1") == "duck sp."
    assert read_taxonomy(write(tmp_path, "own.csv", "primary_label,scientific_name\nx,A b\n")).reports_as == {}


def test_columns_by_the_ids_of_their_classes() -> None:
    taxa = Taxonomy({"a": {"scientific_name": "Aus bus", "common_name": "Frog"}, "b": {"scientific_name": "Cus dus"}})
    named, notes = taxa.as_ids(["aus bus", "b", "other"])
    assert named == ("a", "b", "other")
    assert notes == ("1 columns are names of classes, not ids, and are read as these: aus bus",)
    assert taxa.as_ids(["Aus bus", "a"]) == (("Aus bus", "a"), ())  # the id is a column itself
    assert taxa.as_ids(["Aus bus"], wanted=("b",)) == (("Aus bus",), ())
    with pytest.raises(BlendkitError, match="leave one\n  'Aus bus' and 'Frog' are a"):
        taxa.as_ids(["Aus bus", "Frog", "b"])
