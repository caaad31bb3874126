"""The whole of `pseudolabel gate`: a stream on unlabelled recordings, its gates, and what its teacher learned from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Contents, Int64, NameRule, Saw, Scores, chunk_rows
from blendkit.engine import look_beforehand, open_data, run
from blendkit.errors import BlendkitError, shorten
from blendkit.events import Emit, silent
from blendkit.io import is_source, read_provenance
from blendkit.recipe import Recipe, only_streams, open_recipe
from blendkit.training.jobs.gate_checks import (
    CheckedGate,
    checked_gate,
    probabilities_of,
    refuse_contradictions,
    refuse_ranks,
)
from blendkit.training.jobs.gate_inflation import gate_inflation
from blendkit.training.jobs.label_requests import PseudoLabelRequest, TeacherSource
from blendkit.training.jobs.pseudo_labels import Gates, gate, refuse_all_seen, without_seen, write_pseudo
from blendkit.training.jobs.teacher_saw import read_teacher, with_labels


@dataclass(frozen=True)
class TeacherScores:
    """A stream's probabilities or ranks, the other streams that must agree, what was learned from, and contents."""

    scores: Scores
    others: dict[str, Scores]
    saw: Saw
    contents: Contents


@dataclass(frozen=True, eq=False)
class TeacherRun:
    """A recipe that is to be run: cut down to the teacher's streams, its data, and the folder of the run."""

    recipe: Recipe
    stream: str
    others: tuple[str, ...]
    data: tuple[Path, ...]
    out: Path


def pseudo_label(request: PseudoLabelRequest, emit: Emit = silent) -> dict[str, Any]:
    """Label unlabelled recordings by gates and write the labels; return what pseudo.json says.

    All that can be known from the request and its files is checked before anything is scored. Raises BlendkitError for
    gates that cannot be made, and for recordings that the teacher learned from.
    """
    refuse_contradictions(request)
    chosen, from_file = request.gates, is_source(request.teacher.source)
    checked = checked_gate(request, None if from_file else _taxonomy(request, emit))
    runs = {} if from_file else _checked_runs(request, checked, emit)
    teacher = _from_file(request.teacher) if from_file else _from_recipe(request, runs["unlabelled"], emit)
    scores, seen = without_seen(teacher.scores, teacher.saw, teacher.contents, request.allow_seen)
    refuse_ranks(request, scores.space)
    of = checked.thresholds
    thresholds = None if of is None else np.array([of.get(c, np.inf) for c in scores.classes])
    gates = Gates(chosen.rules, thresholds, checked.ranks)
    cells = gate(scores, gates, teacher.others)
    facts = {
        "source": request.teacher.source,
        "stream": request.teacher.stream,
        "space": scores.space,
        "precision": chosen.precision,
        **teacher.saw.to_json(),
        "skipped_seen": seen,
        "notes": [note for claim in checked.claims for note in claim.notes(teacher.saw)],
        "inflation": _inflation(request, checked, runs.get("seen"), emit),
    }
    return write_pseudo(request.out, scores, cells, gates, _labelled_chunks(checked, scores), facts)


def _from_file(teacher: TeacherSource) -> TeacherScores:
    known = read_provenance(teacher.source)
    scores = read_teacher(teacher.source, teacher.space, known)
    return TeacherScores(probabilities_of(scores), {}, with_labels(known.saw, teacher.saw), known.contents)


def _taxonomy(request: PseudoLabelRequest, emit: Emit) -> Path | None:
    file = open_data(open_recipe(request.teacher.source), request.teacher.data, emit=emit).find("taxonomy.csv")
    return file if file.is_file() else None


def _checked_runs(request: PseudoLabelRequest, checked: CheckedGate, emit: Emit) -> dict[str, TeacherRun]:
    """Return the run on unlabelled recordings and, for the inflation, that on labelled ones; both can be made.

    Raises BlendkitError where a run cannot be made, where the teacher learned from every recording that it is to
    label, and where no labelled recording has an out-of-fold score.
    """
    runs = {"unlabelled": _run_on(request, request.teacher.audio, tuple(checked.ranks), emit)}
    found = look_beforehand(runs["unlabelled"].recipe, runs["unlabelled"].data, runs["unlabelled"].out, request.runtime)
    refuse_ranks(request, found.space)
    saw = with_labels(found.saw, request.teacher.saw)
    surely = [] if request.allow_seen else saw.surely_among(found.recordings)
    refuse_all_seen(surely, len(found.recordings))
    if request.check.seen_audio is not None and checked.oof:
        runs["seen"] = _run_on(request, request.check.seen_audio, (), emit)
        again = look_beforehand(runs["seen"].recipe, runs["seen"].data, runs["seen"].out, request.runtime)
        if not set(again.recordings) & set(checked.oof[0].scores.rows.recordings()):
            raise BlendkitError(
                f"--seen-audio {request.check.seen_audio}: none of its recordings has an out-of-fold score",
                [f"{request.check.oof[0]}: {shorten(checked.oof[0].scores.rows.recordings())}",
                 f"{request.check.seen_audio}: {shorten(again.recordings)}"],
            )  # fmt: skip
    return runs


def _run_on(request: PseudoLabelRequest, audio: str, others: tuple[str, ...], emit: Emit) -> TeacherRun:
    teacher = request.teacher
    found = open_recipe(teacher.source, [*teacher.overrides, f"audio={json.dumps([audio])}"])
    name = teacher.stream or found.recipe.model.output
    cut = only_streams(found.recipe, name, list(others))
    data = open_data(found, teacher.data, emit=emit).roots
    return TeacherRun(cut, name, others, data, request.out / f"run-{Path(audio).name}")


def _from_recipe(request: PseudoLabelRequest, asked: TeacherRun, emit: Emit) -> TeacherScores:
    result = run(asked.recipe, asked.data, asked.out, runtime=request.runtime, emit=emit)
    made = {n: probabilities_of(s) for n, s in result.made.items()}
    known = read_provenance(asked.out)
    saw = with_labels(known.saw, request.teacher.saw)
    return TeacherScores(made[asked.stream], {n: made[n] for n in asked.others}, saw, known.contents)


def _labelled_chunks(checked: CheckedGate, scores: Scores, chunk_s: float = 5.0) -> Int64:
    """In how many labelled chunks each class (C,) is present so far."""
    table = checked.labels
    if table is None:
        return np.zeros(len(scores.classes), np.int64)
    rows = chunk_rows(table.chunk_counts(chunk_s), chunk_s, NameRule())
    truth, labelled = table.matrix(rows, scores.classes, table.classes)
    return np.asarray(truth[labelled].sum(axis=0), np.int64)


def _inflation(
    request: PseudoLabelRequest, checked: CheckedGate, labelled_run: TeacherRun | None, emit: Emit
) -> dict[str, Any] | None:
    """What the teacher scores on recordings it saw, against its out-of-fold scores of the same rows in every split."""
    if labelled_run is None or not checked.oof:
        return None
    return gate_inflation(_from_recipe(request, labelled_run, emit).scores, checked.oof)
