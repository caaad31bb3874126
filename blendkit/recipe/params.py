"""The function signature is the schema: parameter models made from ops and member factories."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin, get_type_hints

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)

from blendkit.errors import BlendkitError, did_you_mean
from blendkit.member import DataFile
from blendkit.ops import Keys, OpInfo, Stream, mark_of, signature


class FitLabels(BaseModel):
    """Fit on labels; with `folds`, each labelled recording gets the fit made without its fold."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, frozen=True)

    labels: str
    folds: int = Field(default=0, ge=0, le=1000)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """Accept `fit: F` for `fit: {labels: F}`."""
        return {"labels": value} if isinstance(value, str) else value

    @field_validator("folds")
    @classmethod
    def _two_at_least(cls, value: int) -> int:
        if value == 1:
            raise ValueError("one fold leaves nothing to fit on; use 2 or more, or 0 not to cross-fit")
        return value


@cache
def op_model(info: OpInfo) -> type[BaseModel]:
    """Return the parameter model of an op: its own, and those of its fit."""
    fields = _fields(info.function)
    if info.load is not None:
        fields |= {"artefact": (str | None, None), "allow_seen": (bool, False)}
    if info.fit_in_recipe is not None:
        fields |= _fields(info.fit_in_recipe) | {"fit": (FitLabels | None, None)}
    return _model(info.name, fields)


def values_of_fit(info: OpInfo) -> dict[str, Any]:
    """Return {parameter: default} of those that an op's fit in a recipe takes, and the op itself does not."""
    if info.fit_in_recipe is None:
        return {}
    every, own = op_model(info).model_fields, _fields(info.function)
    return {n: every[n].default for n in _fields(info.fit_in_recipe) if n not in own}


def numbers_of(info: OpInfo) -> dict[str, tuple[float | None, float | None, bool]]:
    """Return {parameter: (lowest, highest, whether it is a whole number)} of an op's parameters that are one number."""
    found = {}
    for name, own in op_model(info).model_fields.items():
        hint: Any = own.annotation
        hints = set(get_args(hint)) - {type(None)} if get_origin(hint) in (Union, UnionType) else {hint}
        kinds = {get_args(h)[0] if get_origin(h) is Annotated else h for h in hints}
        if kinds and not kinds - {int, float}:
            marks = [*own.metadata, *(m for h in hints for m in getattr(h, "__metadata__", ()))]
            low = next((v for m in marks for k in ("ge", "gt") if (v := getattr(m, k, None)) is not None), None)
            high = next((v for m in marks for k in ("le", "lt") if (v := getattr(m, k, None)) is not None), None)
            found[name] = (low, high, float not in kinds)
    return found


def checked_fit(info: OpInfo, given: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of an op's fit, defaults filled. Raises BlendkitError listing every problem."""
    model = _model(info.name, {} if info.fit is None else _fields(info.fit))
    try:
        return model.model_validate(given).model_dump()
    except ValidationError as error:
        found = problems_of(error, dict(model.model_fields))
        problems = [f"{'.'.join(map(str, where))}: {text}" for where, text in found]
        raise BlendkitError(f"{info.name}: the parameters of its fit are not valid", problems) from error


@cache
def member_model(name: str, factory: Callable[..., Any]) -> type[BaseModel]:
    """Return the parameter model of a member factory."""
    return _model(name, _fields(factory))


def file_params(factory: Callable[..., Any], params: Mapping[str, Any]) -> dict[str, DataFile]:
    """Return a factory's parameters that are files or lists of files, as these values are.

    A parameter `list[str] | FilePath` is a file only where its value is no list.
    """
    known = _files_of(factory)
    return {
        n: mark
        for n, (mark, names_too) in known.items()
        if not (names_too and isinstance(params.get(n), (list, tuple)))
    }


@cache
def _files_of(factory: Callable[..., Any]) -> Mapping[str, tuple[DataFile, bool]]:
    """{parameter: (mark, whether a list is names)} of a factory's parameters that can be files, read once."""
    hints = get_type_hints(factory, include_extras=True)
    return {n: (mark, list[str] in get_args(h)) for n, h in hints.items() if (mark := _mark(h)) is not None}


def problems_of(error: ValidationError, known: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """Return (path, message) per problem, in plain words, with the nearest parameter."""
    out = []
    for e in error.errors():
        path = tuple(e["loc"])
        key = path[-1] if path else ""
        message = _short_numbers(str(e["msg"]).removeprefix("Value error, "), e.get("ctx", {}))
        if e["type"] == "extra_forbidden":
            fields = _fields_at(known, path[:-1])
            message = f"unknown key {key!r}{did_you_mean(key, fields)}; known: {', '.join(fields) or 'none'}"
        elif e["type"] == "missing":
            choices = get_args(getattr(known.get(str(key)), "annotation", None)) if len(path) == 1 else ()
            words = [c for c in choices if isinstance(c, str)]
            message = "missing" + (f", expected one of {', '.join(words)}" if words else "")
        elif "input" in e and not isinstance(e["input"], (dict, list)):
            message = f"{message[0].lower()}{message[1:]}, got {e['input']!r}{_decimal_comma(path, e['input'])}"
        elif e["type"] == "dict_type":
            message = f"expected `{{name: value}}`, got a {type(e['input']).__name__}: {e['input']!r}"
        out.append((path, message))
    return out


def _short_numbers(message: str, context: Mapping[str, Any]) -> str:
    """Return a message on a bound with the bound as people write it: 1e-09, not 0.000000001."""
    for bound in (v for k, v in context.items() if k in ("ge", "gt", "le", "lt") and isinstance(v, float)):
        message = re.sub(r"(?<= to )[\d.]+$|(?<= than )[\d.]+$", f"{bound:.10g}", message)
    return message


def _decimal_comma(path: tuple[str | int, ...], value: Any) -> str:
    """Return the way out where a number was written with a comma, which YAML takes for the next item."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+,\d+", value.strip()):
        return f": write {value.strip().replace(',', '.')}"
    if value is None and path and str(path[-1]).isdigit():
        return f": a decimal comma? write 0.{path[-1]}"
    return ""


def _fields_at(known: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    """The keys that a nested parameter such as `mel` or `fit` may have."""
    for key in path:
        hint = getattr(known.get(str(key)), "annotation", None)
        inner = [h for h in (hint, *get_args(hint)) if isinstance(h, type) and issubclass(h, BaseModel)]
        known = dict(inner[0].model_fields) if inner else known
    return known


def _fields(function: Callable[..., Any]) -> dict[str, Any]:
    return {
        name: (_as_written(hint), ... if default is inspect.Parameter.empty else default)
        for name, (hint, context, default) in signature(function).items()
        if context is None
    }


def _as_written(hint: Any) -> Any:
    """What a recipe writes for a parameter: a stream's name, and class ids as words or numbers."""
    if mark_of(hint, Stream) is not None:
        return str | None if type(None) in get_args(hint) else str
    return Annotated[hint, BeforeValidator(_texts)] if mark_of(hint, Keys) is not None else hint


def _texts(value: Any) -> Any:
    """YAML reads the class id 22961 as a number."""
    if isinstance(value, dict):
        return {str(k) if isinstance(k, int) else k: v for k, v in value.items()}
    if isinstance(value, list):
        return [_texts(v) for v in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _model(name: str, fields: dict[str, Any]) -> type[BaseModel]:
    config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
    return create_model(name, __config__=config, **fields)


def _mark(hint: Any) -> DataFile | None:
    for arg in get_args(hint):
        found = arg if isinstance(arg, DataFile) else _mark(arg)
        if found is not None:
            return found
    return None
