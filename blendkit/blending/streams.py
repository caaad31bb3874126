"""Make every stream of a plan from its members' scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.blending.memo import Memo, blend_key, fill_key, step_key
from blendkit.blending.step_context import StepContext
from blendkit.blending.steps import ReadStream, apply_step, convert, no_streams, zero_stand_in
from blendkit.blending.uncovered import fill_uncovered
from blendkit.blending.weights import weight_matrix
from blendkit.core import Bools, Float64, Matrix, Rows, Scores, logit, sigmoid
from blendkit.events import Note, say_nothing
from blendkit.metrics import doubled_ranks
from blendkit.ops import exact_weights
from blendkit.recipe import Plan, StreamPlan

_BLOCK = 8192  # rows at a time where an op sees single chunks, so that temporaries stay small


@dataclass
class _Making:
    """Streams at hand while a plan is made; one is dropped when nothing needs it any more."""

    plan: Plan
    around: StepContext
    note: Note
    at_hand: dict[str, Scores]
    ranks: dict[str, NDArray[np.int32]]
    uses: Counter[str]
    coverage: dict[str, Bools]
    memo: Memo


@dataclass(frozen=True)
class _Reader:
    """How a stream's steps look at others, and what these were made from."""

    look: ReadStream
    made_by: dict[str, str]


def make_streams(
    plan: Plan,
    members: Mapping[str, Scores],
    around: StepContext,
    *,
    made: Callable[[str, Scores], None] = lambda name, scores: None,
    note: Note = say_nothing,
    memo: Memo | None = None,
    wanted: Sequence[str] | None = None,
    take: Callable[[str], Scores] | None = None,
) -> dict[str, Scores]:
    """Return the wanted streams, by default those a plan writes. members: all on equal rows and classes.

    made: called with every stream once, as soon as it is whole. note: called with what conversions, fallbacks and
    coverage did to a stream. A stream's ranks are made once, however many blends use them. memo: lends what earlier
    calls made on the same rows and surroundings (`made_by` says what a stream came from); a lent stream gives no
    notes again. take: gives a member's scores for good (`members.pop`), so that they leave memory after their last
    use; default: they stay.
    """
    outputs = tuple(plan.outputs if wanted is None else wanted)
    streams = _needed(plan, outputs)
    uses = Counter(i for s in streams for i in (*s.inputs, *s.reads))
    uses.update(outputs)
    coverage = {n: s.covered for n, s in members.items()}
    making = _Making(plan, around, note, {}, {}, uses, coverage, memo or Memo())
    for stream in streams:
        heard = partial(note, stream.name)
        reader = _Reader(partial(_look, making, heard), {n: making.at_hand[n].made_by for n in stream.reads})
        scores = finished(
            stream,
            _source(making, stream, take or members.__getitem__),
            around,
            coverage,
            heard,
            making.memo,
            reader,
        )
        for name in stream.reads:
            _taken(making, name)
        _report_uncovered(making, stream, scores)
        made(stream.name, scores)
        if uses[stream.name]:
            making.at_hand[stream.name] = scores
        del scores
    return {n: making.at_hand[n] for n in outputs}


def _source(making: _Making, stream: StreamPlan, take: Callable[[str], Scores]) -> Scores:
    if stream.blend is not None:
        return _blended(making, stream)
    return _taken(making, stream.inputs[0]) if stream.inputs else take(stream.name)


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

    reader: gives the streams that steps look at.
    """
    look, made_by = (no_streams, {}) if reader is None else (reader.look, reader.made_by)
    scores = replace(fill_uncovered(stream, scores, around), made_by=fill_key(stream, scores.made_by))
    for step in stream.steps:
        key = step_key(step, scores.made_by, [made_by[n] for n in step.reads])
        make = partial(apply_step, step, scores, around, coverage, note, look)
        scores = replace(memo.get(key, make, _bytes), made_by=key)
        del make
    return scores


def _bytes(scores: Scores) -> int:
    return scores.values.nbytes


def _needed(plan: Plan, outputs: Sequence[str]) -> list[StreamPlan]:
    """The streams that the outputs come from, in the plan's order."""
    wanted = set(outputs)
    for stream in reversed(plan.streams):
        if stream.name in wanted:
            wanted.update((*stream.inputs, *stream.reads))
    return [s for s in plan.streams if s.name in wanted]


def _taken(making: _Making, name: str) -> Scores:
    """Use a stream; after its last use nothing keeps it."""
    making.uses[name] -= 1
    return making.at_hand[name] if making.uses[name] else making.at_hand.pop(name)


