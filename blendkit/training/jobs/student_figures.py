"""What a student's figures are measured on, and what kind of figures they and its teacher's are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Contents, Float32, Int64, Rows, Saw, ScoreKind, kind_of, sigmoid
from blendkit.metrics import macro_auc
from blendkit.training.fold_means import fold_means
from blendkit.training.rank_teacher import rank_agreement
from blendkit.training.student import StudentRows


def student_figures(
    examples: StudentRows,
    held: Int64,
    found: Float32,
    rows: Rows,
    contents: Contents,
    saw: Saw,
    *,
    oof: bool = False,
    order: bool = False,
) -> dict[str, Any]:
    """Compare a student with its teacher on the rows `held` (H,), from which it neither learned nor stopped.

    Only classes that the teacher covers are compared.

    found (H, C): its logits. saw: what the teacher learned from; oof: whether the teacher's scores are out-of-fold;
    order: whether only its order was learned. Returns the rmse of the probabilities, or the mean over classes of
    Spearman's correlation, and, where labels give macro-AUCs, `student`, `teacher` and `gain` as
    [estimate, low, high], with their `kinds`, how many judged recordings the teacher learned from, and `notes` that
    say it in words.
    """
    taught = examples.taught  # of the other classes the teacher says nothing that could be compared
    teacher, found = examples.teacher[held][:, taught], found[:, taught]
    made = _nearness(found, teacher, order=order)
    own = examples.labelled[held] > 0
    truth = examples.truth[held][own][:, taught] > 0.5
    clusters = rows.recording[held][own].tolist()
    if len(set(clusters)) < 2 or not (truth.any(axis=0) & ~truth.all(axis=0)).any():
        return made
    made |= _intervals(truth, found[own], teacher[own], np.array(clusters, np.str_))
    judged = sorted(set(clusters))
    through: ScoreKind = kind_of(saw, judged, contents)  # a teacher that saw a recording passes it on to its student
    made["kinds"] = {"student": through, "teacher": "oof" if oof else through}
    made["judged"] = {"recordings": len(judged), "teacher_saw": len(saw.among(judged, contents))}
    made["notes"] = _notes(made["kinds"], made["judged"])
    return made


def _intervals(truth: Bools, student: Float32, teacher: Float32, clusters: NDArray[np.str_]) -> dict[str, list[float]]:
    """Return `student`, `teacher` and `gain` as [estimate, low, high], with Student's t: the recordings are few.

    Where redraws of them mostly have no class with both kinds of rows, nothing is known but the estimates.
    """
    scores = {"student": np.ascontiguousarray(student), "teacher": np.ascontiguousarray(teacher)}
    means = fold_means(truth, scores, np.zeros(len(truth), np.int64), clusters, least=1)
    if means is not None:
        return {n: means.interval(n) for n in scores} | {"gain": means.interval("student", "teacher")}
    of = {n: macro_auc(truth, x).macro for n, x in scores.items()}
    return {n: [m, 0.0, 1.0] for n, m in of.items()} | {"gain": [of["student"] - of["teacher"], -1.0, 1.0]}


def _nearness(found: Float32, teacher: Float32, *, order: bool) -> dict[str, Any]:
    if not order:
        return {"rmse": float(np.sqrt(np.mean((sigmoid(found) - sigmoid(teacher)) ** 2)))}
    agreement = rank_agreement(found, teacher)
    return {"rank_correlation": agreement if np.isfinite(agreement) else None}


def _notes(kinds: dict[str, ScoreKind], judged: dict[str, int]) -> list[str]:
    """What the kinds mean for who reads the figures."""
    said = {
        "unseen": "its teacher learned from none of the {recordings} judged recordings: both figures are unseen ones",
        "in-sample": "its teacher learned from {teacher_saw} of the {recordings} judged recordings and passes on what "
        "it knows of them: the student's figure is in-sample, and unseen recordings may give less",
        "unknown": "what its teacher learned from is not all known: both figures may be in-sample",
    }
    notes = [said[kinds["student"]].format(**judged)]
    if kinds["student"] == "in-sample":
        also = "out-of-fold" if kinds["teacher"] == "oof" else "in-sample, too"
        notes.append(f"the teacher's figure is {also}")
    return notes
