"""`read_review`: from answered clips to precision per class and threshold, thresholds, and labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from blendkit.core import Float64, notebook_view
from blendkit.detecting.result_files import check_folder, new_files, write_thresholds
from blendkit.detecting.review_answers import read_answered
from blendkit.detecting.review_table import ReviewClips
from blendkit.detecting.thresholds_of_source import ClassThresholds
from blendkit.errors import BlendkitError, shorten
from blendkit.io import csv_text, file_stems, label_cell, score_cell, seconds_cell, text_cell
from blendkit.metrics import (
    ChosenThreshold,
    ReviewedThreshold,
    Share,
    StratifiedAnswers,
    reviewed_threshold,
    stratified_share,
)
from blendkit.store import write_text

if TYPE_CHECKING:
    import pandas as pd

SEAL, LABELS = "reviewed.json", "labels"
_POINTS = 10  # thresholds of a class that are told
_COLUMNS = ("class", "name", "threshold", "chunks", "answers", "effective", "precision", "low", "high")


@dataclass(frozen=True)
class ReviewRule:
    """What is made of answers.

    precision: the wanted one, for which thresholds are chosen (None: none). Classes with fewer than `fewest` answers
    get no threshold, and neither does one at or above which fewer lie, in effective number; folds: of the answers that
    judge a threshold held out; level: of the intervals.
    """

    precision: float | None = None
    fewest: int = 10
    folds: int = 5
    level: float = 0.95


@dataclass(frozen=True, eq=False, repr=False)
class Reviewed:
    """What answers say. shares: {class: [(threshold, precision there)]}.

    thresholds: None unless a precision was wanted. folder: where the files are; files: their paths below it.
    """

    clips: ReviewClips
    shares: Mapping[str, tuple[tuple[float, Share], ...]]
    thresholds: ClassThresholds | None
    folder: Path
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        answered = sum(a in ("y", "n") for a in self.clips.answer)
        return f"Reviewed({answered} of {len(self.clips)} clips answered, {len(self.shares)} classes)"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per class and threshold: the chunks above (estimated), answers, precision and its interval."""
        import pandas as pd

        names = dict(zip(self.clips.class_id, self.clips.name, strict=True))
        rows = [
            (c, names[c], t, s.chunks, s.answers, s.effective, s.share, s.low, s.high)
            for c, own in self.shares.items() for t, s in own
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    def _repr_html_(self) -> str:
        """Show the table in a notebook."""
        return notebook_view(repr(self), self.to_frame())


def read_review(path: Path | str, out: Path | str, rule: ReviewRule | None = None) -> Reviewed:
    """Read the answers of a review (its folder, or its table), and write what they say.

    out gets `precision.csv` (see `stratified_share` for the intervals), `labels/<class>.csv` (the answered clips of a
    class, as labels of this class alone), with a wanted precision `thresholds.csv`, and `reviewed.json`. Raises
    BlendkitError for tables that cannot be read, without any answer, and where `out` holds files of others.
    """
    folder, rule = Path(out), rule or ReviewRule()
    check_folder(folder, SEAL)
    clips, notes = read_answered(Path(path))
    count = {a: clips.answer.count(a) for a in ("y", "n", "u", "")}
    if not count["y"] + count["n"]:
        raise BlendkitError(f"{path}: no clip is answered y or n", [f"{count['u']} are unsure, {count['']} open"])
    asked = tuple(dict.fromkeys(clips.class_id))
    answered = {c: a for c in asked if (a := _Class.of(clips, c)) is not None}
    shares = {c: _shares(a, rule.level) for c, a in answered.items()}
    thresholds = None if rule.precision is None else _thresholds(asked, answered, rule, rule.precision)
    said = f"{count['y']} clips are answered y, {count['n']} n, {count['u']} u (left out), and {count['']} are open"
    notes = (*notes, said, *_open_strata(answered), *(thresholds.notes if thresholds else ()))
    reviewed = Reviewed(clips, shares, thresholds, folder, (), notes)
    facts = {"read": str(path), "answers": count, "precision": rule.precision, "notes": list(notes)}
    with new_files(folder, SEAL, facts) as new:
        _write_shares(new / "precision.csv", reviewed.to_frame())
        _write_labels(new / LABELS, clips, answered)
        if thresholds is not None:
            write_thresholds(new / "thresholds.csv", thresholds)
        files = tuple(sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file()))
    return Reviewed(clips, shares, thresholds, folder, (*files, SEAL), notes)


