"""The steps of one stream, checked: ops that exist, parameters that fit, spaces that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from blendkit.errors import BlendkitError, did_you_mean
from blendkit.ops import OpInfo, info_of
from blendkit.recipe.graph import StreamDef
from blendkit.recipe.load import Recipe
from blendkit.recipe.params import op_model, problems_of
from blendkit.recipe.schema import Step, Where
from blendkit.recipe.strict_yaml import Path as KeyPath
from blendkit.registry import OPS, registry
from blendkit.scores import Space


@dataclass(frozen=True)
class StepPlan:
    """A step whose parameters are checked and filled. `info` is None for the conversion `to`."""

    name: str
    id: str | None
    info: OpInfo | None
    params: dict[str, Any]
    where: Where | None
    space_in: Space
    space_out: Space
    path: KeyPath

    @property
    def scope(self) -> str:
        """How much the step must see at once."""
        if self.info is not None:
            return self.info.scope
        return "set" if self.space_out == "rank" else "chunk"


def plan_steps(recipe: Recipe, d: StreamDef, start: Space, problems: list[str]) -> tuple[tuple[StepPlan, ...], Space]:
    """Return the checked steps of a stream and the space it ends in; problems are appended."""
    space, out = start, []
    called = [s.id or s.op for s in d.model.steps if s.op != "to"]
    for i, step in enumerate(d.model.steps):
        path: KeyPath = (*d.path, "steps", i)
        if step.op != "to" and called.count(step.id or step.op) > 1:
            problems.append(
                f"{recipe.where(path)}: {step.id or step.op!r} occurs twice in this stream; give each an `id:`"
            )
        try:
            planned = _plan_step(recipe, path, step, space)
        except BlendkitError as error:
            problems += error.problems or [error.title]
            continue
        out.append(planned)
        space = planned.space_out
    return tuple(out), space


def _plan_step(recipe: Recipe, path: KeyPath, step: Step, space: Space) -> StepPlan:
    if step.op == "to":
        return _plan_conversion(recipe, path, step, space)
    info = find_op(recipe, (*path, step.op), step.op, "step")
    params = validated(recipe, (*path, step.op), op_model(info), step.params)
    if space not in info.spaces:
        hint = "no step gives it from ranks" if space == "rank" else f"add `to: {info.spaces[0]}` before it"
        raise BlendkitError(
            "",
            [
                f"{recipe.where((*path, step.op))}: the stream is in {space} space, {step.op} takes "
                f"{' or '.join(info.spaces)}; {hint}"
            ],
        )
    if info.fit is not None and (params.get("fit") is None) == (params.get("artefact") is None):
        raise BlendkitError("", [f"{recipe.where((*path, step.op))}: give `fit:` (labels to fit on) or `artefact:`"])
    return StepPlan(step.op, step.id, info, params, step.where, space, info.gives or space, path)


def _plan_conversion(recipe: Recipe, path: KeyPath, step: Step, space: Space) -> StepPlan:
    target = step.params.get("space")
    if target not in ("logit", "prob", "rank"):
        raise BlendkitError("", [f"{recipe.where((*path, 'to'))}: expected logit, prob or rank, got {target!r}"])
    if space == "rank" and target != "rank":
        raise BlendkitError("", [f"{recipe.where((*path, 'to'))}: ranks cannot become a {target} again"])
    if step.where is not None:
        raise BlendkitError("", [f"{recipe.where((*path, 'where'))}: `to` converts a whole stream"])
    return StepPlan("to", step.id, None, {"space": target}, None, space, target, path)


def find_op(recipe: Recipe, path: KeyPath, name: str, kind: str) -> OpInfo:
    """Return a registered op of the wanted kind. Raises BlendkitError with the key and the nearest name."""
    try:
        info = info_of(registry(OPS).get(name))
    except BlendkitError as error:
        raise at_key(recipe, path, error) from error
    if info is None:
        raise BlendkitError("", [f"{recipe.where(path)}: {registry(OPS).source(name)} is not declared with @op"])
    if info.kind != kind:
        names = [n for n in registry(OPS).names() if n != name]
        raise BlendkitError(
            "", [f"{recipe.where(path)}: {name!r} is a {info.kind}, not a {kind}{did_you_mean(name, names)}"]
        )
    return info


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
