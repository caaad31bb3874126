"""A cache of finished streams: a recipe that differs in its last steps only re-uses all the earlier ones."""

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
    """Results by the hash of what they were made from; beyond `limit` bytes the least recently used are dropped.

    A limit of 0 stores nothing: a run makes every stream once and needs no cache.
    """

    limit: int = 0
    stored: OrderedDict[str, tuple[Any, int]] = field(default_factory=OrderedDict)
    size: int = 0
    hits: int = 0

    def get(self, key: str, make: Callable[[], T], weigh: Callable[[T], int]) -> T:
        """Return what is stored under `key`, or make it and store it; `weigh` gives its size in bytes."""
        if key in self.stored:
            self.stored.move_to_end(key)
            self.hits += 1
            found: T = self.stored[key][0]
            return found
        made = make()
        if weigh(made) <= self.limit:
            self.stored[key] = (made, weigh(made))
            self.size += weigh(made)
            while self.size > self.limit:
                self.size -= self.stored.popitem(last=False)[1][1]
        return made


def blend_key(stream: StreamPlan, inputs: list[str]) -> str:
    """Return the hash of a blend from what its inputs were made from."""
    assert stream.blend is not None
    by = None if stream.weights_by is None else stream.weights_by.model_dump()
    weights = [stream.weights.get(n, 0.0) for n in stream.inputs]
    # the names are hashed too: `weights_by` names inputs and members, so equal values under other names weigh otherwise
    made_of = [stream.blend.name, list(stream.inputs), inputs, weights, by, stream.params]
    return text_hash(canonical_json(made_of))


def fill_key(stream: StreamPlan, source: str) -> str:
    """Return the hash of a stream after its `fill_uncovered`."""
    return source if stream.fill is None else text_hash(canonical_json([source, "fill", stream.fill.model_dump()]))


def step_key(step: StepPlan, source: str, reads: Sequence[str] = ()) -> str:
    """Return the hash of a stream after one more step; reads: what the other streams it reads were made from."""
    return text_hash(canonical_json([source, list(reads), *_identity(step)]))


def _identity(step: StepPlan) -> list[Any]:
    where = None if step.where is None else step.where.said()
    # a file's name stands for its content: in one data folder every file is read once, so it cannot change between
    if isinstance(step, OpStep):
        return [step.name, step.params, where]
    return [step.name, step.space_out, where, [_identity(g) for g in step.ops]]
