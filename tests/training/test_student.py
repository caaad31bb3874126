from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit

from blendkit.metrics.auc import macro_auc
from blendkit.training.losses import cosine, distillation
from blendkit.training.settings import Distil, Picture, Schedule
from blendkit.training.student import (
    StudentRows,
    _checkpoint_key,
    _epoch_rows,
    _loss,
    _stop_score,
    _targets,
    fit_student,
    student_logits,
)

PICTURE = Picture(rate=4000, n_fft=256, hop=160, mels=16, fmax=2000.0)
HOW = Distil(
    PICTURE, Schedule(epochs=2, batch=8, mixup=0.2, patience=5), "bce", temperature=2.0, width=0.25, device="cpu"
)


def rows(embedding: bool = False) -> StudentRows:
    rng = np.random.default_rng(0)
    truth = np.eye(2, dtype=np.float32)[np.arange(20) % 2]
    pictures = rng.standard_normal((20, 16, 30)) + truth[:, :1, None] * np.linspace(-2, 2, 16)[:, None]
    teacher = (4 * truth - 2 + rng.standard_normal(truth.shape)).astype(np.float32)
    labelled = (np.arange(20) < 14).astype(np.float32)
    labelled[:2] = 0.5  # chunks that are half silence
    own = rng.standard_normal((20, 3)).astype(np.float32) if embedding else None
    return StudentRows(pictures.astype(np.float16), teacher, truth, labelled, own)


def test_targets_lie_side_by_side() -> None:
    given = rows(embedding=True)
    found = _targets(given, HOW).numpy()
    np.testing.assert_allclose(found[:, :2], expit(given.teacher / 2.0), rtol=1e-6)
    np.testing.assert_array_equal(found[:, 2:4], given.truth)
    np.testing.assert_array_equal(found[:, 4], given.labelled > 0)
    np.testing.assert_array_equal(found[:, 5], given.labelled)
    np.testing.assert_array_equal(found[:, 6:], given.embedding)
    assert _targets(given, replace(HOW, embedding=0.0)).shape == (20, 6)
    assert _targets(rows(), HOW).shape == (20, 6)


def test_the_loss_by_hand() -> None:
    given = rows(embedding=True)
    targets = _targets(given, HOW)
    clip, own = torch.randn(20, 2), torch.randn(20, 3)
    share = HOW.labels * 13 / 20
    each = torch.nn.functional.binary_cross_entropy_with_logits(clip[:14], targets[:14, 2:4], reduction="none").mean(1)
    own_labels = (0.5 * each[:2].sum() + each[2:].sum()) / 13
    wanted = (1 - share) * distillation(clip, targets[:, :2], 2.0)
    wanted = wanted + share * own_labels + 0.5 * cosine(own, targets[:, 6:])
    assert _loss((clip, clip, own), targets, 2, HOW).item() == pytest.approx(wanted.item(), rel=1e-6)
    plain = _loss((clip, clip, own), targets[:, :6], 2, replace(HOW, labels=0.0))
    assert plain.item() == pytest.approx(distillation(clip, targets[:, :2], 2.0).item(), rel=1e-6)


def test_it_stops_by_labels_or_by_its_teacher() -> None:
    given, found = rows(), np.random.default_rng(1).standard_normal((20, 2)).astype(np.float32)
    all_rows = np.arange(20)
    own = given.labelled > 0
    assert _stop_score(found, given, all_rows, HOW) == macro_auc(given.truth[own] > 0.5, found[own]).macro
    none = replace(given, labelled=np.zeros(20, np.float32))
    distance = np.mean((expit(found.astype(np.float64)) - expit(given.teacher.astype(np.float64))) ** 2)
    assert _stop_score(found, none, all_rows, HOW) == pytest.approx(-distance)
    assert _stop_score(given.teacher, none, all_rows, HOW) == pytest.approx(0)


def test_an_epoch_has_sixteen_batches_at_least() -> None:
    few = _epoch_rows(np.array([3, 5, 7]), 8, np.random.default_rng(0))
    assert len(few) >= 16 * 8
    assert set(few.tolist()) == {3, 5, 7}
    many = _epoch_rows(np.arange(1000), 8, np.random.default_rng(0))
    assert sorted(many.tolist()) == list(range(1000))


