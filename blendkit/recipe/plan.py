"""A checked recipe: which stream is made from what, in which order, in which space."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from blendkit.core import NO_PROBABILITIES, Space
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.member import DataFile, is_isolated
from blendkit.ops import OpInfo
from blendkit.recipe.load import Recipe
from blendkit.recipe.oof_and_test_files import two_files
from blendkit.recipe.optional_members import optional_problems
from blendkit.recipe.params import file_params, member_model, op_model
from blendkit.recipe.plan_steps import at_key, find_op, plan_steps, validated
from blendkit.recipe.schema import BlendModel, Fill, WeightsBy
from blendkit.recipe.step_plans import OpStep, StepPlan
from blendkit.recipe.stream_graph import StreamDef, check_graph, stream_defs
from blendkit.recipe.strict_yaml import KeyPath
from blendkit.registry import MEMBERS, registry


@dataclass(frozen=True)
class MemberPlan:
    """A member whose adapter was found and whose parameters are checked and filled.

    isolate: whether it runs in a process of its own; limit_s: seconds it may take there per recording (None: the
    default, which grows with the recording). sides: {parameter: {oof: file, test: file}} of those that name two files,
    or what differs between them; params has the one that is read.
    """

    name: str
    use: str
    factory: Callable[..., Any]
    params: dict[str, Any]
    files: dict[str, DataFile]
    space: Space
    isolate: bool = False
    limit_s: float | None = None
    sides: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether it gives finished scores: only then its factory has a parameter `space`."""
        return "space" in self.params


@dataclass(frozen=True)
class StreamPlan:
    """One named stream: where it comes from, the steps on it, and the space it ends in."""

    name: str
    inputs: tuple[str, ...]
    blend: OpInfo | None
    weights: dict[str, float]
    weights_by: WeightsBy | None
    fill: Fill | None
    start_space: Space
    steps: tuple[StepPlan, ...]
    space: Space
    path: KeyPath
    params: dict[str, Any]
    fill_at: int = 0  # the number of steps before its fill

    @property
    def weights_file(self) -> tuple[KeyPath, str] | None:
        """The file that its coefficients come from, with its key path; None where the recipe gives them."""
        named = None if self.weights_by is None else self.weights_by.artefact
        return None if named is None else ((*self.path, "weights_by", "artefact"), named)

    @property
    def ops(self) -> tuple[OpStep, ...]:
        """Every op that its steps apply, gates among them, in order."""
        return tuple(one for step in self.steps for one in step.ops)

    @property
    def reads(self) -> tuple[str, ...]:
        """The other streams that its steps read, each once."""
        return tuple(dict.fromkeys(name for step in self.steps for name in step.reads))


@dataclass(frozen=True)
class Plan:
    """A recipe that can run: its members, and its streams in an order in which each can be made."""

    recipe: Recipe
    members: dict[str, MemberPlan]
    streams: tuple[StreamPlan, ...]

    @property
    def outputs(self) -> tuple[str, ...]:
        """The streams that are written: the output, then those under `also`."""
        return tuple(dict.fromkeys([self.recipe.model.output, *self.recipe.model.also]))


def make_plan(recipe: Recipe) -> Plan:
    """Check a recipe against the installed members and ops. Raises BlendkitError with every problem."""
    problems: list[str] = []
    defs = stream_defs(recipe.model)
    order, graph_problems = check_graph(recipe, defs)
    problems += graph_problems
    members = {}
    for name in recipe.model.members:
        try:
            members[name] = _plan_member(recipe, name)
        except BlendkitError as error:
            problems += error.problems or [error.title]
    streams: dict[str, StreamPlan] = {}
    for name in order:
        if all(i in streams for i in defs[name].needs):
            streams[name] = _plan_stream(recipe, defs[name], members, streams, problems)
    if not problems:
        finished = {n for n, m in members.items() if m.finished}
        problems += optional_problems(recipe, defs, finished)
    if "submission" in recipe.model.also and recipe.model.output != "submission":
        problems.append(f"{recipe.where(('also',))}: 'submission' is the output's own file; rename that stream")
    if problems:
        raise BlendkitError(f"{recipe.source}: this recipe cannot run", list(dict.fromkeys(problems)))
    return Plan(recipe, members, tuple(streams[n] for n in order))


def _plan_member(recipe: Recipe, name: str) -> MemberPlan:
    model = recipe.model.members[name]
    path: KeyPath = ("members", name)
    try:
        factory = registry(MEMBERS).get(model.use)
    except BlendkitError as error:
        raise at_key(recipe, (*path, "use"), error) from error
    sides = two_files(recipe, path, factory, model.params)
    given = {**model.params, **{k: pair[recipe.on] for k, pair in sides.items()}}
    given = {k: v for k, v in given.items() if v is not None or k not in sides}
    params = validated(recipe, path, member_model(model.use, factory), given)
    space: Space = params.get("space") or "logit"
    isolate = is_isolated(factory) if model.isolate is None else model.isolate
    files = file_params(factory, params)
    made = MemberPlan(name, model.use, factory, params, files, space, isolate, model.limit_s, sides)
    if made.finished and isolate:
        raise at_key(recipe, (*path, "isolate"), BlendkitError(f"{model.use} reads finished scores: nothing runs"))
    if model.limit_s is not None and not isolate:
        raise at_key(recipe, (*path, "limit_s"), BlendkitError("a time limit needs `isolate: true`"))
    return made


