"""Label tables as people make them: headers in other languages, and crosses in place of 0 and 1."""

from __future__ import annotations

from pathlib import Path

import pytest

from blendkit.core import chunk_rows
from blendkit.core.names import NameRule
from blendkit.errors import BlendkitError
from blendkit.io import read_labels, read_scores
from blendkit.io.text_tables import plain_name

HEADERS = [
    "Datei;Beginn;Ende;Art",
    "Aufnahme;Startzeit (s);Endzeit (s);Spezies",
    "Fichier;Début;Fin;Espèce",
    "Nom du fichier;De\u0301but;Fin;espe\u0300ce",  # accents as letters of their own
    "archivo;Inicio;Fin;Especie",
    "arquivo;início;fim;espécie",
    "Registrazione;Inizio;Fine;Specie",
    "Bestand;Begin;Einde;Soort",
]


@pytest.mark.parametrize("header", HEADERS)
def test_headers_in_other_languages(header: str, tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text(f"{header}\nA.wav;0;5;Turdus merula\nA.wav;2,5;10;Parus major\n", encoding="utf-8")
    found = read_labels(path)
    assert found.classes == {"Turdus merula", "Parus major"}
    assert found.spans["A"] == ((0, 5000, frozenset({"Turdus merula"})), (2500, 10000, frozenset({"Parus major"})))
    assert repr(found) == "LabelTable(2 spans of 1 recording, 2 classes, l.csv)"


def test_a_plain_name_is_english() -> None:
    assert plain_name("Dauer (ms)") == ("duration", 0.001)
    assert plain_name("Artenzahl") == ("artenzahl", None)


@pytest.mark.parametrize("mark", ["x", "X", "1", "+", "yes"])
def test_crosses_and_blanks(mark: str, tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text(f"row_id,ara,frog,owl\nA_5,{mark},,\nA_10,,,\nA_15,{mark},{mark},\n", encoding="utf-8")
    found = read_labels(path)
    truth, labelled = found.matrix(chunk_rows({"A": 3}, 5.0, NameRule()), ("ara", "frog", "owl"))
    assert truth.tolist() == [[True, False, False], [False] * 3, [True, True, False]]
    assert labelled.all()
    assert "cells without a mark count as chunks without the class" in found.notes


def test_blanks_beside_0_and_1_are_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("row_id,ara,frog\nA_5,1,0\nA_10,0,\n", encoding="utf-8")
    with pytest.raises(BlendkitError) as raised:
        read_labels(path)
    assert "'frog' is '', expected 0 or 1" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "file,end_time,x,y\nA.wav,5,0.1,0.9\n",
            "windows are named by file, start_time and end_time (in seconds): add s",
        ),
        ("start_time,end_time,x\n0,5,0.1\n5,10,0.2\n", "(in seconds): add file"),
        (",,species,species\nfile,end,x,y\nA,5,0.1,0.9\n", "it seems to have two rows of names"),
    ],
)
def test_scores_that_lack_a_column_say_which(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BlendkitError) as raised:
        read_scores(path)
    assert said in str(raised.value)
