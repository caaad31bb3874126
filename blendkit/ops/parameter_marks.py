"""Marks in the annotations of an op's parameters: who supplies them, and what they must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from blendkit.core import Space

M = TypeVar("M")


@dataclass(frozen=True)
class Context:
    """Marks a parameter that the runner supplies, never a recipe."""

    name: Literal["offsets", "rows", "taxonomy", "classes", "covered", "fitted", "weights", "space"]


@dataclass(frozen=True)
class Stream:
    """Marks a parameter that a recipe gives as the name of another stream.

    The op gets that stream's values (N, C) in `space`: converted where that is possible, for `rank` as
    average-tie percentile ranks over all rows; `any` leaves them unchanged.
    """

    space: Space | Literal["any"]


@dataclass(frozen=True)
class KeptRanks:
    """Marks a parameter that gets the percentile ranks of the stream that the parameter `of` names, which are kept.

    The runner makes the ranks of a stream once, however many steps and blends use them. None: the op makes its own.
    """

    of: str


@dataclass(frozen=True)
class Keys:
    """Marks a mapping whose keys are classes, or names of a taxonomy level; the runner checks that they exist."""

    of: Literal["classes", "class_name"]


@dataclass(frozen=True)
class Default:
    """Gives a default to a key of a `TypedDict` whose keys are keyword parameters of several ops."""

    value: Any


def mark_of(hint: Any, kind: type[M]) -> M | None:
    """Return the mark in `Annotated[...]`, also inside `... | None`; None if there is none."""
    if isinstance(hint, kind):
        return hint
    return next((found for part in get_args(hint) if (found := mark_of(part, kind)) is not None), None)
