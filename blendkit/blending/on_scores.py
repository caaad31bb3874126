"""Blend scores, or apply one op to them, in memory: by the same plan and the same code as a recipe's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import yaml

from blendkit.blending.step_context import StepContext
from blendkit.blending.streams import make_streams
from blendkit.core import Scores, Taxonomy, require_kind, shared_rows
from blendkit.errors import BlendkitError
from blendkit.events import Note, ignore_note
from blendkit.ops import info_of
from blendkit.recipe import CONVERSIONS, make_plan, parse_recipe
from blendkit.registry import OPS, registry

_OUT = "result"
_WAY = "`Scores.from_frame` makes scores of a table, `Scores.build` of an array with its rows and classes"
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
# of the recipe that is made of the arguments of `blend` and `apply`, whose mistakes are named by these
_TITLE = re.compile(r"^scores: (this recipe cannot run|not a valid recipe)$")
_KEY = re.compile(rf"^scores: (?:blends\.{_OUT}|streams\.{_OUT}\.steps\[0\])\.([^\s:]+)")


def blend(
    scores: Mapping[str, Scores],
    by: str = "rank",
    weights: Mapping[str, float] | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    taxonomy: Taxonomy | None = None,
    note: Note = ignore_note,
) -> Scores:
    """Return several scores blended into one, as a recipe's `blends:` does.

    by: the name of a blend (`rank`, `logit`, `prob`, `direct`, ...; `blendkit ops list`). weights: relative, by name;
    default: equal. Rows are matched by identity and must agree; classes are the union, and a class counts only where a
    member covers it. note: called with (stream, text) for what conversions and coverage did. Raises BlendkitError for
    rows that differ, unknown names, and scores whose space is unknown where the blend needs one.
    """
    _require_named(scores, weights)
    weights = dict.fromkeys(scores, 1.0) if weights is None else dict(weights)
    if not scores or set(weights) != set(scores):
        raise BlendkitError(
            "weights and scores must name the same members",
            [f"scores: {', '.join(scores) or 'none'}", f"weights: {', '.join(weights) or 'none'}"],
        )
    rows = shared_rows(scores)
    classes = tuple(dict.fromkeys(c for s in scores.values() for c in s.classes))
    # a recipe's names are words; these may be any text
    names = {n if _WORD.fullmatch(n) and n != _OUT else f"m{i}": n for i, n in enumerate(scores)}
    members = {k: scores[n].align(rows, classes, source=n) for k, n in names.items()}
    of = {k: float(weights[n]) for k, n in names.items()}
    recipe = {"blends": {_OUT: {"by": by, "of": of, "params": dict(params or {})}}}
    try:
        return _made(members, recipe, taxonomy, note)
    except BlendkitError as error:
        own = [_KEY.sub(lambda k: _argument(k[1], names), p) for p in error.problems]
        raise BlendkitError(_TITLE.sub("this blend cannot run", error.title), own) from error


def _require_named(scores: object, weights: object) -> None:
    """Raise BlendkitError for what a person may give in place of named scores and named weights."""
    for what, given in (("scores", scores), ("weights", {} if weights is None else weights)):
        if not isinstance(given, Mapping):
            example = '{"cnn": cnn, "sed": sed}' if what == "scores" else '{"cnn": 1, "sed": 2}'
            ways = [f"give {example}", *(["`blend_files` blends files"] if what == "scores" else [])]
            raise BlendkitError(f"{what} of a blend are a {type(given).__name__}, without names", ways)
        others = [f"{n!r} is a {type(s).__name__}" for n, s in given.items() if not isinstance(s, Scores)]
        if what == "scores" and others:
            raise BlendkitError("a blend takes Scores", [*others, _WAY])
        wrong = [f"{n!r} has {w!r}" for n, w in given.items() if what == "weights" and not hasattr(w, "__float__")]
        if wrong:
            raise BlendkitError("weights of a blend are numbers", wrong)


def _argument(key: str, names: Mapping[str, str]) -> str:
    """Return which argument of `blend` a key of a blend in a recipe came from."""
    word, _, name = key.partition(".")
    return (f"weights of {names.get(name, name)!r}" if name else "weights") if word == "of" else key


def apply(
    scores: Scores, op: str, *, taxonomy: Taxonomy | None = None, note: Note = ignore_note, **params: Any
) -> Scores:
    """Return scores with one step applied, as a recipe's `steps:` does.

    op: the name of a step (`gaussian`, `taxonomy_mean`, ...), or `to` or `as` with `space="prob"`. params: the step's
    own; where a recipe names another stream (`by: sed`), its scores. Raises BlendkitError for an unknown op or
    parameter with the nearest, for a space that the op refuses, and for other scores that lack rows.
    """
    require_kind(scores, Scores, "scores", _WAY)
    require_kind(op, str, "op", 'as in apply(scores, "gaussian", sigma=0.7)')
    others = {k: v for k, v in params.items() if isinstance(v, Scores)}
    _require_streams(op, others)
    members = {"m0": scores, **{k: v.align(scores.rows, scores.classes, source=k) for k, v in others.items()}}
    given = {k: k if k in others else _plain(k, v) for k, v in params.items()}
    step = {op: given.get("space") if op in CONVERSIONS else given}
    try:
        return _made(members, {"streams": {_OUT: {"from": "m0", "steps": [step]}}}, taxonomy, note)
    except BlendkitError as error:
        own = [_KEY.sub(lambda k: k[1], p) for p in error.problems]
        raise BlendkitError(_TITLE.sub("this step cannot run", error.title), own) from error


def _require_streams(op: str, others: Mapping[str, Scores]) -> None:
    """Raise BlendkitError for scores in the place of a parameter that is no stream."""
    steps = registry(OPS)
    info = info_of(steps.get(op)) if others and op in steps.names() else None
    wrong = [k for k in others if info is not None and k not in info.streams()]
    if wrong:
        streams = ", ".join(info.streams()) if info is not None else ""
        raise BlendkitError(
            f"{op}: {', '.join(wrong)} is no stream, and gets no Scores", [f"its streams: {streams or 'none'}"]
        )


def _plain(name: str, value: Any) -> Any:
    """Return a parameter as a recipe could hold it: numpy's numbers and arrays as Python's."""
    value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if isinstance(value, Mapping):
        return {k: _plain(name, v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(name, v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    ways = ["parameters are numbers, texts, lists and mappings of them, or the Scores of another stream"]
    raise BlendkitError(f"{name}: a parameter cannot be a {type(value).__name__}", ways)


def _made(members: Mapping[str, Scores], recipe: dict[str, Any], taxonomy: Taxonomy | None, note: Note) -> Scores:
    """Make the one stream of a recipe whose members are scores in memory."""
    spaces = {n: "prob" if s.space == "unknown" else s.space for n, s in members.items()}
    text = yaml.safe_dump(
        {
            "recipe": 1,
            "name": "scores",
            "members": {n: {"use": "table", "path": n, "space": space} for n, space in spaces.items()},
            **recipe,
            "output": _OUT,
        },
        sort_keys=False,
    )
    plan = make_plan(parse_recipe(text, "scores", written=False))
    given = {n: replace(s, made_by=s.made_by or n, values=np.asarray(s.values)) for n, s in members.items()}
    return make_streams(plan, given, StepContext(taxonomy or Taxonomy({})), note=note)[_OUT]
