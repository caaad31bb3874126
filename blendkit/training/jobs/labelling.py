"""The whole of `pseudolabel gate`: a stream on unlabelled recordings, its gates, and what its teacher learned from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from blendkit.core import Contents, Float64, Int64, NameRule, Saw, Scores, Space, chunk_rows, sigmoid
from blendkit.engine import data_folder, run
from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.io import Truth, check_space, is_source, read_labels, read_provenance, read_scores, truth_for
from blendkit.metrics import paired_bootstrap
from blendkit.recipe import only_streams, open_recipe
from blendkit.scoring import CPU_ONLY, Runtime
from blendkit.training.jobs.pseudo_labels import (
    Gates,
    gate,
    thresholds_by_precision,
    without_seen,
    write_pseudo,
)
from blendkit.training.jobs.teacher_saw import read_teacher, with_labels
from blendkit.training.settings import require_finite


@dataclass(frozen=True)
class TeacherSource:
    """Whose scores become labels: a recipe (run on `audio`, a folder below `data`) or a score file.

    stream: of the recipe, default its output; overrides: of the recipe; space: what a score file's values are; saw: a
    label file of what the teacher also learned from.
    """

    source: str
    data: Path | None = None
    audio: str = "unlabelled_soundscapes"
    stream: str | None = None
    space: Space | None = None
    saw: Path | None = None
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class GateChoice:
    """Which cells count as labels; all that are given must hold.

    least: the probability a label needs; precision: per class, its threshold on out-of-fold scores; percentile: of a
    class's own scores; top: the highest chunks of a class in a recording; agree: `STREAM=RANK`, another stream's
    percentile rank must reach it; soft: targets are probabilities to the power `power`, not 1.
    """

    least: float | None = None
    precision: float | None = None
    percentile: float | None = None
    top: int | None = None
    agree: tuple[str, ...] = ()
    soft: bool = False
    power: float = 1.0

    def __post_init__(self) -> None:
        """Refuse nan and infinity."""
        require_finite(self)


@dataclass(frozen=True)
class TeacherCheck:
    """What a teacher is measured on: its out-of-fold scores and their labels, for `precision` and the inflation.

    seen_audio: a folder of the labelled recordings below the recipe's data, which the teacher scores as it is.
    """

    oof: str | None = None
    oof_space: Literal["logit", "prob"] = "logit"
    labels: Path | None = None
    seen_audio: str | None = None


@dataclass(frozen=True)
class PseudoLabelRequest:
    """Pseudo-labels to make. allow_seen: also of recordings that the teacher learned from."""

    out: Path
    teacher: TeacherSource
    gates: GateChoice = GateChoice()
    check: TeacherCheck = TeacherCheck()
    allow_seen: bool = False
    runtime: Runtime = CPU_ONLY


@dataclass(frozen=True)
class TeacherScores:
    """A stream's probabilities or ranks, the other streams that must agree, what was learned from, and contents."""

    scores: Scores
    others: dict[str, Scores]
    saw: Saw
    contents: Contents


def pseudo_label(request: PseudoLabelRequest, emit: Emit = silent) -> dict[str, Any]:
    """Label unlabelled recordings by gates and write the labels; return what pseudo.json says.

    Raises BlendkitError for gates that cannot be made, and for recordings that the teacher learned from.
    """
    _check(request)
    chosen, ranks = request.gates, dict(_agreeing(a) for a in request.gates.agree)
    teacher = (
        _from_file(request.teacher)
        if is_source(request.teacher.source)
        else _from_recipe(request, request.teacher.audio, ranks, emit)
    )
    scores, seen = without_seen(teacher.scores, teacher.saw, teacher.contents, request.allow_seen)
    thresholds = _thresholds(request, scores)
    gates = Gates(chosen.least, thresholds, chosen.percentile, chosen.top, ranks, chosen.soft, chosen.power)
    cells = gate(scores, gates, teacher.others)
    facts = {
        "source": request.teacher.source,
        "stream": request.teacher.stream,
        "space": scores.space,
        "precision": chosen.precision,
        **teacher.saw.to_json(),
        "skipped_seen": seen,
        "inflation": _inflation(request, emit),
    }
    return write_pseudo(request.out, scores, cells, gates, _labelled_chunks(request, scores), facts)


