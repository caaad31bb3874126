"""Workspaces of saved logits: a recipe's members on common rows, with truth; no audio, model or runtime is needed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.blending import Memo, StepContext, aligned, make_streams, make_streams_in_parts, rows_of_members
from blendkit.core import Bools, Int64, LabelTable, Rows, Scores, canonical_json
from blendkit.engine import (
    ALL_IN_MEMORY,
    Behind,
    HeldStreams,
    Inputs,
    find_inputs,
    labels_together,
    member_context,
    named_rows,
    preflight,
    require_known_classes,
)
from blendkit.events import ignore_note
from blendkit.metrics import MacroAUC, macro_auc
from blendkit.offline.required_truth import truth_required
from blendkit.offline.saved_logits import find_saved, saved_rows
from blendkit.recipe import DataFolder, Plan, Recipe, RecipeFiles, check_files, make_plan
from blendkit.scoring import Opened, is_finished, open_members

_MEMO_BYTES = 1 << 28
_KEPT_STREAMS, _KEPT_BYTES = 4, 1 << 30  # a blend and its steps, in float64; as far as these take no more than that
_NOT_INPUTS = {
    "name",
    "description",
    "budget",
    "tuned_on",
    "defaults",
    "members",
    "streams",
    "blends",
    "output",
    "also",
}


@dataclass(frozen=True, eq=False)
class Whole:
    """All rows of the members, among which ranks are made; at: those of them that a workspace holds (None: all).

    held: where whole streams are held.
    """

    members: dict[str, Scores]
    rows: Rows
    at: Int64 | None
    held: HeldStreams

    def cut(self, scores: Scores) -> Scores:
        """Return the rows of scores that the workspace holds, in memory."""
        if self.at is None:
            return scores
        values = np.empty((len(self.at), len(scores.classes)), scores.values.dtype, order="F")
        for c in range(len(scores.classes)):  # a column of a file follows the other: rows would be read from all over
            values[:, c] = scores.values[self.at, c]
        return replace(scores, values=values, rows=scores.rows.take(self.at))


@dataclass(frozen=True, eq=False)
class Workspace:
    """What offline work is done on: members on the same rows (N) and classes (C), truth (N, C), labelled (N,).

    folds {recording: fold} where the members' files have them. notes are for the user, each once. Where memory is
    limited, the rows are those of labelled recordings alone, cut from streams of all rows (`whole`). behind: what the
    members learned from; inputs: the files that were found.
    """

    members: dict[str, Scores]
    around: StepContext
    rows: Rows
    classes: tuple[str, ...]
    truth: Bools
    labelled: Bools
    labels: tuple[str, ...]
    folds: dict[str, str]
    notes: dict[str, None]
    memo: Memo
    whole: Whole
    behind: Behind
    inputs: Inputs

    def auc(self, scores: Scores) -> MacroAUC:
        """Return the exact macro-AUC of a stream over the labelled rows."""
        return macro_auc(self.truth, scores.values, self.labelled)

    def tuned(self, files: RecipeFiles) -> int:
        """Return how many labelled recordings a recipe with these files was tuned on (`tuned_on:`)."""
        return len(files.tuned_on().among(sorted(self._measured()), self.around.contents))

    def seen(self, plan: Plan) -> dict[str, int]:
        """Return on how many labelled recordings members, and steps without cross-fitting, were fitted, by stream."""
        measured = self._measured()
        steps = self.behind.steps_fitted_on(plan, self.around.files, measured)
        return {**steps, **self.behind.fitted_on(measured)}

    def _measured(self) -> set[str]:
        return {str(r) for r in self.rows.recording[self.labelled]}

    def note(self, stream: str, text: str) -> None:
        """Add a note, unless it is there already."""
        self.notes[f"{stream}: {text}"] = None


@dataclass
class Workspaces:
    """A data folder and a folder of saved logits; recipes that read the same inputs share one workspace.

    labels: in place of those in the data folder; need_labels: whether a workspace without labels is an error; held:
    where streams of all rows are held.
    """

    data: DataFolder
    stores: Path
    labels: LabelTable | None = None
    need_labels: bool = True
    held: HeldStreams = ALL_IN_MEMORY
    by_inputs: dict[str, Workspace] = field(default_factory=dict)

    def workspace(self, plan: Plan) -> Workspace:
        """Return the workspace of a plan, with the files of the plan's own steps.

        Raises BlendkitError for logits that are not saved, labels that match no row, and as a run does.
        """
        files = check_files(plan, self.data, audio_members(plan))
        key = _inputs_key(plan)
        if key not in self.by_inputs:
            self.by_inputs = {key: _open(plan, files, self)}  # the last one only, to bound memory
        found = self.by_inputs[key]
        require_known_classes(plan, found.inputs, files, found.classes)
        # members and memo are shared, but every plan's steps name files of their own
        return replace(found, around=replace(found.around, files=files))

    def streams(self, plan: Plan, wanted: tuple[str, ...] | None = None, *, quiet: bool = False) -> dict[str, Scores]:
        """Return the wanted streams of a plan (default: those it writes), re-using streams and steps made before.

        quiet: without the notes on them, which would be on a recipe that nobody asked for.
        """
        workspace = self.workspace(plan)
        note, whole = ignore_note if quiet else workspace.note, workspace.whole
        if whole.held.parts is None:
            members, memo = workspace.members, workspace.memo
            return make_streams(plan, members, workspace.around, note=note, memo=memo, wanted=wanted)
        made = make_streams_in_parts(plan, whole.members, workspace.around, whole.held.parts, note=note, wanted=wanted)
        return {n: whole.cut(s) for n, s in made.items()}

    def output(self, recipe: Recipe, *, quiet: bool = False) -> tuple[Workspace, Scores]:
        """Return a recipe's workspace and its output stream; quiet: as in `streams`."""
        plan = make_plan(recipe)
        name = recipe.model.output
        return self.workspace(plan), self.streams(plan, (name,), quiet=quiet)[name]


