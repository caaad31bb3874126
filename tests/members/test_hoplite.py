from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.member.protocol import MemberContext
from blendkit.member.windows_of_other_tools import NO_SCORE
from blendkit.testing.member_checks import check_member
from blendkit_members.hoplite import hoplite

usearch = pytest.importorskip("usearch.index", reason="usearch is not installed: pip install '.[hoplite]'")
Graph = Callable[..., Path]
NAMES = {"grekis1": "Pitangus sulphuratus", "frog": "Scinax nasicus", "none": "Nova species"}
CONTEXT = MemberContext(tuple(NAMES), Taxonomy({c: {"scientific_name": s} for c, s in NAMES.items()}))
WINDOWS = [("site/R2.wav", 0.0, 5.0), ("site/R2.wav", 5.0, 10.0), ("R10.flac", 5.0, 10.0)]
VECTORS = np.array([[1, -2], [3, 0.5], [-4, 8]], np.float32)


@pytest.fixture
def database(tmp_path: Path) -> Callable[..., str]:
    """A database as perch-hoplite 1.x lays it out: offsets are two float64, vectors float16 by window id."""

    def write(windows: Any = WINDOWS, vectors: np.ndarray = VECTORS, *, drop: int = 0) -> str:
        folder = tmp_path / "db"
        folder.mkdir()
        with closing(sqlite3.connect(folder / "hoplite.sqlite")) as db:
            db.execute(
                "CREATE TABLE recordings (id INTEGER PRIMARY KEY, filename TEXT, datetime TEXT, deployment_id INTEGER)"
            )
            db.execute(
                "CREATE TABLE windows (id INTEGER PRIMARY KEY, recording_id INTEGER, offsets FLOAT_LIST NOT NULL)"
            )
            files = {f: i for i, f in enumerate(dict.fromkeys(w[0] for w in windows), 1)}
            db.executemany("INSERT INTO recordings (id, filename) VALUES (?, ?)", [(i, f) for f, i in files.items()])
            rows = [(k, files[f], np.array(times, "<f8").tobytes()) for k, (f, *times) in enumerate(windows, 7)]
            db.executemany("INSERT INTO windows VALUES (?, ?, ?)", rows)
            db.commit()
        index = usearch.Index(ndim=vectors.shape[1], metric="ip", dtype="f16")
        index.add(np.arange(7, 7 + len(vectors) - drop), vectors[: len(vectors) - drop])
        index.save(str(folder / "usearch.index"))
        return str(folder)

    return write


@pytest.fixture
def classes(tmp_path: Path) -> str:
    path = tmp_path / "classes.csv"
    path.write_text("Scinax nasicus\nPitangus sulphuratus\n", encoding="utf-8")
    return str(path)


def test_logits_of_a_database(database: Callable[..., str], classes: str) -> None:
    scores = hoplite(CONTEXT, path=database(), classes=classes).read()
    assert scores.rows.ids() == ["R10_5", "R10_10", "site/R2_5", "site/R2_10"]
    assert scores.classes == ("grekis1", "frog")
    assert scores.values.tolist() == [[NO_SCORE] * 2, [8, -4], [-2, 1], [0.5, 3]]


@pytest.mark.parametrize("listed", ["frog\ngrekis1\n", "frog\nPitangus sulphuratus\n", "Scinax nasicus\ngrekis1\n"])
def test_classes_by_id_by_name_or_by_both(database: Callable[..., str], tmp_path: Path, listed: str) -> None:
    (tmp_path / "c.txt").write_text(listed, encoding="utf-8")
    scores = hoplite(CONTEXT, path=database(), classes=str(tmp_path / "c.txt")).read()
    assert scores.classes == ("grekis1", "frog")
    assert scores.values[1].tolist() == [8, -4]


def test_keeps_the_members_promises(database: Callable[..., str], classes: str) -> None:
    check_member(hoplite, context=CONTEXT, path=database(), classes=classes)


@pytest.mark.parametrize("kind", ["onnx", "json"])
def test_embeddings_through_a_head(database: Callable[..., str], tmp_path: Path, save_graph: Graph, kind: str) -> None:
    beta = np.array([[1, 2], [0, -1]], np.float32)
    names = ["Pitangus sulphuratus", "Scinax nasicus"]
    if kind == "onnx":
        nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
        head = save_graph(
            tmp_path / "h.onnx", nodes, {"x": ("b", 2)}, {"y": ("b", 2)}, {"w": beta}, classes=json.dumps(names)
        )
    else:
        head = tmp_path / "h.json"
        coded = {
            k: base64.b64encode(v.tobytes()).decode()
            for k, v in (("beta", beta), ("beta_bias", np.zeros(2, np.float32)))
        }
        head.write_text(json.dumps({**coded, "classes": names, "model_config": {}}), encoding="utf-8")
    scores = hoplite(CONTEXT, path=database(), head=str(head)).read()
    assert scores.values[2].tolist() == [1, 2 + 2]  # of (1, -2)


def test_a_database_on_a_read_only_disk(database: Callable[..., str], classes: str) -> None:
    folder = Path(database())
    with closing(sqlite3.connect(folder / "hoplite.sqlite")) as db:
        db.execute("PRAGMA journal_mode=WAL")
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert hoplite(CONTEXT, path=str(folder), classes=classes).read().values.shape == (4, 2)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before  # nothing is written beside it


def test_a_window_twice(database: Callable[..., str], classes: str) -> None:
    member = hoplite(
        CONTEXT, path=database([*WINDOWS, WINDOWS[0]], np.concatenate([VECTORS, VECTORS[:1]])), classes=classes
    )
    assert member.read().values.shape == (4, 2)
    assert member.warnings() == ["1 windows were stored twice"]


def failure(**params: Any) -> str:
    with pytest.raises(BlendkitError) as error:
        hoplite(CONTEXT, **params).read()
    return "\n".join([error.value.title, *error.value.problems])


def test_two_vectors_of_one_window(database: Callable[..., str], classes: str) -> None:
    assert "windows with two different vectors" in failure(
        path=database([WINDOWS[0], WINDOWS[0]], VECTORS[:2]), classes=classes
    )


def test_lost_vectors(database: Callable[..., str], classes: str) -> None:
    assert "1 of 3 windows have no vector" in failure(path=database(drop=1), classes=classes)


def test_what_is_no_database(database: Callable[..., str], classes: str, tmp_path: Path) -> None:
    folder = Path(database())
    assert "name either `classes:`" in failure(path=str(folder))
    assert "must name the folder of hoplite.sqlite" in failure(path=str(folder / "hoplite.sqlite"), classes=classes)
    (tmp_path / "one.csv").write_text("Scinax nasicus\n", encoding="utf-8")
    assert "vectors of 2, the class list has 1" in failure(path=str(folder), classes=str(tmp_path / "one.csv"))
    (folder / "usearch.index").write_bytes(b"none")
    assert "cannot read these vectors" in failure(path=str(folder), classes=classes)
    (folder / "usearch.index").unlink()
    assert "the file of the database's vectors is missing" in failure(path=str(folder), classes=classes)
    (folder / "hoplite.sqlite").write_bytes(b"none" * 100)
    assert "not a perch-hoplite 1.x database" in failure(path=str(folder), classes=classes)
    (folder / "hoplite.sqlite").unlink()
    assert "no such hoplite database" in failure(path=str(folder), classes=classes)
