"""The whole of `fit student`: recordings and a teacher's scores in, an ONNX network with front end and a card out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from blendkit._version import __version__
from blendkit.audio import Grid, Recording, samples_at
from blendkit.core import (
    Contents,
    Int64,
    LabelTable,
    NameRule,
    Rows,
    Saw,
    Scores,
    compare_names,
    compare_rows,
    copies,
    fold_of,
)
from blendkit.errors import BlendkitError, shorten
from blendkit.events import Emit, silent
from blendkit.store import FeatureStore, write_json, write_text, written_together
from blendkit.training.cnn import WaveStudent
from blendkit.training.export import exported, write_onnx
from blendkit.training.jobs.chunk_pictures import DecodedChunks, chunk_pictures
from blendkit.training.jobs.chunk_waves import WaveSource, chunk_waves, wave_source
from blendkit.training.jobs.student_classes import learnable_classes
from blendkit.training.jobs.student_figures import student_figures
from blendkit.training.jobs.teacher_chunks import require_chunks
from blendkit.training.model_cards import student_card
from blendkit.training.rank_teacher import orders_only, taught
from blendkit.training.settings import Distil, Picture, WaveChanges
from blendkit.training.student import StudentRows, fit_student, student_logits
from blendkit.training.wave_augment import Waves

LEAST_REAL = 0.5  # labels of a chunk that holds less audio than this share, and else silence, do not count
STUDENT = "student.json"
STUDENT_FOLDS = 5  # of recordings: one to stop on, one to judge on, three to learn from


@dataclass(frozen=True, eq=False)
class Task:
    """What a student is made from.

    teacher: its logits or ranks; saw: the recordings that the teacher learned from; known: classes that labels may name
    beside the teacher's; embedding: the feature store of the teacher's embeddings, and the name of the feature; oof:
    whether the teacher's scores are out-of-fold; background: recordings to mix into the chunks to learn from.
    """

    out: Path
    recordings: Sequence[Recording]
    teacher: Scores
    saw: Saw
    labels: LabelTable | None
    known: tuple[str, ...]
    embedding: tuple[FeatureStore, str] | None
    how: Distil
    chunk_s: float = 5.0
    oof: bool = False
    background: Sequence[Recording] = ()


def distil(task: Task, emit: Emit = silent) -> dict[str, Any]:
    """Train, judge and write a student; return what student.json says.

    Whole recordings are dealt into five folds: it learns from three, stops on one and is judged on one. Classes that
    the teacher does not cover are learned from labels alone, or left out. Raises BlendkitError for recordings the
    teacher has no scores of, and for fewer than five recordings that can be read.
    """
    grid = Grid(task.chunk_s, "pad", NameRule())
    _need_folds([r.id for r in task.recordings])
    _need_scores(task)
    heard, waves = _heard(task, grid, emit)
    rows, contents = heard.rows, heard.contents
    teacher = task.teacher.align(rows, task.teacher.classes, source="the teacher")
    examples = _student_rows(task, heard, teacher)
    fold = _folds(rows, contents)
    learn, stop, held = (np.flatnonzero(m) for m in (fold > 1, fold == 1, fold == 0))
    known = learnable_classes(teacher, examples, learn)
    task, examples = replace(task, teacher=known.teacher), known.examples
    source = None
    if waves is not None:
        kept_out = Saw.of(rows.recording[fold <= 1].tolist(), contents)
        folder = task.out / "checkpoints"
        source = wave_source(waves, task.background, kept_out, task.how, grid, folder, emit)
        examples = replace(examples, pictures=source.rows)
    network, state = fit_student(
        examples, learn.tolist(), stop.tolist(), task.how, task.out / "checkpoints" / "student", emit
    )
    found = student_logits(network.student, examples.pictures[held], network)
    saw = Saw.of(rows.recording[fold > 0].tolist(), contents).joined(task.saw, *([source.saw] if source else []))
    figures = student_figures(
        examples, held, found, rows, contents, task.saw, oof=task.oof, order=orders_only(task.how)
    )
    with written_together(task.out, STUDENT) as new:
        made = {
            "classes": list(task.teacher.classes),
            "not_taught": known.facts,
            "parameters": sum(p.numel() for p in network.student.parameters()),
            "recordings": len(rows.recordings()),
            "rows": {"learn": len(learn), "stop": len(stop), "judge": len(held), **_label_counts(examples, heard)},
            "best_epoch": state.best_epoch,
            "history": state.history,
            "held_out": figures,
            "onnx_difference": _write(replace(task, out=new), network, saw),
            "chunk_s": task.chunk_s,
            "background": _background(source) if task.background else None,
            "how": asdict(task.how),
            **saw.to_json(),
        }
        write_json(new / STUDENT, made, sort=False)
        write_text(new / "card.md", "\n".join(student_card(made)) + "\n")
    return made


def _background(source: WaveSource | None) -> dict[str, Any] | None:
    return None if source is None else {"recordings": len(source.saw), "left_out": list(source.left_out)}


def _need_scores(task: Task) -> None:
    known = set(task.teacher.rows.recordings())
    missing = [r.id for r in task.recordings if r.id not in known]
    if missing:
        apart = compare_names(missing, known, "the audio", "the teacher's scores")
        title = f"the teacher has no scores of {len(missing)} recordings"
        raise BlendkitError(title, [shorten(missing), *filter(None, [apart])])


def _heard(task: Task, grid: Grid, emit: Emit) -> tuple[DecodedChunks, Waves | None]:
    """The chunks as pictures, and as waves where these are to be changed."""
    folder, picture = task.out / "checkpoints", task.how.picture
    if task.how.waves == WaveChanges() and not task.background:
        return chunk_pictures(task.recordings, picture, grid, folder, emit), None
    return chunk_waves(task.recordings, picture.rate, grid, folder, emit)


def _folds(rows: Rows, contents: Contents) -> Int64:
    """Deal whole recordings into folds, (N,) by row; copies of one recording lie in one fold."""
    copy = copies(rows.recordings(), contents)
    _need_folds(sorted(set(copy.values())))
    dealt = fold_of(sorted(set(copy.values())), STUDENT_FOLDS)
    return np.array([dealt[copy[r]] for r in rows.recording.tolist()], np.int64)


def _need_folds(recordings: Sequence[str]) -> None:
    if len(recordings) < STUDENT_FOLDS:
        raise BlendkitError(f"{len(recordings)} recordings with audio: a student needs {STUDENT_FOLDS} at least")


def _student_rows(task: Task, heard: DecodedChunks, teacher: Scores) -> StudentRows:
    rows, (n, c) = heard.rows, teacher.values.shape
    truth, labelled = np.zeros((n, c), bool), np.zeros(n, bool)
    if task.labels is not None:
        ids = rows.recordings()
        truth, labelled = task.labels.named_as(ids).only(ids).matrix(rows, teacher.classes, task.known)
    embedding = None
    if task.embedding is not None:
        store, name = task.embedding
        theirs, values = store.read(name, NameRule())
        require_chunks(theirs, task.chunk_s, str(store.manifest.folder))
        at = {i: k for k, i in enumerate(theirs.ids())}
        missing = [i for i in rows.ids() if i not in at]
        if missing:
            apart = compare_rows(rows, theirs, "the audio", "the features")
            title = f"{store.manifest.folder}: no embedding of {len(missing)} chunks"
            raise BlendkitError(title, [shorten(missing), *filter(None, [apart])])
        embedding = values[[at[i] for i in rows.ids()]].reshape(n, -1)
    counted = np.where(labelled & (heard.real >= LEAST_REAL), heard.real, 0).astype(np.float32)
    return StudentRows(heard.values, taught(teacher, task.how), truth.astype(np.float32), counted, embedding)


def _label_counts(examples: StudentRows, heard: DecodedChunks) -> dict[str, int]:
    """How many chunks have labels that count, and how many of these count with less than their full weight."""
    counted = examples.labelled > 0
    return {"labelled": int(counted.sum()), "part_real": int((counted & (heard.real < 1 - 1e-6)).sum())}


def _write(task: Task, network: WaveStudent, saw: Saw) -> float:
    """Write student.onnx (waves in, `clip` and `frame` logits out) with the metadata that a `sed` member reads."""
    picture: Picture = task.how.picture
    drawn = torch.Generator().manual_seed(task.how.seed)  # equal runs state an equal difference
    waves = torch.randn(4, samples_at(task.chunk_s, picture.rate), generator=drawn) * 0.05
    facts = {
        "kind": "student",
        "classes": list(task.teacher.classes),
        "rate": str(picture.rate),
        "window_s": repr(float(task.chunk_s)),
        "picture": asdict(picture),
        **saw.to_json(),
        "learned": "order" if orders_only(task.how) else "probabilities",
        "made_by": f"blendkit {__version__}",
    }
    bare = _without_embedding(network)
    graph = exported(bare, [waves], ["waves"], ["clip", "frame"])
    return write_onnx(graph, bare, [waves], facts, task.out / "student.onnx")


def _without_embedding(network: WaveStudent) -> WaveStudent:
    """Return the network without the layer that only training needs."""
    network.student.embed = None
    return network.eval()
