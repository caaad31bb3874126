"""Gates on scores, and pseudo-labels written and read."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.core import NameRule, Saw, Scores, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.training.examples import Examples
from blendkit.training.jobs.pseudo_labels import Gates, gate, read_pseudo, write_pseudo
from blendkit.training.settings import GateRules

Make = Callable[..., Examples]
VALUES = np.array([[0.9, 0.1], [0.6, 0.8], [0.2, 0.7], [0.7, 0.3]])
ROWS = chunk_rows({"r1": 2, "r2": 2}, 5.0, NameRule())


def asked(thresholds: Any = None, ranks: dict[str, float] | None = None, **rules: Any) -> Gates:
    return Gates(GateRules(**rules), thresholds, ranks)


def scores(values: np.ndarray = VALUES, classes: tuple[str, ...] = ("x", "y")) -> Scores:
    return Scores.build(values, ROWS, classes, "prob")


@pytest.mark.parametrize(
    ("gates", "cells"),
    [
        (asked(least=0.7), [[1, 0], [0, 1], [0, 1], [1, 0]]),
        (asked(thresholds=np.array([0.65, np.inf])), [[1, 0], [0, 0], [0, 0], [1, 0]]),
        (asked(percentile=50.0), [[1, 0], [0, 1], [0, 1], [1, 0]]),
        (asked(top=1), [[1, 0], [0, 1], [0, 1], [1, 0]]),
        (asked(top=2, least=0.65), [[1, 0], [0, 1], [0, 1], [1, 0]]),
        # the medians are 0.65 and 0.5; the floor and the cap move them
        (asked(percentile=50.0, floor=0.75), [[1, 0], [0, 1], [0, 0], [0, 0]]),
        (asked(percentile=50.0, cap=0.3), [[1, 0], [1, 1], [0, 1], [1, 1]]),
        (asked(percentile=50.0, floor=0.55, cap=0.6), [[1, 0], [1, 1], [0, 1], [1, 0]]),
        (asked(least=0.65, thresholds=np.array([0.8, 0.8])), [[1, 0], [0, 1], [0, 0], [0, 0]]),
    ],
)
def test_gates_by_hand(gates: Gates, cells: list[list[int]]) -> None:
    np.testing.assert_array_equal(gate(scores(), gates, {}), np.array(cells, bool))


def test_other_streams_must_agree() -> None:
    other = scores(VALUES[::-1, ::-1], ("y", "x"))  # columns in another order, paired by name
    # other's x is 0.7 0.2 0.6 0.9 and its y 0.3 0.7 0.8 0.1: the upper halves are rows 0 3 and rows 1 2
    found = gate(scores(), asked(least=0.0, ranks={"o": 0.75}), {"o": other})
    np.testing.assert_array_equal(found, np.array([[1, 0], [0, 1], [0, 1], [1, 0]], bool))


def test_what_the_teacher_does_not_cover_is_never_a_label() -> None:
    half = replace(scores(), covered=np.array([True, False]))
    assert gate(half, asked(least=0.0), {}).tolist() == [[True, False]] * 4


def test_labels_are_written_and_read(tmp_path: Path, make_examples: Make) -> None:
    cells = np.array([[1, 1], [0, 0], [0, 1], [0, 0]], bool)
    gates = asked(least=0.5, soft=True, power=2.0)
    made = write_pseudo(tmp_path, scores(), cells, gates, np.array([4, 0]), {"saw": ["t1", "t2"], "saw_known": True})
    assert (made["rows"], made["of_rows"], made["cells"], made["recordings"]) == (2, 4, 3, 2)
    assert made["gates"] == {"least": 0.5, "soft": True, "power": 2.0, "whole_rows": False}
    assert (made["sure"], made["of_cells"]) == (4, 4)
    assert made["classes"][0] == {"class": "x", "had": 4, "chunks": 1, "recordings": 1}
    assert json.loads((tmp_path / "pseudo.json").read_text(encoding="utf-8")) == made
    with (tmp_path / "pseudo_labels.csv").open(encoding="utf-8", newline="") as handle:
        assert list(csv.reader(handle))[1:] == [["r1", "0", "5", "x;y", "teacher"], ["r2", "0", "5", "y", "teacher"]]
    given = make_examples(0, 4, "pseudo")
    store = replace(
        given, row_ids=np.array(["r2_5", "r1_10", "r1_5", "r2_10"]), recording=np.array(["r2", "r1", "r1", "r2"]),
        classes=("y", "new", "x"),
    )  # fmt: skip
    rows, saw = read_pseudo(tmp_path, store)
    assert saw == Saw(("t1", "t2"), known=True)
    assert rows.row_ids.tolist() == ["r1_5", "r2_5"]
    np.testing.assert_array_equal(rows.features["a"], given.features["a"][[2, 0]])  # of the same rows
    np.testing.assert_allclose(rows.targets, [[0.1**2, 0, 0.9**2], [0.7**2, 0, 0]], rtol=1e-6)
    assert rows.counts is not None  # without a rule every other cell of the teacher's classes counts as absent
    assert rows.counts.tolist() == [[True, False, True]] * 2


def test_hard_labels_are_ones(tmp_path: Path) -> None:
    cells = np.array([[1, 0], [0, 0], [0, 1], [0, 0]], bool)
    write_pseudo(tmp_path, scores(), cells, asked(least=0.5), np.zeros(2, np.int64), {"saw": []})
    with np.load(tmp_path / "pseudo.npz", allow_pickle=False) as saved:
        assert saved["targets"].tolist() == [[1, 0], [0, 1]]


def test_rows_without_features_and_foreign_classes_are_errors(tmp_path: Path, make_examples: Make) -> None:
    write_pseudo(tmp_path, scores(), VALUES > 0.5, asked(least=0.5), np.zeros(2, np.int64), {"saw": []})
    with pytest.raises(BlendkitError, match="4 of 4 pseudo-labelled rows have no features"):
        read_pseudo(tmp_path, make_examples(0, 3, "pseudo", prefix="u"))
    own = replace(make_examples(0, 4, "pseudo"), row_ids=np.array(ROWS.ids()), classes=("a", "b", "c"))
    with pytest.raises(BlendkitError, match="none of its classes is one of the head's") as caught:
        read_pseudo(tmp_path, own)
    assert list(caught.value.problems) == ["x, y"]


def written(folder: Path, gates: Gates, of: Scores) -> dict[str, np.ndarray]:
    cells = gate(of, gates, {})
    write_pseudo(folder, of, cells, gates, np.zeros(2, np.int64), {"saw": []})
    with np.load(folder / "pseudo.npz", allow_pickle=False) as saved:
        return {n: saved[n] for n in saved.files}


def test_unsure_cells_are_masked(tmp_path: Path, make_examples: Make) -> None:
    # labels: (0, x), (1, y), (2, y), (3, x); sure to be absent: 0.1 and 0.2, not 0.6 and 0.3
    saved = written(tmp_path, asked(least=0.7, negative_below=0.3), scores())
    assert saved["mask"].tolist() == [[True, True], [False, True], [True, True], [True, False]]
    assert saved["targets"].tolist() == [[1, 0], [0, 1], [0, 1], [1, 0]]
    own = replace(make_examples(0, 4, "pseudo"), row_ids=np.array(ROWS.ids()), classes=("y", "new", "x"))
    rows, _ = read_pseudo(tmp_path, own)
    assert rows.counts is not None
    assert rows.counts[:, [2, 0]].tolist() == saved["mask"].tolist()
    assert not rows.counts[:, 1].any()  # of a class that the labels do not have nothing is known


def test_whole_rows_keep_their_soft_targets(tmp_path: Path) -> None:
    saved = written(tmp_path, asked(least=0.75, whole_rows=True, power=2.0), scores())
    np.testing.assert_allclose(saved["targets"], [[0.81, 0.01], [0.36, 0.64]], rtol=1e-6)
    assert saved["mask"].all()


def test_what_the_teacher_does_not_cover_is_unknown_under_every_rule(tmp_path: Path) -> None:
    half = replace(scores(), covered=np.array([True, False]))
    for gates in (asked(least=0.0), asked(least=0.0, negative_below=0.9), asked(least=0.0, whole_rows=True)):
        assert written(tmp_path, gates, half)["mask"].tolist() == [[True, False]] * 4
        assert json.loads((tmp_path / "pseudo.json").read_text(encoding="utf-8"))["uncovered"] == ["y"]