@dataclass(frozen=True, eq=False)
class _Class:
    """The answers of one class: as arrays, their clips' names and recordings, and the highest score without an answer
    in its whole stratum (-inf: none), at and below which nothing is known.
    """

    answers: StratifiedAnswers
    clips: tuple[str, ...]
    recordings: tuple[str, ...]
    floor: float

    @classmethod
    def of(cls, clips: ReviewClips, class_id: str) -> _Class | None:
        """Return them, None without any answer."""
        own = clips.of(class_id)
        known = np.array([a in ("y", "n") for a in clips.answer], bool) & own
        if not known.any():
            return None
        size = np.zeros(int(clips.stratum[own].max()), np.int64)
        size[clips.stratum[own] - 1] = clips.chunks[own]
        at = np.flatnonzero(known)
        truth = np.array([clips.answer[i] == "y" for i in at], bool)
        answers = StratifiedAnswers(clips.score[at], truth, clips.stratum[at] - 1, size)
        silent = own & (answers.answered() == 0)[np.where(own, clips.stratum - 1, 0)]
        floor = float(clips.score[silent].max()) if silent.any() else -math.inf
        return cls(answers, tuple(clips.clip[i] for i in at), tuple(clips.recording[i] for i in at), floor)


def _shares(own: _Class, level: float) -> tuple[tuple[float, Share], ...]:
    """Return the precision at thresholds that cut the answers into about equal parts, the highest first."""
    scores = np.unique(own.answers.score[own.answers.score > own.floor])[::-1]
    every = np.sort(own.answers.score[own.answers.score > own.floor])[::-1]
    if not len(every):
        return ()
    at = np.linspace(0, len(every), min(_POINTS, len(scores)) + 1)[1:].round().astype(int) - 1
    points = np.unique(every[at])[::-1].tolist()
    return tuple((t, stratified_share(own.answers, own.answers.score >= t, level)) for t in points)


def _thresholds(
    asked: tuple[str, ...], answered: Mapping[str, _Class], rule: ReviewRule, precision: float
) -> ClassThresholds:
    chosen, why = [], []
    for c in asked:
        own = answered.get(c)
        n = 0 if own is None else len(own.answers)
        if own is None or n < rule.fewest:
            chosen.append(ChosenThreshold())
            why.append(f"too few answers: {n}, at least {rule.fewest} are needed")
            continue
        found = reviewed_threshold(
            own.answers, own.clips, precision, fewest=rule.fewest, folds=rule.folds, level=rule.level, above=own.floor
        )
        chosen.append(_as_chosen(found, own))
        why.append("" if math.isfinite(found.threshold) else _why(found, rule, precision))
    values: Float64 = np.array([c.threshold for c in chosen])
    said = (
        f"thresholds for a precision of {precision:g}: each is judged on answers in {rule.folds} folds that did not "
        "choose it, weighted by the inverse of their inclusion probabilities"
    )
    return ClassThresholds(asked, values, tuple(why), tuple(chosen), notes=(said,))


def _why(found: ReviewedThreshold, rule: ReviewRule, precision: float) -> str:
    if found.held_out is None:
        return f"too few answers where it reaches {precision:g}: at least {rule.fewest} are needed, in effect"
    return f"{precision:g} is not reached on answers held out (the best was {found.held_out.share:.3f})"


def _as_chosen(found: ReviewedThreshold, own: _Class) -> ChosenThreshold:
    y = own.answers.truth
    share = found.held_out
    figures = (math.nan,) * 3 if share is None else (share.share, share.low, share.high)
    holding = {r for r, t in zip(own.recordings, y.tolist(), strict=True) if t}
    return ChosenThreshold(found.threshold, int(y.sum()), len(holding), *figures, math.nan, found.aim)


def _open_strata(answered: Mapping[str, _Class]) -> list[str]:
    """Say in which classes whole strata have no answer: nothing is known at and below their highest score."""
    low = [f"{c} (up to {own.floor:.4g})" for c, own in answered.items() if math.isfinite(own.floor)]
    note = f"{len(low)} classes have strata without any answer, and no figure for thresholds in them: {shorten(low)}"
    return [note] if low else []


def _write_shares(path: Path, frame: pd.DataFrame) -> None:
    rows = [[text_cell(str(v)) if isinstance(v, str) else str(v) if isinstance(v, int)
             else score_cell(v) if math.isfinite(v) else "" for v in r]
            for r in frame.itertuples(index=False, name=None)]  # fmt: skip
    write_text(path, csv_text(list(frame.columns), rows))


def _write_labels(folder: Path, clips: ReviewClips, answered: Mapping[str, _Class]) -> None:
    """Write labels of each class in a file of its own: a clip that was heard for one class says nothing of others."""
    classes = tuple(answered)
    for name, stem in zip(classes, file_stems(classes), strict=True):
        rows, own = [], answered[name]
        chances = dict(zip(own.clips, (1 / own.answers.weights()).tolist(), strict=True))
        for i in np.flatnonzero(clips.of(name)).tolist():
            if clips.answer[i] in ("y", "n"):
                label = label_cell(name) if clips.answer[i] == "y" else ""
                rows.append([text_cell(clips.recording[i]), seconds_cell(clips.start_s[i]),
                             seconds_cell(clips.end_s[i]), label, score_cell(chances[clips.clip[i]])])  # fmt: skip
        header = ["filename", "start", "end", "primary_label", "inclusion_probability"]
        write_text(folder / f"{stem}.csv", csv_text(header, rows))
