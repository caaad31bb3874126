"""Where a value of a recipe is: `members.seqhead.gaussian.sigma`, steps by op name or id."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from blendkit.errors import BlendkitError, did_you_mean
from blendkit.recipe.schema import RecipeModel
from blendkit.recipe.strict_yaml import KeyPath

SECTIONS = ("members", "streams", "blends")
_TOKEN = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_BESIDE = ("id", "where")  # what a step may say beside its op


def dotted(path: KeyPath) -> str:
    """`('a', 'steps', 0, 'b')` as `a.steps[0].b`."""
    text = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
    return text.lstrip(".") or "(top)"


def split_address(address: str) -> KeyPath:
    """Return the parts of `a.b[0]`, empty if there are none."""
    return tuple(int(i) if i else k for k, i in _TOKEN.findall(address))


def assign(data: dict[str, Any], address: str, value: Any, origin: str, *, positions: bool = True) -> None:
    """Set one value in raw recipe data, in place.

    The section and `steps` may be left out where one stream or step alone has the name; a step is its
    op name or id, or, with `positions`, its number. origin: what the user wrote, for messages. Raises
    BlendkitError for an address that matches nothing, with the nearest name, or several places, with all of them.
    """
    tokens = split_address(address)
    if not tokens:
        raise BlendkitError(f"{origin}: expected path=value, as in blends.eos7.of.seqhead=0.1")
    _open_steps(data)
    at: Any = data
    *parents, last = _concrete(data, tokens, origin, positions)
    for depth, key in enumerate(parents):
        if isinstance(at, dict) and at.get(str(key)) is None and key in known_keys(tuple(parents[: depth + 1])):
            at[str(key)] = {}  # the recipe leaves it at its default
        at = _inside(at, key, f"{origin}: {dotted(tuple(parents[: depth + 1]))}")
    if isinstance(at, dict):
        at[str(last)] = value
    elif isinstance(at, list):
        at[_number(at, last, origin)] = value
    else:
        raise BlendkitError(f"{origin}: {dotted(tuple(parents))} holds {at!r}, not keys")


def concrete_path(data: Mapping[str, Any], address: str, origin: str) -> KeyPath:
    """Return the whole key path of an address in raw recipe data: section, `steps` and step numbers filled in.

    Raises BlendkitError as `assign` does.
    """
    opened = copy.deepcopy(dict(data))
    _open_steps(opened)
    return _concrete(opened, split_address(address), origin, positions=False)


def known_keys(path: KeyPath) -> list[str]:
    """Return the keys that the schema knows beside the last part of a path; none where the author names them."""
    hint: Any = RecipeModel
    for part in path[:-1]:
        hint = next((h for arm in _arms(hint) if (h := _below(arm, part)) is not None), None)
    models = [arm for arm in _arms(hint) if hasattr(arm, "model_fields")]
    return [f.alias or n for n, f in models[0].model_fields.items()] if models else []


def _arms(hint: Any) -> list[Any]:
    """The types a hint allows: `Annotated` unwrapped and unions split."""
    if get_origin(hint) in (Annotated, Union, UnionType):
        return [arm for part in get_args(hint) for arm in _arms(part)]
    return [hint]


def _below(hint: Any, part: str | int) -> Any:
    """The type below one part of a path: a model's field, a mapping's value, or a list's item."""
    if hasattr(hint, "model_fields"):
        return {f.alias or n: f.annotation for n, f in hint.model_fields.items()}.get(str(part))
    origin, args = get_origin(hint), get_args(hint)
    if origin is dict and isinstance(part, str):
        return args[1]
    return args[0] if origin is list and isinstance(part, int) else None


