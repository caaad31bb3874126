"""Ids of recordings are text in every file: none is a number, a date, a truth value or a missing one."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blendkit.core import NameRule, Scores, chunk_rows, recording_id
from blendkit.io import (
    read_cache,
    read_deployments,
    read_detections,
    read_labels,
    read_scores,
    read_table,
    read_template,
    write_scores,
)

IDS = ["5E90A4D4", "1e5", "007", "2020-01-01", "TRUE", "NA", "None", "nan", "inf", "5E05", "1_000"]
ROW_IDS = [f"{r}_5" for r in IDS]


def written(path: Path, header: list[str], rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_files_on_disk() -> None:
    assert [recording_id(f"{r}.WAV") for r in IDS] == IDS


@pytest.mark.parametrize("suffix", ["", ".wav"])
def test_label_files(tmp_path: Path, suffix: str) -> None:
    rows = [[f"{r}{suffix}", "0", "5", "a"] for r in IDS]
    path = written(tmp_path / "l.csv", ["filename", "start", "end", "primary_label"], rows)
    assert list(read_labels(path).recordings) == IDS


@pytest.mark.parametrize("kind", ["csv", "parquet", "npz"])
def test_score_files(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"s.{kind}"
    values = np.arange(len(IDS)) / 100
    frame = pd.DataFrame({"row_id": ROW_IDS, "1e3": values})
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "parquet":
        frame.to_parquet(path)
    else:
        np.savez(path, s=values[:, None], row_ids=ROW_IDS, classes=["1e3"])
    source = f"{path}:s" if kind == "npz" else path
    scores = read_scores(source)
    assert dict(zip(scores.rows.recording, scores.values[:, 0], strict=True)) == dict(zip(IDS, values, strict=True))
    assert scores.classes == ("1e3",)


def test_bare_ids_and_templates(tmp_path: Path) -> None:
    path = written(tmp_path / "s.csv", ["row_id", "a"], [[r, "0.5"] for r in IDS])
    assert read_table(path).row_ids == list(read_template(path).row_ids) == IDS


def test_a_submission_comes_back_as_it_was(tmp_path: Path) -> None:
    rows = chunk_rows(dict.fromkeys(IDS, 1), 5.0, NameRule())
    scores = Scores.build(np.arange(len(IDS))[:, None] / 100, rows, ("a",), "prob")
    write_scores(scores, tmp_path / "out.csv", np.arange(len(IDS)))
    assert read_scores(tmp_path / "out.csv", "prob").rows.ids() == rows.ids()


def test_caches_of_notebooks(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    np.savez(path, e=np.zeros((len(IDS), 2)), z=np.zeros((len(IDS), 3)))
    meta = written(tmp_path / "meta.csv", ["row_id"], [[r] for r in IDS])
    assert read_cache(path, meta, embeddings="e", logits="z", rows="row_id").row_ids == IDS


def test_deployments(tmp_path: Path) -> None:
    path = written(tmp_path / "d.csv", ["recording", "site"], [[r, r] for r in IDS])
    assert [(d.key, d.site) for d in read_deployments(path).lines] == [(r, r) for r in IDS]


@pytest.mark.parametrize("name", ["d.csv", "d.txt"])
def test_detections(tmp_path: Path, name: str) -> None:
    header = ["Begin File", "Begin Time (s)", "End Time (s)", "Species Code", "Confidence"]
    rows = [[f"{r}.WAV", "0", "3", "a", "0.5"] for r in IDS]
    path = tmp_path / name
    lines = [("," if name == "d.csv" else "\t").join(r) for r in (header, *rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert read_detections(path).recording == IDS


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_of_windows(tmp_path: Path, separator: str) -> None:
    lines = [separator.join(r) for r in (("file", "start_time", "end_time", "a"), *((r, "0", "5", "0.5") for r in IDS))]
    (tmp_path / "w.csv").write_text("\n".join(lines), encoding="utf-8")
    assert sorted(map(str, read_scores(tmp_path / "w.csv").rows.recording)) == sorted(IDS)


def test_frames() -> None:
    rows = chunk_rows(dict.fromkeys(IDS, 1), 5.0, NameRule())
    frame = Scores.build(np.zeros((len(IDS), 1)), rows, ("a",), "prob").to_frame()
    assert Scores.from_frame(frame, "prob").rows.ids() == rows.ids()
