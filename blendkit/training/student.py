"""Distil a teacher's scores into a small network that works on audio directly."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from blendkit.core import Bools, Float32, Int64, canonical_json, sigmoid
from blendkit.events import Emit, silent
from blendkit.metrics import macro_auc
from blendkit.training.cnn import Student, WaveStudent
from blendkit.training.loop import Data, Progress, train
from blendkit.training.losses import cosine, distillation, listwise, pairwise, weighted_bce
from blendkit.training.rank_teacher import orders_only, rank_agreement
from blendkit.training.settings import Distil
from blendkit.training.wave_augment import WaveRows


@dataclass(frozen=True, eq=False)
class StudentRows:
    """Training examples of a student.

    pictures (N, mels, frames): raw log-mel, or made of waves; teacher (N, C): its logits, or the shares of its
    ranks, as `taught` gives them; truth (N, C) in [0, 1], counted with the
    weight labelled (N,) in [0, 1], 0 where there are no labels; embedding (N, D): the teacher's, or None. covered (C,):
    the classes of which the teacher's columns count; None: all.
    """

    pictures: NDArray[np.float16] | WaveRows
    teacher: Float32
    truth: Float32
    labelled: Float32
    embedding: Float32 | None = None
    covered: Bools | None = None

    @property
    def taught(self) -> Int64:
        """The columns that the teacher covers."""
        return np.arange(self.teacher.shape[1]) if self.covered is None else np.flatnonzero(self.covered)


class _PictureRows:
    """Raw pictures as standardised float32 tensors, made for the rows of a batch only."""

    def __init__(self, pictures: NDArray[np.float16] | WaveRows, network: WaveStudent) -> None:
        self.pictures, self.network = pictures, network

    def __getitem__(self, rows: Tensor) -> Tensor:
        at = rows.cpu().numpy()
        if isinstance(self.pictures, WaveRows):
            return self.network.front.standard(self.pictures.changed(at))
        return self.network.front.standard(torch.from_numpy(self.pictures[at].astype(np.float32)))


def fit_student(
    examples: StudentRows, learn: Sequence[int], stop: Sequence[int], how: Distil, checkpoint: Path, emit: Emit = silent
) -> tuple[WaveStudent, Progress]:
    """Train on the rows `learn`, stop by the rows `stop`; return the network, front end included, and its history.

    how: as `settled` gives it. It stops by macro-AUC where the rows to stop by have enough labels for one, else by the
    squared difference from the teacher's probabilities, or by the correlation with its ranks.
    """
    classes = examples.teacher.shape[1]
    width = 0 if examples.embedding is None or not how.embedding else examples.embedding.shape[1]
    rows, held = np.asarray(learn, np.int64), np.asarray(stop, np.int64)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(how.seed)
        network = WaveStudent(how.picture, Student(classes, how.width, width, how.size))
    network.front.fit(torch.from_numpy(examples.pictures[rows[:2000]].astype(np.float32)))
    taught = torch.from_numpy(examples.taught)
    pictures, shown = _PictureRows(examples.pictures, network), examples.pictures[held]

    def judge(scored: torch.nn.Module) -> float:
        found = student_logits(scored, shown, network, how.device)
        return _stop_score(found, examples, held, how)

    emit("training", {"name": "student", "rows": len(rows), "epochs": how.schedule.epochs})
    state = train(
        network.student.to(how.device),
        Data([pictures], _targets(examples, how)),
        lambda rng: _epoch_rows(rows, how.schedule.batch, rng),
        how.schedule,
        how.seed,
        judge=judge,
        loss=lambda found, targets: _loss(found, targets, classes, how, taught.to(targets.device)),
        checkpoint=checkpoint.with_name(f"{checkpoint.name}-{_checkpoint_key(examples, rows, held, how)}.pt"),
        on_epoch=lambda e, loss, score: emit("epoch", {"name": "student", "epoch": e, "loss": loss, "score": score}),
        device=how.device,
    )
    network.student.load_state_dict(state.best)
    return network.cpu().eval(), state


def student_logits(
    student: torch.nn.Module, pictures: NDArray[np.float16], network: WaveStudent, device: str = "cpu"
) -> Float32:
    """Return clip logits (N, C) of raw pictures (N, mels, frames)."""
    student.eval()
    found = []
    with torch.no_grad():
        for i in range(0, len(pictures), 64):
            x = network.front.standard(torch.from_numpy(pictures[i : i + 64].astype(np.float32)))
            found.append(student(x.to(device))[0].cpu())
    return np.asarray(torch.cat(found).numpy())


def _epoch_rows(rows: Int64, batch: int, rng: np.random.Generator) -> Int64:
    """Return every row once, or several times where rows are few, so that an epoch has sixteen batches at least."""
    repeats = max(1, -(-16 * batch // len(rows)))
    return np.concatenate([rng.permutation(rows) for _ in range(repeats)])


def _targets(examples: StudentRows, how: Distil) -> Tensor:
    """Return, side by side, what the teacher says, the truth, whether and how much it counts, and the embedding.

    The teacher says its softened probabilities, or the shares of its ranks.

    Mixup may mix all of these linearly, which logits do not allow.
    """
    soft = examples.teacher
    if how.loss == "bce" and how.temperature:
        soft = sigmoid(examples.teacher / how.temperature).astype(np.float32)
    weight = examples.labelled[:, None].astype(np.float32)
    parts = [soft, examples.truth, (weight > 0).astype(np.float32), weight]
    if examples.embedding is not None and how.embedding:
        parts.append(examples.embedding)
    return torch.from_numpy(np.concatenate(parts, axis=1))


def _loss(
    found: tuple[Tensor, Tensor, Tensor], targets: Tensor, classes: int, how: Distil, taught: Tensor | None = None
) -> Tensor:
    """The loss of a batch. taught: the columns that the teacher covers; None: all."""
    clip, _, embedded = found
    soft, truth, (sure, weight) = (
        targets[:, :classes],
        targets[:, classes : 2 * classes],
        targets[:, 2 * classes :].T[:2],
    )
    loss = _teacher_loss(clip, soft, how) if taught is None else _teacher_loss(clip[:, taught], soft[:, taught], how)
    labelled = sure == 1  # a mixture counts where all of it is labelled
    if how.labels and bool(labelled.any()):
        share = how.labels * (weight * labelled).mean()
        loss = (1 - share) * loss + share * weighted_bce(clip[labelled], truth[labelled], weight[labelled])
    if targets.shape[1] > 2 * classes + 2:
        loss = loss + how.embedding * cosine(embedded, targets[:, 2 * classes + 2 :])
    return loss


def _teacher_loss(clip: Tensor, wanted: Tensor, how: Distil) -> Tensor:
    if how.loss == "pairwise":
        return pairwise(clip, wanted)
    assert how.temperature is not None
    return (listwise if how.loss == "listwise" else distillation)(clip, wanted, how.temperature)


def _stop_score(found: Float32, examples: StudentRows, held: Int64, how: Distil) -> float:
    """Return the macro-AUC on labelled rows; without one, how near the student is to its teacher."""
    sure = examples.labelled[held] > 0
    score = macro_auc(examples.truth[held][sure] > 0.5, found[sure]).macro if sure.any() else float("nan")
    if np.isfinite(score):
        return score
    own, theirs = found[:, examples.taught], examples.teacher[held][:, examples.taught]
    if orders_only(how):
        agreement = rank_agreement(own, theirs)
        return agreement if np.isfinite(agreement) else 0.0
    return -float(np.mean((sigmoid(own) - sigmoid(theirs)) ** 2))


def _checkpoint_key(examples: StudentRows, rows: Any, held: Any, how: Distil) -> str:
    """Return a hash of all that a checkpoint depends on: the settings, and every number it learns from or stops by."""
    about = {**asdict(how), "device": ""}
    digest = hashlib.sha256(canonical_json([about, torch.__version__]).encode())
    embedding = [examples.embedding] if examples.embedding is not None and how.embedding else []
    pictures = examples.pictures
    if isinstance(pictures, WaveRows):
        digest.update("".join(w.digest for w in (pictures.waves, pictures.background) if w is not None).encode())
        pictures = np.concatenate([w.used for w in (pictures.waves, pictures.background) if w is not None])
    given = (pictures, examples.teacher, examples.taught, examples.truth, examples.labelled, rows, held, *embedding)
    for array in given:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:12]
