"""A figure at the edge of its interval says why, and a BCa interval allows for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.offline import Judging, Rules, blend_files, compare, evaluate

RECORDINGS, CHUNKS = 12, 6
NAMES = [f"r{i:02d}" for i in range(RECORDINGS)]


def world(rare: float, folder: Path) -> tuple[Scores, Path]:
    """A common class with an AUC of about 0.6, and eleven classes of one recording each with an AUC of `rare`."""
    rows = chunk_rows(dict.fromkeys(NAMES, CHUNKS), 5.0, NameRule())
    y = np.zeros((len(rows), RECORDINGS), bool)
    y[::2, 0] = True
    for c in range(1, RECORDINGS):
        y[CHUNKS * c, c] = True
    rng = np.random.default_rng(0)
    x = np.where(y, rare, 0.5) + 1e-3 * rng.random(y.shape)
    x[:, 0] = 0.3 * y[:, 0] + rng.random(len(y))
    classes = [f"c{c}" for c in range(RECORDINGS)]
    lines = ["filename,start,end,primary_label"]
    for r, s, own in zip(rows.recording, rows.start_s, y, strict=True):
        lines.append(f"{r},{s:g},{s + 5:g},{';'.join(f'c{c}' for c in np.flatnonzero(own))}")
    (folder / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    return Scores.build(x, rows, classes, "prob"), folder / "labels.csv"


def test_a_figure_at_the_edge_of_its_interval_says_why(tmp_path: Path) -> None:
    scores, labels = world(0.9, tmp_path)
    found = evaluate(scores, labels, judging=Judging(replicates=300))
    assert found.interval is not None
    assert found.macro > found.interval.low + 0.85 * (found.interval.high - found.interval.low)
    (note,) = [n for n in found.notes if "near an end of its interval" in n]
    assert "classes" in note
    assert "--bca" in note


def test_classes_that_no_model_covers_are_said_to_be_in_the_figure(tmp_path: Path) -> None:
    scores, labels = world(0.9, tmp_path)
    covered = np.arange(RECORDINGS) > 1
    own = Scores.build(scores.values * covered, scores.rows, scores.classes, "prob", covered=covered)
    asked = "2 classes in this figure are covered by no model, and constant: c0, c1"
    assert asked in evaluate(own, labels).notes
    assert not any("covered by no model" in n for n in evaluate(scores, labels).notes)


def test_scores_that_fall_where_they_should_rise_are_told(tmp_path: Path) -> None:
    wide, labels = world(0.9, tmp_path)
    scores = Scores.build(wide.values / 2, wide.rows, wide.classes, "prob")
    asked = "most classes rank the wrong way round"
    wrong = Scores.build(1 - scores.values, scores.rows, scores.classes, "rank")
    right, turned = evaluate(scores, labels), evaluate(wrong, labels)
    assert [n.startswith(asked) for n in turned.notes].count(True) == 1
    assert not [n for n in right.notes if n.startswith(asked)]
    assert (right.ece is None, turned.ece, turned.brier) == (False, None, None)  # ranks are no probabilities
    both = compare({"right": scores, "turned": wrong}, labels, rules=Rules(Judging(replicates=40)))
    assert [n.partition(":")[0] for n in both.notes if asked in n] == ["turned"]
    fewer = scores.align(scores.rows.take(np.arange(CHUNKS)), scores.classes)
    with pytest.raises(BlendkitError, match="give the one that lacks chunks first"):
        compare({"all": scores, "fewer": fewer}, labels)


def test_what_cannot_be_measured_is_refused_before_any_work(tmp_path: Path) -> None:
    _, labels = world(0.9, tmp_path)
    for use in (evaluate, lambda source, own: compare([source, "other.csv"], own), lambda source, own: blend_files(
        [source, "other.csv"], own, tmp_path / "out"
    )):  # fmt: skip
        with pytest.raises(BlendkitError, match="as the scores and as the labels"):
            use(labels, labels)  # type: ignore[operator]
    with pytest.raises(BlendkitError, match=r"2 replicates say nothing of a 95% interval\n.*at least 40"):
        Judging(replicates=2)
    assert Judging(replicates=20, level=0.9).replicates == 20  # 2 of 20 redraws lie outside


def test_a_bca_interval_lies_around_the_figure(tmp_path: Path) -> None:
    scores, labels = world(0.9, tmp_path)
    plain, bca = (evaluate(scores, labels, judging=Judging(replicates=300), bca=b) for b in (False, True))
    assert plain.interval is not None
    assert bca.interval is not None
    assert bca.interval.high > plain.interval.high
    assert not [n for n in bca.notes if "near an end" in n]
