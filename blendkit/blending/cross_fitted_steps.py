"""Fit the artefacts of fitted steps; an artefact is not applied to recordings it was fitted on unless allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from blendkit.blending.site_and_hour_needs import require_name_parts
from blendkit.blending.step_context import StepContext
from blendkit.core import Contents, LabelTable, Saw, Scores, chunk_rows, compare_names, copies, fold_of, same_recordings
from blendkit.errors import BlendkitError, shorten
from blendkit.events import ignore_text
from blendkit.ops import Fitted, OpInfo, StackWeights, signature
from blendkit.recipe import OpStep, StreamPlan


def fit_step(
    step: OpStep,
    scores: Scores,
    around: StepContext,
    note: Callable[[str], None] = ignore_text,
    known: Iterable[str] = (),
) -> Fitted:
    """Return the artefact, or artefacts, that a fitted step applies to a stream.

    `fit: {labels, folds}` cross-fits: a labelled recording gets the artefact fitted without its fold.
    `fit: F` and `artefact: P` raise BlendkitError if they saw a scored recording, unless `allow_seen`;
    then `note` reports it. A fit that needs scores uses the stream's own, on the recordings that have labels.
    known: further classes that labels may name (a step may act on some only).
    """
    named = around.files.of_step(step)
    if named is None or step.info.load is None:
        raise BlendkitError(
            f"{step.name}: no file is known for its `fit:` or `artefact:`",
            ["run it as a step of a recipe, which finds files in its data folder"],
        )
    path = named[1]
    scored, classes = scores.rows.recordings(), scores.classes
    if step.params.get("fit") is None:
        artefact = around.files.contents.artefact(path, step.info.load)
        saw = around.files.contents.saw_of(path, step.info.load)
        refuse_seen_by_step(step, saw, scored, note, around.contents)
        if not set(artefact.classes) & {*classes, *known}:  # it would change no score, without any message
            listed = [f"artefact: {shorten(artefact.classes)}", f"run: {shorten(classes)}"]
            raise BlendkitError(f"{step.name}: {path.name} was fitted on none of the run's classes", listed)
        return Fitted((artefact,))
    _note_teacher(step, around, scored, note)
    table = around.files.contents.labels(path).named_as(scored)
    if step.info.fit_on == "scores":
        table = _scored_only(step, table, scored)
    check_folds(step, table)

    def fitted(recordings: Sequence[str]) -> Any:
        return _fitted(step, table.only(recordings), scores, around, known)

    everything = fitted(table.recordings)  # with folds, what recordings without labels get: it cannot have seen them
    if step.folds == 0:
        refuse_seen_by_step(step, Saw.of(everything.saw, around.contents), scored, note, around.contents)
        return Fitted((everything,))
    return _cross_fit(table, step.folds, fitted, everything, scored, around.contents)


def _note_teacher(step: OpStep, around: StepContext, scored: Sequence[str], note: Callable[[str], None]) -> None:
    """Say it where a step is fitted on pseudo-labels of a teacher that learned from scored recordings, or may have."""
    teacher = around.files.teacher_of(step)
    seen = teacher.among(scored, around.contents)
    what = f"{step.name}: the teacher of its pseudo-labels"
    if seen:
        note(f"{what} learned from {len(seen)} of the {len(scored)} scored recordings: figures are in-sample")
    elif not teacher.known:
        note(f"{what} may have learned from the scored recordings, which nobody knows: figures may be in-sample")


def _fitted(step: OpStep, part: LabelTable, scores: Scores, around: StepContext, further: Iterable[str]) -> Any:
    if step.info.fit is None:
        raise BlendkitError(f"{step.name} is not fitted")
    known = {*around.taxonomy.classes, *further}
    params = {
        k: step.params[k] if context is None else {"taxonomy": around.taxonomy}[context.name]
        for k, (_, context, _) in signature(step.info.fit).items()
    }
    if step.info.fit_on == "labels":  # counts of labels: the labelled recordings need not be scored
        rows = chunk_rows(part.chunk_counts(around.chunk_s), around.chunk_s, around.names)
        require_name_parts(step, rows, around.names, what="labelled recording")
        truth, labelled = part.matrix(rows, scores.classes, known)
        return step.info.fit(truth, labelled, rows, scores.classes, **params)
    at = np.flatnonzero(np.isin(scores.rows.recording, part.recordings))
    rows = scores.rows.take(at)
    truth, labelled = part.matrix(rows, scores.classes, known)
    return step.info.fit(scores.values[at], truth, labelled, rows, scores.classes, **params)


def _scored_only(step: OpStep, table: LabelTable, scored: Sequence[str]) -> LabelTable:
    both = [r for r in table.recordings if r in set(scored)]
    if not both:
        raise BlendkitError(
            f"{step.name}: is fitted on scores of labelled recordings, and this run scores none of them",
            [
                *filter(None, [compare_names(table.recordings, scored, "the labels", "the run")]),
                "fit its artefact on out-of-fold scores (`blendkit fit step`) and name the file as `artefact:`",
            ],
        )
    return table.only(both)


def check_folds(step: OpStep, table: LabelTable) -> None:
    """Raise BlendkitError if a fitted step asks for more folds than there are labelled recordings."""
    if len(table.recordings) < step.folds:
        raise BlendkitError(
            f"{step.name}: {len(table.recordings)} labelled recordings cannot make {step.folds} folds",
            ["give fewer `folds:`"],
        )


def _cross_fit(
    table: LabelTable,
    folds: int,
    fitted: Callable[[Sequence[str]], Any],
    everything: Any,
    scored: Sequence[str],
    contents: Contents,
) -> Fitted:
    # by recording: chunks of one recording are alike, and would leak, as would its copies under other names
    copy = copies(table.recordings, contents)
    dealt = fold_of(sorted(set(copy.values())), folds)
    fold = {r: dealt[c] for r, c in copy.items()}
    labelled = dict(same_recordings(scored, table.recordings, contents, contents))
    needed = sorted({fold[r] for r in labelled.values()})  # without scored recordings a fold's fit is never applied
    without = [fitted([r for r in table.recordings if fold[r] != f]) for f in needed]
    at = {f: i + 1 for i, f in enumerate(needed)}
    return Fitted((everything, *without), 0, {r: at[fold[own]] for r, own in labelled.items()})


def refuse_seen_by_step(
    step: OpStep,
    saw: Saw,
    scored: Sequence[str],
    note: Callable[[str], None] = ignore_text,
    contents: Contents | None = None,
) -> None:
    """Raise BlendkitError if a fitted step saw a scored recording; where `allow_seen` is set, call `note` instead."""
    way = "use `fit: {labels: ..., folds: 5}` to cross-fit" if step.info.fit_in_recipe else "fit it on others"
    _refuse_seen(step.name, bool(step.params.get("allow_seen")), way, saw.among(scored, contents), len(scored), note)


def refuse_seen_by_blend(
    stream: StreamPlan,
    saw: Saw,
    scored: Sequence[str],
    note: Callable[[str], None] = ignore_text,
    contents: Contents | None = None,
) -> None:
    """Raise BlendkitError if a blend's fitted coefficients saw a scored recording, or call `note`, as for a step."""
    allowed = stream.weights_by is not None and stream.weights_by.allow_seen
    way = "`search stack` says what they are worth on unseen recordings"
    both = saw.among(scored, contents)
    _refuse_seen(f"coefficients of {stream.name!r}", allowed, way, both, len(scored), note)