def _plan_stream(
    recipe: Recipe, d: StreamDef, members: dict[str, MemberPlan], streams: dict[str, StreamPlan], problems: list[str]
) -> StreamPlan:
    blend: OpInfo | None = None
    weights: dict[str, float] = {}
    weights_by: WeightsBy | None = None
    params: dict[str, Any] = {}
    start: Space
    if isinstance(d.model, BlendModel):
        blend, start, params = _plan_blend(recipe, d, d.model, streams, problems)
        weights, weights_by = d.model.of, d.model.weights_by
    else:
        # a member that could not be planned is a problem already; its steps are still worth checking
        member = members.get(d.name)
        start = streams[d.inputs[0]].space if not d.is_member else member.space if member else "logit"
    steps, space = plan_steps(recipe, d, start, {n: s.space for n, s in streams.items()}, problems)
    at, found = _fill_place(recipe, d, steps)
    problems += found or _fill_problem(recipe, d, steps[at - 1].space_out if at else start)
    return StreamPlan(
        d.name, d.inputs, blend, weights, weights_by, d.model.fill_uncovered, start, steps, space, d.path, params, at
    )


def _fill_place(recipe: Recipe, d: StreamDef, steps: tuple[StepPlan, ...]) -> tuple[int, list[str]]:
    """Return after how many steps a stream is filled, and the problem of a name that is not that of one step."""
    after = d.model.fill_uncovered.after if d.model.fill_uncovered else None
    if after is None:
        return 0, []
    labels = [s.label for s in steps]
    if labels.count(after) == 1:
        return labels.index(after) + 1, []
    where = recipe.where((*d.path, "fill_uncovered", "after"))
    if after in labels:
        return 0, [f"{where}: {after!r} names {labels.count(after)} steps; give the one that is meant an `id:`"]
    known = f"this stream has {', '.join(labels)}" if labels else "this stream has no steps"
    return 0, [f"{where}: no step {after!r}{did_you_mean(after, labels)}; {known}"]


def _plan_blend(
    recipe: Recipe, d: StreamDef, model: BlendModel, streams: dict[str, StreamPlan], problems: list[str]
) -> tuple[OpInfo | None, Space, dict[str, Any]]:
    try:
        info = find_op(recipe, (*d.path, "by"), model.by, "blend")
        params = validated(recipe, (*d.path, "params"), op_model(info), model.params)
    except BlendkitError as error:
        problems += error.problems or [error.title]
        return None, "rank", {}
    if model.weights_by is not None and model.weights_by.artefact is not None and info.weights != "coefficients":
        where = recipe.where((*d.path, "weights_by", "artefact"))
        problems.append(f"{where}: a stack adds logits with coefficients: `by: sum`, not `by: {info.name}`")
    spaces = {i: streams[i].space for i in d.inputs}
    for path, of in _weight_groups(d.path, model):
        below = {k: w for k, w in of.items() if w < 0} if info.weights != "coefficients" else {}
        problems += [f"{recipe.where((*path, k))}: weights cannot be negative, got {w:g}" for k, w in below.items()]
        if all(w == 0 for w in of.values()) and (of is not model.of or model.weights_by is None):
            problems.append(f"{recipe.where(path)}: all weights are 0")
    of_path = (*d.path, "of")
    if info.inputs_as in ("logit", "prob"):
        problems += [
            f"{recipe.where((*of_path, i))}: {i!r} is in {s} space, which cannot become a {info.inputs_as}; blend "
            f"`by: rank`, or `by: direct` with `mixed: true`, or take its numbers as one: `as: {info.inputs_as}`"
            for i, s in spaces.items()
            if s in NO_PROBABILITIES
        ]
    if info.gives is not None:
        return info, info.gives, params
    return info, _agreed_space(recipe, d, model, spaces, problems), params


def _weight_groups(path: KeyPath, model: BlendModel) -> Iterator[tuple[KeyPath, dict[str, float]]]:
    """Yield (key path, weights) of a blend: its `of`, then every group of `weights_by`."""
    yield (*path, "of"), model.of
    for below, of in (model.weights_by or WeightsBy()).groups():
        yield (*path, "weights_by", *below), of


def _fill_problem(recipe: Recipe, d: StreamDef, space: Space) -> list[str]:
    """Report a constant that is not valid in the stream's space."""
    fill = d.model.fill_uncovered
    path = (*d.path, "fill_uncovered")
    if fill is None or space == "logit":
        return []
    given: dict[KeyPath, float | None] = {("value",): fill.value}
    given |= {("by_class", c): v for c, v in fill.by_class.items()}
    outside = {k: v for k, v in given.items() if v is not None and not 0 <= v <= 1}
    if fill.value is not None and outside:
        return [
            f"{recipe.where((*path, *k))}: expected 0 to 1 in a {space} stream, got {v:g}" for k, v in outside.items()
        ]
    if fill.logit is not None and space in NO_PROBABILITIES:
        return [f"{recipe.where((*path, 'logit'))}: a {space} stream cannot be filled with a logit; use `value:`"]
    if fill.prior is not None and space in NO_PROBABILITIES:
        return [f"{recipe.where((*path, 'prior'))}: a {space} stream cannot be filled with a rate; use `value:`"]
    return []


def _agreed_space(
    recipe: Recipe, d: StreamDef, model: BlendModel, spaces: dict[str, Space], problems: list[str]
) -> Space:
    found = set(spaces.values())
    if len(found) == 1:
        return found.pop()
    listed = ", ".join(f"{i} {s}" for i, s in spaces.items())
    if "logit" in found:
        problems.append(
            f"{recipe.where(d.path)}: `by: {model.by}` mixes logits with other spaces ({listed}); "
            "add `to: prob` to the logit streams"
        )
    elif not model.mixed:
        problems.append(
            f"{recipe.where(d.path)}: `by: {model.by}` on different spaces ({listed}); convert with "
            "`to:`, or set `mixed: true`"
        )
    return "rank"  # values in [0, 1] that are not probabilities
