"""Everything a report says, gathered from sources: each section by the module that knows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from blendkit.errors import BlendkitError
from blendkit.metrics import Interval
from blendkit.offline import LabelledChunks, Rules, Verdict, ablate_parts, removals
from blendkit.reporting.class_facts import class_facts
from blendkit.reporting.detection_facts import detection_facts
from blendkit.reporting.drawn_graph import draw
from blendkit.reporting.leaderboard_facts import leaderboard_facts
from blendkit.reporting.provenance_facts import provenance_facts
from blendkit.reporting.recording_facts import recording_facts
from blendkit.reporting.report_data import Bounds, Measured, ReportData, StreamFacts
from blendkit.reporting.report_size_limits import Effort, effort_for
from blendkit.reporting.report_sources import Material
from blendkit.reporting.share_paths import share_paths
from blendkit.reporting.stream_facts import StreamFigures, correlation, measure_streams, stream_facts
from blendkit.reporting.verdict_text import verdict_text


def gather(
    material: Material, rules: Rules | None = None, verdict: Verdict | None = None, *,
    detections: Sequence[Path] = (), full: bool = False,
) -> ReportData:  # fmt: skip
    """Gather a report's facts.

    rules: of intervals, default by the size of the data; detections: folders of `detect` and `activity`; full: all,
    whatever it takes.
    """
    heard = detection_facts(detections)  # a wrong folder is said before any work
    truth = material.truth
    labelled, classes = (0, 0) if truth is None else (int(truth.labelled.sum()), len(truth.classes))
    effort = effort_for(labelled * classes, len(material.scores), rows=labelled, full=full)
    rules = rules or Rules()
    if rules.judging.replicates > effort.replicates and not full:
        rules = replace(rules, judging=replace(rules.judging, replicates=effort.replicates), draws=effort.draws)
    figures = None if truth is None else measure_streams(material, truth, rules)
    if figures is not None and figures.compared is not None:  # classes that a source lacks count as constant in it
        material = replace(material, notes=(*material.notes, *figures.compared.notes))
    streams = stream_facts(material, figures)
    measured = None if figures is None or truth is None else _measured(truth, figures, rules)
    rival = _rival(material, streams)
    sections: dict[str, Any] = {}
    if figures is not None and truth is not None:
        sections = _sections(material, truth, figures, rules, effort)
    sections["detections"] = heard
    sections["recordings"] = recording_facts(material, rival, effort)
    return ReportData(
        title=material.title, main=material.main, classes=len(material.scores[material.main].classes),
        verdict=verdict_text(material, streams, measured, rival, verdict), measured=measured,
        graphs=tuple(draw(n, p, material.scores) for n, p in material.plans.items()), streams=streams,
        correlation=None if figures is None else correlation(material, figures),
        provenance=provenance_facts(material), sections=sections,
    )  # fmt: skip


def _sections(
    material: Material, truth: LabelledChunks, figures: StreamFigures, rules: Rules, effort: Effort
) -> dict[str, Any]:
    return {
        "ablation": _ablation(material, rules, effort),
        "shares": share_paths(material, truth, rules, effort),
        "by_class": class_facts(material, truth, figures, effort),
        "leaderboard": leaderboard_facts(figures, rules),
    }


def _measured(truth: LabelledChunks, figures: StreamFigures, rules: Rules) -> Measured:
    rows = truth.rows.recording[truth.labelled]
    first = next(iter(figures.auc.values()))
    return Measured(
        rows=len(truth.rows), labelled=len(rows), recordings=len(set(rows.tolist())), classes=len(truth.classes),
        scored=len(first.scored), clusters=0 if figures.compared is None else figures.compared.boot.clusters,
        cluster_by=rules.judging.clusters, replicates=rules.judging.replicates, level=rules.judging.level,
        why_not=figures.why_not,
    )  # fmt: skip


def _rival(material: Material, streams: tuple[StreamFacts, ...]) -> str | None:
    """The strongest stream that is no blend, beside the one that the report is about."""
    others = [s for s in streams[1:] if s.role in ("member", "source")]
    if not others:
        return None
    return max(others, key=lambda s: -1.0 if s.macro is None else s.macro.estimate).name


def _ablation(material: Material, rules: Rules, effort: Effort) -> dict[str, Any] | None:
    """What each part contributes; why_not where that is not measured."""
    if material.recipe is None or material.workspaces is None:
        return None
    if not effort.ablate:
        return {"why_not": "left out for the size of the data; `blendkit compare RECIPE --ablate` measures it"}
    try:
        found = ablate_parts(material.workspaces, material.recipe, rules)
    except BlendkitError:  # a recipe without parts, or labels that allow no interval, which the verdict says
        return None
    lines = [
        {"name": x.name, "macro": x.macro.estimate,
         "change": Bounds(x.change.estimate, x.change.low, x.change.high, x.change.p, x.holm or float("nan"))}
        for x in found.lines if x.change is not None
    ]  # fmt: skip
    fall = [
        {"member": x.member, "left": x.left, "macro": _bounds(x.macro),
         "change": None if x.change is None else _bounds(x.change)}
        for x in removals(material.workspaces, material.recipe, found, rules)
    ]  # fmt: skip
    return {"whole": found.whole.macro.estimate, "lines": lines, "needed": found.needed, "fall": fall}


def _bounds(i: Interval) -> Bounds:
    return Bounds(i.estimate, i.low, i.high, i.p)
