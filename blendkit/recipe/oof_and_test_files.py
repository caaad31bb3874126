"""Score files that a member has twice: out of fold, with labels to measure on, and of the test set, to deliver."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from blendkit.errors import BlendkitError
from blendkit.recipe.load import Recipe
from blendkit.recipe.params import file_params
from blendkit.recipe.strict_yaml import KeyPath

SIDES = ("oof", "test")
BESIDE = ("array", "rows", "classes", "folds", "score", "format", "dtype")  # keys that may differ between two files


def two_files(
    recipe: Recipe, path: KeyPath, factory: Callable[..., Any], given: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return {parameter: {oof: value, test: value}} of a member's files that are given as such a pair.

    What differs between two files, such as the name of an array, may be a pair, too; None stands for its default. Only
    members of finished scores may have two. Raises BlendkitError listing every pair that is not whole.
    """
    finished = "space" in inspect.signature(factory).parameters
    files = file_params(factory, given) if finished else {}
    pairs = {k: v for k, v in given.items() if k in files and isinstance(v, dict)}
    beside = {k: v for k, v in given.items() if pairs and k in BESIDE and isinstance(v, dict) and set(v) == set(SIDES)}
    halves = [k for k, v in given.items() if pairs and k in BESIDE and isinstance(v, dict) and set(v) != set(SIDES)]
    problems = [f"{recipe.where((*path, k))}: expected one value, or `{{oof: ..., test: ...}}`" for k in halves]
    problems += [
        f"{recipe.where((*path, k))}: expected a file, or two as `{{oof: FILE, test: FILE}}`, got {v!r}"
        for k, v in pairs.items()
        if set(v) != set(SIDES) or not all(isinstance(name, str) for name in v.values())
    ]
    if problems:
        raise BlendkitError(f"{recipe.source}: not a pair of files", problems)
    return {**pairs, **beside}