def _check(request: PseudoLabelRequest) -> None:
    problems = []
    given = request.gates
    if (given.least, given.precision, given.percentile, given.top) == (None, None, None, None):
        problems.append("no gate: everything would be a label; give --least, --precision, --percentile or --top")
    if (request.gates.precision is None) != (request.check.oof is None) and request.check.seen_audio is None:
        problems.append("--precision needs --oof, the teacher's out-of-fold scores, and the other way round")
    if request.check.oof is not None and request.check.labels is None:
        problems.append("--oof needs --labels")
    if request.check.seen_audio is not None and request.check.oof is None:
        problems.append("--seen-audio is compared with --oof")
    if is_source(request.teacher.source) and (
        request.gates.agree or request.check.seen_audio or request.teacher.stream
    ):
        problems.append("a score file has no --stream, --agree or --seen-audio: those are a recipe's")
    if problems:
        raise BlendkitError("these gates cannot be made", problems)


def _agreeing(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise BlendkitError(
            f"--agree {text}: expected STREAM=RANK with a percentile rank between 0 and 1, as in birdnet=0.9"
        )
    return name, found


def _from_file(teacher: TeacherSource) -> TeacherScores:
    known = read_provenance(teacher.source)
    scores = read_teacher(teacher.source, teacher.space, known)
    return TeacherScores(_as_probabilities(scores), {}, with_labels(known.saw, teacher.saw), known.contents)


def _from_recipe(request: PseudoLabelRequest, audio: str, others: Mapping[str, float], emit: Emit) -> TeacherScores:
    teacher = request.teacher
    found = open_recipe(teacher.source, [*teacher.overrides, f"audio={json.dumps([audio])}"])
    name = teacher.stream or found.recipe.model.output
    cut = only_streams(found.recipe, name, list(others))
    folder = request.out / f"run-{Path(audio).name}"
    result = run(cut, data_folder(found, teacher.data, emit), folder, runtime=request.runtime, emit=emit)
    made = {n: _as_probabilities(s) for n, s in result.made.items()}
    known = read_provenance(folder)
    return TeacherScores(made[name], {n: made[n] for n in others}, with_labels(known.saw, teacher.saw), known.contents)


def _as_probabilities(scores: Scores) -> Scores:
    """Logits as probabilities; probabilities and ranks as they are."""
    return scores.with_values(sigmoid(scores.values), "prob") if scores.space == "logit" else scores


def _out_of_fold(request: PseudoLabelRequest) -> tuple[Scores, Truth]:
    check = request.check
    if check.oof is None or check.labels is None:
        raise BlendkitError("--oof and --labels belong together")
    scores, taxonomy = read_scores(check.oof, check.oof_space), None
    check_space(scores.values, check.oof_space, f"--oof {check.oof}")
    if not is_source(request.teacher.source):
        file = data_folder(open_recipe(request.teacher.source), request.teacher.data) / "taxonomy.csv"
        taxonomy = file if file.is_file() else None
    return _as_probabilities(scores), truth_for(check.labels, scores.rows, scores.classes, taxonomy, check.oof)


def _thresholds(request: PseudoLabelRequest, scores: Scores) -> Float64 | None:
    if request.gates.precision is None:
        return None
    if scores.space == "rank":
        raise BlendkitError(
            "--precision: thresholds of ranks mean nothing on other recordings",
            ["use a stream of logits or probabilities, or --percentile and --top"],
        )
    oof, truth = _out_of_fold(request)
    return thresholds_by_precision(scores, oof, truth.values, truth.labelled, request.gates.precision)


def _labelled_chunks(request: PseudoLabelRequest, scores: Scores, chunk_s: float = 5.0) -> Int64:
    """In how many labelled chunks each class (C,) is present so far."""
    if request.check.labels is None:
        return np.zeros(len(scores.classes), np.int64)
    table = read_labels(request.check.labels)
    rows = chunk_rows(table.chunk_counts(chunk_s), chunk_s, NameRule())
    truth, labelled = table.matrix(rows, scores.classes, table.classes)
    return np.asarray(truth[labelled].sum(axis=0), np.int64)


def _inflation(request: PseudoLabelRequest, emit: Emit) -> dict[str, Any] | None:
    """What the teacher scores on recordings it saw, against its out-of-fold scores of the same rows."""
    if request.check.seen_audio is None:
        return None
    seen = _from_recipe(request, request.check.seen_audio, {}, emit)
    oof, known = _out_of_fold(request)
    shared = np.flatnonzero(np.isin(oof.rows.recording, seen.scores.rows.recordings()))
    oof, truth, labelled = oof.take_rows(shared), known.values[shared], known.labelled[shared]
    own = seen.scores.align(
        oof.rows, oof.classes, unknown_classes="ignore", source="the teacher on labelled recordings"
    )
    both = {"seen": own.values, "unseen": oof.values}
    boot = paired_bootstrap(truth, both, oof.rows.recording.tolist(), mask=np.tile(labelled[:, None], truth.shape[1]))
    gain = boot.difference("seen", "unseen")
    return {**{n: boot.estimate[n] for n in both}, "gain": [gain.estimate, gain.low, gain.high]}
