"""Checks that need no scores, made before hours of scoring: classes, groups, levels and labels that steps name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from blendkit.blending import (
    check_folds,
    raw_weights,
    refuse_seen_by_blend,
    refuse_seen_by_step,
    require_name_parts,
    where_mask,
)
from blendkit.core import LEVELS, TAXA, LabelTable, Saw, Taxonomy, chunk_rows
from blendkit.engine.run_inputs import Inputs
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.ops import Keys, check_levels, mark_of, signature
from blendkit.recipe import GateStep, KeyPath, OpStep, Plan, RecipeFiles, StreamPlan
from blendkit.scoring import is_finished


def preflight(plan: Plan, inputs: Inputs, files: RecipeFiles) -> None:
    """Raise BlendkitError listing every step and blend that cannot work on these classes and files."""
    found = [
        *_class_errors(plan, inputs.taxonomy, inputs.classes, files),
        *_name_errors(plan, inputs),
        *_file_errors(plan, inputs, files),
    ]
    _refuse(plan, found)


def require_known_classes(plan: Plan, inputs: Inputs, files: RecipeFiles, classes: tuple[str, ...]) -> None:
    """Raise BlendkitError as `preflight` does, of a run whose classes are known only once its score files are read."""
    if not inputs.classes:
        _refuse(plan, _class_errors(plan, inputs.taxonomy, classes, files))


def _refuse(plan: Plan, found: Iterable[tuple[KeyPath, BlendkitError]]) -> None:
    problems = [f"{plan.recipe.where(path)}: {'; '.join([error.title, *error.problems])}" for path, error in found]
    if problems:
        raise BlendkitError(f"{plan.recipe.source}: this recipe does not fit its data", problems)


def _class_errors(
    plan: Plan, taxonomy: Taxonomy, classes: tuple[str, ...], files: RecipeFiles
) -> Iterator[tuple[KeyPath, BlendkitError]]:
    if not classes:  # known only once score files are read
        return
    # members are not open yet, so what they cover is unknown: full coverage checks all names and rejects nothing valid
    everything = {m: np.ones(len(classes), bool) for m in plan.members}
    for stream in plan.streams:
        if stream.blend is not None:
            try:
                found = files.stack_of(stream)
                raw_weights(stream, classes, everything, taxonomy, None if found is None else found[0])
            except BlendkitError as error:
                yield stream.path, error
        if wrong := [f"{c!r}{did_you_mean(c, classes)}" for c in _filled(stream) if c not in classes]:
            title = f"fill_uncovered: by_class: no class is called {', '.join(wrong)}"
            yield (*stream.path, "fill_uncovered", "by_class"), BlendkitError(title)
        gates = [s for s in stream.steps if isinstance(s, GateStep)]
        checked: list[OpStep | GateStep] = [*gates, *stream.ops]
        for step in checked:
            try:
                where_mask(step, classes, taxonomy, everything)
                for op in step.ops if isinstance(step, OpStep) else ():
                    _check_levels(op, taxonomy, classes)
                    _check_keys(op, taxonomy, classes)
            except BlendkitError as error:
                yield step.path, error


def _filled(stream: StreamPlan) -> Iterable[str]:
    """Return the classes whose values a stream states where no member covers them."""
    return () if stream.fill is None else stream.fill.by_class


def _check_levels(step: OpStep, taxonomy: Taxonomy, classes: tuple[str, ...]) -> None:
    if step.info.taxonomic and taxonomy.table:
        used = [level for level in LEVELS if step.params.get(level, 0) > 0]
        check_levels(step.name, taxonomy, classes, used, step.params["sonotypes"])


def _check_keys(step: OpStep, taxonomy: Taxonomy, classes: tuple[str, ...]) -> None:
    """Classes and taxa that parameters name must exist."""
    hints = {p: hint for p, (hint, _, _) in signature(step.info.function).items()}
    taxa = TAXA | {taxonomy.group_of(c, "class_name") for c in classes} - {""}
    for parameter, hint in hints.items():
        mark = mark_of(hint, Keys)
        if mark is None or step.params.get("unknown_classes") == "ignore":
            continue
        given = step.params[parameter]
        names = list(given) if isinstance(given, dict) else [c for group in given for c in group]
        known = list(classes) if mark.of == "classes" else sorted(taxa)
        wrong = [f"{n!r}{did_you_mean(n, known)}" for n in names if n not in known]
        if wrong:
            what = "class" if mark.of == "classes" else "class_name"
            raise BlendkitError(f"{step.name}: {parameter}: no {what} is called {', '.join(wrong)}")


def _name_errors(plan: Plan, inputs: Inputs) -> Iterator[tuple[KeyPath, BlendkitError]]:
    if all(is_finished(member) for member in plan.members.values()):
        return  # the recordings are those of the score files, known only once these are read
    ids = [r.id for r in inputs.to_score if not r.problem]
    rows = chunk_rows(dict.fromkeys(ids, 1), plan.recipe.model.chunk_s, inputs.names)
    for stream in plan.streams:
        for step in stream.ops:
            try:
                require_name_parts(step, rows, inputs.names)
            except BlendkitError as error:
                yield step.path, error


def _file_errors(plan: Plan, inputs: Inputs, files: RecipeFiles) -> Iterator[tuple[KeyPath, BlendkitError]]:
    needs_audio = not all(is_finished(member) for member in plan.members.values())
    # without audio members the recordings are those of the score files, known only once these are read
    scored = [r.id for r in inputs.recordings] if needs_audio else []
    for stream in plan.streams:
        try:
            stack = files.stack_of(stream)
            if stack is not None:
                refuse_seen_by_blend(stream, stack[1], scored)
        except BlendkitError as error:
            yield (*stream.path, "weights_by", "artefact"), error
        for step in stream.ops:
            named = files.of_step(step)
            if named is None:
                continue
            try:
                if step.params.get("fit") is None:
                    refuse_seen_by_step(step, files.seen_by(step) or Saw(), scored)
                else:
                    _check_labels(step, files.contents.labels(named[1]), inputs, scored)
            except BlendkitError as error:
                yield named[0], error


def _check_labels(step: OpStep, labels: LabelTable, inputs: Inputs, scored: Sequence[str]) -> None:
    """The labels that a step is to be fitted on must make its folds, know its classes, and be of other recordings."""
    table = labels.named_as(scored)
    check_folds(step, table)
    if inputs.classes:
        table.require_known(inputs.classes, inputs.taxonomy)
    if not step.folds:
        refuse_seen_by_step(step, Saw.of(table.recordings), scored)
