"""Recordings of two matrices that differ in folders alone are the same ones, where no other may be meant."""

from __future__ import annotations

import numpy as np
import pytest

from blendkit.core import NameRule, Scores, matched_by_name, named_as, rows_from_ids, shared_rows
from blendkit.core.recording_paths import recordings_in_other_folders
from blendkit.errors import BlendkitError


def scores(*ids: str) -> Scores:
    values = np.arange(len(ids), dtype=float)[:, None]
    return Scores.build(values, rows_from_ids(ids, 5.0, NameRule()), ["x"], "logit")


@pytest.mark.parametrize(
    ("given", "wanted", "means"),
    [
        (["train/r1"], ["r1"], {"train/r1": "r1"}),
        (["r1"], ["data/train/r1"], {"r1": "data/train/r1"}),
        (["/home/me/train/r1"], ["train/r1"], {"/home/me/train/r1": "train/r1"}),
        (["C:/data/train/r1"], ["r1"], {"C:/data/train/r1": "r1"}),
        (["train/r1"], ["test/r1"], {}),  # neither is the end of the other
        (["train/r1", "test/r1"], ["r1"], {}),  # either may be meant
        (["train/r1", "r1"], ["r1"], {}),  # r1 is given itself
        (["r1"], ["a/r1", "b/r1"], {}),
        (["a/r1", "b/r1"], ["a/r1", "b/r1"], {}),
        (["r1"], ["r2"], {}),
    ],
)
def test_what_a_recording_with_other_folders_means(given: list[str], wanted: list[str], means: dict[str, str]) -> None:
    assert recordings_in_other_folders(given, wanted) == means


def test_values_follow_their_recordings() -> None:
    first, second = scores("r1_5", "r1_10", "r2_5"), scores("z/r2_5", "z/r1_10", "z/r1_5")
    assert shared_rows({"a": first, "b": second}).ids() == ["r1_5", "r1_10", "r2_5"]
    assert second.align(first.rows, ["x"]).values[:, 0].tolist() == [2.0, 1.0, 0.0]
    assert named_as(second.rows, first.rows).ids() == ["r1_5", "r1_10", "r2_5"]
    assert matched_by_name(second.rows, first.rows, "b") == ["b: 2 recordings matched by name: z/r1 as r1, z/r2 as r2"]
    assert matched_by_name(first.rows, first.rows, "a") == []


def test_names_that_mean_several_recordings_match_none() -> None:
    first, second = scores("r1_5"), scores("y/r1_5", "z/r1_5")
    with pytest.raises(BlendkitError, match="the members' rows do not agree"):
        shared_rows({"a": first, "b": second})
    with pytest.raises(BlendkitError, match="1 of 1 rows missing"):
        second.align(first.rows, ["x"])


def test_rows_of_detections_are_those_of_the_first_name() -> None:
    first, second = scores("train/r1_5", "train/r2_5"), scores("r1_5", "r1_10")
    found = shared_rows({"a": first, "b": second}, ["a", "b"], ["a", "b"])
    assert found.ids() == ["train/r1_5", "train/r1_10", "train/r2_5"]
