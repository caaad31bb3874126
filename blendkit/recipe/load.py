"""Read a recipe file: strict YAML, overrides, schema. Every problem is reported at once, with its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError

from blendkit.errors import BlendkitError, did_you_mean
from blendkit.recipe import strict_yaml
from blendkit.recipe.params import problems_of
from blendkit.recipe.schema import RecipeModel
from blendkit.recipe.strict_yaml import Path as KeyPath

_TOKEN = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True)
class Recipe:
    """A recipe that has the right shape; whether it makes sense is for the plan to say."""

    model: RecipeModel
    source: str
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def where(self, path: KeyPath) -> str:
        """Return `file:line: dotted.path` of a key; the line of the nearest parent if it has none."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return f"{self.source}:{self.lines[path[:end]]}: {dotted(path)}"
        return f"{self.source}: {dotted(path)}"


def dotted(path: KeyPath) -> str:
    """`('a', 'steps', 0, 'b')` as `a.steps[0].b`."""
    text = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
    return text.lstrip(".") or "(top)"


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe file and apply `path=value` overrides. Raises BlendkitError with every problem."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BlendkitError(f"{path}: cannot read this recipe", [str(error)]) from error
    return parse_recipe(text, path.name, overrides)


def parse_recipe(text: str, source: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe from text; `source` names it in messages."""
    data, lines = strict_yaml.parse(text, source)
    if not isinstance(data, dict):
        raise BlendkitError(f"{source}: a recipe is a mapping that starts with `recipe: 1`")
    for override in overrides:
        _override(data, override)
    try:
        model = RecipeModel.model_validate(data)
    except ValidationError as error:
        bare = Recipe(RecipeModel.model_construct(), source, lines)
        raise BlendkitError(f"{source}: not a valid recipe", _schema_problems(bare, error)) from error
    return Recipe(model, source, lines)


def _schema_problems(recipe: Recipe, error: ValidationError) -> list[str]:
    out = []
    for path, message in problems_of(error, {}):
        if message.startswith("unknown key"):
            known = _known_keys(path)
            message = f"unknown key {path[-1]!r}{did_you_mean(path[-1], known)}; known: {', '.join(known)}"
        out.append(f"{recipe.where(path)}: {message}")
    return out


def _known_keys(path: KeyPath) -> list[str]:
    """The keys that the schema knows beside the last part of a path; none where the author names them."""
    hint: Any = RecipeModel
    for part in path[:-1]:
        hint = next((h for arm in _arms(hint) if (h := _inside(arm, part)) is not None), None)
    models = [arm for arm in _arms(hint) if hasattr(arm, "model_fields")]
    return [f.alias or n for n, f in models[0].model_fields.items()] if models else []


def _arms(hint: Any) -> list[Any]:
    """The types a hint stands for: `Annotated` and `... | None` taken apart."""
    if get_origin(hint) in (Annotated, Union, UnionType):
        return [arm for part in get_args(hint) for arm in _arms(part)]
    return [hint]


def _inside(hint: Any, part: str | int) -> Any:
    """The type below one part of a path: a model's field, a mapping's value, or a list's item."""
    if hasattr(hint, "model_fields"):
        return {f.alias or n: f.annotation for n, f in hint.model_fields.items()}.get(str(part))
    origin, args = get_origin(hint), get_args(hint)
    if origin is dict and isinstance(part, str):
        return args[1]
    return args[0] if origin is list and isinstance(part, int) else None


def _override(data: dict[str, Any], override: str) -> None:
    """Set `path=value` in raw recipe data; steps are reached by number, id or op name."""
    path, equals, text = override.partition("=")
    tokens: list[str | int] = [int(i) if i else k for k, i in _TOKEN.findall(path)]
    if not equals or not tokens:
        raise BlendkitError(f"--set {override}: expected path=value, as in blends.eos7.of.seqhead=0.1")
    at: Any = data
    for depth, token in enumerate(tokens[:-1]):
        here = tuple(tokens[: depth + 1])
        if isinstance(at, dict) and token not in at and token in _known_keys(here):
            at[str(token)] = {}  # the recipe leaves it at its default
        at = _descend(at, token, f"--set {override}: {dotted(here)}")
    value, _ = strict_yaml.parse(text, f"--set {path}")
    last = tokens[-1]
    if isinstance(at, list):
        at[_position(at, last, f"--set {override}")] = value
    elif isinstance(at, dict):
        at[str(last)] = value
    else:
        raise BlendkitError(f"--set {override}: {dotted(tuple(tokens[:-1]))} holds {at!r}, not keys")


def _descend(at: Any, token: str | int, where: str) -> Any:
    if isinstance(at, dict):
        if token not in at:
            raise BlendkitError(f"{where}: no such key{did_you_mean(token, at)}", [f"has {', '.join(at)}"])
        if at[token] is None:
            at[token] = {}
        return at[token]
    if not isinstance(at, list):
        raise BlendkitError(f"{where}: the recipe holds {at!r} there")
    i = _position(at, token, where)
    name = _op_name(at[i])
    if isinstance(at[i], str) or (isinstance(at[i], dict) and at[i].get(name, {}) is None):
        at[i] = {**(at[i] if isinstance(at[i], dict) else {}), name: {}}  # `- gaussian` becomes `- gaussian: {}`
    return at[i] if isinstance(token, int) else at[i][name]


def _position(steps: list[Any], token: str | int, where: str) -> int:
    if isinstance(token, int):
        if token < len(steps):
            return token
        raise BlendkitError(f"{where}: only {len(steps)} items there")
    named = [i for i, s in enumerate(steps) if token in (_op_name(s), s.get("id") if isinstance(s, dict) else None)]
    if len(named) != 1:
        raise BlendkitError(
            f"{where}: {len(named)} steps are called {token!r}{did_you_mean(token, map(_op_name, steps))}"
        )
    return named[0]


def _op_name(step: Any) -> str:
    keys: Iterable[Any] = step if isinstance(step, dict) else [step]
    return str(next((k for k in keys if k not in ("id", "where")), ""))
