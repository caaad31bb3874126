"""Compare score matrices on the same truth: paired, with intervals, rounding plateaus and simulated leaderboards."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import (
    Bools,
    ClusterBy,
    Contents,
    Matrix,
    Rows,
    Scores,
    cluster_labels,
    matched_by_name,
    notebook_view,
    text_hash,
)
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.metrics import (
    Bootstrap,
    Crowd,
    Interval,
    IntervalKind,
    Outlook,
    Plateau,
    SimulatedSplit,
    SplitLumps,
    bootstrap_and_split,
    holm,
    macro_auc,
    paired_bootstrap,
    plateaus,
    simulate_split,
    split_lumps,
    wrong_way_round,
)
from blendkit.offline.crowd_outlook import outlook_of
from blendkit.offline.interval_settings import Judging
from blendkit.offline.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class LabelledChunks:
    """Labels of some chunks: rows (N), classes (C), truth (N, C), labelled (N,), folds {recording: fold} if known.

    contents: what the recordings sound like, where that is known: copies are one cluster.
    """

    rows: Rows
    classes: tuple[str, ...]
    truth: Bools
    labelled: Bools
    folds: dict[str, str] = field(default_factory=dict)
    contents: Contents = field(default_factory=dict, repr=False)

    @property
    def measured_on(self) -> str:
        """The hash of the ids of labelled rows and of the classes: figures of the same ones can be compared."""
        ids = sorted(self.rows.take(np.flatnonzero(self.labelled)).ids())
        return text_hash("\n".join([*ids, "", *sorted(self.classes)]))

    @classmethod
    def of(cls, w: Workspace) -> LabelledChunks:
        """Return what a workspace knows of them."""
        return cls(w.rows, w.classes, w.truth, w.labelled, w.folds, w.around.contents)


@dataclass(frozen=True)
class Line:
    """One compared score: its macro-AUC, and its difference to the first (None for the first itself)."""

    name: str
    macro: Interval
    change: Interval | None
    holm: float | None


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """lines in the given order; split: simulated leaderboards; fold_means: means of the folds' own figures.

    hashes: of the recipes among the sources, by name; tuned: those that were tuned on labelled recordings;
    labelled_rows: on how many chunks all were measured; measured_on: the hash of these and the classes; lumps: what
    sites (or dates) make of a split that keeps them whole, None by recording; outlook: of the first score's plateau;
    same_rows: whether all sources but tables of detections have the same.
    """

    lines: tuple[Line, ...]
    plateaus: tuple[Plateau, ...]
    boot: Bootstrap
    split: SimulatedSplit
    fold_means: dict[str, float]
    notes: tuple[str, ...]
    hashes: dict[str, str] = field(default_factory=dict)
    tuned: tuple[str, ...] = ()
    labelled_rows: int = 0
    measured_on: str = ""
    same_rows: bool = True
    lumps: SplitLumps | None = None
    outlook: Outlook | None = None

    def __len__(self) -> int:
        return len(self.lines)

    def __repr__(self) -> str:
        figures = ", ".join(f"{x.name} {x.macro.estimate:.6f}" for x in self.lines)
        return f"Comparison({figures}; {self.boot.clusters} clusters redrawn)"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per source: its macro-AUC with bounds, its change to the first with bounds, p and Holm's p."""
        import pandas as pd

        rows = []
        for x in self.lines:
            change = (
                (math.nan,) * 4 if x.change is None else (x.change.estimate, x.change.low, x.change.high, x.change.p)
            )
            rows.append((x.macro.estimate, x.macro.low, x.macro.high, *change, math.nan if x.holm is None else x.holm))
        columns = ["macro_auc", "low", "high", "change", "change_low", "change_high", "p", "p_holm"]
        return pd.DataFrame(rows, columns=columns, index=pd.Index([x.name for x in self.lines], name="source"))

    def plot(self) -> Figure:
        """Draw the change of each source against the first, with its interval."""
        from blendkit.figures import draw_forest

        changes = {x.name: x.change for x in self.lines if x.change is not None}
        return draw_forest(changes, f"macro-AUC minus that of {self.lines[0].name}", zero=0)

    def _repr_html_(self) -> str:
        """Show the sources in a notebook."""
        return notebook_view(repr(self), self.to_frame())


@dataclass(frozen=True)
class Rules:
    """How a comparison is made.

    public: the public share of simulated leaderboards; draws: how many are simulated, None: as many as replicates;
    crowd: of the first's plateau.
    """

    judging: Judging = Judging()
    bca: bool = False
    split_by: ClusterBy = "recording"
    public: float = 0.34
    decimals: int = 3
    crowd: Crowd | None = None
    draws: int | None = None


