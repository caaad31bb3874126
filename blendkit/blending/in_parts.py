"""Make every stream of a plan a part at a time, where whole streams are too large for memory: the same bits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np

from blendkit.blending.class_and_cell_choice import chosen_cells, where_mask
from blendkit.blending.conversions import converter, taken_as
from blendkit.blending.cross_fitted_steps import fit_step, stack_for
from blendkit.blending.divided_work import Parts, blend_division, division_of, require_divisible
from blendkit.blending.one_blend import OneBlend
from blendkit.blending.step_context import StepContext
from blendkit.blending.steps import Chosen, apply_ops
from blendkit.blending.streams import needed
from blendkit.blending.uncovered import fill_uncovered, filled_constants
from blendkit.blending.weights import weight_matrix
from blendkit.core import Bools, Matrix, Scores, Space
from blendkit.events import Note, ignore_note
from blendkit.metrics import doubled_ranks, percentile_rank
from blendkit.ops import Fitted
from blendkit.recipe import Conversion, GateStep, KeyPath, OpStep, Plan, StreamPlan


@dataclass
class _Making:
    """What is held while streams are made: the whole streams lie where `parts.new_matrix` puts them."""

    around: StepContext
    parts: Parts
    note: Note
    live: dict[str, Scores]
    uses: Counter[str]
    coverage: dict[str, Bools]
    ranks: dict[str, Matrix] = field(default_factory=dict)
    said: set[tuple[str, str]] = field(default_factory=set)

    def say(self, stream: str, text: str) -> None:
        """Note a text once, for every part may give it."""
        if (stream, text) not in self.said:
            self.said.add((stream, text))
            self.note(stream, text)

    def use(self, name: str) -> None:
        """Count one use of a stream, and drop it after its last."""
        self.uses[name] -= 1
        if not self.uses[name]:
            self.live.pop(name)
            self.ranks.pop(name, None)


def make_streams_in_parts(
    plan: Plan,
    members: Mapping[str, Scores],
    around: StepContext,
    parts: Parts,
    *,
    made: Callable[[str, Scores], None] = lambda name, scores: None,
    note: Note = ignore_note,
    wanted: Sequence[str] | None = None,
    release: Callable[[str], Scores] | None = None,
) -> dict[str, Scores]:
    """Return the wanted streams, by default those a plan writes, as `make_streams` makes them, bit for bit.

    members: on equal rows and classes, class-major, usually mapped from files. A part of a step, a blend or a
    conversion is in memory at a time; notes of single parts count that part alone. made, release: as for
    `make_streams`. Raises BlendkitError for a plan with steps that need all rows of all classes at once.
    """
    require_divisible(plan)
    outputs = tuple(plan.outputs if wanted is None else wanted)
    streams = needed(plan, outputs)
    uses = Counter(i for s in streams for i in (*s.inputs, *s.reads))
    uses.update(outputs)
    making = _Making(around, parts, note, {}, uses, {n: s.covered for n, s in members.items()})
    for stream in streams:
        if stream.blend is not None:
            scores = _blended(making, stream)
        else:
            scores = making.live[stream.inputs[0]] if stream.inputs else (release or members.__getitem__)(stream.name)
        scores = _stepped(making, stream, scores)
        for name in (*stream.inputs, *stream.reads):
            making.use(name)
        made(stream.name, scores)
        if uses[stream.name]:
            making.live[stream.name] = scores
        del scores
    return {n: making.live[n] for n in outputs}


def _stepped(making: _Making, stream: StreamPlan, scores: Scores) -> Scores:
    note = partial(making.say, stream.name)
    for i, step in enumerate(stream.steps):
        if i == stream.fill_at:
            scores = _filled(making, stream, scores)
        if isinstance(step, Conversion):
            scores = _converted(making, step, scores, note)
        elif division_of(step) == "classes":
            scores = _by_classes(making, step, scores, note)
        else:
            scores = _by_recordings(making, step, scores, note)
    return scores if stream.fill_at < len(stream.steps) else _filled(making, stream, scores)


def _blended(making: _Making, stream: StreamPlan) -> Scores:
    assert stream.blend is not None
    inputs = {n: making.live[n] for n in stream.inputs}
    first = next(iter(inputs.values()))
    note = partial(making.say, stream.name)
    stack = stack_for(stream, making.around, first.rows.recordings(), note)
    weights = weight_matrix(stream, inputs, making.coverage, making.around.taxonomy, stack)
    about = OneBlend(stream, first.rows, first.classes, weights, making.around.taxonomy)
    if about.by_ranks:
        about.note_inexact(note)
    ready = {} if about.by_ranks else about.converters(inputs, note)
    out = making.parts.new_matrix(first.shape, np.float64)
    if blend_division(stream.blend) == "classes":
        for part in making.parts.of_classes(first.shape):
            narrow, own = {n: _some_classes(s, part) for n, s in inputs.items()}, about.of_classes(part)
            ranked = [doubled_ranks(s.values) for s in narrow.values()] if about.by_ranks else []
            out[:, part] = own.of(ranked) if about.by_ranks else own.of_rows(narrow, ready)
    else:
        for part in making.parts.of_recordings(first.rows, len(first.classes)):
            given = [ready[n](inputs[n].values[part]) for n in stream.inputs]
            out[part] = about.of(given, first.rows.take(part))
    return about.scores(out)


def _converted(making: _Making, step: Conversion, scores: Scores, note: Callable[[str], None]) -> Scores:
    if step.name == "as":
        return taken_as(scores, step.space_out)
    if step.space_out == scores.space:
        return scores
    return scores.with_values(_by_columns(making, scores, converter(scores, step.space_out, note)), step.space_out)


def _by_columns(making: _Making, scores: Scores, convert: Callable[[Matrix], Matrix]) -> Matrix:
    """Return values (N, C) converted some classes at a time, each with all rows."""
    out = making.parts.new_matrix(scores.shape, np.float64)
    for part in making.parts.of_classes(scores.shape):
        out[:, part] = convert(scores.values[:, part])
    return out


def _by_classes(making: _Making, step: OpStep | GateStep, scores: Scores, note: Callable[[str], None]) -> Scores:
    """Apply a step that looks at each class alone to some classes at a time, each with all rows."""
    masks = _class_masks(making, step, scores)
    out = making.parts.new_matrix(scores.shape, np.float64)
    reads, fitted = _converters_of(making, step, note), _fits(making, step, scores, masks, note)
    for part in making.parts.of_classes(scores.shape):

        def cells(of: OpStep | GateStep, _: Scores, part: slice = part) -> Bools | None:
            mask = masks[id(of)]
            return None if mask is None else mask[part]

        def read(name: str, space: Space | Literal["any"], part: slice = part) -> tuple[Matrix, Bools]:
            other = making.live[name]
            values = other.values[:, part]
            ready = percentile_rank(values) if space == "rank" else reads[name, space](values)
            return ready, other.covered[part]

        chosen = Chosen(cells, scores.classes, fitted)
        done = apply_ops(step, _some_classes(scores, part), making.around, chosen, note, read)
        out[:, part] = done.values
    return scores.with_values(out, step.space_out)


def _by_recordings(making: _Making, step: OpStep | GateStep, scores: Scores, note: Callable[[str], None]) -> Scores:
    """Apply a step that looks at each recording alone to some recordings at a time, each with all classes."""
    out = making.parts.new_matrix(scores.shape, np.float64)
    masks = _class_masks(making, step, scores)
    reads, fitted = _converters_of(making, step, note), _fits(making, step, scores, masks, note)
    ranked = {n: _kept_ranks(making, n) for n in {*step.reads} if _asks_ranks(step, n)}

    def cells(of: OpStep | GateStep, wide: Scores) -> Bools | None:
        return chosen_cells(of, wide, making.around.taxonomy, making.coverage)

    for part in making.parts.of_recordings(scores.rows, len(scores.classes)):

        def read(name: str, space: Space | Literal["any"], part: slice = part) -> tuple[Matrix, Bools]:
            other = making.live[name]
            ready = ranked[name][part] if space == "rank" else reads[name, space](other.values[part])
            return ready, other.covered

        given = replace(scores, values=scores.values[part], rows=scores.rows.take(part))
        done = apply_ops(step, given, making.around, Chosen(cells, scores.classes, fitted), note, read)
        out[part] = done.values
    return scores.with_values(out, step.space_out)


def _class_masks(making: _Making, step: OpStep | GateStep, scores: Scores) -> dict[int, Bools | None]:
    """Return (C,) true for the classes that a step and its gates act on, None for all or where scores decide."""
    return {id(s): where_mask(s, scores.classes, making.around.taxonomy, making.coverage) for s in (step, *step.ops)}


def _fits(
    making: _Making, step: OpStep | GateStep, scores: Scores, masks: Mapping[int, Bools | None],
    note: Callable[[str], None],
) -> dict[KeyPath, Fitted]:  # fmt: skip
    """Fit what a step applies, per op and once for all parts: a fit may look at all rows and classes."""
    out: dict[KeyPath, Fitted] = {}
    for one in (o for o in step.ops if o.info.load is not None):
        mask, part = masks[id(one)] if one.info.classwise else None, scores
        if mask is not None:
            at = np.flatnonzero(mask)
            # a fit on labels alone looks at no score: any columns will do, and copy nothing
            values = scores.values[:, at] if one.info.fit_on == "scores" else scores.values[:, : len(at)]
            names = tuple(scores.classes[i] for i in at)
            part = Scores(values, scores.rows, names, scores.space, scores.covered[at])
        out[one.path] = fit_step(one, part, making.around, note, scores.classes)
    return out


def _converters_of(
    making: _Making, step: OpStep | GateStep, note: Callable[[str], None]
) -> dict[tuple[str, Space | Literal["any"]], Callable[[Matrix], Matrix]]:
    """Return, per stream that a step reads and space it asks for, what converts the stream's values."""
    read = {(name, mark.space) for one in step.ops for name, mark in one.streams.values() if mark.space != "rank"}
    return {(name, space): converter(making.live[name], space, note) for name, space in sorted(read)}


