from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.core.scores import Scores
from blendkit.io import read_labels
from blendkit.training.jobs.gate_checks import CheckedGate
from blendkit.training.jobs.labelling import _labelled_chunks


def test_chunks_are_counted_not_spans(tmp_path: Path) -> None:
    lines = ["filename,start,end,primary_label", "r1.ogg,0,15,a", "r1.ogg,1,2,a;b", "r2.ogg,0,5,b", "r2.ogg,5,10,zz"]
    labels = tmp_path / "l.csv"
    labels.write_text("\n".join(lines) + "\n")
    rows = chunk_rows({"r1": 1}, 5.0, NameRule())
    scores = Scores.build(np.zeros((1, 3)), rows, ("a", "b", "c"), "prob")
    gates = (CheckedGate({}, found, (), (), None) for found in (read_labels(labels), None))
    assert [_labelled_chunks(gate, scores).tolist() for gate in gates] == [[3, 2, 0], [0, 0, 0]]  # the span of r1: 3
