"""The filled recipe: every default explicit. A result's `recipe_sha256` is the hash of its text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from blendkit.recipe.load import Recipe
from blendkit.recipe.plan import Plan, StreamPlan
from blendkit.recipe.schema import RecipeModel
from blendkit.recipe.step_plans import Conversion, GateStep, OpStep, StepPlan
from blendkit.recipe.strict_yaml import scalar


def filled_recipe(plan: Plan) -> dict[str, Any]:
    """Return the recipe with every default explicit, as plain data that reads back as the same plan."""
    model = plan.recipe.model
    sections = ("members", "streams", "blends")
    later = {"budget": model.budget is None, "tuned_on": not model.tuned_on}  # said only where they are used
    unsaid = {key for key, unused in later.items() if unused}
    out: dict[str, Any] = model.model_dump(by_alias=True, exclude={*sections, *unsaid, "defaults", "output", "also"})
    for section in sections:
        out[section] = {s.name: _stream(plan, s) for s in plan.streams if s.path[0] == section}
        out[section] = {n: out[section][n] for n in getattr(model, section)}  # the author's order
    return {**out, "output": model.output, "also": list(model.also)}


def filled_text(plan: Plan) -> str:
    """Return the filled recipe as YAML that the strict reader accepts."""
    return yaml.dump(filled_recipe(plan), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def recipe_text(recipe: Recipe, comments: Sequence[str] = ()) -> str:
    """Return a recipe as its author would write it, without defaults, below comment lines."""
    lines = "".join(f"# {line}\n" for line in comments)
    return lines + yaml.dump(recipe.raw, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def flow_text(value: Any) -> str:
    """Return a value as one line of YAML that the strict reader accepts: `{a: 1, b: [x, y]}`."""
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1 << 20)
    return text.removesuffix("...\n").strip()


def _stream(plan: Plan, stream: StreamPlan) -> dict[str, Any]:
    model: RecipeModel = plan.recipe.model
    source = getattr(model, str(stream.path[0]))[stream.name]
    out: dict[str, Any]
    if stream.path[0] == "members":
        member = plan.members[stream.name]
        out = {
            "use": member.use,
            **member.params,
            **member.sides,
            "tta": source.tta.model_dump(),
            "missing_rows": source.missing_rows,
            "unknown_classes": source.unknown_classes,
        }
        if not member.finished:
            out["isolate"] = member.isolate
        if source.sha256 is not None:
            out["sha256"] = source.sha256
        if member.limit_s is not None:
            out["limit_s"] = member.limit_s
        if source.optional:
            out["optional"] = True
    elif stream.path[0] == "streams":
        out = {"from": source.source}
    else:
        out = {"by": source.by, "of": dict(source.of), "mixed": source.mixed, "params": stream.params}
        if source.weights_by is not None:
            out["weights_by"] = source.weights_by.model_dump(exclude_none=True)
    if source.fill_uncovered is not None:
        out["fill_uncovered"] = source.fill_uncovered.model_dump(exclude_defaults=True)
    return {**out, "steps": [_step(s) for s in stream.steps]}


def _step(step: StepPlan) -> dict[str, Any]:
    out: dict[str, Any]
    if isinstance(step, GateStep):
        out = {"gates": [_step(g) for g in step.gates]}
    else:
        out = {step.name: step.space_out if isinstance(step, Conversion) else _given(step)}
    if step.id is not None:
        out["id"] = step.id
    if step.where is not None:
        out["where"] = step.where.said()
    return out


def _given(step: OpStep) -> dict[str, Any]:
    """The parameters to write: of `fit` and `artefact` only the one that is set, for a step may not have both."""
    return {k: v for k, v in step.params.items() if not (k in ("fit", "artefact") and v is None)}


class _Dumper(yaml.SafeDumper):
    """Quotes text that the strict reader would read as a number or a word like `true`."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    try:
        plain = text.isprintable() and isinstance(scalar(text), str)
    except ValueError:  # too long a number for the strict reader
        plain = False
    style = None if plain else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _quoted)
