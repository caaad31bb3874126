"""Noisy-student rounds: a teacher labels unlabelled rows, a student learns from all rows and is the next teacher."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from blendkit.core import Bools, fold_of, sigmoid
from blendkit.events import Emit, silent
from blendkit.training.cross_fit import Fit, HeadFit, fit_seqhead, logits_of
from blendkit.training.examples import ExampleKind, Examples
from blendkit.training.inflation_intervals import Judged, RoundFigures, mean_macro
from blendkit.training.out_of_fold import clusters_of, judge
from blendkit.training.pseudo_label_gates import ruled_cells, targets_of
from blendkit.training.settings import GateRules, Rounds

_SALT = "\x1f"  # folds are dealt by the names of groups: another name, other folds


@dataclass(frozen=True, eq=False)
class Round:
    """One round's fit and figures.

    counted: the macro-AUC as the protocol counts it, the mean over folds, on labelled soundscape chunks (clips where
    there are none) and, in the naive protocol, on pseudo-labelled rows; labelled: on labelled rows alone, pooled;
    unseen: of the head of all rows on recordings that no round learns from, if given. rows, cells: pseudo-labelled, for
    the head of all rows. judged: the rows of counted, and of the same heads on unseen recordings.
    """

    fit: Fit
    counted: float
    labelled: dict[str, Any]
    unseen: dict[str, Any]
    rows: int
    cells: int
    judged: RoundFigures | None = None


def run_rounds(
    examples: Examples,
    unlabelled: Examples,
    job: HeadFit,
    how: Rounds,
    checkpoints: Path,
    unseen: Examples | None = None,
    emit: Emit = silent,
    split: int = 0,
) -> list[Round]:
    """Return round 0 (no pseudo-labels) and every further one.

    split: another number deals other folds and starts from other weights.

    In an honest round the teacher of fold f is the head that never saw fold f, so the student of fold f can be judged
    on it; recordings that a teacher saw never count as out-of-fold. The rows of `unlabelled` have no labels yet.
    """
    dealt_anew = replace(examples, group=np.array([f"{g}{_SALT * split}" for g in examples.group.tolist()], np.str_))
    job = replace(job, seed=job.seed + split * job.seeds)
    fit = fit_seqhead(dealt_anew, job, checkpoints / "round0", emit=emit)
    rounds = [_measured(examples, None, fit, unseen, None)]
    for r in range(1, how.rounds + 1):
        teacher = fit
        pseudo, dealt = _teachers(teacher, unlabelled, how, job.folds)
        given = {f: made.examples for f, made in pseudo.items()}
        fit = fit_seqhead(dealt_anew, job, checkpoints / f"round{r}", pseudo=given.get, emit=emit)
        fit = replace(fit, pseudo_recordings=_pseudo_behind(fit, teacher, how.naive))
        rounds.append(_measured(examples, pseudo[None], fit, unseen, dealt))
    return rounds


@dataclass(frozen=True, eq=False)
class Labelled:
    """Pseudo-labelled rows, and which of their cells (N, C) are labels: soft targets of other cells may be above 0."""

    examples: Examples
    cells: Bools


def label(teacher: nn.Module, unlabelled: Examples, rules: GateRules) -> Labelled:
    """Return the rows with a cell that passes the rules, with soft targets, and masked where nothing is known.

    A row in which no cell passes is left out: it is unknown, not silent.
    """
    p = sigmoid(logits_of(teacher, unlabelled))
    cells = ruled_cells(p, unlabelled.recording.tolist(), rules)
    rows = np.flatnonzero(cells.any(axis=1))
    targets, known = targets_of(cells, p, np.ones(p.shape[1], bool), rules)
    counts = None if known[rows].all() else known[rows]
    made = replace(unlabelled.take(rows), targets=targets[rows].astype(np.float32), counts=counts)
    return Labelled(made, cells[rows])


Dealt = dict[int, Labelled]


def _teachers(
    fit: Fit, unlabelled: Examples, how: Rounds, folds: int
) -> tuple[dict[int | None, Labelled], Dealt | None]:
    """Return the pseudo-labels of every fold and of all rows; in the naive protocol also those a fold holds out."""
    if not how.naive:
        made: dict[int | None, Labelled] = {f: label(h, unlabelled, how.rules) for f, h in enumerate(fit.heads)}
        return {**made, None: label(fit.head, unlabelled, how.rules)}, None
    everyone = label(_Ensemble(fit.heads), unlabelled, how.rules)
    at = fold_of(sorted(set(everyone.examples.recording.tolist())), folds)
    fold = np.array([at[r] for r in everyone.examples.recording.tolist()], np.int64)
    parts: dict[int | None, Labelled] = {f: _part(everyone, fold != f) for f in range(folds)}
    return {**parts, None: everyone}, {f: _part(everyone, fold == f) for f in range(folds)}


def _part(labelled: Labelled, rows: Bools) -> Labelled:
    at = np.flatnonzero(rows)
    return Labelled(labelled.examples.take(at), labelled.cells[at])


def _pseudo_behind(student: Fit, teacher: Fit, naive: bool) -> dict[int | None, frozenset[str]]:
    """The pseudo-labelled recordings behind every head of a student: its own and its teacher's."""
    own, before = student.pseudo_recordings, teacher.pseudo_recordings
    everyone = frozenset().union(*before.values())
    return {f: seen | (everyone if naive else before.get(f, frozenset())) for f, seen in own.items()}


