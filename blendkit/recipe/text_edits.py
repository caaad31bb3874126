"""Other values in the text of a recipe: what is not changed, comments among it, stays as it was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from blendkit.errors import BlendkitError
from blendkit.recipe.address import concrete_path
from blendkit.recipe.explicit_defaults import flow_text
from blendkit.recipe.load import Recipe, parse_recipe, with_values
from blendkit.recipe.strict_yaml import KeyPath, parse


def edited_text(recipe: Recipe, text: str, values: Mapping[str, Any]) -> str:
    """Return the text of a recipe with other values at some addresses. recipe: what the text says.

    Raises BlendkitError for an address that matches nothing, and where the text cannot be edited: the result is read
    again, and must say what `with_values` says.
    """
    wanted = with_values(recipe, values, "the settings")
    new = text
    for address, value in values.items():
        data, _ = parse(new, recipe.source)
        new = _set(new, concrete_path(data, address, address), value)
    read = parse_recipe(new, recipe.source)
    if read.model != wanted.model:
        raise BlendkitError(
            f"{recipe.source}: its text cannot be edited safely",
            [f"write these values into it by hand: {flow_text(dict(values))}"],
        )
    return new


def _set(text: str, path: KeyPath, value: Any) -> str:
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, key in enumerate(path):
        below = _below(node, key)
        if below is None:
            return _added(text, node, path[depth:], value)
        node = below
    if isinstance(node, yaml.MappingNode) and isinstance(value, Mapping) and value:
        for key, inner in value.items():  # one by one, for the comments between them
            text = _set(text, (*path, key), inner)
        return text
    return _replaced(text, node, flow_text(value))


def _below(node: Any, key: str | int) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((v for k, v in node.value if k.value == str(key)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key]
    return None


def _added(text: str, node: Any, keys: KeyPath, value: Any) -> str:
    """A key that the text leaves out, with all that is below it."""
    for key in reversed(keys[1:]):
        value = {str(key): value}
    own = {str(keys[0]): value}
    if not isinstance(node, yaml.MappingNode):  # a step that is its name alone, or a key without a value
        return _replaced(text, node, flow_text(own))
    pair = flow_text(own)[1:-1]
    if node.flow_style:
        at = node.end_mark.index - 1
        return f"{text[:at].rstrip()}{', ' if node.value else ''}{pair}{text[at:]}"
    at, indent = node.start_mark.index, " " * node.start_mark.column
    return f"{text[:at]}{pair}\n{indent}{text[at:]}"


def _replaced(text: str, node: Any, new: str) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    before = text[:start] if start != end or text[:start].endswith(" ") else f"{text[:start]} "
    kept = text[start:end]
    return f"{before}{new}{kept[len(kept.rstrip()) :]}{text[end:]}"
