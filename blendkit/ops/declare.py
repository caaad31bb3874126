"""Declaration of ops, which are pure array functions with a declared scope. One family of ops per file.

A step takes one stream's values (N, C) and returns the same shape; a blend takes several. The function's
signature is its recipe schema: a recipe may set the keyword-only parameters, the runner supplies the
parameters annotated with a `Context` (offsets, rows, taxonomy, coverage), and those annotated with a
`Stream` are named in the recipe and arrive as that stream's values. A gate is a step that also returns a
mask of the cells that it edits, so that several gates can divide the cells among them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    TypedDict,
    TypeVar,
    Unpack,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from annotated_types import Ge, Interval, Le

from blendkit.core import Bools, Float64, Int64, Rows, Space, Taxonomy
from blendkit.ops.parameter_marks import Context, Default, KeptRanks, Keys, Stream, mark_of

Scope = Literal["chunk", "file", "set"]
Monotone = Literal["strict", "weak", "no"]
InputsAs = Literal["any", "logit", "prob", "doubled_ranks"]
OpKind = Literal["step", "blend", "gate"]
Effect = Literal["smooth", "rescale"]
NamePart = Literal["site", "hour", "date"]
FitOn = Literal["labels", "scores", "reference"]
WeightKind = Literal["relative", "coefficients", "membership"]
WEIGHTS_DO: dict[WeightKind, str] = {
    "relative": "weighs by shares",
    "coefficients": "adds with coefficients",
    "membership": "only uses which inputs have a weight above 0",
}  # for messages
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Fitted:
    """The artefacts of a fitted op: one for all recordings, or several and which of them each recording gets.

    With cross-fitting a labelled recording gets the artefact that was fitted without its own fold.
    """

    artefacts: tuple[Any, ...]
    default: int = 0
    of: Mapping[str, int] = field(default_factory=dict)

    def pick(self, recording: str) -> int:
        """Return the number of the artefact that has not seen this recording's labels."""
        return self.of.get(recording, self.default)


# Context parameters; a recipe never sets them:
Offsets = Annotated[Int64, Context("offsets")]  # (R + 1,) first row of each recording
RowsOf = Annotated[Rows, Context("rows")]
TaxonomyOf = Annotated[Taxonomy, Context("taxonomy")]
ClassIds = Annotated[tuple[str, ...], Context("classes")]
Covered = Annotated[Bools, Context("covered")]  # (C,)
FittedOf = Annotated[Fitted, Context("fitted")]
SpaceOf = Annotated[Space, Context("space")]
Weights = Annotated[Float64, Context("weights")]  # (K, C), relative, 0 where not covered

# Streams that a recipe names:
ProbsOf = Annotated[Float64, Stream("prob")]
RanksOf = Annotated[Float64, Stream("rank")]

# Numbers by class, or by taxon:
Score = Annotated[float, Interval(ge=-1e6, le=1e6)]
ByClass = Annotated[dict[str, Score], Keys("classes")]
ByTaxon = Annotated[dict[str, Score], Keys("class_name")]

ClassGroups = Annotated[list[list[str]], Keys("classes")]
NO_NUMBERS: dict[str, float] = {}  # defaults; safe to share, because no function changes its arguments
NO_GROUPS: list[list[str]] = []

# Ranges of a recipe's numbers:
SMALLEST = 1e-9  # a smaller number cannot be divided by without leaving the range of floats
Positive = Annotated[float, Ge(SMALLEST), Le(1e6)]
NonNegative = Annotated[float, Ge(0), Le(1e6)]
UnitInterval = Annotated[float, Interval(ge=0, le=1)]


