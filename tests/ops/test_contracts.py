"""Every registered op keeps what it declares: parts equal the whole, bit for bit."""

from __future__ import annotations

from inspect import Parameter
from typing import Any

import pytest

from blendkit.ops import info_of, signature
from blendkit.registry import OPS, registry
from blendkit.testing import check_op

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "gaussian": [{"sigma": 0.3}, {"sigma": 5.0}],
    "three_tap": [{"alpha": 0.0}, {"alpha": 1.0}],
    "taxonomy_mean": [
        {"genus": 0.15, "class_name": 0.05, "sonotypes": "group"},
        {"genus": 1.0, "sonotypes": "skip"},
        {"class_name": 0.5},
    ],
    "site_hour_prior": [{"strength": 1.0, "centre": False}, {"strength": 2.0, "cap": 0.1}],
}
NAMES = registry(OPS).names()


@pytest.mark.parametrize("name", NAMES)
def test_every_registered_op_keeps_its_promises(name: str) -> None:
    check_op(registry(OPS).get(name))


@pytest.mark.parametrize(("name", "params"), [(n, p) for n, all_of in SETTINGS.items() for p in all_of])
def test_ops_keep_their_promises_with_other_parameters(name: str, params: dict[str, Any]) -> None:
    check_op(registry(OPS).get(name), **params)


@pytest.mark.parametrize("name", NAMES)
def test_every_op_says_what_it_is(name: str) -> None:
    function = registry(OPS).get(name)
    info = info_of(function)
    assert info is not None
    assert info.name == name
    assert function.__doc__
    # a recipe may leave every parameter at its default
    assert all(default is not Parameter.empty for _, context, default in signature(function).values() if not context)
    assert (info.fit is None) == (info.load is None)


def test_the_declarations_of_the_built_in_ops() -> None:
    declared = {n: (i.kind, i.scope, i.classwise, i.gives) for n in NAMES if (i := info_of(registry(OPS).get(n)))}
    assert declared == {
        "direct": ("blend", "chunk", True, None),
        "gaussian": ("step", "file", True, None),
        "logit": ("blend", "chunk", True, "logit"),
        "prob": ("blend", "chunk", True, "prob"),
        "rank": ("blend", "set", True, "rank"),
        "site_hour_prior": ("step", "file", True, None),
        "sum": ("blend", "chunk", True, "logit"),
        "taxonomy_mean": ("step", "chunk", False, None),
        "three_tap": ("step", "file", True, None),
    }


@pytest.mark.parametrize("name", NAMES)
def test_context_is_never_a_recipe_parameter(name: str) -> None:
    function = registry(OPS).get(name)
    info = info_of(function)
    assert info is not None
    own = {p for p, (_, context, _) in signature(function).items() if context is None}
    assert not own & {"offsets", "rows", "taxonomy", "classes", "covered", "fitted", "weights"}
    assert not own & set(info.context())