def _asks_ranks(step: OpStep | GateStep, name: str) -> bool:
    """Return whether an op of the step is given the ranks of a stream."""
    given = [(n, mark, one.info.kept_ranks()) for one in step.ops for n, mark in one.streams.values()]
    return any(n == name and (mark.space == "rank" or kept) for n, mark, kept in given)


def _kept_ranks(making: _Making, name: str) -> Matrix:
    """Return the percentile ranks (N, C) of a stream, made once."""
    if name not in making.ranks:
        making.ranks[name] = _by_columns(making, making.live[name], percentile_rank)
    return making.ranks[name]


def _filled(making: _Making, stream: StreamPlan, scores: Scores) -> Scores:
    if stream.fill is None or scores.covered.all():
        return scores
    constants = None if stream.fill.congeners is not None else filled_constants(stream, scores, making.around)
    out, covered = making.parts.new_matrix(scores.shape, np.float64), np.ones_like(scores.covered)
    for part in making.parts.of_recordings(scores.rows, len(scores.classes)):
        given = replace(scores, values=scores.values[part], rows=scores.rows.take(part))
        if constants is None:
            done = fill_uncovered(stream, given, making.around)
            out[part], covered = done.values, done.covered
        else:
            out[part] = np.where(scores.covered, given.values, constants)
    return replace(scores, values=out, covered=covered)


def _some_classes(scores: Scores, part: slice) -> Scores:
    """Return some classes of scores, without a copy where these are class-major."""
    return Scores(
        scores.values[:, part], scores.rows, scores.classes[part], scores.space, scores.covered[part], scores.made_by
    )
