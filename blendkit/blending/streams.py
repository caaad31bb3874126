"""Make every stream of a plan from its members' scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.blending.conversions import converter
from blendkit.blending.cross_fitted_steps import stack_for
from blendkit.blending.one_blend import OneBlend
from blendkit.blending.step_context import StepContext
from blendkit.blending.steps import ReadStream, apply_step, no_streams
from blendkit.blending.stream_cache import Memo, blend_key, fill_key, step_key
from blendkit.blending.uncovered import fill_uncovered
from blendkit.blending.weights import weight_matrix
from blendkit.core import Bools, Matrix, Scores, Space
from blendkit.events import Note, ignore_note
from blendkit.metrics import doubled_ranks
from blendkit.recipe import Plan, StreamPlan


@dataclass
class _Making:
    """What is held while a plan's streams are made; a stream is dropped after its last use."""

    plan: Plan
    around: StepContext
    note: Note
    live: dict[str, Scores]
    ranks: dict[str, NDArray[np.int32]]
    uses: Counter[str]
    coverage: dict[str, Bools]
    memo: Memo


@dataclass(frozen=True)
class _Reader:
    """How a stream's steps read other streams, and what these were made from."""

    read: ReadStream
    made_by: dict[str, str]


def make_streams(
    plan: Plan,
    members: Mapping[str, Scores],
    around: StepContext,
    *,
    made: Callable[[str, Scores], None] = lambda name, scores: None,
    note: Note = ignore_note,
    memo: Memo | None = None,
    wanted: Sequence[str] | None = None,
    release: Callable[[str], Scores] | None = None,
) -> dict[str, Scores]:
    """Return the wanted streams, by default those a plan writes. members: all on equal rows and classes.

    made: called with every stream once, as soon as it is whole. note: called with what conversions, fallbacks and
    coverage did to a stream. A stream's ranks are made once, however many blends use them. memo: results of earlier
    calls on the same rows and with the same context (`made_by` says what a stream came from); a stream found in it
    gives no notes again. release: returns a member's scores and forgets them (`members.pop`), so that they leave
    memory after their last use; default: `members` keeps them.
    """
    outputs = tuple(plan.outputs if wanted is None else wanted)
    streams = needed(plan, outputs)
    uses = Counter(i for s in streams for i in (*s.inputs, *s.reads))
    uses.update(outputs)
    coverage = {n: s.covered for n, s in members.items()}  # needed to the end, after members were released
    making = _Making(plan, around, note, {}, {}, uses, coverage, memo or Memo())
    for stream in streams:
        own_note = partial(note, stream.name)
        reader = _Reader(partial(_read, making, own_note), {n: making.live[n].made_by for n in stream.reads})
        scores = finished(
            stream,
            _source(making, stream, release or members.__getitem__),
            around,
            coverage,
            own_note,
            making.memo,
            reader,
        )
        for name in stream.reads:
            _use(making, name)
            if not making.uses[name]:
                making.ranks.pop(name, None)
        _report_uncovered(making, stream, scores)
        made(stream.name, scores)
        if uses[stream.name]:
            making.live[stream.name] = scores
        del scores  # or this name would hold the stream while the next one is made
    return {n: making.live[n] for n in outputs}


def _source(making: _Making, stream: StreamPlan, release: Callable[[str], Scores]) -> Scores:
    if stream.blend is not None:
        return _blended(making, stream)
    return _use(making, stream.inputs[0]) if stream.inputs else release(stream.name)


def finished(
    stream: StreamPlan,
    scores: Scores,
    around: StepContext,
    coverage: dict[str, Bools],
    note: Callable[[str], None],
    memo: Memo,
    reader: _Reader | None = None,
) -> Scores:
    """Return a stream's source after its fill and its steps, as far as possible from the memo.

    reader: gives the other streams that steps read.
    """
    read, made_by = (no_streams, {}) if reader is None else (reader.read, reader.made_by)
    for i, step in enumerate(stream.steps):
        if i == stream.fill_at:
            scores = _filled(stream, scores, around)
        key = step_key(step, scores.made_by, [made_by[n] for n in step.reads])
        make = partial(apply_step, step, scores, around, coverage, note, read)
        scores = replace(memo.get(key, make, _bytes), made_by=key)
        del make  # it holds the step's input, which the next step does not need
    return scores if stream.fill_at < len(stream.steps) else _filled(stream, scores, around)


