"""The report of a run: figures per stream, and the content of run.json."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from blendkit._version import __version__
from blendkit.blending import Parts
from blendkit.core import FileSpace, Matrix, Rows, Scores, text_hash, unused_names, written_space
from blendkit.engine.run_inputs import Inputs, labels_out_of_reach, labels_together, truth_of
from blendkit.engine.run_provenance import Behind
from blendkit.errors import shorten
from blendkit.events import Emit
from blendkit.io import Provenance, Written, rule_facts
from blendkit.metrics import MacroAUC, PairCount, auc_of, count_pairs, macro_auc, wrong_way_round
from blendkit.recipe import Plan, RecipeFiles, filled_recipe, filled_text
from blendkit.scoring import Opened, Scored, facts_hash
from blendkit.store import file_hash


@dataclass(frozen=True)
class StreamResult:
    """A stream's figures: macro-AUC over labelled rows (None without labels), classes scored and skipped."""

    space: FileSpace
    covered: int
    macro_auc: float | None
    classes_scored: int
    classes_skipped: int


class Figures:
    """Per-stream macro-AUC, measured as soon as a stream is made; with `parts`, some classes at a time."""

    def __init__(
        self, inputs: Inputs, rows: Rows, classes: tuple[str, ...], emit: Emit, parts: Parts | None = None
    ) -> None:
        self.parts = parts
        self.truth, self.labelled, self.sources = truth_of(inputs, rows, classes)
        self.recordings = {str(r) for r in rows.recording[self.labelled]}
        self.label_files = len(inputs.labels)
        self.notes = [f"not used to measure: {why}" for why in labels_out_of_reach(inputs, rows)]
        self.notes += _nearly_matching(inputs, rows)
        self.scored = rows.recordings()
        self.results: dict[str, StreamResult] = {}
        self.uncovered: dict[str, list[str]] = {}
        self.turned: list[str] = []
        self.emit = emit

    def made(self, name: str, scores: Scores) -> None:
        """Measure one stream."""
        figure, live, skipped = None, 0, 0
        if self.labelled.any():
            auc = self._measured(scores.values)
            figure = None if math.isnan(auc.macro) else auc.macro  # JSON has no NaN
            live, skipped = len(auc.scored), len(auc.skipped)
            self.turned += [f"{name}: {said}" for said in wrong_way_round(auc)]
        self.results[name] = StreamResult(scores.space, int(scores.covered.sum()), figure, live, skipped)
        self.uncovered[name] = [c for c, own in zip(scores.classes, scores.covered, strict=True) if not own]
        self.emit("stream", {"name": name, **asdict(self.results[name])})

    def _measured(self, values: Matrix) -> MacroAUC:
        if self.parts is None:
            return macro_auc(self.truth, values, self.labelled)
        counts = [
            count_pairs(self.truth[:, part], values[:, part], self.labelled)
            for part in self.parts.of_classes(values.shape)
        ]
        both = np.concatenate(counts)
        return auc_of(both[:, PairCount.TWICE_U], both[:, PairCount.POSITIVES] * both[:, PairCount.NEGATIVES])

    def lacking(self, members: Mapping[str, Scores]) -> list[str]:
        """Name the labelled classes that members do not cover: their figures leave these out."""
        found = []
        for name, scores in members.items():
            lacks = [c for i, c in enumerate(scores.classes) if not scores.covered[i] and self.truth[:, i].any()]
            if lacks:
                found.append(f"member {name!r} lacks {len(lacks)} labelled classes: {shorten(lacks)}")
        return found

    def warnings(self, behind: Behind) -> list[str]:
        """Say which streams rank the wrong way round, which figures are in-sample, and which labels nearly match."""
        return [*self.turned, *labels_together(self.sources), *self.notes, *behind.in_sample(self.recordings)]


def _nearly_matching(inputs: Inputs, rows: Rows) -> list[str]:
    """Return a warning per label file with recordings that would match if they were written as the rows' are."""
    texts = [unused_names(t.named_as(rows.recordings()).recordings, rows.recordings(), t.source) for t in inputs.labels]
    return list(filter(None, texts))


def _members(opened: Opened) -> dict[str, dict[str, Any]]:
    """Return what run.json says of each member: what its logits depend on, and the notes of the run that scored it."""
    notes = {m.name: m.store.about["notes"] for m in opened.audio if m.store is not None}
    return {n: {"made_by": facts_hash(f), **f, "notes": notes.get(n, [])} for n, f in opened.facts.items()}


def _written(file: Written, uncovered: list[str], known: Provenance) -> dict[str, Any]:
    return {
        "file": file.path.name,
        "sha256": file_hash(file.path),
        "rows": file.rows,
        "classes": file.classes,
        "ties_by_writing": file.ties_by_writing,
        "tied_cells": file.tied_cells,
        "uncovered": uncovered,
        "kind": known.kind,
        "held_out": list(known.held_out),
        **known.saw.to_json(),
    }


def run_report(
    plan: Plan,
    inputs: Inputs,
    opened: Opened,
    behind: Behind,
    files: RecipeFiles,
    scored: Scored,
    figures: Figures,
    written: dict[str, Written],
    warnings: list[str],
) -> dict[str, Any]:
    """Return the content of run.json; nothing in it varies between equal runs."""
    text = filled_text(plan)
    found, by = behind.of_run(plan, files, figures.scored)
    output = plan.recipe.model.output
    space, uncovered = written_space(figures.results[output].space), tuple(figures.uncovered[output])
    known = replace(found[output], space=space, uncovered=uncovered)
    used = {**inputs.files, **{inputs.data.relative(p): p for p in files.paths.values()}}
    return {
        "blendkit": __version__,
        "recipe": filled_recipe(plan),
        "recipe_sha256": text_hash(text),
        "inputs": {name: files.contents.sha256(path) for name, path in sorted(used.items())},
        "names": inputs.named.summary(),
        "name_rule": rule_facts(inputs.names),
        "mode": inputs.mode if opened.audio else "tables",
        "members": _members(opened),
        "recordings": {
            r: {
                "status": s.status,
                "note": s.note,
                "duration_s": s.duration_s,
                "chunks": s.chunks,
            }
            for r, s in scored.status.items()
        },
        "left_out": list(inputs.left_out) if opened.audio else [],
        "provenance": known.to_json(),
        "saw_by": {n: {"recordings": list(saw.recordings), "known": saw.known} for n, saw in by.items()},
        "labels": {"files": figures.sources, "labelled_rows": int(figures.labelled.sum())},
        "streams": {n: asdict(r) for n, r in figures.results.items()},
        "written": {n: _written(w, figures.uncovered[n], found[n]) for n, w in written.items()},
        "warnings": warnings,
    }