class _Ensemble(nn.Module):
    """The mean of the folds' heads: between them they have seen every labelled row."""

    def __init__(self, heads: tuple[nn.Module, ...]) -> None:
        super().__init__()
        self.each = nn.ModuleList(heads)
        self.tokens: Any = heads[0].each[0].tokens  # type: ignore[union-attr, index]

    def forward(self, *blocks: Any) -> Any:
        """Return logits (B, C)."""
        total = self.each[0](*blocks)
        for head in list(self.each)[1:]:
            total = total + head(*blocks)
        return total / len(self.each)


def _measured(
    examples: Examples, pseudo: Labelled | None, fit: Fit, unseen: Examples | None, dealt: Dealt | None
) -> Round:
    counted = tuple(_counted(examples, fit, f, dealt) for f in range(len(fit.heads)))
    outside, judged = {}, None
    if unseen is not None:
        outside = judge(unseen, logits_of(fit.head, unseen))
        around = (clusters_of(unseen), unseen.counts)
        judged = RoundFigures(
            counted, tuple(Judged(unseen.targets > 0.5, logits_of(h, unseen), *around) for h in fit.heads)
        )
    rows, cells = (len(pseudo.examples), int(pseudo.cells.sum())) if pseudo is not None else (0, 0)
    return Round(fit, mean_macro(counted), judge(examples, fit.oof, fold=fit.fold), outside, rows, cells, judged)


def main_kind(examples: Examples) -> ExampleKind:
    """Return what heads are judged on: soundscape chunks where there are any, else clips."""
    return "chunk" if len(examples.of_kind("chunk")) else "clip"


def _counted(examples: Examples, fit: Fit, fold: int, dealt: Dealt | None) -> Judged:
    """The rows that a protocol counts of a fold: labelled ones, and in the naive protocol its own labels."""
    rows = np.flatnonzero((examples.kind == main_kind(examples)) & (fit.fold == fold))
    part, own = examples.take(rows), None if dealt is None else dealt[fold]
    made = [] if own is None or not len(own.examples) else [own]
    return Judged(
        np.concatenate([part.targets > 0.5, *(p.cells for p in made)]),
        np.concatenate([fit.oof[rows], *(logits_of(fit.heads[fold], p.examples) for p in made)]),
        np.concatenate([clusters_of(examples)[rows], *(p.examples.recording for p in made)]),
        np.concatenate([_known(part), *(_known(p.examples) for p in made)]),
    )


def _known(examples: Examples) -> Bools:
    """Which cells (N, C) count."""
    return np.ones(examples.targets.shape, bool) if examples.counts is None else examples.counts