def _refuse_seen(
    what: str, allowed: bool, way: str, both: Sequence[str], scored: int, note: Callable[[str], None]
) -> None:
    if both and not allowed:
        raise BlendkitError(
            f"{what}: fitted on {len(both)} of the recordings it would be applied to",
            [shorten(both), f"{way}, or say `allow_seen: true`"],
        )
    if both:
        note(f"{what}: fitted on {len(both)} of the {scored} scored recordings: figures are in-sample")


def stack_for(
    stream: StreamPlan, around: StepContext, scored: Sequence[str], note: Callable[[str], None] = ignore_text
) -> StackWeights | None:
    """Return the fitted coefficients that a blend names, None if it names none. Raises as `refuse_seen_by_blend`."""
    found = around.files.stack_of(stream)
    if found is None:
        return None
    refuse_seen_by_blend(stream, found[1], scored, note, around.contents)
    return found[0]


def fit_op(
    info: OpInfo,
    params: dict[str, Any],
    scores: Scores | None,
    table: LabelTable | None,
    around: StepContext,
) -> Any:
    """Return an op's artefact, fitted on labels, on scores and labels, or on a reference's scores.

    Raises BlendkitError for an op that is not fitted, and for missing scores or labels that its fit needs.
    """
    needs = {"labels": (False, True), "scores": (True, True), "reference": (True, False)}[info.fit_on]
    given = (scores is not None, table is not None)
    lacks = [what for what, need, has in zip(("scores", "labels"), needs, given, strict=True) if need and not has]
    if info.fit is None:
        raise BlendkitError(f"{info.name} is not fitted")
    if lacks:
        raise BlendkitError(f"{info.name}: its fit also needs {' and '.join(lacks)}")
    if info.fit_on == "reference" and scores is not None:
        return info.fit(scores.values, scores.rows, scores.classes, **params)
    assert table is not None
    if scores is None:  # a fit on labels alone asks the stream for nothing but its classes
        classes = tuple(around.taxonomy.classes) or tuple(sorted(table.classes))
        nothing, covered = chunk_rows({}, around.chunk_s, around.names), np.ones(len(classes), bool)
        scores = Scores(np.empty((0, len(classes))), nothing, classes, "logit", covered)
    space = scores.stated_space()
    step = OpStep(name=info.name, info=info, params=params, space_in=space, space_out=space)
    if info.fit_on == "scores":
        table = _scored_only(step, table.named_as(scores.rows.recordings()), scores.rows.recordings())
    return _fitted(step, table, scores, around, ())
