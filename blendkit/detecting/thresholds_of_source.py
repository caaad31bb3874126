"""The threshold of every class: one for all, from a file, or chosen out of fold for a wanted precision."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from blendkit.core import Float64, ScoreKind, copies, copies_said, sigmoid
from blendkit.detecting.opened_source import OpenedSource
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.io import likely_space, read_labels, read_thresholds, truth_for
from blendkit.metrics import ChosenThreshold, chosen_thresholds
from blendkit.offline import score_kind

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ThresholdRule:
    """Where thresholds come from: exactly one of value, file and precision.

    value: one for all classes, in the source's space; file: see `read_thresholds`. precision: the wanted share of
    detected chunks that hold the class, chosen by labels with recordings dealt into `folds`; classes with fewer than
    `fewest` labelled chunks get none; level: of the intervals.
    """

    value: float | None = None
    file: Path | None = None
    precision: float | None = None
    labels: Path | str | None = None
    folds: int = 5
    fewest: int = 10
    level: float = 0.95

    def __post_init__(self) -> None:
        """Refuse none or several of them, and labels without a use."""
        given = [n for n, v in (("threshold", self.value), ("thresholds", self.file), ("precision", self.precision))
                 if v is not None]  # fmt: skip
        problems = []
        if len(given) != 1:
            problems.append(f"give one of --threshold 0.5, --thresholds FILE and --precision 0.9 --labels FILE, got "
                            f"{' and '.join(given) or 'none'}")  # fmt: skip
        if (self.precision is None) != (self.labels is None):
            problems.append("--precision needs --labels to be chosen by, and --labels serve --precision alone")
        if problems:
            raise BlendkitError("which thresholds?", problems)


@dataclass(frozen=True, eq=False, repr=False)
class ClassThresholds:
    """Thresholds (C,) in the source's space, inf for classes that are never detected, and why not.

    chosen: what each is worth on recordings held out, None where they were given; kind: whether the scores behind it
    learned from these recordings; notes: what a reader of the figures must know.
    """

    classes: tuple[str, ...]
    values: Float64
    why: tuple[str, ...]
    chosen: tuple[ChosenThreshold, ...] | None = None
    kind: ScoreKind = "unknown"
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ClassThresholds({int(np.isfinite(self.values).sum())} of {len(self.values)} classes have one)"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per class: threshold (empty: none), why not, and of chosen ones what they are worth."""
        import pandas as pd

        columns: dict[str, object] = {"threshold": np.where(np.isfinite(self.values), self.values, np.nan)}
        for name in ("positives", "recordings", "precision", "low", "high", "recall") if self.chosen else ():
            columns[name] = [getattr(c, name) for c in self.chosen or ()]
        return pd.DataFrame({**columns, "why": self.why}, index=pd.Index(self.classes, name="class"))


def class_thresholds(opened: OpenedSource, rule: ThresholdRule) -> ClassThresholds:
    """Return the thresholds of a source's classes.

    Raises BlendkitError for a threshold outside the source's space, unknown classes, and labels that match no row.
    """
    if rule.precision is not None:
        found = _chosen(opened, rule, rule.precision)
    elif rule.file is not None:
        found = _from_file(opened, rule.file)
    else:
        found = _for_all(opened, math.nan if rule.value is None else rule.value)
    return _covered(opened, replace(found, notes=(*found.notes, *_unreached(opened, found.values))))


def _covered(opened: OpenedSource, found: ClassThresholds) -> ClassThresholds:
    """Return thresholds without those of classes that the source does not score."""
    covered = opened.scores.covered
    if covered.all():
        return found
    why = tuple(w if k else "nothing in the source scores it" for w, k in zip(found.why, covered, strict=True))
    note = f"{int((~covered).sum())} classes are scored by nothing in the source, and are never detected"
    values = np.where(covered, found.values, np.inf)
    return ClassThresholds(found.classes, values, why, found.chosen, found.kind, (*found.notes, note))


def _check_inside(opened: OpenedSource, values: Sequence[float], where: str) -> None:
    bad = [v for v in values if not math.isfinite(v) or (opened.space in ("prob", "rank") and not 0 <= v <= 1)]
    if bad:
        kind = {"prob": "probabilities from 0 to 1", "rank": "ranks from 0 to 1"}.get(opened.space, "finite numbers")
        raise BlendkitError(
            f"{where}: no threshold can be {shorten(f'{b:g}' for b in bad)}", [f"{opened.name} holds {kind}"]
        )


def _for_all(opened: OpenedSource, value: float) -> ClassThresholds:
    _check_inside(opened, [value], "--threshold")
    classes = opened.scores.classes
    return ClassThresholds(classes, np.full(len(classes), value), ("",) * len(classes), notes=_meaning(opened, value))


