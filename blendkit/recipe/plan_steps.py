"""Check the steps of one stream: that ops exist, parameters are valid, and each op accepts the space it gets."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from pydantic import BaseModel, ValidationError

from blendkit.core import NO_PROBABILITIES, Space
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.ops import OpInfo, info_of, signature
from blendkit.recipe.load import Recipe
from blendkit.recipe.params import op_model, problems_of, values_of_fit
from blendkit.recipe.step_plans import Conversion, GateStep, OpStep, StepPlan
from blendkit.recipe.step_schema import CONVERSIONS, Step
from blendkit.recipe.stream_graph import StreamDef
from blendkit.recipe.strict_yaml import KeyPath
from blendkit.registry import OPS, registry

_MADE_BY = "as made by `blendkit fit step"
_FEW = 20  # names that a message can list


def plan_steps(
    recipe: Recipe, d: StreamDef, start: Space, spaces: Mapping[str, Space], problems: list[str]
) -> tuple[tuple[StepPlan, ...], Space]:
    """Return the checked steps of a stream and the space it ends in; problems are appended.

    spaces: of the streams that are planned already, for steps that name some.
    """
    space, out = start, []
    called = [s.id or s.op for s in d.model.steps if s.op not in CONVERSIONS]
    for i, step in enumerate(d.model.steps):
        path: KeyPath = (*d.path, "steps", i)
        if step.op not in CONVERSIONS and called.count(step.id or step.op) > 1:
            problems.append(
                f"{recipe.where(path)}: {step.id or step.op!r} occurs twice in this stream; give each an `id:`"
            )
        try:
            planned = _plan_step(recipe, path, step, space, spaces)
        except BlendkitError as error:
            problems += error.problems or [error.title]
            continue
        out.append(planned)
        space = planned.space_out
    return tuple(out), space


def _plan_step(recipe: Recipe, path: KeyPath, step: Step, space: Space, spaces: Mapping[str, Space]) -> StepPlan:
    if step.op in CONVERSIONS:
        return _plan_conversion(recipe, path, step, space)
    if step.op == "gates":
        return _plan_gates(recipe, path, step, space, spaces)
    return _plan_op(recipe, path, step, space, spaces)


def _plan_op(recipe: Recipe, path: KeyPath, step: Step, space: Space, spaces: Mapping[str, Space]) -> OpStep:
    at = (*path, step.op)
    info = find_op(recipe, at, step.op, "step", "gate")
    if "fit" in step.params and info.fit is not None and not info.cross_fit:
        why = f"labels of the run's own recordings would move these by them; give `artefact:` of others, {_MADE_BY}"
        raise BlendkitError(
            "", [f"{recipe.where((*at, 'fit'))}: {step.op} is not fitted in a recipe: {why} {step.op}`"]
        )
    params = validated(recipe, at, op_model(info), step.params)
    of_fit = values_of_fit(info) if params.get("artefact") is not None else {}
    problems = [
        f"{recipe.where((*at, name))}: {name} is a value of the fit, and the artefact is fitted already: `blendkit fit "
        f"step {step.op} --set {name}=...` makes another"
        for name, usual in of_fit.items()
        if params[name] != usual
    ]
    params = {name: value for name, value in params.items() if name not in of_fit}
    planned = OpStep(
        name=step.op, id=step.id, info=info, params=params, where=step.where, space_in=space,
        space_out=info.gives or space, path=path,
    )  # fmt: skip
    if space not in info.spaces:
        accepted = " or ".join(info.spaces)
        hint = _way_into(info.spaces, space)
        problems.append(f"{recipe.where(at)}: the stream is in {space} space, {step.op} accepts {accepted}; {hint}")
    if info.gives is not None and info.gives != space and step.where is not None:
        problems.append(f"{recipe.where((*path, 'where'))}: {step.op} changes the space, so it acts on all classes")
    problems += [
        f"{recipe.where((*at, p))}: {name!r} is in {spaces[name]} space, and {step.op} needs it as {mark.space}; "
        f"`as: {mark.space}` in a stream of its own takes its numbers as such"
        for p, (name, mark) in planned.streams.items()
        if spaces.get(name) in NO_PROBABILITIES and mark.space in ("prob", "logit")
    ]
    if info.load is not None and (params.get("fit") is None) == (params.get("artefact") is None):
        fits = "fit" in params
        either = "`fit:` (labels to fit on) or `artefact:`" if fits else "`artefact:`, the file it applies"
        problems.append(f"{recipe.where(at)}: give {either}")
    if problems:
        raise BlendkitError("", problems)
    _check_values(recipe, planned)
    return planned


def _check_values(recipe: Recipe, step: OpStep) -> None:
    """Raise what an op says of values that exclude each other: it would refuse them after hours of scoring."""
    check = step.info.check
    if check is None:
        return
    known = {p: default for p, (_, _, default) in signature(step.info.function).items()}
    known |= {**step.params, "space": step.space_in}
    try:
        check(**{p: known[p] for p in inspect.signature(check).parameters})
    except BlendkitError as error:
        raise at_key(recipe, (*step.path, step.name), error) from error


def _plan_gates(recipe: Recipe, path: KeyPath, step: Step, space: Space, spaces: Mapping[str, Space]) -> GateStep:
    gates: list[OpStep] = []
    problems: list[str] = []
    for i, one in enumerate(step.gates or []):
        at = (*path, "gates", i)
        try:
            find_op(recipe, (*at, one.op), one.op, "gate")
            gates.append(_plan_op(recipe, at, one, space, spaces))
        except BlendkitError as error:
            problems += error.problems or [error.title]
    if problems:
        raise BlendkitError("", problems)
    return GateStep(gates=tuple(gates), id=step.id, where=step.where, space_in=space, path=path)


def _way_into(accepted: tuple[Space, ...], space: Space) -> str:
    """Return the step that a stream needs before an op that does not accept its space."""
    if space not in NO_PROBABILITIES:
        return f"add `to: {accepted[0]}` before it"
    if "unit" in accepted:
        return "add `to: unit` before it, for it only needs numbers from 0 to 1"
    if space == "unit" and "rank" in accepted:
        return "add `to: rank` before it"
    return f"no step turns them into {accepted[0]}; `as: {accepted[0]}` takes the numbers as they are"


def _plan_conversion(recipe: Recipe, path: KeyPath, step: Step, space: Space) -> Conversion:
    target: Any = step.params.get("space")
    at = recipe.where((*path, step.op))
    known = get_args(Space) if step.op == "to" else ("logit", "prob")
    if target not in known:
        raise BlendkitError("", [f"{at}: expected {', '.join(known[:-1])} or {known[-1]}, got {target!r}"])
    if step.op == "to" and space in NO_PROBABILITIES and target not in NO_PROBABILITIES:
        what = "ranks" if space == "rank" else "numbers from 0 to 1"
        way = f"`as: {target}` takes the numbers as they are"
        raise BlendkitError("", [f"{at}: {what} cannot become a {target}{' again' * (space == 'rank')}; {way}"])
    if step.where is not None:
        raise BlendkitError("", [f"{recipe.where((*path, 'where'))}: `{step.op}` converts all classes of a stream"])
    return Conversion(id=step.id, space_in=space, space_out=target, path=path, name=step.op)


def find_op(recipe: Recipe, path: KeyPath, name: str, *kinds: Literal["step", "blend", "gate"]) -> OpInfo:
    """Return a registered op of one of these kinds. Raises BlendkitError with the key and the nearest name."""
    if name not in registry(OPS).entries and name not in registry(OPS).blocked:
        raise BlendkitError("", [f"{recipe.where(path)}: unknown {kinds[0]} {name!r}{_nearest(name, kinds)}"])
    try:
        info = info_of(registry(OPS).get(name))
    except BlendkitError as error:
        raise at_key(recipe, path, error) from error
    if info is None:
        raise BlendkitError("", [f"{recipe.where(path)}: {registry(OPS).source(name)} is not declared with @op"])
    if info.kind not in kinds:
        hint = f"; `to: {name}` converts a stream" if name in get_args(Space) else _nearest(name, kinds)
        raise BlendkitError("", [f"{recipe.where(path)}: {name!r} is a {info.kind}, not a {kinds[0]}{hint}"])
    return info


def _nearest(name: str, kinds: Sequence[str]) -> str:
    """Return the nearest op of these kinds, and all of them if they are few."""
    infos = {n: info_of(registry(OPS).get(n)) for n in registry(OPS).names() if registry(OPS).loads(n)}
    own = [n for n, i in infos.items() if i is not None and i.kind in kinds]
    listed = f"known: {', '.join(own)}" if len(own) <= _FEW else "`blendkit ops list` shows all"
    return f"{did_you_mean(name, own)}; {listed}"


def blend_op(recipe: Recipe, blend: str) -> OpInfo:
    """Return the op of one of a recipe's blends. Raises BlendkitError where `by` names none."""
    return find_op(recipe, ("blends", blend, "by"), recipe.model.blends[blend].by, "blend")


def validated(recipe: Recipe, path: KeyPath, model: type[BaseModel], params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters checked against their model, defaults filled. Raises BlendkitError per key."""
    try:
        return model.model_validate(params).model_dump()
    except ValidationError as error:
        found = problems_of(error, dict(model.model_fields))
        raise BlendkitError("", [f"{recipe.where((*path, *where))}: {text}" for where, text in found]) from error


def at_key(recipe: Recipe, path: KeyPath, error: BlendkitError) -> BlendkitError:
    """Return the error with its place in the recipe."""
    return BlendkitError("", [": ".join([recipe.where(path), error.title, *error.problems])])
