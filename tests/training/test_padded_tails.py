"""Chunks at the end of clips that are mostly padding carry no label."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.core import NameRule, chunk_rows
from blendkit.store import FeatureStore, Stored
from blendkit.training.jobs.head_fit import labelled_examples
from blendkit.training.jobs.padded_tails import mostly_audio
from blendkit.training.jobs.requests import HeadRequest, TrainingRows
from blendkit.training.jobs.training_examples import clip_examples

DURATIONS = {"x/long": 12.4, "x/half": 7.5, "x/full": 10.0, "y/call": 1.2, "y/two": 6.0}
CHUNKS = {"x/long": 3, "x/half": 2, "x/full": 2, "y/call": 1, "y/two": 2}  # 12.4 s: its third chunk holds 2.4 s


def stored(chunks: dict[str, int]) -> dict[str, Stored]:
    return {r: Stored(r, n, "padded", "", DURATIONS[r]) for r, n in chunks.items()}


def test_a_chunk_counts_from_half_of_its_length_on_and_so_does_a_clip_of_one_chunk() -> None:
    rows = chunk_rows(CHUNKS, 5.0, NameRule())
    kept = [f"{r}:{s:g}" for r, s in zip(rows.recording, rows.start_s, strict=True)]
    mask = mostly_audio(rows, stored(CHUNKS))
    left_out = [k for k, m in zip(kept, mask, strict=True) if not m]
    assert sorted(left_out) == ["x/long:10", "y/two:5"]  # 2.4 s and 1 s of 5; 2.5 s of x/half and 1.2 s of y/call stay


def test_clip_examples_leave_them_out_with_their_features_and_the_fit_says_how_many(tmp_path: Path) -> None:
    store = FeatureStore.create(tmp_path / "clips", "a" * 16, {"p": (1,)}, {"facts": {}})
    rows = chunk_rows(CHUNKS, 5.0, NameRule())
    store.write(rows, [rows.start_s[:, None].astype(np.float32)], stored(CHUNKS))
    e = clip_examples(store, ["p"], ("x", "y"))
    assert e.row_ids.tolist() == ["x/full_5", "x/full_10", "x/half_5", "x/half_10", "x/long_5", "x/long_10", "y/call_5", "y/two_5"]  # fmt: skip
    assert e.features["p"].ravel().tolist() == [0, 5, 0, 5, 0, 5, 0, 0]
    request = HeadRequest(tmp_path, TrainingRows(features=(tmp_path / "clips",)))
    found, notes = labelled_examples(request, [store], ["p"])
    assert found.targets.sum(axis=0).tolist() == [6, 2]
    assert notes[0] == "2 chunks at the end of clips are more than half padding and are left out"
