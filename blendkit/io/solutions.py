"""Conversion of the public notebooks' dictionary `solutions = {...}` to a recipe. Nothing is executed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blendkit.errors import BlendkitError, did_you_mean
from blendkit.io.notebook_code import read_code
from blendkit.io.solution_literals import Literal, Problems, find_lists, find_solutions, without_lines
from blendkit.io.solution_outside import outside_of
from blendkit.io.solution_recipe import SMOOTHED, SPLIT, BlendOf, ModelOf, solutions_recipe

SMOOTHING = "TAX_SMOOTHING"
# The blends of the notebooks, and what they are in a recipe.
TYPES = {
    "direct": "direct",
    "rank.1": "rank",
    "division_attention": "direct",
    "single": "direct",
    "direct_safe": "direct",
}
_KEYS = ("type_add", "Models")
_MODEL_KEYS = ("Model", "subm", "weight", "xSED", "LB", "wts_first_half", "wts_second_half")
_HALVES = ("wts_first_half", "wts_second_half")
_SIDES = ("sub_w1", "sub_w2")  # what division_attention of the notebooks takes in the place of the models' weights


@dataclass(frozen=True)
class ConvertedSolutions:
    """A recipe's text; notes: what was read otherwise than it stands, or left out.

    outside: what the notebook does beside the dictionary, which is not in the recipe.
    """

    text: str
    notes: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


def read_solutions(path: Path) -> ConvertedSolutions:
    """Convert the `solutions` dictionary of a notebook (.ipynb), of Python or JSON: literals are read, nothing is run.

    Weights and inner blends get names, `xSED` becomes a rank blend, `direct` and `rank.1` the blend. Keys and tasks
    that are not known are skipped, with a note. Raises BlendkitError listing every type and value that cannot be
    converted, and every key that seems misspelt, with its line.
    """
    cells, problems = read_code(path), Problems()
    found = find_solutions(cells, path.name, problems)
    blend = _blend(found.literal, problems) if found is not None else None
    if blend is not None and blend.kind == "division_attention" and not problems.found:
        blend = _with_sides(blend, find_lists(cells, _SIDES), problems)
    if problems.found or found is None or blend is None:
        raise BlendkitError(f"{path}: not converted", problems.found)
    outside = outside_of(cells, found.changes, SMOOTHED if blend.smooth else "")
    name = re.sub(r"\W+", "_", path.stem).strip("_")
    text = solutions_recipe(name if name[:1].isalpha() else f"r_{name}", path.name, blend, problems.notes, outside)
    return ConvertedSolutions(text, tuple(problems.notes), outside)


def _blend(found: Literal, problems: Problems) -> BlendOf:
    given: dict[str, Literal] = found.value
    _check_keys(found, _KEYS, problems)
    kind, smooth = _type(given.get("type_add"), found, problems)
    tasks = [(k, v) for k, v in given.items() if k.lower().startswith("task")]
    boundary = next((b for _, v in tasks if (b := _boundary(v, problems)) is not None), None)
    split = SPLIT if kind == "division_attention" else boundary
    models = _models(given.get("Models"), found, split is not None, problems)
    if kind == "single" and len(models) > 1:
        problems.wrong(found, f"`single` takes one model, got {len(models)}")
    wanted = [(k, one) for k, v in tasks for one in (v.value if isinstance(v.value, list | tuple) else [v])]
    also = tuple(dict.fromkeys(n for k, v in wanted for n in _task(k, v, models, problems)))
    if split is not None and kind != "division_attention":
        models = [replace(m, weight=(m.weight * 2)[:2]) for m in models]
    return BlendOf(kind, TYPES.get(kind, "direct"), smooth, tuple(models), split, also)


def _with_sides(blend: BlendOf, sides: list[list[float]], problems: Problems) -> BlendOf:
    """Return the blend with the weights of both sides of the split, where the dictionary has one for each model."""
    if all(len(m.weight) == 2 for m in blend.models):
        return blend
    if sides and all(len(s) == len(blend.models) and min(s) >= 0 for s in sides):
        problems.notes.append(f"the weights of both sides of class {SPLIT} are {' and '.join(_SIDES)} of its code")
        weights = [list(w) for w in zip(*sides, strict=True)]
    else:
        problems.notes.append(
            f"division_attention has one weight for each model here: both sides of class {SPLIT} get it; if the "
            "notebook's function holds its own, write these into `weights_by:`"
        )
        weights = [(m.weight * 2)[:2] for m in blend.models]
    return replace(blend, models=tuple(replace(m, weight=w) for m, w in zip(blend.models, weights, strict=True)))


def _check_keys(at: Literal, known: tuple[str, ...], problems: Problems) -> None:
    """Note keys that are not known; one that is nearly a known one is a mistake."""
    for key, value in at.value.items():
        if key in known or key.lower().startswith("task"):
            continue
        if near := did_you_mean(key, known):
            problems.wrong(value, f"unknown key {key!r}{near}; known: {', '.join(known)}")
        else:
            problems.notes.append(f"{value.at}: key {key!r} is not known, and is left out")


def _type(at: Literal | None, whole: Literal, problems: Problems) -> tuple[str, bool]:
    """Return the blend's type, and whether taxonomy smoothing follows it."""
    if at is None or not isinstance(at.value, str):
        problems.wrong(at or whole, f"`type_add` is a text: {', '.join(TYPES)}, with or without {SMOOTHING}")
        return "direct", False
    words = [w for w in re.split(r"[\s,;+&]+", at.value) if w]
    kinds = [w for w in words if w != SMOOTHING]
    for w in kinds:
        if w not in TYPES:
            known = f"known: {', '.join(TYPES)}, {SMOOTHING}"
            problems.wrong(at, f"unknown blend type {w!r}{did_you_mean(w, TYPES)}; {known}")
    if len(kinds) > 1:
        problems.wrong(at, f"`type_add` names {len(kinds)} blend types; expected one")
    return (kinds or ["direct"])[0], SMOOTHING in words


