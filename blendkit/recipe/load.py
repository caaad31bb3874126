"""Read a recipe file: strict YAML, overrides, schema. Every problem is reported at once, with its line."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from blendkit.errors import BlendkitError, did_you_mean
from blendkit.recipe.address import assign, dotted, known_keys, split_address
from blendkit.recipe.params import problems_of
from blendkit.recipe.recipe_size_limits import require_few
from blendkit.recipe.schema import RecipeModel
from blendkit.recipe.shared_keys import default_problems, with_defaults
from blendkit.recipe.strict_yaml import KeyPath, parse

On = Literal["oof", "test"]


@dataclass(frozen=True)
class Recipe:
    """A recipe of valid shape; `make_plan` checks whether it makes sense.

    on: which file is read where a member names two, `{oof: ..., test: ...}`.
    """

    model: RecipeModel
    source: str
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    on: On = "test"

    def where(self, path: KeyPath) -> str:
        """Return `file:line: dotted.path` of a key; the line of the nearest parent if it has none."""
        path = self._shared(path)
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return f"{self.source}:{self.lines[path[:end]]}: {dotted(path)}"
        return f"{self.source}: {dotted(path)}"

    def _shared(self, path: KeyPath) -> KeyPath:
        """The place below `defaults:` of a member's key that stands there."""
        if len(path) < 3 or path[0] != "members" or path[:3] in self.lines:
            return path
        member = (self.raw.get("members") or {}).get(path[1])
        use = str(member.get("use")) if isinstance(member, dict) else ""
        return ("defaults", use, *path[2:]) if ("defaults", use, path[2]) in self.lines else path


def parse_recipe(text: str, source: str, overrides: Sequence[str] = (), *, written: bool = True) -> Recipe:
    """Read a recipe from text; `source` names it in messages. written: by a person, who is told lines, too."""
    data, lines = parse(text, source)
    lines = lines if written else {}
    if not isinstance(data, dict):
        raise BlendkitError(f"{source}: a recipe is a mapping that starts with `recipe: 1`")
    bare = Recipe(RecipeModel.model_construct(), source, lines)
    if problems := [f"{bare.where(path)}: {text}" for path, text in default_problems(data)]:
        raise BlendkitError(f"{source}: not a valid recipe", problems)
    for override in overrides:
        _override(data, override)
    return _checked(data, source, lines)


def _checked(data: dict[str, Any], source: str, lines: Mapping[KeyPath, int], on: On = "test") -> Recipe:
    require_few(data, source)
    try:
        model = RecipeModel.model_validate(with_defaults(data))
    except ValidationError as error:
        bare = Recipe(RecipeModel.model_construct(), source, lines, data)
        problems = list(dict.fromkeys(_schema_problems(bare, error)))
        raise BlendkitError(f"{source}: not a valid recipe", problems) from error
    return Recipe(model, source, lines, data, on)


def _schema_problems(recipe: Recipe, error: ValidationError) -> list[str]:
    out = []
    for path, message in problems_of(error, {}):
        if message.startswith("unknown key"):
            known = known_keys(path)
            message = f"unknown key {path[-1]!r}{did_you_mean(path[-1], known)}; known: {', '.join(known)}"
        out.append(f"{recipe.where(path)}: {message}")
    return out


def _override(data: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals:
        raise BlendkitError(f"--set {override}: expected path=value, as in blends.eos7.of.seqhead=0.1")
    value, members = yaml_value(text, f"--set {path}"), data.get("members")
    *section, name = split_address(path) or ("",)
    if value is None and isinstance(members, dict) and (section == ["members"] or (not section and name in members)):
        _drop_member(data, members, str(name), f"--set {override}")
        return
    assign(data, path, value, f"--set {override}")


def _drop_member(data: dict[str, Any], members: dict[str, Any], name: str, origin: str) -> None:
    """Take a member out of raw recipe data, with its weights in every blend."""
    if name not in members:
        raise BlendkitError(f"{origin}: no member is called {name!r}{did_you_mean(name, members)}")
    del members[name]
    blends = data.get("blends")
    for blend in blends.values() if isinstance(blends, dict) else ():
        for key in ("of", "weights_by"):
            _drop_weight(blend.get(key) if isinstance(blend, dict) else None, name)


def _drop_weight(holder: Any, name: str) -> None:
    if isinstance(holder, dict):
        if isinstance(holder.get(name), int | float):
            del holder[name]
        holder = list(holder.values())
    for inner in holder if isinstance(holder, list) else ():
        _drop_weight(inner, name)


def yaml_value(text: str, source: str) -> Any:
    """Return what a YAML text stands for; `source` names it in messages."""
    return parse(text, source)[0]


def cut_down(recipe: Recipe, streams: Collection[str], output: str, also: Sequence[str] = ()) -> Recipe:
    """Return the recipe with these members, streams and blends alone, and other outputs."""
    data = {k: v for k, v in copy.deepcopy(recipe.raw).items() if k != "also"}
    for section in ("members", "streams", "blends"):
        wanted = {n: v for n, v in data.pop(section, {}).items() if n in streams}
        data |= {section: wanted} if wanted else {}
    return _checked({**data, "output": output, "also": list(also)}, recipe.source, recipe.lines, recipe.on)


def without(recipe: Recipe, paths: Sequence[KeyPath]) -> Recipe:
    """Return the recipe without the keys at some paths; a `gates:` step whose list becomes empty is removed too."""
    data = copy.deepcopy(recipe.raw)
    for path in paths:
        _remove(data, path)
    return _checked(data, recipe.source, recipe.lines, recipe.on)


def _remove(data: Any, path: KeyPath) -> None:
    holder = data
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    if isinstance(holder, list) and not holder and path[-2] == "gates":
        _remove(data, path[:-2])


def with_values(recipe: Recipe, values: Mapping[str, Any], origin: str) -> Recipe:
    """Return the recipe with other values at some addresses, which name steps by op or id, never by number.

    origin: what the user wrote, for messages. Raises BlendkitError as `blendkit.recipe.address.assign`
    does, and for values that the schema refuses.
    """
    data = copy.deepcopy(recipe.raw)
    for address, value in values.items():
        assign(data, address, copy.deepcopy(value), origin, positions=False)
    return _checked(data, recipe.source, recipe.lines, recipe.on)
