"""Measure scores against labels: every figure that `eval` prints, with an interval of the macro-AUC."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from blendkit.core import (
    Contents,
    Float64,
    Int64,
    LabelTable,
    ScoreKind,
    Scores,
    Taxonomy,
    cluster_labels,
    copies_said,
    notebook_view,
)
from blendkit.errors import BlendkitError, counted, shorten
from blendkit.io import (
    ColumnNames,
    Provenance,
    Truth,
    is_source,
    read_labels,
    read_score_file,
    read_taxonomy,
    truth_for,
)
from blendkit.metrics import (
    Bootstrap,
    Interval,
    IntervalKind,
    MacroAUC,
    average_precision,
    macro_auc,
    paired_bootstrap,
    reliability,
    top_one,
    wrong_way_round,
)
from blendkit.offline.interval_settings import Judging
from blendkit.offline.score_kinds import refuse_labels, score_kind
from blendkit.recipe import is_recipe

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_LEAST_BEYOND = 10  # redraws beyond each end of a BCa interval
_EDGE = 0.15  # of an interval's width


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """Figures of scores (N, C) on their labelled chunks.

    auc: macro ROC-AUC, ties counted half; ap (C,): average precision, cmap its mean; top_one: how often the highest
    class is right; interval: of the macro-AUC, whole recordings redrawn, None and why_not where there is none;
    kind: out-of-fold, of unseen recordings, in-sample, or unknown;
    folds: the macro-AUC of every fold by itself; ece and brier: of probabilities, None of other scores;
    notes: what was assumed of the scores' file, how the labels were read where that is not plain, and labelled classes
    that the scores lack.
    """

    classes: tuple[str, ...]
    taxonomy: Taxonomy
    auc: MacroAUC
    ap: Float64
    positives: Int64
    rows: int
    labelled_rows: int
    cmap: float
    top_one: float
    clusters: int
    interval: Interval | None
    why_not: str = ""
    folds: Mapping[str, float] = field(default_factory=dict)
    ece: float | None = None
    brier: float | None = None
    kind: ScoreKind = "unknown"
    notes: tuple[str, ...] = ()

    @property
    def macro(self) -> float:
        """The macro-AUC; nan where no class has both positives and negatives."""
        return self.auc.macro

    def __len__(self) -> int:
        return len(self.auc)

    def __repr__(self) -> str:
        i = self.interval
        bounds = f", {i.low:.6f} to {i.high:.6f}" if i is not None and not math.isnan(i.low) else ""
        counts = f"{len(self)} classes, {self.labelled_rows} chunks"
        mark = ", in-sample" * (self.kind == "in-sample")
        return f"Evaluation(macro-AUC {self.macro:.6f}{bounds}, {counts}{mark})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per scored class: name, positives, auc, ap; lowest AUC first."""
        import pandas as pd

        at = self.auc.scored
        names = [self.taxonomy.scientific_name(self.classes[i]) for i in at]
        columns = {"name": names, "positives": self.positives[at], "auc": self.auc.per_class[at], "ap": self.ap[at]}
        index = pd.Index([self.classes[i] for i in at], name="class")
        return pd.DataFrame(columns, index=index).sort_values(["auc"], kind="stable")

    def plot(self) -> Figure:
        """Draw the AUC of every scored class, the lowest first."""
        from blendkit.figures import draw_classes

        at = self.auc.scored
        names = [self.taxonomy.scientific_name(self.classes[i]) or self.classes[i] for i in at]
        return draw_classes(names, {f"macro {self.macro:.4f}": self.auc.per_class[at]}, "AUC")

    def _repr_html_(self) -> str:
        """Show the classes in a notebook."""
        return notebook_view(repr(self), self.to_frame())


def _refuse_recipe(source: Path | str) -> None:
    """Raise BlendkitError, with what measures it, if a source is a recipe: its scores are not made yet."""
    if is_source(source) or not is_recipe(source):
        return
    ways = [
        f"`blendkit run {source} --out out` makes its scores, and `blendkit eval out` measures these",
        f"`blendkit whatif {source}` tries other shares and values on saved logits; `blendkit compare` takes recipes",
    ]
    raise BlendkitError(f"{source}: this is a recipe, and scores are measured", ways)