class Declared(TypedDict, total=False):
    """The keyword arguments of `@op`; meanings and defaults are those of `OpInfo`."""

    kind: OpKind
    scope: Scope
    classwise: bool
    spaces: tuple[Space, ...]
    inputs_as: InputsAs
    gives: Space | None
    monotone: Monotone
    affine: bool
    per_class: tuple[str, ...]
    fit: Callable[..., Any] | None
    load: Callable[..., Any] | None
    notes: Callable[..., list[str]] | None
    check: Callable[..., object] | None
    fit_on: FitOn
    cross_fit: bool
    thresholds: bool
    effect: Effect | None
    weighted_mean: bool
    weights: WeightKind
    taxonomic: bool
    needs: tuple[NamePart, ...]
    also_called: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class OpInfo:
    """The declaration of an op.

    scope: the rows that it must see at once (`chunk`, `file` = one recording, `set`); the safe default is
    `set`. classwise: columns do not influence each other; the safe default is False. Both only allow
    sharding, so a wrong claim would change results: `blendkit.testing.check_op` verifies them.
    spaces: those that a step accepts; `unit` beside `prob` says that it needs numbers from 0 to 1 and no more.
    gives: the space of the result (None: unchanged). monotone: whether a
    column keeps its order (`strict`), may gain ties (`weak`), or is re-ordered (`no`). affine: a step
    preserves weighted means, f((1 - w) a + w b) = (1 - w) f(a) + w f(b), so that it may be applied to the
    two streams of a blend beforehand, once for all weights. thresholds: it compares scores with absolute
    numbers, so a rescaled stream changes its effect. effect: the kind of change (`smooth` along time, `rescale`
    values), for the linter. weighted_mean: a blend is the mean of its inputs weighted by its weights, so that any
    share of one input is a point on a straight line (the exact weight path). weights: the meaning of a blend's
    weights: `relative` (normalised per class), `coefficients` (not normalised, negatives allowed) or `membership`
    (0 leaves an input out, all other weights are equivalent). taxonomic: the op has a strength per level of the
    taxonomy (`TaxonLevels` in `blendkit.ops`). fit_on: the data of a fit: labels, the stream's own scores and
    labels, or a reference stream's scores (those are never fitted inside a recipe).
    cross_fit: False for a fit that, made without a fold's labels, would move this fold by them; it is made beforehand,
    on other recordings. needs: the parts of a recording's name of which it uses any: without them it is an error.
    check: raises BlendkitError before anything runs; it gets the step's parameters that it names, and the `space`.
    also_called: what notebooks and papers call it, each with the parameters that a recipe writes for that ("": none).
    """

    name: str
    function: Callable[..., Any]
    kind: OpKind = "step"
    scope: Scope = "set"
    classwise: bool = False
    spaces: tuple[Space, ...] = ("logit", "prob", "rank", "unit")
    inputs_as: InputsAs = "any"
    gives: Space | None = None
    monotone: Monotone = "no"
    affine: bool = False
    per_class: tuple[str, ...] = ()
    fit: Callable[..., Any] | None = None
    load: Callable[..., Any] | None = None
    notes: Callable[..., list[str]] | None = None
    check: Callable[..., object] | None = None
    fit_on: FitOn = "labels"
    cross_fit: bool = True
    thresholds: bool = False
    effect: Effect | None = None
    weighted_mean: bool = False
    weights: WeightKind = "relative"
    taxonomic: bool = False
    needs: tuple[NamePart, ...] = ()
    also_called: tuple[tuple[str, str], ...] = ()

    @property
    def fit_in_recipe(self) -> Callable[..., Any] | None:
        """Its fit, where a recipe may ask for it; None where an artefact alone is applied."""
        return self.fit if self.fit_on != "reference" and self.cross_fit else None

    def context(self) -> dict[str, str]:
        """Return {parameter: context name} of the parameters that the runner must supply."""
        return {p: c.name for p, (_, c, _) in signature(self.function).items() if c is not None}

    def streams(self) -> dict[str, Stream]:
        """Return {parameter: mark} of the parameters that name streams."""
        return dict(_streams_of(self.function))

    def keyed(self) -> tuple[str, ...]:
        """Return the parameters that give something for single classes, or for names of a taxonomy level."""
        return tuple(p for p, (hint, _, _) in signature(self.function).items() if mark_of(hint, Keys) is not None)

    def kept_ranks(self) -> dict[str, str]:
        """Return {parameter: the parameter that names the stream whose ranks it gets}."""
        hints = get_type_hints(self.function, include_extras=True)
        return {p: mark.of for p, hint in hints.items() if (mark := mark_of(hint, KeptRanks)) is not None}


