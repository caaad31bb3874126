from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.core.scores import Scores
from blendkit.training.jobs.labelling import PseudoLabelRequest, TeacherCheck, TeacherSource, _labelled_chunks


def test_chunks_are_counted_not_spans(tmp_path: Path) -> None:
    lines = ["filename,start,end,primary_label", "r1.ogg,0,15,a", "r1.ogg,1,2,a;b", "r2.ogg,0,5,b", "r2.ogg,5,10,zz"]
    labels = tmp_path / "l.csv"
    labels.write_text("\n".join(lines) + "\n")
    rows = chunk_rows({"r1": 1}, 5.0, NameRule())
    scores = Scores.build(np.zeros((1, 3)), rows, ("a", "b", "c"), "prob")
    request = PseudoLabelRequest(tmp_path, TeacherSource("t.csv"), check=TeacherCheck(labels=labels))
    assert _labelled_chunks(request, scores).tolist() == [3, 2, 0]  # a in three chunks of one span, b in two
    assert _labelled_chunks(PseudoLabelRequest(tmp_path, TeacherSource("t.csv")), scores).tolist() == [0, 0, 0]