def _filled(stream: StreamPlan, scores: Scores, around: StepContext) -> Scores:
    return replace(fill_uncovered(stream, scores, around), made_by=fill_key(stream, scores.made_by))


def _bytes(scores: Scores) -> int:
    return scores.values.nbytes


def needed(plan: Plan, outputs: Sequence[str]) -> list[StreamPlan]:
    """The streams that the outputs come from, in the plan's order."""
    wanted = set(outputs)
    for stream in reversed(plan.streams):
        if stream.name in wanted:
            wanted.update((*stream.inputs, *stream.reads))
    return [s for s in plan.streams if s.name in wanted]


def _use(making: _Making, name: str) -> Scores:
    """Return a stream for one use, and drop it after its last."""
    making.uses[name] -= 1
    return making.live[name] if making.uses[name] else making.live.pop(name)


def _blended(making: _Making, stream: StreamPlan) -> Scores:
    """A blend, made or found in the memo; either way it counts as one use of each input."""
    key = blend_key(stream, [making.live[n].made_by for n in stream.inputs])
    if key in making.memo.stored:
        for name in stream.inputs:
            _use(making, name)
    return replace(making.memo.get(key, partial(_blend, making, stream), _bytes), made_by=key)


def _blend(making: _Making, stream: StreamPlan) -> Scores:
    inputs = {n: making.live[n] for n in stream.inputs}
    first = inputs[stream.inputs[0]]
    stack = stack_for(stream, making.around, first.rows.recordings(), partial(making.note, stream.name))
    weights = weight_matrix(stream, inputs, making.coverage, making.around.taxonomy, stack)
    about = OneBlend(stream, first.rows, first.classes, weights, making.around.taxonomy)
    if about.by_ranks:
        del inputs, first  # each input is ranked and dropped in turn: values and ranks of all are never held together
        about.note_inexact(partial(making.note, stream.name))
        values = about.of([_ranks(making, n) for n in stream.inputs])
    else:
        values = about.of_rows(inputs, about.converters(inputs, partial(making.note, stream.name)))
        for name in stream.inputs:
            _use(making, name)
    for name in stream.inputs:
        if not making.uses[name]:
            making.ranks.pop(name, None)
    return about.scores(values)


def _ranks(making: _Making, name: str) -> NDArray[np.int32]:
    """A stream's integer ranks, made once; its values are dropped at their last use."""
    ranks = _kept_ranks(making, name)
    _use(making, name)
    return ranks


def _kept_ranks(making: _Making, name: str) -> NDArray[np.int32]:
    if name not in making.ranks:
        scores = making.live[name]
        make = partial(doubled_ranks, scores.values)
        making.ranks[name] = making.memo.get(f"ranks {scores.made_by}", make, lambda r: r.nbytes)
    return making.ranks[name]


def _read(
    making: _Making, note: Callable[[str], None], name: str, space: Space | Literal["any"]
) -> tuple[Matrix, Bools]:
    """Another stream's values in the space that a step asks for, and the classes it covers."""
    scores = making.live[name]
    if space == "rank":
        ranks = _kept_ranks(making, name)
        return ranks / (2.0 * max(len(ranks), 1)), scores.covered
    return converter(scores, space, note)(scores.values), scores.covered


def _report_uncovered(making: _Making, stream: StreamPlan, scores: Scores) -> None:
    uncovered = int((~scores.covered).sum())
    if uncovered and stream.name in making.plan.outputs:
        making.note(stream.name, f"{uncovered} of {len(scores.classes)} classes are covered by no member (constant)")
