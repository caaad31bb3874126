"""Files of earlier commands that are missing, cut short or of another kind: one error with the way out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel

from blendkit.audio import Grid, Recording
from blendkit.core import NameRule, Saw
from blendkit.errors import BlendkitError
from blendkit.training.examples import Examples
from blendkit.training.jobs.against_fits import out_of_fold_of
from blendkit.training.jobs.chunk_pictures import chunk_pictures
from blendkit.training.jobs.pseudo_labels import read_pseudo
from blendkit.training.jobs.saved_arrays import read_arrays
from blendkit.training.loop import Progress, _resume, _save
from blendkit.training.settings import Picture

Make = Callable[..., Examples]


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def test_arrays_are_read_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(3), y=np.ones(2))
    assert read_arrays(tmp_path / "a.npz", ("x",), "a table", "make it again")["x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("damage", ["missing", "cut", "no_array", "npy", "text", "inside"])
def test_any_damage_is_one_error(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.arange(3000), **({} if damage == "no_array" else {"y": np.ones(2)}))
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        cut_short(path)
    elif damage == "npy":
        with path.open("wb") as handle:
            np.save(handle, np.arange(3))
    elif damage == "text":
        path.write_text("no archive")
    elif damage == "inside":
        data = bytearray(path.read_bytes())
        data[100:400] = b"\xff" * 300
        path.write_bytes(data)
    with pytest.raises(BlendkitError, match=r"a\.npz: not a table") as caught:
        read_arrays(path, ("x", "y"), "a table", "make it again")
    assert caught.value.problems[0]
    assert caught.value.problems[-1] == "make it again"


@pytest.fixture
def pseudo(tmp_path: Path, make_examples: Make) -> Path:
    e = make_examples(0, 3, "pseudo")
    np.savez(
        tmp_path / "pseudo.npz", row_ids=e.row_ids, classes=np.array(e.classes), targets=e.targets, mask=e.targets >= 0
    )
    (tmp_path / "pseudo.json").write_text(json.dumps({"saw": ["t1"]}))
    return tmp_path


def test_a_cut_file_of_pseudo_labels(pseudo: Path, make_examples: Make) -> None:
    rows = make_examples(0, 3, "pseudo")
    assert read_pseudo(pseudo, rows)[1] == Saw(("t1",), known=False)  # older facts do not say whether that is all
    cut_short(pseudo / "pseudo.npz")
    with pytest.raises(BlendkitError, match=r"pseudo\.npz: not a file of pseudo-labels") as caught:
        read_pseudo(pseudo, rows)
    assert "pseudolabel gate" in caught.value.problems[-1]


@pytest.mark.parametrize("text", ["{}", "[]", '{"saw": 3}', '{"saw": "r1"}', "{", "", '{"saw": [], "saw_known": "no"}'])
def test_facts_without_what_the_teacher_saw(pseudo: Path, make_examples: Make, text: str) -> None:
    (pseudo / "pseudo.json").write_text(text)
    with pytest.raises(BlendkitError, match=r"pseudo\.json: not the facts of pseudo-labels") as caught:
        read_pseudo(pseudo, make_examples(0, 3, "pseudo"))
    assert "pseudolabel gate" in caught.value.problems[-1]


def test_a_cut_out_of_fold_table(tmp_path: Path, make_examples: Make) -> None:
    e = make_examples()
    logits = np.zeros((len(e), 3), np.float32)
    held = {"row_ids": e.row_ids, "classes": np.array(e.classes), "logits": logits, "left_out": e.row_ids[:0]}
    fold = np.arange(len(e)) % 3
    np.savez(tmp_path / "oof.npz", **held, fold=fold)
    assert out_of_fold_of(tmp_path, e, fold).shape == logits.shape
    with pytest.raises(BlendkitError, match=f"2 of {len(e)} rows lay in other folds there"):
        out_of_fold_of(tmp_path, e, np.array([1, 0, *fold[2:]]))
    with pytest.raises(BlendkitError, match="judged on other rows"):
        out_of_fold_of(tmp_path, e.take(np.arange(5)), fold[:5])
    cut_short(tmp_path / "oof.npz")
    with pytest.raises(BlendkitError, match=r"oof\.npz: not the out-of-fold table of a fit") as caught:
        out_of_fold_of(tmp_path, e, fold)
    assert "fit seqhead" in caught.value.problems[-1]


def test_cut_pictures(tmp_path: Path, write_wav: Callable[..., Path]) -> None:
    one = [Recording("r", write_wav(tmp_path / "r.wav", np.zeros(20000, np.float32), 4000))]
    given = (one, Picture(4000, 256, 1000, 4, 50.0, 2000.0), Grid(5.0, "pad", NameRule()), tmp_path / "c")
    chunk_pictures(*given)
    (path,) = (tmp_path / "c").iterdir()
    cut_short(path)
    with pytest.raises(BlendkitError, match="not a file of pictures") as caught:
        chunk_pictures(*given)
    assert "delete it" in caught.value.problems[-1]


@pytest.mark.parametrize("content", [b"", b"no checkpoint", None])
def test_a_cut_checkpoint(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "fold0.pt"
    torch.save({"head": torch.zeros(50)}, path)
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    with pytest.raises(BlendkitError, match=r"fold0\.pt: not a checkpoint that can be read") as caught:
        _resume(path, torch.nn.Linear(1, 1), None, None)  # type: ignore[arg-type]
    assert "delete it" in caught.value.problems[-1]


def other_shape(held: dict[str, Any]) -> None:
    held["head"] = torch.nn.Linear(3, 1).state_dict()


def other_progress(held: dict[str, Any]) -> None:
    held["progress"]["speed"] = 3


def no_optimiser(held: dict[str, Any]) -> None:
    del held["optimiser"]


@pytest.mark.parametrize("damage", [other_shape, other_progress, no_optimiser, lambda held: held.clear()])
def test_a_checkpoint_of_another_kind(tmp_path: Path, damage: Callable[[dict[str, Any]], None]) -> None:
    head = torch.nn.Linear(1, 1)
    average = AveragedModel(head, use_buffers=True)
    optimiser = torch.optim.AdamW(head.parameters())
    path = tmp_path / "fold0.pt"
    _save(path, Progress(epoch=2), head, average, optimiser)
    assert _resume(path, head, average, optimiser).epoch == 2
    held = torch.load(path, weights_only=True)
    damage(held)
    torch.save(held, path)
    with pytest.raises(BlendkitError, match=r"fold0\.pt: not a checkpoint that can be read") as caught:
        _resume(path, head, average, optimiser)
    assert "delete it" in caught.value.problems[-1]


@pytest.mark.parametrize("content", [torch.zeros(3), [1, 2]])
def test_a_file_of_torch_that_is_not_a_checkpoint(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "fold0.pt")
    with pytest.raises(BlendkitError, match=r"fold0\.pt: not a checkpoint"):
        _resume(tmp_path / "fold0.pt", torch.nn.Linear(1, 1), None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("chunks", [[1], [3], [2, 1]])
def test_pictures_that_do_not_fit_their_counts(
    tmp_path: Path, write_wav: Callable[..., Path], chunks: list[int]
) -> None:
    one = [Recording("r", write_wav(tmp_path / "r.wav", np.zeros(40000, np.float32), 4000))]
    given = (one, Picture(4000, 256, 1000, 4, 50.0, 2000.0), Grid(5.0, "pad", NameRule()), tmp_path / "c")
    assert len(chunk_pictures(*given).values) == 2
    (path,) = (tmp_path / "c").iterdir()
    with np.load(path) as saved:
        np.savez(path, **{**saved, "chunks": chunks})
    with pytest.raises(BlendkitError, match="not a file of pictures") as caught:
        chunk_pictures(*given)
    assert "delete it" in caught.value.problems[-1]