def _streams(data: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Every stream's raw definition by (section, name)."""
    sections = {s: data.get(s) for s in SECTIONS}
    return {
        (s, n): d for s, of in sections.items() if isinstance(of, dict) for n, d in of.items() if isinstance(d, dict)
    }


def _open_steps(data: dict[str, Any]) -> None:
    """Give every step its long form, `- gaussian: {}` for `- gaussian`."""
    for stream in _streams(data).values():
        _opened(stream.get("steps"))


def _opened(steps: Any) -> None:
    if not isinstance(steps, list):
        return
    for i, step in enumerate(steps):
        if isinstance(step, str):
            steps[i] = {step: {}}
        elif isinstance(step, dict) and step.get(_op_name(step), {}) is None:
            step[_op_name(step)] = {}
        elif isinstance(step, dict):
            _opened(step.get("gates"))


def _concrete(data: dict[str, Any], tokens: KeyPath, origin: str, positions: bool) -> KeyPath:
    """The whole key path of an address: section, `steps` and step numbers filled in."""
    tokens = _with_section(data, tokens, origin)
    if len(tokens) < 3 or (stream := _streams(data).get((str(tokens[0]), str(tokens[1])))) is None:
        return tokens
    head, rest = tokens[:2], tokens[2:]
    if rest[0] != "steps":
        named = _called(stream, rest[0])
        if not named and len(rest) > 1 and rest[0] not in stream and rest[0] not in known_keys(tokens[:3]):
            steps = stream["steps"] if isinstance(stream.get("steps"), list) else []
            known = [*stream, *(n for s in steps for n in _names(s))]
            where = f"{origin}: {dotted(tokens[:3])}: no such key or step{did_you_mean(rest[0], known)}"
            whole = f"of a parameter that is a mapping: {dotted(tokens[:3])}={{{rest[1]}: VALUE}}"
            ways = [whole] if head[0] == "members" and len(rest) == 2 else []
            raise BlendkitError(where, [f"has {', '.join(stream)}", *_spellings(head, steps), *ways])
        if not named:
            return tokens
        if rest[0] in stream or rest[0] in known_keys(tokens[:3]):
            both = [dotted(tokens), dotted((*head, "steps", *rest))]
            raise BlendkitError(f"{origin}: {rest[0]!r} is a key and a step of {head[1]!r}", both)
        rest = ("steps", *rest)
    if len(rest) == 1 or not isinstance(stream.get("steps"), list):
        return (*head, *rest)
    return (*head, "steps", *_step_path(stream, head, rest[1:], origin, positions))


def _with_section(data: dict[str, Any], tokens: KeyPath, origin: str) -> KeyPath:
    """Complete an address that starts with a stream's or a step's name."""
    first = tokens[0]
    if first in RecipeModel.model_fields or first in data:
        return tokens
    streams = _streams(data)
    found: list[KeyPath] = [(s, *tokens) for s, n in streams if n == first]
    found += [(s, n, "steps", *tokens) for (s, n), d in streams.items() if _called(d, first)]
    if len(found) == 1:
        return found[0]
    if found:
        raise BlendkitError(f"{origin}: {first!r} is in {len(found)} places", [f"write {dotted(f)}" for f in found])
    steps = {name for d in streams.values() for step in d.get("steps") or () for name in _names(step)}
    hint = did_you_mean(first, [*RecipeModel.model_fields, *(n for _, n in streams), *steps])
    raise BlendkitError(f"{origin}: no such key: no section, stream or step is called {first!r}{hint}")


def _step_path(stream: dict[str, Any], head: KeyPath, rest: KeyPath, origin: str, positions: bool) -> KeyPath:
    """From a step's name, id or number and what follows to the keys below `steps`."""
    steps, token = stream["steps"], rest[0]
    if isinstance(token, int):
        if not positions:
            raise BlendkitError(f"{origin}: name steps by op or id, never by number", _spellings(head, steps))
        return (_number(steps, token, f"{origin}: {dotted((*head, 'steps', token))}"), *rest[1:])
    found = _called(stream, token)
    if len(found) != 1:
        hint = "" if found else did_you_mean(token, [n for s in steps for n in _names(s)])
        more = _spellings(head, [steps[i] for i in found] or steps)
        raise BlendkitError(f"{origin}: {len(found)} steps are called {token!r}{hint}", more)
    i, own = found[0], _op_name(steps[found[0]])
    if len(rest) > 1 and rest[1] in _BESIDE:
        return (i, *rest[1:])
    gates = steps[i].get("gates")
    if own == "gates" and len(rest) > 1 and isinstance(rest[1], str) and isinstance(gates, list):
        return (i, "gates", *_step_path({"steps": gates}, (*head, "gates"), rest[1:], origin, positions))
    return (i, own, *rest[1:])


def _spellings(head: KeyPath, steps: list[Any]) -> list[str]:
    """The address of each step, and which steps need an id to have one."""
    names = [_names(s) for s in steps]
    called = [n for own in names for n in own]
    return [
        f"{dotted((*head, own[-1]))}" + ("" if called.count(own[-1]) == 1 else " (give it an `id:`)") for own in names
    ]


def _called(stream: dict[str, Any], token: str | int) -> list[int]:
    steps = stream.get("steps")
    return [i for i, s in enumerate(steps if isinstance(steps, list) else ()) if token in _names(s)]


def _names(step: Any) -> list[str]:
    """The names of a step: its op, and its id if it has one."""
    own = step.get("id") if isinstance(step, dict) else None
    return [_op_name(step), own] if isinstance(own, str) else [_op_name(step)]


def _op_name(step: Any) -> str:
    keys: Iterable[Any] = step if isinstance(step, dict) else [step]
    return str(next((k for k in keys if k not in _BESIDE), ""))


def _inside(at: Any, key: str | int, where: str) -> Any:
    if isinstance(at, dict):
        if key not in at:
            raise BlendkitError(f"{where}: no such key{did_you_mean(key, at)}", [f"has {', '.join(at)}"])
        return at[key]
    if isinstance(at, list):
        return at[_number(at, key, where)]
    raise BlendkitError(f"{where}: the recipe has the value {at!r} there, and no keys")


def _number(items: list[Any], key: str | int, where: str) -> int:
    if not isinstance(key, int) or key >= len(items):
        raise BlendkitError(f"{where}: expected a number below {len(items)}, the count of items there")
    return key
