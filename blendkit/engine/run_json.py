"""The report of a run: figures per stream, and the content of run.json."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from blendkit._version import __version__
from blendkit.core import (
    Contents,
    FileSpace,
    Rows,
    Saw,
    Scores,
    contents_to_json,
    kind_of,
    text_hash,
    unused_names,
)
from blendkit.engine.inputs import Inputs, labels_out_of_reach, truth_of
from blendkit.errors import shorten
from blendkit.events import Emit
from blendkit.io import Written
from blendkit.metrics import macro_auc
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
    """Per-stream macro-AUC, measured as soon as a stream is made."""

    def __init__(self, inputs: Inputs, rows: Rows, classes: tuple[str, ...], emit: Emit) -> None:
        self.truth, self.labelled, self.sources = truth_of(inputs, rows, classes)
        self.recordings = {str(r) for r in rows.recording[self.labelled]}
        self.notes = [f"not used to measure: {why}" for why in labels_out_of_reach(inputs, rows)]
        self.notes += _nearly_matching(inputs, rows)
        self.scored = rows.recordings()
        self.results: dict[str, StreamResult] = {}
        self.emit = emit

    def made(self, name: str, scores: Scores) -> None:
        """Measure one stream."""
        figure, live, skipped = None, 0, 0
        if self.labelled.any():
            auc = macro_auc(self.truth, scores.values, self.labelled)
            figure = None if math.isnan(auc.macro) else auc.macro  # JSON has no NaN
            live, skipped = len(auc.scored), len(auc.skipped)
        self.results[name] = StreamResult(scores.space, int(scores.covered.sum()), figure, live, skipped)
        self.emit("stream", {"name": name, **asdict(self.results[name])})

    def lacking(self, members: Mapping[str, Scores]) -> list[str]:
        """Name the labelled classes that members do not cover: their figures leave these out."""
        found = []
        for name, scores in members.items():
            lacks = [c for i, c in enumerate(scores.classes) if not scores.covered[i] and self.truth[:, i].any()]
            if lacks:
                found.append(f"member {name!r} lacks {len(lacks)} labelled classes: {shorten(lacks)}")
        return found

    def warnings(self, opened: Opened) -> list[str]:
        """Say which figures are in-sample, and which labels nearly are those of the run."""
        return [*self.notes, *in_sample(opened, self.recordings)]


def _nearly_matching(inputs: Inputs, rows: Rows) -> list[str]:
    """Return a warning per label file with recordings that would match if they were written as the rows' are."""
    texts = [unused_names(t.named_as(rows.recordings()).recordings, rows.recordings(), t.source) for t in inputs.labels]
    return list(filter(None, texts))


def in_sample(opened: Opened, recordings: set[str]) -> list[str]:
    """Name the members that were fitted on recordings they are measured on."""
    out = []
    contents = contents_of(opened)
    for name, saw in members_saw(opened).items():
        both = [] if name in out_of_fold(opened) else saw.among(sorted(recordings), contents)
        if both:
            out.append(
                f"member {name!r} was fitted on {len(both)} of the {len(recordings)} labelled "
                "recordings: its figures and those of its blends are in-sample"
            )
    return out


def members_saw(opened: Opened) -> dict[str, Saw]:
    """Return what every member was fitted on: as its model says, or its score file."""
    stores = {m.name: m.store.saw for m in opened.audio if m.store is not None}
    return {**{n: p.saw for n, p in opened.sources.items()}, **stores}


def out_of_fold(opened: Opened) -> set[str]:
    """Return the members whose score files say that they are out-of-fold."""
    return {n for n, p in opened.sources.items() if p.kind == "oof"}


def contents_of(opened: Opened) -> Contents:
    """Return what the scored recordings sound like, as the members' stores and score files have it."""
    found = {r: c for p in opened.sources.values() for r, c in p.contents.items()}
    for m in opened.audio:
        found |= m.store.contents() if m.store is not None else {}
    return found


def saw_by(plan: Plan, opened: Opened, files: RecipeFiles) -> dict[str, Saw]:
    """Return the recordings, labelled or pseudo-labelled, behind each member and each fitted step."""
    found = members_saw(opened)
    for stream in plan.streams:
        for step in stream.ops:
            seen = files.seen_by(step)
            if seen is not None:
                found[f"{stream.name}.{step.label}"] = seen
    return found


def _members(opened: Opened) -> dict[str, dict[str, Any]]:
    """Return what run.json says of each member: what its logits depend on, and the notes of the run that scored it."""
    notes = {m.name: m.store.about["notes"] for m in opened.audio if m.store is not None}
    return {n: {"made_by": facts_hash(f), **f, "notes": notes.get(n, [])} for n, f in opened.facts.items()}


def _provenance(saw: Mapping[str, Saw], opened: Opened, recordings: Sequence[str]) -> dict[str, Any]:
    """Return what run.json says of what is behind the scores, and which kind of scores they are."""
    everything = Saw().joined(*saw.values())
    judged = [s for n, s in saw.items() if n not in out_of_fold(opened)]
    kind = kind_of(Saw().joined(*judged), recordings, contents_of(opened)) if judged else "oof"
    return {
        "kind": kind,
        "saw": {n: list(s.recordings) for n, s in saw.items() if s.recordings},
        "saw_unknown": [n for n, s in saw.items() if not s.known],
        "saw_contents": contents_to_json(everything.contents, everything.recordings),
    }


def run_report(
    plan: Plan,
    inputs: Inputs,
    opened: Opened,
    files: RecipeFiles,
    scored: Scored,
    figures: Figures,
    written: dict[str, Written],
    warnings: list[str],
) -> dict[str, Any]:
    """Return the content of run.json; nothing in it varies between equal runs."""
    text = filled_text(plan)
    used = {
        **inputs.files,
        **{
            p.relative_to(inputs.data.root.resolve()).as_posix()
            if p.is_relative_to(inputs.data.root.resolve())
            else p.name: p
            for p in files.paths.values()
        },
    }
    return {
        "blendkit": __version__,
        "recipe": filled_recipe(plan),
        "recipe_sha256": text_hash(text),
        "inputs": {name: files.contents.sha256(path) for name, path in sorted(used.items())},
        "names": inputs.named.summary(),
        "mode": inputs.mode if opened.audio else "tables",
        "members": _members(opened),
        "recordings": {
            r: {
                "status": s.status,
                "note": s.note,
                "duration_s": s.duration_s,
                "chunks": s.chunks,
                "content": s.content,
            }
            for r, s in scored.status.items()
        },
        "left_out": list(inputs.left_out) if opened.audio else [],
        **_provenance(saw_by(plan, opened, files), opened, figures.scored),
        "labels": {"files": figures.sources, "labelled_rows": int(figures.labelled.sum())},
        "streams": {n: asdict(r) for n, r in figures.results.items()},
        "written": {
            n: {
                "file": w.path.name,
                "sha256": file_hash(w.path),
                "rows": w.rows,
                "classes": w.classes,
                "ties_by_writing": w.ties_by_writing,
                "tied_cells": w.tied_cells,
            }
            for n, w in written.items()
        },
        "warnings": warnings,
    }
