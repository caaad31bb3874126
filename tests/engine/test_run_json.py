"""run.json names what every fitted step learned from, by the step's own name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from blendkit.engine.local import RunResult

RECIPE = """
recipe: 1
name: two
members:
  t:
    use: tone
    classes: [x, y]
    steps:
      - prior_correction: {fit: first.csv}
        id: first
      - prior_correction: {fit: second.csv}
        id: second
      - prior_correction: {fit: first.csv, source_rate: 0.1}
output: t
"""


@pytest.fixture
def data(tones: Callable[..., Path]) -> Path:
    folder = tones({"r1": 10.0, "r2": 10.0})
    for name, recordings in {"first": ["a", "b"], "second": ["c"]}.items():
        lines = [f"{r}.ogg,0,5,x\n{r}.ogg,5,10,y" for r in recordings]
        (folder / f"{name}.csv").write_text("\n".join(["filename,start,end,primary_label", *lines]) + "\n")
    return folder


def test_two_steps_of_one_op_leave_two_lists(data: Path, tmp_path: Path, run_text: Callable[..., RunResult]) -> None:
    run_text(RECIPE, data, tmp_path / "out")
    saw = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))["saw"]
    assert saw == {"t.first": ["a", "b"], "t.second": ["c"], "t.prior_correction": ["a", "b"]}
