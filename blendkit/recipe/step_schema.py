"""The shape of a recipe's steps: strict models of one step, and of the classes that it acts on."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from blendkit.recipe.value_types import ClassId, Name, Paths

CONVERSIONS = ("to", "as")  # steps that apply no op


STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)  # no unknown keys, no coercion


class Where(BaseModel):
    """Which classes a step acts on: exactly one of these, `of` going with `top`; `not` turns another one round.

    top: the highest covered classes of each chunk, or of each recording by their maximum in it; classes that tie with
    the last of them count too.
    """

    model_config: ClassVar[ConfigDict] = STRICT

    class_name: Paths | None = None
    classes: Annotated[list[ClassId], Field(min_length=1)] | None = None
    covered_by: str | None = None
    not_covered_by: str | None = None
    top: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    of: Literal["chunk", "recording"] | None = None
    other_than: Where | None = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _one(self) -> Where:
        given = [k for k, v in self if v is not None and k != "of"]
        if len(given) != 1:
            raise ValueError("give exactly one of class_name, classes, covered_by, not_covered_by, top, not")
        if (self.top is None) != (self.of is None):
            raise ValueError("`top: 5` goes with `of: chunk` or `of: recording`")
        if self.other_than is not None and self.other_than.other_than is not None:
            raise ValueError("a `not` inside a `not`: leave both out")
        return self

    @property
    def by_cell(self) -> Literal["chunk", "recording"] | None:
        """How much of a stream decides which of its cells are chosen; None: classes are chosen, the same everywhere."""
        return self.of if self.other_than is None else self.other_than.of

    def said(self) -> dict[str, Any]:
        """Return the keys that are given, as a recipe writes them."""
        return self.model_dump(exclude_none=True, by_alias=True)

    def lies_in(self, other: Where) -> bool:
        """Return True where all that this chooses is chosen by the other, too, as far as their words alone tell."""
        pairs = ((self.class_name, other.class_name), (self.classes, other.classes))
        return self == other or any(a is not None and b is not None and set(a) <= set(b) for a, b in pairs)

    def apart_from(self, other: Where | None) -> bool:
        """Return True where no class can be chosen by both, as far as their words alone tell."""
        if other is None:
            return False
        if self.by_cell is not None or other.by_cell is not None:
            return False  # a step before may have changed which are the highest
        if any(a.lies_in(b.other_than) for a, b in ((self, other), (other, self)) if b.other_than is not None):
            return True
        if self.covered_by is not None or self.not_covered_by is not None:
            return (self.covered_by, self.not_covered_by) == (other.not_covered_by, other.covered_by)
        pairs = ((self.class_name, other.class_name), (self.classes, other.classes))
        return any(a is not None and b is not None and not set(a) & set(b) for a, b in pairs)


class Step(BaseModel):
    """One op applied to one stream; `to` converts, `as` takes its numbers as another space's.

    Each cell is edited by the first of the `gates` that selects it.
    """

    model_config: ClassVar[ConfigDict] = STRICT

    op: str
    params: dict[str, Any] = {}
    gates: list[Step] | None = None
    id: Name | None = None
    where: Where | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        """Accept `gaussian`, `{gaussian: {sigma: 1.0}}`, `{to: prob}` and `{as: prob}`, each with id and where."""
        if value == "gates":
            raise ValueError("`gates:` expects a list of gates, got none")
        if isinstance(value, str):
            return {"op": value}
        if not isinstance(value, dict):
            raise ValueError(f"a step is a name, as `- gaussian`, or `- gaussian: {{sigma: 1}}`, got {value!r}")
        names = [k for k in value if k not in ("id", "where")]
        if len(names) != 1:
            raise ValueError(f"a step names one op, found {names or 'none'}{_as_steps(value, names)}")
        rest = {k: value[k] for k in ("id", "where") if k in value}
        params = value[names[0]]
        if names[0] in CONVERSIONS:
            return {"op": names[0], "params": {"space": params}, **rest}
        if names[0] == "gates":
            if not isinstance(params, list) or not params:
                raise ValueError(f"`gates:` expects a list of gates, got {params!r}")
            return {"op": "gates", "gates": params, **rest}
        if params is not None and not isinstance(params, dict):
            raise ValueError(f"`{names[0]}:` expects its parameters as `{{name: value}}`, got {params!r}")
        return {"op": names[0], "params": params or {}, **rest}


def _as_steps(value: dict[str, Any], names: list[str]) -> str:
    """Say how a recipe writes several ops that one step names, such as an op and a conversion of its result."""
    if not names:
        return ": `id` and `where` belong to one"
    ways = [f"`- {n}: {value[n]}`" if n in CONVERSIONS else f"`- {n}: ...`" for n in names[:3]]
    return f"; write a step for each, in their order: {', then '.join(ways)}"


Where.model_rebuild()
Step.model_rebuild()
