"""Streams already made, so that a recipe which differs late re-uses all that comes before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from blendkit.core import canonical_json, text_hash
from blendkit.recipe import OpStep, StepPlan, StreamPlan

T = TypeVar("T")


@dataclass
class Memo:
    """Made things by the hash of what they were made from; beyond `limit` bytes the oldest are dropped.

    A limit of 0 keeps nothing, as a run wants it that makes every stream once.
    """

    limit: int = 0
    held: OrderedDict[str, tuple[Any, int]] = field(default_factory=OrderedDict)
    size: int = 0
    hits: int = 0

    def get(self, key: str, make: Callable[[], T], weigh: Callable[[T], int]) -> T:
        """Return what is kept under `key`, or make it and keep it; `weigh` gives its bytes."""
        if key in self.held:
            self.held.move_to_end(key)
            self.hits += 1
            found: T = self.held[key][0]
            return found
        made = make()
        if weigh(made) <= self.limit:
            self.held[key] = (made, weigh(made))
            self.size += weigh(made)
            while self.size > self.limit:
                self.size -= self.held.popitem(last=False)[1][1]
        return made


def blend_key(stream: StreamPlan, inputs: list[str]) -> str:
    """Return the hash of a blend from what its inputs were made from."""
    assert stream.blend is not None
    by = None if stream.weights_by is None else stream.weights_by.model_dump()
    weights = [stream.weights.get(n, 0.0) for n in stream.inputs]
    # names count, for groups of weights name members
    made_of = [stream.blend.name, list(stream.inputs), inputs, weights, by, stream.params]
    return text_hash(canonical_json(made_of))


def fill_key(stream: StreamPlan, source: str) -> str:
    """Return the hash of a stream after its `fill_uncovered`."""
    return source if stream.fill is None else text_hash(canonical_json([source, "fill", stream.fill.model_dump()]))


def step_key(step: StepPlan, source: str, reads: Sequence[str] = ()) -> str:
    """Return the hash of a stream after one more step; reads: what the streams that it looks at were made from."""
    return text_hash(canonical_json([source, list(reads), *_identity(step)]))


def _identity(step: StepPlan) -> list[Any]:
    where = None if step.where is None else step.where.model_dump()
    if isinstance(step, OpStep):
        return [step.name, step.params, where]
    return [step.name, step.space_out, where, [_identity(g) for g in step.ops]]
