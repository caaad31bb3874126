from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from blendkit.blending import align_members
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows, rows_from_ids
from blendkit.core.scores import Scores
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.member.windows import TTA
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan
from blendkit.scoring.audio_members import AudioMember
from blendkit.scoring.opened_members import Opened
from blendkit.store import Stored
from blendkit.store.logits import LogitStore

RECIPE = """
recipe: 1
name: r
members:
  a: {use: table, path: a.csv, space: prob}
  b: {use: table, path: b.csv, space: prob}
blends:
  c: {by: prob, of: {a: 1, b: 3}}
output: c
"""
ONE = """
recipe: 1
name: one
members: {a: {use: table, path: a.csv, space: prob}}
output: a
"""


def test_without_a_list_of_classes_the_run_has_those_of_all_tables(
    tmp_path: Path, run_text: Callable[..., RunResult]
) -> None:
    (tmp_path / "a.csv").write_text("row_id,y,x\nr_5,0.1,0.2\nr_10,0.3,0.5\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("row_id,z,y\nr_5,0.7,0.5\nr_10,0.9,0.7\n", encoding="utf-8")
    made = run_text(RECIPE, tmp_path, tmp_path / "out")
    assert [w for w in made.warnings if "no other member has" in w] == [
        "member 'a': 1 classes that no other member has: x",
        "member 'b': 1 classes that no other member has: z",
    ]
    alone = run_text(ONE, tmp_path, tmp_path / "alone")
    assert not [w for w in alone.warnings if "no other" in w]
    found = pd.read_csv(made.submission)
    assert list(found.columns) == ["row_id", "y", "x", "z"]
    # y: (0.1 + 3 * 0.5) / 4 and (0.3 + 3 * 0.7) / 4; x and z have one member each, whose weight is then all
    assert found["y"].round(12).tolist() == [0.4, 0.6]
    assert found["x"].round(12).tolist() == [0.2, 0.5]
    assert found["z"].round(12).tolist() == [0.7, 0.9]


def test_the_way_out_is_that_of_the_problem() -> None:
    assert align_members._ways_out(["2 of 6 rows missing: a_5, a_10"]) == [
        "`missing_rows: median` on a member fills the rows that it lacks (`nothing` in detections)"
    ]
    assert align_members._ways_out(["6 of 6 rows missing: a_5 (+5 more)"]) == [
        "a member that lacks all rows holds scores of other recordings"
    ]
    assert len(align_members._ways_out(["2 of 6 rows missing: a_5", "6 of 6 rows missing: a_5"])) == 2


@pytest.mark.parametrize(
    ("logits", "covered", "noted"),
    [([0.2, 0.7], True, True), ([0.5, 0.5], True, False), ([-0.2, 0.7], True, False), ([0.2, 0.7], False, False)],
)
def test_logits_that_look_like_probabilities_are_noted_for_what_the_member_covers(
    tmp_path: Path, logits: list[float], covered: bool, noted: bool
) -> None:
    """The other class holds -9, the constant of what a member does not know."""
    rows = chunk_rows({"r": 2}, 5.0, NameRule())
    store = LogitStore.create(tmp_path / "s", "made", ("x", "y"), (covered, False), {})
    scores = Scores.build(np.column_stack([logits, [-9.0, -9.0]]).astype(np.float32), rows, ("x", "y"), "logit")
    store.write(scores, {"r": Stored("key", 2, "ok", "", 10.0)})
    plan = make_plan(parse_recipe("recipe: 1\nname: r\nmembers:\n  m: {use: tone}\noutput: m\n", "r.yaml"))
    opened = Opened({}, (AudioMember("m", _not_built, TTA(), store, _not_built),), {"m": {}}, [], {})
    _, notes = align_members.aligned(plan, opened, rows, ("x", "y"), NameRule())
    told = "member 'm': every logit lies in [0, 1]; the model may give probabilities instead"
    assert notes == [told] * noted


def _not_built(*_: object) -> Any:
    raise AssertionError


@pytest.mark.parametrize(("space", "value"), [("prob", 0.0), ("rank", 0.0), ("unknown", 0.0), ("logit", -20.0)])
def test_nothing_found_is_the_score_of_a_detector_that_found_nothing(space: Any, value: float) -> None:
    rows = rows_from_ids(["r_5", "r_10"], 5.0, NameRule())
    own = Scores.build(np.array([[0.5, 0.25]]), rows.take(np.array([0])), ["x", "y"], space)
    assert own.align(rows, ["x", "y"], missing_rows="nothing").values.tolist() == [[0.5, 0.25], [value, value]]
    empty = own.take_rows(np.array([], np.int64))
    assert empty.align(rows, ["x", "y"], missing_rows="nothing").values.tolist() == [[value] * 2] * 2
    with pytest.raises(BlendkitError, match="2 of 2 rows missing"):
        empty.align(rows, ["x", "y"], missing_rows="median")  # of none