@pytest.mark.parametrize("embedding", [False, True])
def test_a_student_learns_and_goes_on_where_it_was(tmp_path: Path, embedding: bool) -> None:
    given, said = rows(embedding), list[Any]()
    network, state = fit_student(given, range(14), range(14, 20), HOW, tmp_path / "s", lambda n, p: said.append((n, p)))
    found = student_logits(network.student, given.pictures, network)
    assert found.shape == (20, 2)
    assert np.isfinite(found).all()
    assert [n for n, _ in said] == ["training", "epoch", "epoch"]
    again, same = fit_student(given, range(14), range(14, 20), HOW, tmp_path / "s")
    assert same.history == state.history
    np.testing.assert_array_equal(student_logits(again.student, given.pictures, again), found)
    assert len(list(tmp_path.iterdir())) == 1
    fit_student(given, range(13), range(14, 20), replace(HOW, schedule=replace(HOW.schedule, epochs=1)), tmp_path / "s")
    assert len(list(tmp_path.iterdir())) == 2  # other rows, another checkpoint


def test_what_a_checkpoint_depends_on() -> None:
    given, learn, stop = rows(embedding=True), np.arange(14), np.arange(14, 20)
    assert given.embedding is not None
    other = replace(given, embedding=given.embedding + 1)
    changed = [
        (given, learn, stop, HOW), (other, learn, stop, HOW), (replace(given, embedding=None), learn, stop, HOW),
        (replace(given, teacher=given.teacher + 1), learn, stop, HOW), (given, learn[1:], stop, HOW),
        (replace(given, labelled=1 - given.labelled), learn, stop, HOW), (given, learn, stop, replace(HOW, seed=1)),
        (replace(given, truth=1 - given.truth), learn, stop, HOW), (given, learn, stop[1:], HOW),
        (replace(given, pictures=given.pictures + 1), learn, stop, HOW),
    ]  # fmt: skip
    assert len({_checkpoint_key(*c) for c in changed}) == len(changed)
    assert _checkpoint_key(given, learn, stop, replace(HOW, device="cuda")) == _checkpoint_key(given, learn, stop, HOW)
    unused = replace(HOW, embedding=0.0)  # what nothing is learned from changes nothing
    assert _checkpoint_key(given, learn, stop, unused) == _checkpoint_key(other, learn, stop, unused)


def test_a_mixture_with_an_unlabelled_chunk_has_no_labels() -> None:
    targets = torch.tensor([[0.5, 1.0, 0.6, 0.6], [0.5, 1.0, 1.0, 0.6]])  # one class: soft, truth, sure, weight
    clip = torch.tensor([[2.0], [1.0]])
    how = replace(HOW, labels=1.0)
    wanted = 0.7 * distillation(clip, targets[:, :1], 2.0) + 0.3 * np.log1p(np.exp(-1))  # the second alone, by 0.6 of 2
    assert _loss((clip, clip, clip), targets, 1, how).item() == pytest.approx(wanted.item(), rel=1e-6)


@pytest.mark.parametrize("how", [HOW, replace(HOW, loss="listwise", temperature=0.1), replace(HOW, loss="pairwise")])
def test_a_class_without_a_teacher_is_in_no_loss_of_the_teacher(how: Distil) -> None:
    given = replace(rows(), covered=np.array([True, False]), labelled=np.zeros(20, np.float32))
    clip = torch.randn(20, 2, requires_grad=True)
    _loss((clip, clip, clip), _targets(given, how), 2, how, torch.from_numpy(given.taught)).backward()
    assert clip.grad is not None
    assert clip.grad[:, 0].abs().min() > 0
    assert (clip.grad[:, 1] == 0).all()


def test_a_student_stops_by_what_its_teacher_covers() -> None:
    given = replace(rows(), covered=np.array([True, False]), labelled=np.zeros(20, np.float32))
    found = given.teacher.copy()
    found[:, 1] += 5
    assert _stop_score(found, given, np.arange(20), HOW) == pytest.approx(0)
    assert _checkpoint_key(given, [0], [1], HOW) != _checkpoint_key(replace(given, covered=None), [0], [1], HOW)