def _models(at: Literal | None, whole: Literal, halves: bool, problems: Problems) -> list[ModelOf]:
    if at is None or not isinstance(at.value, list) or not at.value:
        problems.wrong(at or whole, "`Models` is a list of models")
        return []
    out: list[ModelOf] = []
    for one in at.value:
        if not isinstance(one.value, dict):
            problems.wrong(one, f"a model is a dictionary, got {one.value!r}")
            continue
        _check_keys(one, _MODEL_KEYS, problems)
        made = _model(one, halves, problems)
        if made is not None and made.name in [m.name for m in out]:
            problems.wrong(one, f"two models are called {made.name!r}")
        out += [made] if made is not None else []
    return out


def _model(at: Literal, halves: bool, problems: Problems) -> ModelOf | None:
    before = len(problems.found)
    given: dict[str, Literal] = at.value
    parted = halves and all(k in given for k in _HALVES)
    for key in ("Model", "subm", *(() if parted else ("weight",))):
        if key not in given:
            problems.wrong(at, f"a model needs {key!r}")
    if len(problems.found) > before:
        return None
    if parted:
        weight = [w for k in _HALVES for w in _numbers(given[k], k, 1, problems)]
    else:
        both = halves and isinstance(given["weight"].value, list)
        weight = _numbers(given["weight"], "weight", 2 if both else 1, problems)
    xsed = _xsed(given.get("xSED"), problems)
    file = given["subm"].value
    if not isinstance(file, str):
        problems.wrong(given["subm"], f"`subm` is a file name, got {file!r}")
    shown = str(given["LB"].value) if "LB" in given and given["LB"].value is not None else ""
    return None if len(problems.found) > before else ModelOf(_name(given["Model"].value), file, weight, xsed, shown)


def _name(given: Any) -> str:
    """Return a name that a recipe can have for a model."""
    name = re.sub(r"\W+", "_", str(given)).strip("_")
    name = name if re.match(r"[A-Za-z]", name) else f"model_{name}"
    return f"{name}_model" if name in ("sed", "blend") else name  # names the recipe itself uses


def _xsed(at: Literal | None, problems: Problems) -> list[float] | None:
    """Return the two weights of xSED; None where it is empty: None, [] and texts of blanks and commas."""
    held = [] if at is None else [v.value for v in at.value] if isinstance(at.value, list) else [at.value]
    if at is None or all(v is None or (isinstance(v, str) and not v.strip(" ,")) for v in held):
        return None
    return _numbers(at, "xSED", 2, problems)


def _numbers(at: Literal, what: str, count: int, problems: Problems) -> list[float]:
    found = [v.value for v in at.value] if isinstance(at.value, list) else [at.value]
    numbers = [v for v in found if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) != len(found) or len(found) != count:
        expected = "a number" if count == 1 else f"{count} numbers"
        problems.wrong(at, f"`{what}` is {expected}, got {found if len(found) != 1 else found[0]!r}")
    elif min(numbers) < 0 or not all(map(math.isfinite, numbers)):
        problems.wrong(at, f"`{what}` cannot be negative or infinite")
    return numbers


def _boundary(at: Literal, problems: Problems) -> int | None:
    """Return the class at which a task changes weights: {'div': ..., 'boundary': column}, with row_id as column 0."""
    held = at.value if isinstance(at.value, dict) else {}
    column = held["boundary"].value if "boundary" in held else None
    if "div" not in held or column is None:
        return None
    if not isinstance(column, int) or isinstance(column, bool) or column < 2:
        problems.wrong(held["boundary"], f"`boundary` is a column, from 2, got {column!r}")
        return None
    return column - 1


def _task(key: str, at: Literal, models: list[ModelOf], problems: Problems) -> list[str]:
    """Return the further streams that a task wants; a note says what is not converted."""
    held = at.value if isinstance(at.value, dict) else {}
    parts = [f"{k} {without_lines(v)}" for k, v in held.items()] or [str(at.value or "")]
    words = " ".join(parts).strip()
    if not words or "sed once" in words.lower() or "div" in held:
        return []
    inner = {m.name: f"{m.name}_proto" for m in models if m.xsed is not None}
    if words.lower().startswith("save pssm"):
        said = set(re.findall(r"\w+", words.lower()))
        named = [m.name for m in models if m.name.lower() in said] or list(inner)
        if any(n in inner for n in named):
            return [inner[n] for n in named if n in inner]
        whose = " and ".join(named) or "no model here"
        problems.notes.append(f"{at.at}: {key}: {words!r}: {whose} has no xSED here; save that file from the notebook")
        return []
    problems.notes.append(f"{at.at}: {key}: the task {words!r} is not known, and is left out")
    return []
