"""Score tables in parts: a folder of them is one table, however it was cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blendkit.core import AudioContent, Saw
from blendkit.errors import BlendkitError
from blendkit.io import ColumnNames, Provenance, read_provenance, read_score_file, write_side_provenance
from blendkit.io.readers.score_sources import read_scores

IDS = [f"R{i}_{end}" for i in (1, 2, 3) for end in (5, 10)]
WHOLE = pd.DataFrame(np.arange(18.0).reshape(6, 3) / 18, IDS, ["a", "b", "c"]).rename_axis("row_id").reset_index()
WINDOWS = pd.DataFrame(
    {"file": ["R1.wav"] * 2 + ["R2.wav"], "start_time": [0.0, 5, 0], "end_time": [5.0, 10, 5], "a": [0.1, 0.2, 0.3]}
)


def write(frame: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    elif path.suffix == ".npz":
        values = frame.drop(columns="row_id")
        np.savez(path, scores=values.to_numpy(), row_ids=frame["row_id"].to_numpy(str), classes=[*values.columns])
    else:
        frame.to_csv(path, index=False)


@settings(max_examples=15)
@given(
    owner=st.lists(st.integers(0, 3), min_size=6, max_size=6),
    order=st.permutations(["a", "b", "c"]),
    suffixes=st.lists(st.sampled_from([".csv", ".parquet", ".npz"]), min_size=4, max_size=4),
)
def test_however_it_was_cut(owner: list[int], order: list[str], suffixes: list[str]) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write(WHOLE, folder / "whole.csv")
        for k in sorted(set(owner)):
            part = WHOLE[np.array(owner) == k]
            write(part if k else part[["row_id", *order]], folder / "parts" / f"site={k % 2}" / f"p{k}{suffixes[k]}")
        whole, cut = (read_scores(folder / name) for name in ("whole.csv", "parts"))
    assert sorted(cut.classes) == sorted(whole.classes)
    at = {row: i for i, row in enumerate(cut.rows.ids())}
    rows, columns = [at[r] for r in whole.rows.ids()], [cut.classes.index(c) for c in whole.classes]
    np.testing.assert_array_equal(cut.values[rows][:, columns], whole.values)


def test_what_was_read_is_said(tmp_path: Path) -> None:
    write(WHOLE[:4], tmp_path / "site=A" / "x.parquet")
    write(WHOLE[4:], tmp_path / "site=B" / "x.parquet")
    notes = read_score_file(tmp_path).notes
    assert "2 tables read as one: site=A/x.parquet, site=B/x.parquet" in notes
    assert "folders such as 'site=A' tell parts apart; they are read as no column" in notes


def test_windows_in_parts(tmp_path: Path) -> None:
    write(WINDOWS[:1], tmp_path / "one.csv")
    write(WINDOWS[1:], tmp_path / "two.csv")
    found = read_scores(tmp_path)
    assert dict(zip(found.rows.ids(), found.values[:, 0], strict=True)) == {"R1_5": 0.1, "R1_10": 0.2, "R2_5": 0.3}


def test_folds_in_parts(tmp_path: Path) -> None:
    write(WHOLE[:4].assign(fold=0), tmp_path / "one.csv")
    write(WHOLE[4:].assign(fold=1), tmp_path / "two.csv")
    names = ColumnNames(folds="fold")
    assert read_score_file(tmp_path, names=names).folds == {"R1": "0", "R2": "0", "R3": "1"}
    write(WHOLE[4:], tmp_path / "two.csv")
    with pytest.raises(BlendkitError, match="fold"):
        read_score_file(tmp_path, names=names)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (WHOLE, ["R1_5 stands in one.csv and in two.csv", "scores of several models are several sources"]),
        (WHOLE[4:].rename(columns={"c": "d"}), ["different classes", "two.csv lacks c and also has d"]),
        (WHOLE[4:].drop(columns="b"), ["two.csv lacks b"]),
        (WINDOWS, ["two kinds", "rows of chunks: one.csv", "windows: two.csv"]),
    ],
)
def test_what_is_not_one_table(tmp_path: Path, second: pd.DataFrame, said: list[str]) -> None:
    write(WHOLE[:4], tmp_path / "one.csv")
    write(second, tmp_path / "two.csv")
    with pytest.raises(BlendkitError) as error:
        read_scores(tmp_path)
    assert all(part in str(error.value) for part in said)


def test_the_same_window_twice(tmp_path: Path) -> None:
    write(WINDOWS, tmp_path / "one.csv")
    write(WINDOWS[2:], tmp_path / "two.csv")
    with pytest.raises(BlendkitError, match=r"R2, 0 to 5 s stands in one\.csv and in two\.csv"):
        read_scores(tmp_path)


def test_an_empty_part_is_named(tmp_path: Path) -> None:
    write(WHOLE[:4], tmp_path / "one.csv")
    (tmp_path / "two.csv").write_bytes(b"")
    with pytest.raises(BlendkitError, match=r"two\.csv: this file is empty"):
        read_scores(tmp_path)


def part(recording: str, learned: str, **more: object) -> Provenance:
    content = {recording: AudioContent(recording * 8, "", "")}
    return replace(Provenance("logit", Saw(frozenset({learned})), contents=content), **more)  # type: ignore[arg-type]


def parts_of(folder: Path, *known: Provenance | None) -> Path:
    for k, provenance in enumerate(known):
        write(WHOLE[2 * k : 2 * k + 2], folder / f"p{k}.csv")
        if provenance is not None:
            write_side_provenance(folder / f"p{k}.csv", provenance)
    return folder


def test_each_part_knows_what_its_model_learned_from(tmp_path: Path) -> None:
    # two folds: what learned from R2 scored R1, and the other way round
    known = read_provenance(parts_of(tmp_path, part("R1", "R2"), part("R2", "R1")))
    assert known.space == "logit"
    assert known.kind_on(["R1", "R2"]) == "oof"
    known = read_provenance(parts_of(tmp_path, part("R1", "R2"), part("R2", "R2")))
    assert known.in_sample(["R1", "R2"]) == ["R2"]


def test_a_parquet_file_says_what_is_behind_it_wherever_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    write(WHOLE, path)
    before = pd.read_parquet(path)
    write_side_provenance(path, part("R1", "R2", kind="oof"))
    pd.testing.assert_frame_equal(pd.read_parquet(path), before)
    known = read_provenance(path)
    assert (known.saw.recordings, known.kind) == (("R2",), "oof")
    path.with_name("s.parquet.provenance.json").unlink()
    assert read_provenance(path) == known
    assert read_scores(path).space == "logit"
    table = pq.read_table(path)
    pq.write_table(table.set_column(1, "a", pa.array(np.arange(6.0))), path)  # other scores, with the old metadata
    found = read_provenance(path)
    assert (found.edited, found.kind, found.saw.known) == (True, "unknown", False)


def test_a_part_of_unknown_origin_makes_the_whole_unknown(tmp_path: Path) -> None:
    assert read_provenance(parts_of(tmp_path, part("R1", "R2"), None)) == Provenance()


def test_parts_of_two_spaces_are_refused(tmp_path: Path) -> None:
    folder = parts_of(tmp_path, part("R1", "R2"), part("R2", "R1", space="prob"))
    with pytest.raises(BlendkitError, match="different spaces") as error:
        read_scores(folder)
    assert error.value.problems == ("p0.csv holds logit scores", "p1.csv holds prob scores")
