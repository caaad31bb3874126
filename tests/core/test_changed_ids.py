from __future__ import annotations

import numpy as np
import pytest

from blendkit.core import Taxonomy, rows_from_ids
from blendkit.core.changed_ids import changed_ids
from blendkit.core.names import NameRule
from blendkit.core.scores import Scores

KNOWN = ("22961", "chacha1", "47158son01", "Ara ararauna")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("X22961", "22961"),  # R's make.names
        ("22961.0", "22961"),  # pandas
        ("22961\u200b", "22961"),
        ("CHACHA1", "chacha1"),
        ("X47158SON01", "47158son01"),
        ("Ara\u00a0ararauna", "Ara ararauna"),
        ("ara  ararauna ", "Ara ararauna"),
    ],
)
def test_what_a_program_made_of_an_id_is_that_id(name: str, meant: str) -> None:
    assert changed_ids([name], KNOWN) == {name: meant}


def test_what_may_be_two_is_neither() -> None:
    assert changed_ids(["X22961", "chacha1"], [*KNOWN, "X22961"]) == {}
    assert changed_ids(["CHACHA1", "Chacha1"], KNOWN) == {}  # two columns
    assert changed_ids(["chacha1", "CHACHA1"], KNOWN) == {}  # the id itself is there
    assert changed_ids(["ABC"], ["abc", "Abc"]) == {}
    assert changed_ids(["lynx2", "box1"], ["lyn2", "bo1"]) == {}
    assert changed_ids(["xenops", "x", "chacha"], KNOWN) == {}


@pytest.mark.parametrize("taxonomy", [Taxonomy({}), Taxonomy({k: {"scientific_name": ""} for k in KNOWN})])
def test_columns_get_their_ids_back_and_that_is_said(taxonomy: Taxonomy) -> None:
    rows = rows_from_ids(["r_5"], 5.0, NameRule())
    scores = Scores.build(np.array([[0.1, 0.2]]), rows, ("X22961", "CHACHA1"), "prob")
    found, notes = scores.known_to(taxonomy, KNOWN)
    assert found.classes == ("22961", "chacha1")
    assert notes == (
        "2 columns are ids that a program changed, and are read as these: 'X22961' as '22961', 'CHACHA1' as 'chacha1'",
    )


def test_names_are_those_that_the_eye_reads() -> None:
    taxonomy = Taxonomy(
        {"x": {"scientific_name": "Ortalis\u00a0canicollis"}, "y": {"scientific_name": "Boana raniceps"}}
    )
    names = ["Ortalis canicollis", "Ortalis.canicollis", "Boana  raniceps", "Boana_raniceps"]
    assert taxonomy.ids_of(names) == dict(zip(names, "xxyy", strict=True))
