"""What is known of every member and stream: figures with intervals, coverage, ties, and how alike they err."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from blendkit.core import Bools, Matrix, Scores
from blendkit.errors import BlendkitError
from blendkit.metrics import MacroAUC, PairCount, count_pairs, error_correlation, macro_auc
from blendkit.offline import Comparison, LabelledChunks, Rules, compare_scores, values_on
from blendkit.reporting.report_data import Bounds, Correlation, StreamFacts
from blendkit.reporting.report_sources import Material

_NEARLY = 0.99  # of a class's chunks that have one value
_MOST = 40  # constant classes that are named


@dataclass(frozen=True, eq=False)
class StreamFigures:
    """StreamFigures of all streams on the labelled chunks (L): values {name: (L, C)}, truth y (L, C).

    compared: None where no interval is possible, and then why_not says why.
    """

    y: Bools
    values: dict[str, Matrix]
    auc: dict[str, MacroAUC]
    compared: Comparison | None
    why_not: str


def measure_streams(material: Material, truth: LabelledChunks, rules: Rules) -> StreamFigures:
    """Measure every stream on the labelled chunks; without an interval where none is possible."""
    at = np.flatnonzero(truth.labelled)
    rows, y = truth.rows.take(at), truth.truth[at]
    values = {n: values_on(n, s, rows, truth.classes, []) for n, s in material.scores.items()}
    auc = {n: macro_auc(y, x) for n, x in values.items()}
    try:
        members = {n: s for n, s in material.scores.items() if material.roles[n] == "member"}
        return StreamFigures(y, values, auc, compare_scores(material.scores, truth, rules, members), "")
    except BlendkitError as error:
        if all(math.isnan(a.macro) for a in auc.values()):
            return StreamFigures(
                y, values, auc, None, "no class has both positives and negatives: nothing can be measured"
            )
        return StreamFigures(y, values, auc, None, error.title)


def stream_facts(material: Material, figures: StreamFigures | None) -> tuple[StreamFacts, ...]:
    """Return the facts of every stream; figures is None without labels: then only run.json can have figures."""
    own = [_facts(material, n, s, figures) for n, s in material.scores.items()]
    told = material.facts.get("streams", {}) if figures is None else {}
    own = [replace(s, macro=_told(told.get(s.name))) for s in own] if told else own
    return (*own, *(_of_run(n, s) for n, s in told.items() if n not in material.scores))


def _told(stream: Mapping[str, Any] | None) -> Bounds | None:
    known = stream is not None and stream["macro_auc"] is not None
    return Bounds(float(stream["macro_auc"])) if stream is not None and known else None


def _of_run(name: str, stream: Mapping[str, Any]) -> StreamFacts:
    return StreamFacts(name, "stream", stream["space"], stream["covered"], "unknown", (), (), _told(stream))


def _facts(material: Material, name: str, scores: Scores, figures: StreamFigures | None) -> StreamFacts:
    constant, nearly = _constant(scores)
    own = StreamFacts(
        name=name, role=material.roles[name], space=scores.space, covered=int(scores.covered.sum()),
        kind=material.kinds.get(name, "unknown"), constant=constant, nearly=nearly,
    )  # fmt: skip
    return own if figures is None else _measured(own, name, figures)


def _measured(own: StreamFacts, name: str, figures: StreamFigures) -> StreamFacts:
    counts = count_pairs(figures.y, np.ascontiguousarray(figures.values[name]))
    pairs = counts[:, PairCount.POSITIVES] * counts[:, PairCount.NEGATIVES]
    live = pairs > 0
    ties = float((counts[live, PairCount.TIES] / pairs[live]).mean()) if live.any() else math.nan
    macro, change, fold = Bounds(figures.auc[name].macro), None, None
    if figures.compared is not None:
        line = next(x for x in figures.compared.lines if x.name == name)
        macro = Bounds(line.macro.estimate, line.macro.low, line.macro.high)
        fold = figures.compared.fold_means.get(name)
        if line.change is not None:
            c = line.change
            change = Bounds(c.estimate, c.low, c.high, c.p, math.nan if line.holm is None else line.holm)
    return replace(own, macro=macro, ties=ties, change=change, fold_mean=fold)


def _constant(scores: Scores) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Covered classes of one value, and those in which nearly all chunks have one value."""
    values = np.asarray(scores.values)
    if not len(values):
        return (), ()
    low, high = values.min(axis=0), values.max(axis=0)
    flat = low == high
    most = np.maximum((values == low).mean(axis=0), (values == high).mean(axis=0))
    most = np.maximum(most, (values == np.median(values[: 1 << 14], axis=0)).mean(axis=0))
    near = (most >= _NEARLY) & ~flat
    names = [tuple(scores.classes[i] for i in np.flatnonzero(m & scores.covered)) for m in (flat, near)]
    return names[0][:_MOST], names[1][:_MOST]


def correlation(material: Material, figures: StreamFigures) -> Correlation | None:
    """Return how alike members (or sources) err; None for fewer than two."""
    names = [n for n, r in material.roles.items() if r in ("member", "source")]
    if len(names) < 2:
        return None
    found, used = error_correlation(figures.y, {n: figures.values[n] for n in names})
    if not len(used):
        return None
    return Correlation(tuple(names), tuple(map(tuple, found.tolist())), len(used))
