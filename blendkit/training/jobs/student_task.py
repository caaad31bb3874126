"""A student as a user asks for it: files and settings in, a checked task out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from blendkit.audio import Recording, find_audio
from blendkit.core import Scores, Space, Taxonomy, logit
from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.io import read_provenance, read_taxonomy
from blendkit.member import BELOW_FLOAT32
from blendkit.store import FeatureStore, require_features
from blendkit.training.jobs.distillation import Task, distil
from blendkit.training.jobs.teacher_chunks import chunk_length, require_chunks
from blendkit.training.jobs.teacher_saw import read_teacher, with_labels
from blendkit.training.jobs.training_examples import labels_of_people
from blendkit.training.rank_teacher import settled
from blendkit.training.settings import MIX_DB, Distil
from blendkit.training.spectrogram import check_picture

_NOT_PSEUDO = "leave out --labels: a student learns what its teacher says from the teacher's own scores"


@dataclass(frozen=True)
class StudentRequest:
    """A student to train on recordings.

    teacher: its scores of them (a store, `FILE.npz:ARRAY`, a CSV, or a run's folder), of ranks only the order is
    learned; space: what the scores are (a store holds logits); saw: a label file of recordings that the teacher also
    learned from; labels: of some of the recordings; taxonomy: further classes that labels may name; embedding: a store
    of the teacher's embeddings; embedding_name: which feature of it; chunk_s: the seconds of a
    chunk (default: as the teacher's store or run states it, else 5); background: recordings to mix into it.
    """

    audio: tuple[Path, ...]
    teacher: str
    out: Path
    space: Space | None = None
    saw: Path | None = None
    labels: Path | None = None
    taxonomy: Path | None = None
    embedding: Path | None = None
    embedding_name: str = "embedding"
    chunk_s: float | None = None
    background: Path | None = None
    how: Distil = Distil()


def fit_student_of(request: StudentRequest, emit: Emit = silent) -> dict[str, Any]:
    """Train, judge and write a student; return what student.json says. Raises BlendkitError for what cannot be read."""
    return distil(task_of(request), emit)


def task_of(request: StudentRequest) -> Task:
    """Return the task. Raises BlendkitError for what cannot be read, scores whose space is not given, and
    chunks and settings that do not fit."""
    facts = read_provenance(request.teacher)
    chunk_s = chunk_length(request.teacher, request.chunk_s)
    check_picture(request.how.picture, chunk_s)
    scores = _logits(read_teacher(request.teacher, request.space, facts, chunk_s))
    require_chunks(scores.rows, chunk_s, f"--teacher {request.teacher}")
    how = _with_level(settled(request.how, ranks=scores.space == "rank"), request.background)
    known = (read_taxonomy(request.taxonomy) if request.taxonomy is not None else Taxonomy({})).classes
    store = FeatureStore.open(request.embedding) if request.embedding is not None else None
    if store is not None:
        require_features(str(request.embedding), [request.embedding_name], store.shapes)
    labels = None if request.labels is None else labels_of_people(request.labels, _NOT_PSEUDO)
    recordings = [r for r in find_audio(request.audio).recordings if not r.problem]
    return Task(
        out=request.out,
        recordings=recordings,
        teacher=scores,
        saw=with_labels(facts.saw, request.saw),
        labels=labels,
        known=tuple(known),
        embedding=None if store is None else (store, request.embedding_name),
        how=replace(how, device=_device(how.device)),
        chunk_s=chunk_s,
        background=_background(request),
        oof=facts.kind_on(r.id for r in recordings) == "oof" and request.saw is None,  # --saw names more than the folds
    )


def _background(request: StudentRequest) -> tuple[Recording, ...]:
    if request.background is None:
        if request.how.waves.mix_db is not None:
            raise BlendkitError("--mix-db: nothing to mix in", ["name a folder of recordings with --background"])
        return ()
    found = tuple(r for r in find_audio([request.background]).recordings if not r.problem)
    if not found:
        raise BlendkitError(f"--background {request.background}: no recording that can be read")
    return found


def _device(wanted: str) -> str:
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted != "cpu" and not (wanted.startswith("cuda") and torch.cuda.is_available()):
        raise BlendkitError(f"--device {wanted}: torch {torch.__version__} has no such device", ["use cpu or auto"])
    return wanted


def _with_level(how: Distil, background: Path | None) -> Distil:
    if background is None or how.waves.mix_db is not None:
        return how
    return replace(how, waves=replace(how.waves, mix_db=MIX_DB))


def _logits(scores: Scores) -> Scores:
    """A teacher's logits; its ranks where it has no others."""
    if scores.space == "prob":
        return scores.with_values(logit(scores.values, floor=BELOW_FLOAT32), "logit")
    return scores