def _meaning(opened: OpenedSource, value: float) -> tuple[str, ...]:
    """Say what one threshold means for scores that are no probabilities, or whose space nobody stated."""
    scores = opened.scores
    if not scores.values.size or scores.space == "prob":
        return ()
    low, high = float(scores.values.min()), float(scores.values.max())
    known = scores.space != "unknown"
    try:
        looks = scores.space if known else likely_space(scores.values, opened.name)[0]
    except BlendkitError:  # counted ranks, percentages
        return (f"nobody says what these scores from {low:.4g} to {high:.4g} are: --space does",)
    they = "these are" if known else "these look like"
    sure = "" if known else "; --space says for certain what they are"
    if looks == "rank":
        share = f"{value:g} keeps about the highest {1 - value:.0%} of the chunks of every class, also of a rare one"
        return (f"{they} ranks: {share}{sure}",)
    if looks == "logit":
        p = float(sigmoid(np.array([value]))[0])
        return (f"{they} logits from {low:.4g} to {high:.4g}: {value:g} is a probability of {p:.3g}{sure}",)
    return ()


def _unreached(opened: OpenedSource, values: Float64) -> list[str]:
    """Say the range of the scores where none reaches its threshold."""
    x = opened.scores.values
    if not x.size or not np.isfinite(values).any() or (x.max(axis=0) >= values).any():
        return []
    words = {"prob": "probabilities", "logit": "logits", "rank": "ranks"}.get(opened.space, "scores")
    return [f"no score reaches its threshold: {words} from {float(x.min()):.4g} to {float(x.max()):.4g}"]


def _from_file(opened: OpenedSource, path: Path) -> ClassThresholds:
    given, classes = read_thresholds(path), opened.scores.classes
    ids = opened.taxonomy.ids_of(set(given) - set(classes))
    found = {ids.get(c, c): v for c, v in given.items()}
    unknown = [f"{c!r}{did_you_mean(c, classes)}" for c in found if c not in set(classes)]
    if unknown:
        raise BlendkitError(f"{path}: {len(unknown)} classes that {opened.name} lacks", [shorten(unknown)])
    _check_inside(opened, list(found.values()), str(path))
    lacking = [c for c in classes if c not in found]
    note = f"{len(lacking)} of {len(classes)} classes have no threshold in {path.name}, and are never detected"
    values = np.array([found.get(c, np.inf) for c in classes])
    why = tuple("" if c in found else "not in the file of thresholds" for c in classes)
    return ClassThresholds(classes, values, why, notes=(f"{note}: {shorten(lacking)}",) if lacking else ())


def _chosen(opened: OpenedSource, rule: ThresholdRule, precision: float) -> ClassThresholds:
    scores, labels = opened.scores, read_labels(rule.labels or "")
    if labels.drawn:
        raise BlendkitError(
            f"{rule.labels}: these clips were drawn: the precision among them is not that of all",
            ["`blendkit review --read FOLDER --out answers --precision 0.9` weighs each answer by its chance",
             "`detect --thresholds answers/thresholds.csv` takes what it writes"],
        )  # fmt: skip
    truth = truth_for(labels, scores.rows, scores.classes, opened.taxonomy, opened.name, path=rule.labels)
    known = truth.labelled
    named = [str(r) for r in scores.rows.recording[known]]
    same = copies(named, opened.known.contents)  # copies under other names are held out together
    recordings = [same[r] for r in named]
    if len(set(recordings)) < 2:
        raise BlendkitError(
            f"{rule.labels}: labels of one recording cannot choose thresholds",
            ["a threshold is judged on recordings that did not choose it: label at least two"],
        )
    chosen = chosen_thresholds(
        truth.values[known], scores.values[known], recordings, precision, folds=rule.folds, fewest=rule.fewest,
        level=rule.level,
    )  # fmt: skip
    kind, said = ("unknown", []) if opened.path is None else score_kind(opened.known, named)
    how = (
        f"thresholds for a precision of {precision:g}, judged on {len(set(recordings))} labelled recordings held out "
        f"in {rule.folds} folds; intervals ({rule.level:.0%}): Wilson, with the spread between recordings"
    )
    why = tuple(_why(c, rule, precision) for c in chosen)
    values = np.array([c.threshold for c in chosen])
    return ClassThresholds(
        scores.classes,
        values,
        why,
        tuple(chosen),
        kind,
        (how, *said, *copies_said(named, opened.known.contents), *truth.notes, *_cost(chosen)),
    )


def _why(found: ChosenThreshold, rule: ThresholdRule, precision: float) -> str:
    if np.isfinite(found.threshold):
        return ""
    if found.positives < rule.fewest:
        return f"too few positives: {found.positives}, at least {rule.fewest} are needed"
    if found.recordings < 2:
        return "all positives lie in one recording"
    best = "" if math.isnan(found.precision) else f" (the best was {found.precision:.3f})"
    return f"no threshold reaches a precision of {precision:g} on recordings held out{best}"


def _cost(chosen: Sequence[ChosenThreshold]) -> list[str]:
    """Say what share of the labelled chunks thresholds lose, over the classes that have one."""
    with_one = [c for c in chosen if np.isfinite(c.threshold)]
    positives, every = sum(c.positives for c in with_one), sum(c.positives for c in chosen)
    if not with_one:
        return ["no class has a threshold"]
    kept = sum(c.recall * c.positives for c in with_one)
    lost = 1 - kept / positives
    rest = f"; classes without a threshold hold another {every - positives} of {every} labelled chunks"
    return [
        f"the wanted precision costs {lost:.1%} of the labelled chunks of {len(with_one)} classes (held out)"
        f"{rest if every > positives else ''}"
    ]