def evaluate(
    scores: Scores | Path | str,
    labels: LabelTable | Path | str,
    *,
    taxonomy: Taxonomy | Path | str | None = None,
    names: ColumnNames | None = None,
    judging: Judging | None = None,
    bca: bool = False,
) -> Evaluation:
    """Measure scores against labels, on the chunks that were labelled.

    scores: scores or a file of them, see `read_scores`; names: the file's columns and arrays. taxonomy: further classes
    that labels may name. bca: bias-corrected and accelerated bounds of the interval. Raises BlendkitError for labels of
    unknown classes, and where no label matches a row.
    """
    folds: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()
    what = "these scores" if isinstance(scores, Scores) else str(scores)
    known: Provenance | None = None
    unread = 0
    if not isinstance(scores, Scores):
        _refuse_recipe(scores)
        refuse_labels(scores, labels)
    table = labels if isinstance(labels, LabelTable) else read_labels(labels)
    if not isinstance(scores, Scores):
        file = read_score_file(scores, names=names, labels=table, reach=table)
        scores, folds, notes, unread, known = file.scores, file.folds, file.notes, file.unread, file.known
    taxa = taxonomy if isinstance(taxonomy, Taxonomy) or taxonomy is None else read_taxonomy(taxonomy)
    scores, left_out = scores.known_to(taxa or Taxonomy({}), table.classes, source=what)
    notes = (*notes, *left_out)
    truth = truth_for(table, scores.rows, scores.classes, taxa, what, path=None if labels is table else str(labels))
    known = known or Provenance()  # scores in memory say nothing
    found = _evaluated(scores, truth, folds, judging or Judging(), "bca" if bca else "percentile", known.contents)
    kind, said = score_kind(known, scores.rows.recording[truth.labelled])
    twins = copies_said(scores.rows.recording[truth.labelled], known.contents)
    notes = (*said, *twins, *_uncovered(scores, known, found), *notes, *truth.notes, *found.notes)
    return replace(found, kind=kind, notes=notes, rows=found.rows + unread)


def _uncovered(scores: Scores, known: Provenance, found: Evaluation) -> list[str]:
    """Say which classes of the figure nothing behind the scores has: each counts 0.5 in it."""
    lacking = {*known.uncovered, *(c for c, k in zip(scores.classes, scores.covered, strict=True) if not k)}
    scored = [c for c, a in zip(scores.classes, found.auc.per_class, strict=True) if c in lacking and not math.isnan(a)]
    what = counted(len(scored), "class in this figure is", "classes in this figure are")
    return [f"{what} covered by no model, and constant: {shorten(scored, 3)}"] if scored else []


def _evaluated(
    scores: Scores, truth: Truth, folds: Mapping[str, str], judging: Judging, bounds: IntervalKind, contents: Contents
) -> Evaluation:
    y, known, x = truth.values, truth.labelled, scores.values
    interval, clusters, why_not, edge = _interval(scores, truth, judging, bounds, contents)
    ap = average_precision(y, x, known)
    inside = x[known]
    may_be = scores.space in ("prob", "unknown") and inside.min() >= 0 and inside.max() <= 1
    table = reliability(y, x, mask=known) if may_be else None
    auc = macro_auc(y, x, known)
    return Evaluation(
        classes=scores.classes,
        taxonomy=truth.taxonomy,
        auc=auc,
        ap=ap.per_class,
        positives=y[known].sum(axis=0),
        rows=len(scores),
        labelled_rows=int(known.sum()),
        cmap=ap.macro,
        top_one=top_one(y, x, known),
        clusters=clusters,
        interval=interval,
        why_not=why_not,
        folds=_fold_figures(scores, truth, folds),
        ece=None if table is None else table.ece,
        brier=None if table is None else table.brier,
        notes=(*wrong_way_round(auc), *filter(None, [edge])),
    )


def _interval(
    scores: Scores, truth: Truth, judging: Judging, bounds: IntervalKind, contents: Contents
) -> tuple[Interval | None, int, str, str | None]:
    """The interval of the macro-AUC and the clusters redrawn for it, or none, and why; and a note on where it lies."""
    labels = cluster_labels(scores.rows, judging.clusters, truth.labelled, contents)
    try:
        boot = paired_bootstrap(
            truth.values, {"": scores.values}, labels, judging.replicates, judging.seed, truth.labelled
        )
    except BlendkitError as error:
        return None, 0, error.title, None
    found = boot.interval("", judging.level, bounds)
    return found, boot.clusters, "", _caution(found, boot, judging, bounds)


def _caution(found: Interval, boot: Bootstrap, judging: Judging, bounds: IntervalKind) -> str | None:
    """Say why an interval deserves less trust than its level promises; None where nothing is known against it."""
    if few := boot.too_few(judging.level):
        return few
    if bounds != "bca":
        return _at_the_edge(found, boot)
    if judging.replicates * (1 - judging.level) / 2 < _LEAST_BEYOND:
        return f"BCa looks far into the tails: {judging.replicates} redraws are too few for it (--replicates 2000)"
    return None


def _at_the_edge(found: Interval, boot: Bootstrap) -> str | None:
    """Say why a figure lies near an end of its interval; None where it does not."""
    near = _EDGE * (found.high - found.low)
    if not (found.estimate < found.low + near or found.estimate > found.high - near):
        return None
    if boot.scored.min() == boot.scored.max():
        return "the figure lies near an end of its interval, which few recordings make lopsided (`--bca` allows for it)"
    lost = f"a redraw scores {boot.scored.min()} to {boot.scored.max()} classes"
    why = "classes whose positives lie in few recordings are lost in many redraws, and the rest has another mean"
    return f"the figure lies near an end of its interval: {lost}; {why} (`--bca` allows for it)"


def _fold_figures(scores: Scores, truth: Truth, folds: Mapping[str, str]) -> dict[str, float]:
    own = np.array([folds.get(str(r), "") for r in scores.rows.recording])
    names = sorted({*own[truth.labelled].tolist()} - {""})
    return {f: macro_auc(truth.values, scores.values, truth.labelled & (own == f)).macro for f in names}
