"""Sources that know other classes are compared on those of the first, whatever their order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import blendkit as bk
from blendkit.errors import BlendkitError
from blendkit.offline.comparison import Comparison

World = tuple[dict[str, bk.Scores], bk.Labels, pd.DataFrame]

CLASSES = ("ant", "bee", "cow")
LACKED = "part: 1 of 3 classes are not covered and count as constant: cow"
BEYOND = "1 of 3 classes are left out, for the first source lacks them:"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Scores of three classes, and of two of them and one that no one else has; labels of all three."""
    rng = np.random.default_rng(5)
    ids = [f"r{i}_{t}" for i in range(8) for t in (5, 10, 15)]
    truth = pd.DataFrame(rng.random((24, 3)) < 0.6, columns=list(CLASSES))
    values = truth.to_numpy() + rng.normal(size=truth.shape)
    whole = pd.DataFrame({"row_id": ids, **dict(zip(CLASSES, values.T, strict=True))})
    part = whole.rename(columns={"cow": "bew"})
    names = [";".join(c for c in CLASSES if row[c]) for _, row in truth.iterrows()]
    pd.DataFrame({"row_id": ids, "labels": names}).to_csv(tmp_path / "labels.csv", index=False)
    (tmp_path / "taxonomy.csv").write_text("primary_label\n" + "\n".join(CLASSES) + "\nbew\n")
    both = {"whole": bk.Scores.from_frame(whole, "logit"), "part": bk.Scores.from_frame(part, "logit")}
    return both, bk.Labels(tmp_path / "labels.csv", tmp_path / "taxonomy.csv"), truth


def _said(found: Comparison, text: str) -> bool:
    return any(text in note for note in found.notes)


def test_a_class_that_a_later_source_lacks_is_constant_in_it(world: World) -> None:
    both, labels, _ = world
    found = bk.compare(both, labels)
    assert _said(found, LACKED)
    assert _said(found, f"part: {BEYOND} bew")


def test_a_class_that_the_first_source_lacks_is_left_out(world: World) -> None:
    both, labels, truth = world
    found = bk.compare({"part": both["part"], "whole": both["whole"]}, labels)
    assert _said(found, f"whole: {BEYOND} cow")
    labelled = truth.any(axis=1)  # a row without a name has no label
    shared = [
        roc_auc_score(truth[c][labelled], both["whole"].values[labelled, i]) for i, c in enumerate(("ant", "bee"))
    ]
    assert found.to_frame()["macro_auc"].to_dict() == pytest.approx(dict.fromkeys(both, np.mean(shared)), abs=1e-12)


def test_a_label_that_a_later_source_alone_knows_needs_no_taxonomy(world: World) -> None:
    both, labels, _ = world
    part, whole = both["part"], both["whole"]
    found = bk.compare({"part": part, "whole": whole}, labels.table)
    assert _said(found, "1 labelled classes that part lacks are left out: cow")
    with pytest.raises(BlendkitError, match=r"1 unknown label\n  'cow'"):  # nobody knows it: a typo, maybe
        bk.compare({"part": part, "again": part}, labels.table)
