"""A figure at the edge of its interval says why, and a BCa interval allows for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.offline import Judging, evaluate

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


def test_a_bca_interval_lies_around_the_figure(tmp_path: Path) -> None:
    scores, labels = world(0.9, tmp_path)
    plain, bca = (evaluate(scores, labels, judging=Judging(replicates=300), bca=b) for b in (False, True))
    assert plain.interval is not None
    assert bca.interval is not None
    assert bca.interval.high > plain.interval.high
    assert not [n for n in bca.notes if "near an end" in n]
