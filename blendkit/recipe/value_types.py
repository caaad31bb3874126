"""The values of a recipe's keys: what a YAML file may write for a name, a weight, a class id or a length of time."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from blendkit.audio import Channels, check_channels
from blendkit.core import LONGEST_TIME_S, composed, seconds_in

MOMENT_S = 0.001


def _text(value: Any) -> Any:
    """Class ids mix words and numbers; YAML reads 22961 as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return composed(value) if isinstance(value, str) else value


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("expected 1")
    return value


def _no_trace(value: float) -> float:
    """Refuse what is 0 to all purposes: sums of such weights have no digits left to divide by."""
    if 0 < abs(value) < 1e-9:
        raise ValueError("expected 0, or 1e-9 or more")
    return value


def _hashes(value: Any) -> Any:
    """Accept one SHA-256, or a mapping of parameters to one or a list of them."""
    each = list(value.values()) if isinstance(value, dict) else [value]
    each = [list(e.values()) if isinstance(e, dict) and isinstance(value, dict) else e for e in each]  # oof and test
    listed = [v for e in each for v in (e if isinstance(e, list) and isinstance(value, dict) else [e])]
    if value is not None and not all(isinstance(v, str) and re.fullmatch(r"[0-9a-fA-F]{64}", v) for v in listed or [0]):
        said = "expected a SHA-256 of 64 hexadecimal digits (quoted, if none is a letter)"
        raise ValueError(f"{said}, or `{{key: HASH}}`")
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _labelled(value: Any) -> Any:
    """Accept one label file, or a list of them, each by name or as `{labels: FILE, recordings: [...]}`."""
    listed = [value] if isinstance(value, str | dict) else value
    for one in listed if isinstance(listed, list) else [None]:
        texts = one.get("recordings") if isinstance(one, dict) and set(one) == {"labels", "recordings"} else None
        whole = isinstance(one, dict) and isinstance(one.get("labels"), str) and isinstance(texts, list) and texts
        if not isinstance(one, str) and not (whole and all(isinstance(t, str) for t in texts or ())):
            raise ValueError(f"expected label files, or `{{labels: FILE, recordings: [...]}}`, got {one!r}")
    return listed


def _seconds(value: Any) -> Any:
    return None if value is None else seconds_in(value)


_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_PARTS = {"labels": {"type": "string"}, "recordings": {"type": "array", "items": {"type": "string"}, "minItems": 1}}
_SOME = {"type": "object", "required": list(_PARTS), "additionalProperties": False, "properties": _PARTS}
_OF_TUNING = {"anyOf": [{"type": "string"}, _SOME]}
_TUNING = {"anyOf": [*_OF_TUNING["anyOf"], {"type": "array", "items": _OF_TUNING}]}
_WEIGHTS = [{"const": 0}, {"minimum": 1e-9, "maximum": 1e9}, {"minimum": -1e9, "maximum": -1e-9}]
_HASH = {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}
_BY_SIDE = {"type": "object", "additionalProperties": _HASH}
_BY_KEY = {"anyOf": [_HASH, {"type": "array", "items": _HASH, "minItems": 1}, _BY_SIDE]}
_HASHES = {"anyOf": [{"type": "null"}, _HASH, {"type": "object", "minProperties": 1, "additionalProperties": _BY_KEY}]}
_COUNTED = [
    {"enum": ["mean", "first", "loudest"]},
    {"type": "integer", "minimum": 1},
    {"type": "string", "pattern": "^0*[1-9][0-9]*$"},
]
_NUMBER = r"[0-9]+(\.[0-9]+)?\s*"
_TIME = rf"^\s*({_NUMBER}|(?=.*[0-9])({_NUMBER}[hH])?\s*({_NUMBER}[mM]([iI][nN])?)?\s*({_NUMBER}[sS])?)\s*$"
_LENGTHS = [{"type": "number", "minimum": MOMENT_S, "maximum": LONGEST_TIME_S}, {"type": "string", "pattern": _TIME}]

# What the validators accept is said twice: to pydantic, and to the schema that editors read.
ClassId = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "integer"]})]
TuningLabels = Annotated[list[str | dict[str, Any]], BeforeValidator(_labelled), WithJsonSchema(_TUNING)]
Paths = Annotated[list[str], BeforeValidator(_listed), WithJsonSchema(_TEXTS)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=100)]
Weight = Annotated[
    float,
    Field(ge=-1e9, le=1e9, allow_inf_nan=False),
    AfterValidator(_no_trace),
    WithJsonSchema({"type": "number", "anyOf": _WEIGHTS}),
]
Version = Annotated[Literal[1], BeforeValidator(_no_bool)]
Hashes = Annotated[
    str | dict[str, str | list[str] | dict[str, str]] | None, PlainValidator(_hashes), WithJsonSchema(_HASHES)
]
Channel = Annotated[Channels, PlainValidator(check_channels), WithJsonSchema({"anyOf": _COUNTED})]
Budget = Annotated[
    Annotated[float, Field(ge=MOMENT_S, le=LONGEST_TIME_S)] | None,
    BeforeValidator(_seconds),
    WithJsonSchema({"anyOf": [*_LENGTHS, {"type": "null"}]}),
]
Share = Annotated[float, Field(ge=1e-9, le=1e9, allow_inf_nan=False)]
Constant = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]  # a score
Shift = Annotated[float, Field(ge=-3600, le=3600, allow_inf_nan=False)]  # in seconds
