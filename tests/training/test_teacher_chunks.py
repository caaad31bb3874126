"""The length of a teacher's chunks: as its store or run states it, or as asked, and never two lengths together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.io import Provenance
from blendkit.store import LogitStore, Stored
from blendkit.training.jobs.teacher_chunks import chunk_length, require_chunks
from blendkit.training.jobs.teacher_saw import read_teacher


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, str]:
    store = LogitStore.create(tmp_path / "store", "a" * 16, ("x",), (True,), {"facts": {"chunk_s": 10.0}})
    rows = chunk_rows({"r1": 1}, 10.0, NameRule())
    store.write(Scores.build(np.zeros((1, 1)), rows, ("x",), "logit"), {"r1": Stored("r1", 1, "ok", "", 10.0)})
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(json.dumps({"recipe": {"chunk_s": 2}}))
    np.savez(tmp_path / "t.npz", row_ids=["r1_10", "r1_20"], classes=["x"], s=np.array([[0.5], [0.25]]))
    return {"store": str(tmp_path / "store"), "run": str(tmp_path / "run" / "more.csv"), "file": f"{tmp_path}/t.npz:s"}


def test_a_store_or_a_run_states_it(sources: dict[str, str]) -> None:
    assert [chunk_length(sources[k], None) for k in ("store", "run", "file")] == [10, 2, 5]
    assert chunk_length(sources["store"], 10.0) == 10
    assert chunk_length(sources["file"], 10.0) == 10
    with pytest.raises(BlendkitError, match=r"--chunk-s 5: the chunks .* are 10 s long"):
        chunk_length(sources["store"], 5.0)


def test_a_file_of_ends_is_read_with_it(sources: dict[str, str]) -> None:
    found = read_teacher(sources["file"], "prob", Provenance(), 10.0)
    assert found.rows.start_s.tolist() == [0, 10]


def test_other_chunks_are_refused() -> None:
    rows = chunk_rows({"r": 2}, 5.0, NameRule())
    require_chunks(rows, 5.0, "here")
    with pytest.raises(BlendkitError, match="here: 2 of 2 chunks are not 10 s long") as caught:
        require_chunks(rows, 10.0, "here")  # its r_10 ends where one of 10 s ends, too
    assert "r_5 is 5 s long" in caught.value.problems[0]
