"""A run names the streams whose scores fall where they should rise."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import blendkit as bk

RECIPE = """\
recipe: 1
name: two
template: null
labels: labels.csv
members:
  right: {use: table, path: right.csv, space: prob}
  turned: {use: table, path: turned.csv, space: prob}
blends: {mix: {by: prob, of: {right: 3, turned: 1}}}
output: mix
"""


def test_a_member_that_is_one_minus_p_is_named(tmp_path: Path) -> None:
    rows = [f"R_{5 * k + 5}" for k in range(6)]
    truth = pd.DataFrame({"row_id": rows, "x": [1, 0, 1, 0, 0, 0], "y": [0, 0, 0, 1, 1, 0]})
    right = truth.assign(x=[0.9, 0.1, 0.8, 0.3, 0.2, 0.1], y=[0.1, 0.2, 0.1, 0.9, 0.8, 0.3])
    truth.to_csv(tmp_path / "labels.csv", index=False)
    right.to_csv(tmp_path / "right.csv", index=False)
    right.assign(x=1 - right["x"], y=1 - right["y"]).to_csv(tmp_path / "turned.csv", index=False)
    (tmp_path / "two.yaml").write_text(RECIPE, encoding="utf-8")
    done = bk.run(tmp_path / "two.yaml", out=tmp_path / "out")
    assert done.streams["turned"].macro_auc == 0
    said = [w.partition(":")[0] for w in done.warnings if "rank the wrong way round (2 of 2" in w]
    assert said == ["turned"]
