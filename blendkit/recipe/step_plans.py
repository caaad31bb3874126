"""The three kinds of a checked step: an op, a list of exclusive gates, or a conversion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from blendkit.core import Space
from blendkit.ops import Monotone, OpInfo, Scope, Stream
from blendkit.recipe.step_schema import Where
from blendkit.recipe.strict_yaml import KeyPath

_SCOPES: tuple[Scope, ...] = ("chunk", "file", "set")


def _scope_of(where: Where | None) -> Scope:
    """How much must be seen at once to know where a step acts."""
    return "file" if where is not None and where.by_cell == "recording" else "chunk"


@dataclass(frozen=True, kw_only=True)
class OpStep:
    """A registered op with its parameters checked and filled; `path` is its key in the recipe."""

    name: str
    info: OpInfo
    params: dict[str, Any]
    space_in: Space
    space_out: Space
    path: KeyPath = ()
    id: str | None = None
    where: Where | None = None

    @property
    def label(self) -> str:
        """How messages and run.json call it: its id, or its op."""
        return self.id or self.name

    @property
    def ops(self) -> tuple[OpStep, ...]:
        """Itself: the ops that the step applies."""
        return (self,)

    @property
    def streams(self) -> dict[str, tuple[str, Stream]]:
        """The streams that its parameters name: {parameter: (name, in which space)}."""
        marks = self.info.streams()
        return {p: (self.params[p], mark) for p, mark in marks.items() if self.params[p] is not None}

    @property
    def reads(self) -> tuple[str, ...]:
        """The names of the other streams that it reads, one for every use."""
        return tuple(n for n, _ in self.streams.values())

    @property
    def scope(self) -> Scope:
        """How much it needs at once; another stream's ranks need the whole set."""
        ranked = any(mark.space == "rank" for _, mark in self.streams.values())
        return "set" if ranked else max(self.info.scope, _scope_of(self.where), key=_SCOPES.index)

    @property
    def order(self) -> Monotone:
        """What it does to the order of a column: `strict` keeps it, `weak` may tie, `no` changes it.

        A cross-fitted map differs between folds, so it may re-order a column even where each map is monotone; so does
        a step that acts on some cells of a column.
        """
        return "no" if self.folds or self.by_cell else self.info.monotone

    @property
    def affine(self) -> bool:
        """Whether it keeps weighted means of streams: its op does, and which cells it acts on hangs on no score."""
        return self.info.affine and not self.by_cell

    @property
    def by_cell(self) -> bool:
        """Whether the scores themselves decide which cells it acts on."""
        return self.where is not None and self.where.by_cell is not None

    @property
    def folds(self) -> int:
        """The number of folds of its cross-fit; 0 for none."""
        fit = self.params.get("fit")
        return int(fit["folds"]) if isinstance(fit, dict) else 0

    def named_files(self) -> Iterator[tuple[KeyPath, str]]:
        """Yield (key path, file name) of what it is fitted on, or of the artefact it applies."""
        base = (*self.path, self.name)
        fit = self.params.get("fit")
        if isinstance(fit, dict):
            yield (*base, "fit", "labels"), fit["labels"]
        if isinstance(self.params.get("artefact"), str):
            yield (*base, "artefact"), self.params["artefact"]


@dataclass(frozen=True, kw_only=True)
class GateStep:
    """Exclusive gates: each cell is edited by the first gate that selects it; all gates read the unedited stream."""

    gates: tuple[OpStep, ...]
    space_in: Space
    path: KeyPath = ()
    id: str | None = None
    where: Where | None = None
    name: str = "gates"

    @property
    def space_out(self) -> Space:
        """Gates edit cells; they never change the space."""
        return self.space_in

    @property
    def label(self) -> str:
        """How messages and run.json call it."""
        return self.id or self.name

    @property
    def ops(self) -> tuple[OpStep, ...]:
        """The gates, in their order."""
        return self.gates

    @property
    def reads(self) -> tuple[str, ...]:
        """The names of the other streams that its gates read, one for every use."""
        return tuple(n for g in self.gates for n in g.reads)

    @property
    def scope(self) -> Scope:
        """The widest of its gates', and of what decides where they act."""
        return max((_scope_of(self.where), *(g.scope for g in self.gates)), key=_SCOPES.index)

    @property
    def order(self) -> Monotone:
        """Edited cells may get any place in the order."""
        return "no"


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """`to: SPACE` converts a stream's values; `as: SPACE` leaves them and says that they are to be taken as such."""

    space_in: Space
    space_out: Space
    path: KeyPath = ()
    id: str | None = None
    name: str = "to"
    where: None = None

    @property
    def label(self) -> str:
        """How messages call it."""
        return self.id or self.name

    @property
    def relabels(self) -> bool:
        """Whether every number stays what it is, and only its meaning changes."""
        kept = self.space_out == "unit" and self.space_in != "logit"
        return self.name == "as" or self.space_in == self.space_out or kept

    @property
    def ops(self) -> tuple[OpStep, ...]:
        """It applies no op."""
        return ()

    @property
    def reads(self) -> tuple[str, ...]:
        """It reads no other stream."""
        return ()

    @property
    def scope(self) -> Scope:
        """Ranks need the whole set; other conversions work cell by cell."""
        return "set" if self.space_out == "rank" else "chunk"

    @property
    def order(self) -> Monotone:
        """No conversion changes the order of a column or makes a tie."""
        return "strict"


StepPlan = OpStep | GateStep | Conversion
