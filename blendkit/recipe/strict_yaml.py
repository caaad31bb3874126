"""A strict YAML reader: YAML 1.2 scalars, and nothing that can surprise.

Plain `yaml.safe_load` reads `no` as False, `12:30` as 750 and `1e-3` as text, and drops duplicate
keys. Here duplicate keys, anchors, aliases, merge keys and tags are refused with their line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from blendkit.errors import BlendkitError
from blendkit.recipe.recipe_size_limits import bounded_tokens, require_short

KeyPath = tuple[str | int, ...]

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_MOST_DIGITS = 400  # a longer number is surely a mistake
_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
    "Null": None,
    "NULL": None,
    "True": True,
    "TRUE": True,
    "False": False,
    "FALSE": False,
}
_REFUSED = {
    yaml.AnchorToken: "anchors are not allowed",
    yaml.AliasToken: "aliases are not allowed",
    yaml.TagToken: "tags are not allowed",
    yaml.DirectiveToken: "directives are not allowed",
}


def parse(text: str, source: str) -> tuple[Any, dict[KeyPath, int]]:
    """Return the document and the line (1-based) of every key and list item by its path.

    Raises BlendkitError, with the line, for anything but one plain document of the size of a recipe.
    """
    require_short(text, source)
    try:
        tokens = bounded_tokens(text, source)
        refused = [f"line {t.start_mark.line + 1}: {_REFUSED[type(t)]}" for t in tokens if type(t) in _REFUSED]
        if refused:
            raise BlendkitError(f"{source}: not a plain YAML file", refused)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        way_out = "in double quotes a backslash is an escape: write the path in single quotes, or with /"
        ways = [way_out] if "escape" in str(error.problem) else []
        if "'\\t'" in str(error.problem):
            ways = ["that is a tab: YAML is indented with spaces alone"]
        raise BlendkitError(f"{source}: not valid YAML", [f"{where}{error.problem}", *ways]) from error
    except yaml.YAMLError as error:
        raise BlendkitError(f"{source}: not valid YAML", [str(error)]) from error
    lines: dict[KeyPath, int] = {}
    problems: list[str] = []
    value = _build(node, (), lines, problems) if node is not None else None
    if problems:
        raise BlendkitError(f"{source}: not a plain YAML file", problems)
    return value, lines


def scalar(text: str) -> Any:
    """Return the value of one plain scalar under the YAML 1.2 core rules.

    Raises ValueError for a number of more than 400 digits.
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _MOST_DIGITS and _FLOAT.fullmatch(text):
        raise ValueError(f"a number of {len(text)} digits")
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _build(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], problems: list[str]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    builders: dict[type, Callable[..., Any]] = {yaml.MappingNode: _mapping, yaml.SequenceNode: _sequence}
    if type(node) in builders:
        return builders[type(node)](node, path, lines, problems)
    if isinstance(node.value, str) and _UNWRITABLE.search(node.value):
        problems.append(f"line {node.start_mark.line + 1}: {node.value!a} holds a character that no file can hold")
        return None
    try:
        return scalar(node.value) if getattr(node, "style", None) is None else node.value
    except ValueError as error:
        problems.append(f"line {node.start_mark.line + 1}: {error}")
        return None


def _sequence(node: yaml.SequenceNode, path: KeyPath, lines: dict[KeyPath, int], problems: list[str]) -> list[Any]:
    return [_build(child, (*path, i), lines, problems) for i, child in enumerate(node.value)]


def _mapping(node: yaml.MappingNode, path: KeyPath, lines: dict[KeyPath, int], problems: list[str]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key_node, child in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append(f"line {line}: a key must be a plain word")
            continue
        key = key_node.value
        if _UNWRITABLE.search(key):
            problems.append(f"line {line}: {key!a} holds a character that no file can hold")
        if key == "<<":
            problems.append(f"line {line}: merge keys (<<) are not allowed")
        if key in out:
            problems.append(f"line {line}: {key!r} is already set on line {lines[(*path, key)]}")
            continue
        lines[(*path, key)] = line
        out[key] = _build(child, (*path, key), lines, problems)
    return out
