"""The JSON schema of recipes, made from the installed plugins: editors complete keys with it, and show what they mean.

It accepts every recipe that `make_plan` accepts. What a schema cannot say (names of streams, spaces, time zones,
patterns) stays with `blendkit check`.
"""

from __future__ import annotations

from typing import Any

from blendkit.ops import OpInfo
from blendkit.recipe.key_docs import KEY_DOCS
from blendkit.recipe.plugin_schemas import (
    TableOfDefs,
    base_defs,
    described_choice,
    first_paragraph,
    member_schema,
    op_schema,
    required_keys,
    sorted_ops,
)
from blendkit.recipe.recipe_size_limits import COUNTS
from blendkit.recipe.rules_of_keys import NO_NEGATIVES, STEP_COUNT, Schema
from blendkit.recipe.shared_keys import OWN
from blendkit.recipe.step_schema import CONVERSIONS
from blendkit.registry import MEMBERS, registry

SCHEMA_LINE = "# yaml-language-server: $schema=recipe.schema.json"  # for editors: where a recipe's schema lies


def recipe_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of recipes that use the installed members and ops."""
    defs = base_defs()
    recipe = defs.pop("RecipeModel")
    ops = sorted_ops()
    members = {n: registry(MEMBERS).get(n) for n in registry(MEMBERS).names() if registry(MEMBERS).loads(n)}
    defs["Step"] = _step(defs, ops["step"] + ops["gate"], converts=True)
    defs["Gate"] = _step(defs, ops["gate"], converts=False)
    _choose_blend(defs, ops["blend"])
    _choose_member(defs, members)
    recipe["properties"]["defaults"] = {
        "type": "object",
        "description": KEY_DOCS["RecipeModel"]["defaults"],
        "properties": {n: {"$ref": f"#/$defs/member {n}", "propertyNames": {"not": {"enum": [*OWN]}}} for n in members},
        "additionalProperties": False,
    }
    needed = [_needed(use, key) for use, factory in members.items() for key in required_keys(use, factory)]
    for section, most in COUNTS.items():
        recipe["properties"][section]["maxProperties"] = most
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "blendkit recipe",
        **recipe,
        "allOf": [*recipe["allOf"], *needed],
        "$defs": dict(sorted(defs.items())),
    }


def _step(defs: TableOfDefs, infos: list[OpInfo], *, converts: bool) -> Schema:
    """A step: an op's name alone where it needs no parameters, or a mapping of one op to its parameters."""
    keys: dict[str, Schema] = {k: {"$ref": f"#/$defs/step keys/properties/{k}"} for k in ("id", "where")}
    bare = []
    for info in infos:
        defs[f"op {info.name}"] = op_schema(info, defs)
        body: Schema = {"$ref": f"#/$defs/op {info.name}"}
        needs = info.load is not None or bool(defs[f"op {info.name}"].get("required"))
        keys[info.name] = {**body, "description": defs[f"op {info.name}"]["description"]}
        if not needs:
            bare.append(info)
            keys[info.name] = {"description": keys[info.name]["description"], "anyOf": [{"type": "null"}, body]}
    if converts:
        keys |= {k: {"$ref": f"#/$defs/step keys/properties/{k}"} for k in (*CONVERSIONS, "gates")}
    names = [described_choice({i.name: first_paragraph(i.function) for i in bare})] if bare else []
    mapping = {"type": "object", "properties": keys, "additionalProperties": False, **STEP_COUNT}
    return {"description": "One op applied to the stream.", "anyOf": [*names, mapping]}


def _choose_blend(defs: TableOfDefs, infos: list[OpInfo]) -> None:
    blend = defs["BlendModel"]
    blend["properties"]["by"] |= described_choice({i.name: first_paragraph(i.function) for i in infos})
    rules = blend.setdefault("allOf", [])
    for info in infos:
        defs[f"blend {info.name}"] = op_schema(info, defs)
        then: Schema = {"properties": {"params": {"$ref": f"#/$defs/blend {info.name}"}}}
        if defs[f"blend {info.name}"].get("required"):
            then["required"] = ["params"]
        if info.weights != "coefficients":
            then["allOf"] = [NO_NEGATIVES]
        rules.append({"if": {"properties": {"by": {"const": info.name}}, "required": ["by"]}, "then": then})


def _choose_member(defs: TableOfDefs, members: dict[str, Any]) -> None:
    member = defs["MemberModel"]
    shared = [*member["properties"]]
    member["properties"]["use"] |= described_choice({n: first_paragraph(f) for n, f in members.items()})
    member["allOf"] = []
    for name, factory in members.items():
        defs[f"member {name}"] = member_schema(name, factory, shared, defs)
        chosen = {"properties": {"use": {"const": name}}, "required": ["use"]}
        member["allOf"].append({"if": chosen, "then": {"$ref": f"#/$defs/member {name}"}})


def _needed(use: str, key: str) -> Schema:
    """A parameter without a default: each member of this kind has it, unless `defaults:` gives it to all of them."""
    given = {"properties": {"defaults": {"properties": {use: {"required": [key]}}, "required": [use]}}}
    chosen = {"properties": {"use": {"const": use}}, "required": ["use"]}
    each = {"properties": {"members": {"additionalProperties": {"if": chosen, "then": {"required": [key]}}}}}
    return {"if": {**given, "required": ["defaults"]}, "else": each}