def op(name: str = "", **declared: Unpack[Declared]) -> Callable[[F], F]:
    """Declare a pure array function as an op; the function itself is returned unchanged.

    `fit` makes the artefact that the op applies (its keyword-only parameters join the recipe schema), `load`
    reads a saved one, `notes` reports the op's effect on a stream. See `OpInfo` for the rest and the defaults.
    Raises TypeError for an `@op` without a name, and for parameters that are neither the stream's values nor named.
    """
    if own := getattr(name, "__name__", "" if name else "my_op"):  # a bare `@op` gets the function itself
        raise TypeError(f'@op needs a name: write @op("{own}", scope="file", classwise=True) above `def {own}`')

    def declare(function: F) -> F:
        _require_named(name, function, blend=declared.get("kind") == "blend")
        function.blendkit_op = OpInfo(name=name, function=function, **declared)  # type: ignore[attr-defined]
        return function

    return declare


def _require_named(name: str, function: Callable[..., Any], *, blend: bool) -> None:
    """Raise TypeError for positional parameters that nothing would be passed to."""
    own = inspect.signature(function).parameters.values()
    positional = [p.name for p in own if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    unused = positional if blend else positional[1:]
    if unused:
        first = "a blend takes its streams as `*xs`" if blend else "a step takes the stream's values alone by place"
        raise TypeError(f"op {name!r}: nothing is passed to {', '.join(unused)}: {first}; put `*,` before the others")


@cache
def _streams_of(function: Callable[..., Any]) -> Mapping[str, Stream]:
    hints = {p: hint for p, (hint, _, _) in signature(function).items()}
    return {p: mark for p, hint in hints.items() if (mark := mark_of(hint, Stream)) is not None}


def info_of(function: object) -> OpInfo | None:
    """Return the declaration of a function, None if it has none."""
    found = getattr(function, "blendkit_op", None)
    return found if isinstance(found, OpInfo) else None


@cache
def signature(function: Callable[..., Any]) -> dict[str, tuple[Any, Context | None, Any]]:
    """Return {keyword-only parameter: (annotation, context or None, default)} of a function.

    `**levels: Unpack[Shared]` stands for the keys of the `TypedDict` Shared, so that ops may share parameters.
    """
    hints = get_type_hints(function, include_extras=True)
    out = {}
    for name, parameter in inspect.signature(function).parameters.items():
        hint = hints.get(name, Any)
        if mark_of(hint, KeptRanks) is not None:
            continue  # neither a recipe nor a context sets it
        if parameter.kind is parameter.KEYWORD_ONLY:
            out[name] = (hint, mark_of(hint, Context), parameter.default)
        elif parameter.kind is parameter.VAR_KEYWORD:
            out |= _shared(hint)
    return out


def _shared(hint: Any) -> dict[str, tuple[Any, Context | None, Any]]:
    """Return the keyword parameters of `Unpack[SomeTypedDict]`."""
    shared = next((t for t in get_args(hint) if is_typeddict(t)), None)
    keys = {} if shared is None else get_type_hints(shared, include_extras=True)
    defaults = {n: mark_of(h, Default) for n, h in keys.items()}
    empty = inspect.Parameter.empty
    return {
        n: (_required(h), mark_of(h, Context), empty if (d := defaults[n]) is None else d.value)
        for n, h in keys.items()
    }


def _required(hint: Any) -> Any:
    """Return the annotation inside `NotRequired[...]`, without its default."""
    bare = get_args(hint)[0] if get_origin(hint) is NotRequired else hint
    if get_origin(bare) is not Annotated:
        return bare
    inner, *marks = get_args(bare)
    others = tuple(m for m in marks if not isinstance(m, Default))
    return Annotated[inner, *others] if others else inner
