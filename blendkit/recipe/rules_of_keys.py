"""Rules between the keys of a recipe, as a JSON schema says them; the models of `schema` say the same in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Schema = dict[str, Any]

_NONE = {"type": "null"}
_SITE_OF_FOLDER = {"required": ["site"], "properties": {"site": {"const": "folder"}}}


def _given(key: str) -> Schema:
    return {"required": [key], "properties": {key: {"not": _NONE}}}


def one_of(keys: Sequence[str]) -> Schema:
    """Exactly one of these keys has a value."""
    return {"oneOf": [_given(k) for k in keys]}


def _not_both(a: str, b: str) -> Schema:
    return {"not": {"allOf": [_given(a), _given(b)]}}


def _at_any_depth(of: Schema) -> Schema:
    """Weights at all places of a blend where they may stand."""
    by_name = {"additionalProperties": of}
    groups = {
        "class_name": by_name,
        "genus": by_name,
        "classes": {"items": {"properties": {"of": of}}},
        "split": {"properties": {"before": of, "after": of}},
        "covered_by": {"additionalProperties": {"additionalProperties": of}},
    }
    return {"properties": groups}


_SHARES = {"additionalProperties": {"minimum": 0}}
_NOT_ALL_ZERO = {"not": {"type": "object", "additionalProperties": {"const": 0}}}
NO_NEGATIVES: Schema = {"properties": {"of": _SHARES, "weights_by": _at_any_depth(_SHARES)}}

KEY_RULES: dict[str, Schema] = {
    "RecipeModel": {"properties": {"audio": {"not": {"const": []}}}},
    "Where": {
        **one_of(("class_name", "classes", "covered_by", "not_covered_by", "top", "not")),
        "allOf": [{"if": _given("top"), "then": _given("of"), "else": {"not": _given("of")}}],
        "not": {"properties": {"not": _given("not")}, "required": ["not"]},
    },
    "Fill": {
        **one_of(("value", "logit", "prior", "congeners")),
        "if": {"required": ["by_class"], "properties": {"by_class": {"minProperties": 1}}},
        "then": {"anyOf": [_given("value"), _given("logit")]},
    },
    "TTAModel": {
        "if": {"properties": {"edge": {"const": "drop"}}},
        "then": {"properties": {"shifts_s": {"contains": {"const": 0}}}},
    },
    "NamesModel": {
        "allOf": [
            _not_both("preset", "pattern"),
            {"not": {"required": ["preset"], "properties": {"preset": _NONE, "pattern": _NONE}}},
            {
                "not": {
                    **_given("deployments"),
                    "allOf": [_SITE_OF_FOLDER],
                }
            },
        ]
    },
    "WeightsBy": {
        "allOf": [_not_both("artefact", k) for k in ("class_name", "genus", "classes", "split", "covered_by")],
        "if": {"required": ["allow_seen"], "properties": {"allow_seen": {"const": True}}},
        "then": _given("artefact"),
    },
    "BlendModel": {
        "properties": {"weights_by": _at_any_depth(_NOT_ALL_ZERO)},
        "if": {"not": _given("weights_by")},
        "then": {"properties": {"of": _NOT_ALL_ZERO}},
    },
}  # by model


def _keys(number: int) -> Schema:
    return {"minProperties": number, "maxProperties": number}


_BESIDE = {"anyOf": [{"required": ["id"]}, {"required": ["where"]}]}
STEP_COUNT: Schema = {
    "if": {"required": ["id", "where"]},
    "then": _keys(3),
    "else": {"if": _BESIDE, "then": _keys(2), "else": _keys(1)},
    "not": {"allOf": [{"anyOf": [{"required": ["to"]}, {"required": ["as"]}]}, _given("where")]},
}  # one op, whatever stands beside it