def audio_members(plan: Plan) -> set[str]:
    """Return the members that need audio: their model files may be missing where their logits are saved."""
    return {n for n, m in plan.members.items() if not is_finished(m)}


def _inputs_key(plan: Plan) -> str:
    """What a workspace depends on: all but the steps, streams and blends."""
    model = plan.recipe.model
    members: dict[str, Any] = {
        n: m.model_dump(exclude={"steps", "fill_uncovered", "optional"}) for n, m in model.members.items()
    }
    return canonical_json([model.model_dump(exclude=_NOT_INPUTS), members, plan.recipe.on])


def _open(plan: Plan, files: RecipeFiles, wanted: Workspaces) -> Workspace:
    data, stores = wanted.data, wanted.stores
    inputs = _with_labels(find_inputs(plan, data), wanted.labels)
    preflight(plan, inputs, files)
    opened = open_members(plan, member_context(plan, inputs, new_matrix=wanted.held.new_matrix), files, stores)
    find_saved(plan, opened, files, stores)
    rows = (
        saved_rows(inputs, opened, plan.recipe.model.chunk_s) if opened.audio else rows_of_members(plan, opened.tables)
    )
    if not opened.audio or not inputs.recordings:  # the recordings are those of the saved scores, known only now
        named, rows = named_rows(plan, data, rows)
        inputs = replace(inputs, named=named)
    members, notes = aligned(
        plan, opened, rows, inputs.classes, inputs.names, release=opened.tables.pop,
        new_matrix=wanted.held.new_matrix, keep=wanted.held.keep,
    )  # fmt: skip
    whole = Whole(members, rows, _labelled_at(inputs, rows, wanted.held), wanted.held)
    members = {n: whole.cut(s) for n, s in members.items()}
    rows = rows if whole.at is None else rows.take(whole.at)
    classes = next(iter(members.values())).classes
    truth, labelled, used = truth_required(inputs, rows, classes, wanted.need_labels)
    measured = {str(r) for r in rows.recording[labelled]}
    folds, fold_notes = _folds(opened, measured)
    behind = Behind.of(opened, files)
    read_as = (f"{t.source}: {n}" for t in inputs.labels if t.source in used for n in t.notes)
    said = [
        *inputs.doubled,
        *inputs.named.notes(),
        *labels_together(used),
        *read_as,
        *opened.warnings,
        *notes,
        *fold_notes,
    ]
    unique = dict.fromkeys([*said, *behind.in_sample(measured)])
    around = StepContext(inputs.taxonomy, inputs.names, plan.recipe.model.chunk_s, files, behind.contents)
    # streams that are made in parts carry no hash of what they were made from
    memo = Memo(max(_MEMO_BYTES, _memo_bytes(members, len(rows) * len(classes))) if whole.at is None else 0)
    return Workspace(
        members, around, rows, classes, truth, labelled, tuple(used), folds, unique, memo, whole, behind, inputs
    )


def _labelled_at(inputs: Inputs, rows: Rows, held: HeldStreams) -> Int64 | None:
    """The rows of recordings with labels, where memory is limited: nothing is measured on others."""
    if held.parts is None:
        return None
    recordings = rows.recordings()
    labelled = {r for table in inputs.labels for r in table.named_as(recordings).recordings}
    found = np.flatnonzero(np.isin(rows.recording, sorted(labelled)))
    return found if len(found) else np.arange(len(rows))  # without labels, the error names what the rows are


def _memo_bytes(members: dict[str, Scores], cells: int) -> int:
    """Room for every member's ranks and first step, and for the streams after them.

    With less, the memo drops what a recipe that differs in its last steps would need first, and makes everything anew.
    """
    return 2 * sum(m.values.nbytes for m in members.values()) + min(_KEPT_BYTES, _KEPT_STREAMS * 8 * cells)


def _with_labels(inputs: Inputs, labels: LabelTable | None) -> Inputs:
    """The inputs with these labels in place of their own, by id."""
    if labels is None:
        return inputs
    table = labels.by_id(inputs.taxonomy, inputs.classes)
    if inputs.classes:
        table.require_known(inputs.classes, inputs.taxonomy)
    return replace(inputs, labels=(table,))


def _folds(opened: Opened, labelled: set[str]) -> tuple[dict[str, str], list[str]]:
    """The folds that the members' files agree on, for all labelled recordings; else none, and why."""
    if not opened.folds:
        return {}, []
    (first, folds), *others = opened.folds.items()
    for name, found in others:
        # files may number the same folds differently: they agree if the numbers map one to one
        pairs = {(folds[r], found[r]) for r in labelled & set(folds) & set(found)}
        if len(pairs) != len({a for a, _ in pairs}) or len(pairs) != len({b for _, b in pairs}):
            return {}, [f"members {first!r} and {name!r} have different folds: neither is used"]
    if labelled - set(folds):
        return {}, [f"member {first!r} gives no fold for {len(labelled - set(folds))} labelled recordings"]
    return folds, []
