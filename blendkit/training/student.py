"""Distil a teacher's scores into a small network that hears the sound itself."""

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
from blendkit.training.cnn import Student, Whole
from blendkit.training.loop import Data, Progress, train
from blendkit.training.losses import bce, cosine, distillation
from blendkit.training.settings import Distil


@dataclass(frozen=True, eq=False)
class StudentRows:
    """Rows to learn from: pictures (N, mels, frames) raw log-mel, teacher logits (N, C), what labels say of them.

    truth (N, C) in [0, 1] and labelled (N,); embedding (N, D) or None.
    """

    pictures: NDArray[np.float16]
    teacher: Float32
    truth: Float32
    labelled: Bools
    embedding: Float32 | None = None


class _Pictures:
    """Rows of a memory-mapped array as standardised float32 tensors, read when they are asked for."""

    def __init__(self, pictures: NDArray[np.float16], whole: Whole) -> None:
        self.pictures, self.whole = pictures, whole

    def __getitem__(self, rows: Tensor) -> Tensor:
        found = torch.from_numpy(self.pictures[rows.cpu().numpy()].astype(np.float32))
        return self.whole.front.standard(found)


def fit_student(
    lessons: StudentRows, learn: Sequence[int], stop: Sequence[int], how: Distil, checkpoint: Path, emit: Emit = silent
) -> tuple[Whole, Progress]:
    """Train on the rows `learn`, stop by the rows `stop`; return the whole network and its history.

    It stops by macro-AUC where the stopping rows have labels to score by, else by its nearness to the teacher.
    """
    classes = lessons.teacher.shape[1]
    width = 0 if lessons.embedding is None or not how.embedding else lessons.embedding.shape[1]
    rows, held = np.asarray(learn, np.int64), np.asarray(stop, np.int64)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(how.seed)
        whole = Whole(how.picture, Student(classes, how.width, width))
    whole.front.fit(torch.from_numpy(lessons.pictures[rows[:2000]].astype(np.float32)))
    pictures = _Pictures(lessons.pictures, whole)

    def judge(shown: torch.nn.Module) -> float:
        found = student_logits(shown, lessons.pictures[held], whole, how.device)
        return _nearness(found, lessons, held)

    emit("training", {"name": "student", "rows": len(rows), "epochs": how.schedule.epochs})
    state = train(
        whole.student.to(how.device),
        Data([pictures], _targets(lessons, how)),
        lambda rng: _epoch_rows(rows, how.schedule.batch, rng),
        how.schedule,
        how.seed,
        judge=judge,
        loss=lambda found, targets: _loss(found, targets, classes, how),
        checkpoint=checkpoint.with_name(f"{checkpoint.name}-{_key(lessons, rows, held, how)}.pt"),
        heard=lambda e, loss, score: emit("epoch", {"name": "student", "epoch": e, "loss": loss, "score": score}),
        device=how.device,
    )
    whole.student.load_state_dict(state.best)
    return whole.cpu().eval(), state


def student_logits(
    student: torch.nn.Module, pictures: NDArray[np.float16], whole: Whole, device: str = "cpu"
) -> Float32:
    """Return clip logits (N, C) of raw pictures (N, mels, frames)."""
    student.eval()
    found = []
    with torch.no_grad():
        for i in range(0, len(pictures), 64):
            x = whole.front.standard(torch.from_numpy(pictures[i : i + 64].astype(np.float32)))
            found.append(student(x.to(device))[0].cpu())
    return np.asarray(torch.cat(found).numpy())


def _epoch_rows(rows: Int64, batch: int, rng: np.random.Generator) -> Int64:
    """Every row once; few rows several times, so that an epoch has sixteen batches at least."""
    turns = max(1, -(-16 * batch // len(rows)))
    return np.concatenate([rng.permutation(rows) for _ in range(turns)])


def _targets(lessons: StudentRows, how: Distil) -> Tensor:
    """The teacher's probabilities at its temperature, the truth, whether there is one, the embedding: side by side.

    All of these may be mixed linearly; logits may not.
    """
    soft = sigmoid(lessons.teacher / how.temperature).astype(np.float32)
    parts = [soft, lessons.truth, lessons.labelled[:, None].astype(np.float32)]
    if lessons.embedding is not None and how.embedding:
        parts.append(lessons.embedding)
    return torch.from_numpy(np.concatenate(parts, axis=1))


def _loss(found: tuple[Tensor, Tensor, Tensor], targets: Tensor, classes: int, how: Distil) -> Tensor:
    clip, _, embedded = found
    soft, truth, labelled = targets[:, :classes], targets[:, classes : 2 * classes], targets[:, 2 * classes] == 1
    loss = distillation(clip, soft, how.temperature)
    if how.labels and bool(labelled.any()):
        share = how.labels * labelled.float().mean()
        loss = (1 - share) * loss + share * bce(clip[labelled], truth[labelled])
    if targets.shape[1] > 2 * classes + 1:
        loss = loss + how.embedding * cosine(embedded, targets[:, 2 * classes + 1 :])
    return loss


def _nearness(found: Float32, lessons: StudentRows, held: Int64) -> float:
    own = lessons.labelled[held]
    score = macro_auc(lessons.truth[held][own] > 0.5, found[own]).macro if own.any() else float("nan")
    if np.isfinite(score):
        return score
    return -float(np.mean((sigmoid(found) - sigmoid(lessons.teacher[held])) ** 2))


def _key(lessons: StudentRows, rows: Any, held: Any, how: Distil) -> str:
    about = {**asdict(how), "device": ""}
    digest = hashlib.sha256(canonical_json([about, torch.__version__]).encode())
    embedding = [lessons.embedding] if lessons.embedding is not None and how.embedding else []
    for array in (lessons.pictures, lessons.teacher, lessons.truth, lessons.labelled, rows, held, *embedding):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:12]