def compare_scores(
    scores: dict[str, Scores], truth: LabelledChunks, rules: Rules, members: Mapping[str, Scores] | None = None
) -> Comparison:
    """Compare scores on the labelled rows of `truth`, each with the first.

    members: from which it is estimated how alike the teams of a plateau err, by default the scores themselves.

    Rows and classes are matched by identity: a class that a score lacks is constant in it, one that the truth lacks is
    left out, and notes name both. Raises BlendkitError for labelled rows that a score lacks, scores of none of the
    classes, and where no interval is possible (one recording).
    """
    notes: list[str] = []
    y, rows, values = _labelled(scores, truth, notes)
    groups = cluster_labels(rows, rules.split_by, np.ones(len(rows), bool), truth.contents)
    boot, split = _redrawn_and_split(y, rows, values, groups, rules, truth.contents)
    for name, x in values.items():
        notes += [f"{name}: {n}" for n in wrong_way_round(macro_auc(y, x))]
    notes += filter(None, [boot.too_few(rules.judging.level)])
    own = np.array([truth.folds.get(str(r), "") for r in rows.recording])
    means = {n: fold_mean(y, x, own) for n, x in values.items()} if truth.folds else {}
    outlook = None
    if rules.crowd is not None:
        of = values if not members else {n: values_on(n, s, rows, truth.classes, []) for n, s in members.items()}
        own = next(iter(values.values()))
        outlook = outlook_of(y, own, of, rows, groups, rules.crowd, rules.public, rules.judging)
    return Comparison(
        _lines(boot, rules), plateaus(boot, rules.decimals), boot, split, means, tuple(notes),
        lumps=None if rules.split_by == "recording" else split_lumps(y, groups, split), outlook=outlook,
    )  # fmt: skip


def change_lines(scores: dict[str, Scores], truth: LabelledChunks, rules: Rules) -> tuple[tuple[Line, ...], Bootstrap]:
    """Return the lines of a comparison, against the first, and their replicates; no leaderboard is simulated."""
    y, rows, values = _labelled(scores, truth, [])
    boot = _redrawn(y, rows, values, rules, truth.contents)
    return _lines(boot, rules), boot


def _labelled(
    scores: dict[str, Scores], truth: LabelledChunks, notes: list[str]
) -> tuple[Bools, Rows, dict[str, Matrix]]:
    """Truth, rows and values of the labelled chunks alone."""
    labelled = np.flatnonzero(truth.labelled)
    rows = truth.rows.take(labelled)
    y = truth.truth[labelled]
    if not (y.any(axis=0) & ~y.all(axis=0)).any():
        raise BlendkitError("no class has both positives and negatives among the labelled chunks: nothing to compare")
    return y, rows, {n: values_on(n, s, rows, truth.classes, notes) for n, s in scores.items()}


def _redrawn_and_split(
    y: Bools, rows: Rows, values: dict[str, Matrix], groups: Sequence[object], rules: Rules, contents: Contents
) -> tuple[Bootstrap, SimulatedSplit]:
    own = rules.judging
    draws = own.replicates if rules.draws is None else rules.draws
    if rules.split_by == own.clusters:
        return bootstrap_and_split(y, values, groups, (own.replicates, draws, own.seed), rules.public)
    return _redrawn(y, rows, values, rules, contents), simulate_split(y, values, groups, rules.public, draws, own.seed)


def _redrawn(y: Bools, rows: Rows, values: dict[str, Matrix], rules: Rules, contents: Contents) -> Bootstrap:
    clusters = cluster_labels(rows, rules.judging.clusters, np.ones(len(rows), bool), contents)
    return paired_bootstrap(y, values, clusters, rules.judging.replicates, rules.judging.seed)


def fold_mean(y: Bools, x: NDArray[Any], folds: NDArray[Any]) -> float:
    """Return the mean of the macro-AUCs of every fold by itself; folds (N,) labels, "" for none."""
    own = [macro_auc(y, x, folds == f).macro for f in np.unique(folds[folds != ""])]
    known = [m for m in own if not math.isnan(m)]
    return math.fsum(known) / len(known) if known else math.nan


def values_on(name: str, scores: Scores, rows: Rows, classes: Sequence[str], notes: list[str]) -> Matrix:
    """Return scores on rows (N) and classes (C), 0 in classes that they lack, and note these and those beyond.

    name: what messages call the scores; notes: those of the source are added. Raises BlendkitError with the way out for
    rows that they lack, and where they have none of the classes.
    """
    try:
        found = scores.align(rows, classes, source=name, unknown_classes="ignore")
    except BlendkitError as error:
        if set(rows.ids()) <= set(scores.rows.ids()):
            raise
        way = "all sources are measured on the labelled chunks of the first: give the one that lacks chunks first"
        raise BlendkitError(error.title, [*error.problems, way]) from error
    notes += matched_by_name(scores.rows, rows, name)
    lacks = [c for c, own in zip(classes, found.covered, strict=True) if not own]
    if len(lacks) == len(classes):
        raise BlendkitError(f"{name}: scores none of the classes", [shorten(classes)])
    if lacks:
        count = f"{len(lacks)} of {len(classes)} classes are not covered and count as constant"
        notes.append(f"{name}: {count}: {shorten(lacks, 3)}")
    known = set(classes)
    if beyond := [c for c in scores.classes if c not in known]:
        hints = [f"{c}{did_you_mean(c, known)}" for c in beyond[:3]]  # of many classes they take long
        count = f"{len(beyond)} of {len(scores.classes)} classes are left out, for the first source lacks them"
        notes.append(f"{name}: {count}: {shorten([*hints, *beyond[3:]], 3)}")
    return found.values


def _lines(boot: Bootstrap, rules: Rules) -> tuple[Line, ...]:
    kind: IntervalKind = "bca" if rules.bca else "percentile"
    first, *others = boot.estimate
    changes = {n: boot.difference(n, first, rules.judging.level, kind) for n in others}
    adjusted = holm({n: c.p for n, c in changes.items()})
    return tuple(
        Line(n, boot.interval(n, rules.judging.level, kind), changes.get(n), adjusted.get(n)) for n in boot.estimate
    )
