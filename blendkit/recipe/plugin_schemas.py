"""Pieces of the recipe's JSON schema: its own models, and one schema for each installed op and member."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from blendkit.core import Space
from blendkit.ops import Keys, OpInfo, info_of, mark_of, signature
from blendkit.recipe.key_docs import KEY_DOCS, STEP_DOCS
from blendkit.recipe.oof_and_test_files import BESIDE
from blendkit.recipe.parameter_words import note_on
from blendkit.recipe.params import file_params, member_model, op_model
from blendkit.recipe.rules_of_keys import KEY_RULES, Schema, one_of
from blendkit.recipe.schema import RecipeModel
from blendkit.registry import OPS, registry

TableOfDefs = dict[str, Schema]


def base_defs() -> TableOfDefs:
    """Return the schemas of the recipe's own models by name, with descriptions, short forms and rules between keys."""
    whole = _plain(RecipeModel.model_json_schema())
    defs: TableOfDefs = {**whole.pop("$defs"), "RecipeModel": whole}
    step = defs.pop("Step")["properties"]
    defs["step keys"] = {
        "properties": {
            "id": {**step["id"], "description": STEP_DOCS["id"]},
            "where": {**step["where"], "description": STEP_DOCS["where"]},
            "to": {"enum": [*get_args(Space)], "description": STEP_DOCS["to"]},
            "as": {"enum": ["logit", "prob"], "description": STEP_DOCS["as"]},
            "gates": {
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/$defs/Gate"},
                "description": STEP_DOCS["gates"],
            },
        }
    }
    for name, model in defs.items():
        for key, text in KEY_DOCS.get(name, {}).items():
            model["properties"][key]["description"] = text
    for name, rule in KEY_RULES.items():
        defs[name] |= rule if "properties" not in rule else {"allOf": [rule]}
    defs["TTAModel"]["properties"]["shifts_s"]["uniqueItems"] = True
    presets = next(a["enum"] for a in defs["NamesModel"]["properties"]["preset"]["anyOf"] if "enum" in a)
    _or_short(defs, "NamesModel", {"enum": ["auto", *presets]})
    return defs


def _or_short(defs: TableOfDefs, name: str, short: Schema) -> None:
    text = defs[name].pop("description", "")
    defs[name] = {"description": text, "anyOf": [short, defs[name]]}


def sorted_ops() -> dict[str, list[OpInfo]]:
    """Return the installed ops that can be loaded, by kind."""
    known = registry(OPS)
    infos = [info_of(known.get(n)) for n in known.names() if known.loads(n)]
    return {kind: [i for i in infos if i is not None and i.kind == kind] for kind in ("step", "gate", "blend")}


def op_schema(info: OpInfo, defs: TableOfDefs) -> Schema:
    """Return the schema of an op's parameters; nested models are added to `defs`."""
    out = _with_defs(op_model(info).model_json_schema(), defs)
    fit = info.fit_in_recipe
    for function in filter(None, (info.function, fit)):
        _describe(out, function)
    for key, text in STEP_DOCS.items():
        if key in out["properties"]:
            out["properties"][key]["description"] = text
    for key, (hint, _, _) in signature(info.function).items():
        if mark_of(hint, Keys) is not None:
            out["properties"][key] = _ids_as_numbers(out["properties"][key])
    out["description"] = inspect.getdoc(info.function) or ""
    if info.load is not None:
        out |= one_of([k for k in ("fit", "artefact") if k in out["properties"]])
    return out


def member_schema(name: str, factory: Callable[..., Any], shared: Sequence[str], defs: TableOfDefs) -> Schema:
    """Return the schema of a member's keys: those of all members, and its adapter's. None is required here."""
    out = _with_defs(member_model(name, factory).model_json_schema(), defs)
    out.pop("required", None)
    _describe(out, factory)
    own = out["properties"]
    finished = "space" in inspect.signature(factory).parameters
    if finished:
        pair = {"type": "object", "required": ["oof", "test"], "additionalProperties": {"type": "string"}}
        two = {**pair, "maxProperties": 2, "description": "Out of fold, with labels; and of the test set, to deliver."}
        for key in file_params(factory, {}):
            own[key] = {"description": own[key].pop("description", ""), "anyOf": [own[key], two]}
        for key in own.keys() & set(BESIDE):
            about = {k: own[key].pop(k) for k in ("description", "default") if k in own[key]}
            each = {**pair, "maxProperties": 2, "additionalProperties": own[key]}
            own[key] = {**about, "anyOf": [own[key], each]}
    out["properties"] = {k: {"$ref": f"#/$defs/MemberModel/properties/{k}"} for k in shared} | own
    if finished:
        for key in ("isolate", "optional"):
            out["properties"][key] = {**out["properties"][key], "not": {"const": True}}
    out["description"] = inspect.getdoc(factory) or ""
    return out


def required_keys(name: str, factory: Callable[..., Any]) -> list[str]:
    """Return the parameters of a member that have no default."""
    return [n for n, f in member_model(name, factory).model_fields.items() if f.is_required()]


def described_choice(names: Mapping[str, str]) -> Schema:
    """Return a choice of names, each with what it means."""
    return {"anyOf": [{"const": name, "description": text} for name, text in names.items()]}


def first_paragraph(function: object) -> str:
    """Return the first paragraph of a docstring."""
    return (inspect.getdoc(function) or "").split("\n\n")[0]


def _describe(schema: Schema, function: Callable[..., Any]) -> None:
    document = inspect.getdoc(function) or ""
    for name in signature(function):
        if name in schema["properties"] and (text := note_on(document, name)):
            schema["properties"][name]["description"] = text


def _with_defs(schema: Schema, defs: TableOfDefs) -> Schema:
    """Return a model's schema without its own `$defs`, which are added to the common ones."""
    out: Schema = _plain(schema)
    for name, inner in out.pop("$defs", {}).items():
        if name in defs:
            continue
        for key, text in KEY_DOCS.get(name, {}).items():
            inner["properties"][key]["description"] = text
        defs[name] = inner
        if name == "FitLabels":
            inner["properties"]["folds"]["not"] = {"const": 1}
            _or_short(defs, name, {"type": "string"})
    out.setdefault("properties", {})
    return out


def _ids_as_numbers(schema: Any) -> Any:
    """Accept numbers where class ids stand: YAML reads 22961 as one."""
    if isinstance(schema, dict):
        ids = {"type": ["string", "integer"]}
        return {k: (ids if k == "items" and v == {"type": "string"} else _ids_as_numbers(v)) for k, v in schema.items()}
    return [_ids_as_numbers(v) for v in schema] if isinstance(schema, list) else schema


def _plain(schema: Any) -> Any:
    """Return a schema without the titles that only repeat names, and with names of keys held to their pattern."""
    if isinstance(schema, list):
        return [_plain(v) for v in schema]
    if not isinstance(schema, dict):
        return schema
    out = {k: _plain(v) for k, v in schema.items() if not (k == "title" and isinstance(v, str))}
    if len(patterns := out.get("patternProperties", {})) == 1:
        ((pattern, inner),) = patterns.items()
        del out["patternProperties"]
        out |= {"propertyNames": {**out.get("propertyNames", {}), "pattern": pattern}, "additionalProperties": inner}
    return out
