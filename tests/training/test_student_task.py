"""A student's task from files: the teacher's space, the device, labels and embeddings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from blendkit.core import NameRule, Saw, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.io import Provenance
from blendkit.store import FeatureStore, Stored
from blendkit.training.jobs.student_task import StudentRequest, _device, _logits, task_of
from blendkit.training.jobs.teacher_saw import read_teacher
from blendkit.training.settings import Distil, WaveChanges


@pytest.fixture
def table(tmp_path: Path) -> str:
    np.savez(tmp_path / "t.npz", row_ids=["r1_5", "r2_5"], classes=["x", "y"], s=np.array([[0.5, 0.75], [0.0, 1.0]]))
    return f"{tmp_path / 't.npz'}:s"


def test_a_teacher_is_logits(table: str) -> None:
    found = _logits(read_teacher(table, "prob", Provenance()))
    assert found.space == "logit"
    np.testing.assert_allclose(found.values[0], [0, np.log(3)], atol=1e-6)
    assert np.isfinite(found.values).all()
    assert found.values[1, 0] < -50 < 10 < found.values[1, 1]
    same = _logits(read_teacher(table, "logit", Provenance()))
    assert same.space == "logit"
    assert same.values[0].tolist() == [0.5, 0.75]


def test_values_without_a_stated_space_are_refused(table: str) -> None:
    with pytest.raises(BlendkitError, match="no file says what its values are") as caught:
        read_teacher(table, None, Provenance())
    with pytest.raises(BlendkitError, match="are logit values, not prob"):
        read_teacher(table, "prob", Provenance("logit"))
    assert "--space logit" in caught.value.problems[0]


def test_ranks_stay_ranks(table: str) -> None:
    ranks = _logits(read_teacher(table, None, Provenance("rank")))
    assert ranks.space == "rank"
    assert ranks.values[0].tolist() == [0.5, 0.75]


def test_pseudo_labels_are_no_labels(table: str, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("filename,start,end,primary_label,labelled_by\nr1,0,5,x,teacher\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="these are pseudo-labels of a teacher, and no truth") as caught:
        task_of(StudentRequest((tmp_path,), table, tmp_path / "out", space="prob", labels=labels))
    assert caught.value.problems[0].startswith("leave out --labels")


def test_where_it_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert (_device("auto"), _device("cpu")) == ("cpu", "cpu")
    for wanted in ("cuda", "cuda:1", "tpu"):
        with pytest.raises(BlendkitError, match=f"--device {wanted}"):
            _device(wanted)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert (_device("auto"), _device("cuda:1")) == ("cuda", "cuda:1")
    with pytest.raises(BlendkitError, match="--device tpu"):
        _device("tpu")


def test_a_task_is_all_that_the_request_names(table: str, tmp_path: Path, write_wav: Callable[..., Path]) -> None:
    audio = [write_wav(tmp_path / f"{r}.wav", np.zeros(100, np.float32), 8000) for r in ("r2", "r1")]
    (tmp_path / "l.csv").write_text("filename,start,end,primary_label\nr1.ogg,0,5,x\n")
    (tmp_path / "saw.csv").write_text("filename,start,end,primary_label\nold.ogg,0,5,x\n")
    store = FeatureStore.create(tmp_path / "e", "a" * 16, {"own": (1,)}, {"facts": {}})
    rows = chunk_rows({"r1": 1}, 5.0, NameRule())
    store.write(rows, [np.zeros((1, 1), np.float32)], {"r1": Stored("r1", 1, "ok", "", 5.0)})
    request = StudentRequest(
        tuple(audio), table, tmp_path / "out", "logit", tmp_path / "saw.csv", tmp_path / "l.csv",
        embedding=tmp_path / "e", embedding_name="own", how=Distil(device="cpu"),
    )  # fmt: skip
    task = task_of(request)
    assert [r.id for r in task.recordings] == ["r1", "r2"]
    assert task.saw == Saw(("old",), known=True)
    assert task.labels is not None
    assert task.labels.recordings == ("r1",)
    assert task.embedding is not None
    assert task.embedding[1] == "own"
    assert (task.how.device, task.known, task.out) == ("cpu", (), tmp_path / "out")
    with pytest.raises(BlendkitError, match="no feature 'embedding'"):
        task_of(replace(request, embedding_name="embedding"))
    with pytest.raises(BlendkitError, match="--mix-db: nothing to mix in"):
        task_of(replace(request, how=Distil(device="cpu", waves=WaveChanges(mix_db=(-6.0, 0.0)))))
    noisy = task_of(replace(request, background=tmp_path))
    assert [r.id for r in noisy.background] == ["r1", "r2"]
    assert noisy.how.waves.mix_db == (-20, 0)
    bare = task_of(StudentRequest(tuple(audio), table, tmp_path / "out", "logit", how=Distil(device="cpu")))
    assert (bare.how.loss, bare.how.temperature) == ("bce", 2.0)
    ranks = task_of(replace(request, space="rank"))
    assert (ranks.teacher.space, ranks.how.loss, ranks.how.temperature) == ("rank", "listwise", 0.1)
    assert (bare.labels, bare.embedding, bare.saw) == (None, None, Saw((), known=False))