def _blended(making: _Making, stream: StreamPlan) -> Scores:
    """A blend, made or lent; either way its inputs are used."""
    key = blend_key(stream, [making.at_hand[n].made_by for n in stream.inputs])
    if key in making.memo.held:
        for name in stream.inputs:
            _taken(making, name)
    return replace(making.memo.get(key, partial(_blend, making, stream), _bytes), made_by=key)


def _blend(making: _Making, stream: StreamPlan) -> Scores:
    assert stream.blend is not None
    inputs = {n: making.at_hand[n] for n in stream.inputs}
    first = inputs[stream.inputs[0]]
    weights = weight_matrix(stream, inputs, making.coverage, making.around.taxonomy)
    covered = (weights != 0).any(axis=0)
    rows, classes = first.rows, first.classes
    if stream.blend.inputs_as == "doubled_ranks":
        del inputs, first
        if not exact_weights(weights, len(rows))[1].all():
            making.note(
                stream.name,
                "these weights have no exact integer form (over nine decimals, or too far apart): blended in float64",
            )
        ranks = [_ranks(making, n) for n in stream.inputs]
        values = stream.blend.function(*ranks, **_blend_context(making, stream, rows, classes, weights))
    else:
        values = _blend_rows(making, stream, inputs, weights)
        for name in stream.inputs:
            _taken(making, name)
    for name in stream.inputs:
        if not making.uses[name]:
            making.ranks.pop(name, None)
    return Scores(values, rows, classes, stream.start_space, covered)


def _ranks(making: _Making, name: str) -> NDArray[np.int32]:
    """A stream's integer ranks, made once; its values are dropped at their last use."""
    if name not in making.ranks:
        scores = making.at_hand[name]
        make = partial(doubled_ranks, scores.values)
        making.ranks[name] = making.memo.get(f"ranks {scores.made_by}", make, lambda r: r.nbytes)
        del scores, make
    _taken(making, name)
    return making.ranks[name]


def _blend_rows(making: _Making, stream: StreamPlan, inputs: dict[str, Scores], weights: Float64) -> Float64:
    """Convert and blend block by block where the op sees single chunks; whole otherwise."""
    assert stream.blend is not None
    takes, function = stream.blend.inputs_as, stream.blend.function
    floors = {
        n: zero_stand_in(s.values[:, s.covered], partial(_note_of, making, stream.name, n))
        for n, s in inputs.items()
        if takes == "logit" and s.space == "prob"
    }

    def ready(name: str, part: slice) -> Matrix:
        scores, values = inputs[name], inputs[name].values[part]
        if takes == "any" or takes == scores.space:
            return values
        return sigmoid(values) if takes == "prob" else logit(values, floor=floors[name])

    first = next(iter(inputs.values()))
    n = len(first)
    kwargs = _blend_context(making, stream, first.rows, first.classes, weights)
    by_rows = {"rows", "offsets"} & set(stream.blend.context().values())  # these belong to the whole
    step = _BLOCK if stream.blend.scope == "chunk" and not by_rows else max(n, 1)
    out = np.empty((n, weights.shape[1]), np.float64)
    for low in range(0, n, step):
        part = slice(low, low + step)
        out[part] = function(*(ready(i, part) for i in stream.inputs), **kwargs)
    return out


def _blend_context(
    making: _Making, stream: StreamPlan, rows: Rows, classes: tuple[str, ...], weights: Float64
) -> dict[str, Any]:
    """Supply what a blend asks for, beside its own parameters."""
    assert stream.blend is not None
    supply: dict[str, Any] = {
        "weights": weights,
        "rows": rows,
        "offsets": rows.offsets(),
        "taxonomy": making.around.taxonomy,
        "classes": classes,
        "covered": (weights != 0).any(axis=0),
    }
    return {p: supply[name] for p, name in stream.blend.context().items()} | stream.params


def _note_of(making: _Making, stream: str, source: str, text: str) -> None:
    making.note(stream, f"{source}: {text}")


def _look(making: _Making, note: Callable[[str], None], name: str, space: str) -> tuple[Matrix, Bools]:
    """A stream as a step asks for it."""
    scores = making.at_hand[name]
    if space in ("any", scores.space) and space != "rank":
        return scores.values, scores.covered
    if space == "rank":
        make = partial(doubled_ranks, scores.values)
        ranks = making.memo.get(f"ranks {scores.made_by}", make, lambda r: r.nbytes)
        return ranks / (2.0 * max(len(ranks), 1)), scores.covered
    return convert(scores, "prob" if space == "prob" else "logit", note).values, scores.covered


def _report_uncovered(making: _Making, stream: StreamPlan, scores: Scores) -> None:
    nobody = int((~scores.covered).sum())
    if nobody and stream.name in making.plan.outputs:
        making.note(stream.name, f"{nobody} of {len(scores.classes)} classes are covered by no member (constant)")
