"""What a file says of its scores was said of these scores: others in their place are of unknown origin."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blendkit.core import NameRule, Saw, Scores, rows_from_ids
from blendkit.io import PROVENANCE, Provenance, convert_file, provenance_array, read_provenance, write_scores
from blendkit.store import file_hash

IDS = ["r1_5", "r1_10", "r2_5"]
OOF = Provenance("prob", Saw.of(["r1", "r2"]), "oof")
SEEN = Provenance("prob", Saw.of(["r1", "r2"]), "unknown", held_out=("r2",))


@pytest.fixture
def scores() -> Scores:
    rows = rows_from_ids(IDS, 5.0, NameRule())
    return Scores.build(np.arange(6.0).reshape(3, 2) / 8, rows, ("x", "y"), "prob")


def edit_cell(path: Path) -> None:
    frame = pd.read_csv(path)
    frame.loc[0, "x"] = 0.75
    frame.to_csv(path, index=False)


def shuffle(path: Path) -> None:
    pd.read_csv(path).iloc[::-1].to_csv(path, index=False)


def test_other_line_ends_are_no_edit(scores: Scores, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    write_scores(scores, path, provenance=OOF)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_provenance(path) == OOF


@pytest.mark.parametrize("edit", [edit_cell, shuffle])
def test_a_csv_that_was_edited_is_no_longer_what_it_was(
    scores: Scores, tmp_path: Path, edit: Callable[[Path], None]
) -> None:
    for made, kinds in ((OOF, ("oof", "unknown")), (SEEN, ("in-sample", "in-sample"))):
        path = tmp_path / "s.csv"
        write_scores(scores, path, provenance=made)
        assert read_provenance(path).kind_on(["r1", "r2"]) == kinds[0]
        edit(path)
        found = read_provenance(path)
        assert found.edited
        assert (found.space, found.kind_on(["r1", "r2"])) == ("unknown", kinds[1])
        assert found.kind_on(["r2"]) == "unknown"
        converted = convert_file(path, tmp_path / f"{made.kind}.npz")
        assert any(n.startswith("it was changed after it was written") for n in converted.notes)


def write_npz(path: Path, **arrays: np.ndarray) -> None:
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def test_an_npz_speaks_of_the_arrays_that_it_was_written_with(tmp_path: Path) -> None:
    path = tmp_path / "oof.npz"
    held = {"row_ids": np.array(IDS), "classes": np.array(["x"]), "logits": np.ones((3, 1), np.float32).T.T}
    said = provenance_array(OOF, held)
    write_npz(path, **held, **{PROVENANCE: said})
    assert read_provenance(f"{path}:logits") == OOF == read_provenance(path)
    write_npz(path, **held, mine=np.zeros((3, 1)), **{PROVENANCE: said})
    assert read_provenance(f"{path}:logits") == OOF
    assert read_provenance(f"{path}:mine").edited
    for name, other in (("logits", np.zeros((3, 1), np.float32)), ("row_ids", np.array(IDS[::-1]))):
        write_npz(path, **{**held, name: other}, **{PROVENANCE: said})
        assert read_provenance(f"{path}:logits").kind == "unknown"


def test_files_of_before_are_taken_at_their_word(scores: Scores, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    write_scores(scores, path, provenance=OOF)
    side = path.with_name("s.csv.provenance.json")
    said = json.loads(side.read_text(encoding="utf-8"))
    assert said.pop("sha256")
    side.write_text(json.dumps(said), encoding="utf-8")
    edit_cell(path)
    assert read_provenance(path) == OOF


def test_a_runs_submission_that_another_lies_on_is_unknown(scores: Scores, tmp_path: Path) -> None:
    write_scores(scores, tmp_path / "submission.csv")
    written = {"file": "submission.csv", "sha256": file_hash(tmp_path / "submission.csv"), "uncovered": []}
    said = {"provenance": OOF.to_json(), "written": {"mix": written}, "streams": {"mix": {"space": "prob"}}}
    (tmp_path / "run.json").write_text(json.dumps(said), encoding="utf-8")
    assert [read_provenance(p).kind for p in (tmp_path, tmp_path / "submission.csv")] == ["oof", "oof"]
    edit_cell(tmp_path / "submission.csv")
    assert [read_provenance(p).kind for p in (tmp_path, tmp_path / "submission.csv")] == ["unknown", "unknown"]
    (tmp_path / "submission.csv").unlink()
    assert read_provenance(tmp_path).kind == "oof"  # nothing to be measured; its reader says so
