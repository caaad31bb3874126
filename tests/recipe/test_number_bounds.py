"""Every number that a recipe may state has a lower and an upper bound."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from blendkit.errors import BlendkitError
from blendkit.ops import info_of, signature
from blendkit.recipe import make_plan, parse_recipe
from blendkit.recipe.params import FitLabels, numbers_of
from blendkit.recipe.schema import RecipeModel
from blendkit.registry import MEMBERS, OPS, registry


def numbers(hint: Any, where: str, marks: tuple[Any, ...] = ()) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every int and float inside a type, with the marks around it."""
    if hint in (int, float):
        yield where, marks
    elif get_origin(hint) is Annotated:
        inner, *own = get_args(hint)
        yield from numbers(inner, where, (*marks, *own, *(m for o in own for m in getattr(o, "metadata", ()))))
    elif isinstance(hint, type) and issubclass(hint, BaseModel):
        for name, field in hint.model_fields.items():
            inner = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
            if inner is not hint and name not in ("gates", "steps"):
                yield from numbers(inner, f"{where}.{name}")
    elif get_origin(hint) is not None and str(get_origin(hint)) != "typing.Literal":
        for arg in get_args(hint):
            yield from numbers(arg, where, marks)


def bounded(marks: tuple[Any, ...]) -> bool:
    found = {k: getattr(m, k) for m in marks for k in ("ge", "gt", "le", "lt") if getattr(m, k, None) is not None}
    return (
        bool({"ge", "gt"} & set(found)) and bool({"le", "lt"} & set(found)) and all(map(math.isfinite, found.values()))
    )


def functions() -> Iterator[tuple[str, Any]]:
    for name in registry(MEMBERS).names():
        yield name, registry(MEMBERS).get(name)
    for name in registry(OPS).names():
        op = registry(OPS).get(name)
        yield name, op
        info = info_of(op)
        if info is not None and info.fit is not None and info.fit_on != "reference":
            yield f"{name} (fit)", info.fit


def test_every_number_of_members_ops_and_recipes_is_bounded() -> None:
    named = [
        (f"{name}.{parameter}", hint)
        for name, function in functions()
        for parameter, (hint, context, _) in signature(function).items()
        if context is None
    ]
    found = [n for name, hint in [*named, ("recipe", RecipeModel), ("fit", FitLabels)] for n in numbers(hint, name)]
    assert len(found) > 100
    own = {"recipe.channels"}  # checked by a function of its own
    assert {where for where, marks in found if not bounded(marks)} == own


def refusal(**changes: str) -> str:
    keys = {"chunk_s": "5", "recording_s": "60", "shifts_s": "[0]", "share": "1", "sigma": "1", **changes}
    text = (
        "recipe: 1\nname: r\nchunk_s: {chunk_s}\nrecording_s: {recording_s}\n"
        "members:\n  m: {{use: tone, tta: {{shifts_s: {shifts_s}}}, steps: [gaussian: {{sigma: {sigma}}}]}}\n"
        "  n: {{use: tone}}\nblends:\n  b: {{by: logit, of: {{m: {share}, n: 1}}}}\noutput: b\n"
    ).format(**keys)
    began = time.process_time()
    try:
        make_plan(parse_recipe(text, "r.yaml"))
    except BlendkitError as error:
        assert time.process_time() - began < 1
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("key", "value", "limit"),
    [
        ("chunk_s", "1e-9", "greater than or equal to 0.1, got 1e-09"),
        ("chunk_s", "5e-324", "greater than or equal to 0.1, got 5e-324"),
        ("chunk_s", "1e12", "less than or equal to 3600, got 1000000000000.0"),
        ("chunk_s", "1e999", "finite number"),
        ("recording_s", "5e-324", "greater than or equal to 0.1, got 5e-324"),
        ("recording_s", "1e12", "less than or equal to 604800, got 1000000000000.0"),
        ("shifts_s", "[0, 1e12]", "less than or equal to 3600, got 1000000000000.0"),
        ("shifts_s", "[0, -1e12]", "greater than or equal to -3600, got -1000000000000.0"),
        ("shifts_s", str(list(range(65))), "at most 64 items"),
        ("share", "5e-324", "expected 0, or 1e-9 or more, got 5e-324"),
        ("share", "1e12", "less than or equal to 1000000000, got 1000000000000.0"),
        ("sigma", "5e-324", "greater than or equal to 1e-09, got 5e-324"),
        ("sigma", "1e12", "less than or equal to 1000000"),
    ],
)
def test_a_number_out_of_bounds_is_refused_at_once_with_the_bound(key: str, value: str, limit: str) -> None:
    assert limit in refusal(**{key: value})


def test_numbers_on_the_bounds_are_taken() -> None:
    assert refusal() == ""
    assert refusal(chunk_s="0.1", recording_s="604800", shifts_s="[0, 3600, -3600]", share="1e-9", sigma="1e-9") == ""
    assert refusal(chunk_s="3600", recording_s="0.1", share="0", sigma="1e6") == ""


def test_the_numbers_of_an_op_that_have_their_bounds() -> None:
    ops = {n: info_of(registry(OPS).get(n)) for n in ("clip", "linear", "dilate")}
    found = {n: numbers_of(info) for n, info in ops.items() if info is not None}
    assert found["clip"] == {"low": (-1e6, 1e6, False), "high": (-1e6, 1e6, False)}  # or nothing: by the space
    assert found["dilate"]["radius"] == (1, 1000, True)
    assert "factor" in found["linear"]
