"""The JSON schema of recipes: it says what the loader says, and explains every key."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from blendkit.cli.top import cli
from blendkit.errors import BlendkitError
from blendkit.recipe import SCHEMA_LINE, make_plan, packaged_recipes, parse_recipe, recipe_schema
from blendkit.recipe.key_docs import KEY_DOCS
from blendkit.recipe.strict_yaml import parse
from tests.recipe.broken_recipes import BROKEN, GONE, UNSAID, changed
from tests.untraced import untraced

JUNK = (GONE, None, True, 0, 1, -1.5, "", "a", "0.5", [], {}, ["a"], {"a": 1}, [0, 1], 1e12)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return recipe_schema()


@pytest.fixture(scope="module")
def validator(schema: dict[str, Any]) -> Draft202012Validator:
    untraced(Draft202012Validator.check_schema)(schema)
    return Draft202012Validator(schema)


def loads(text: str) -> bool:
    try:
        make_plan(parse_recipe(text, "r.yaml"))
    except BlendkitError:
        return False
    return True


def valid(validator: Draft202012Validator, text: str) -> bool:
    return untraced(validator.is_valid)(parse(text, "r.yaml")[0])


@pytest.mark.parametrize("name", packaged_recipes())
def test_every_packaged_recipe_is_valid(name: str, validator: Draft202012Validator) -> None:
    assert valid(validator, packaged_recipes()[name])
    assert f"\n{SCHEMA_LINE}\nrecipe: 1\n" in packaged_recipes()[name]


def test_the_recipe_that_all_others_break_is_valid(validator: Draft202012Validator) -> None:
    text = changed(("name",), "valid")
    assert loads(text)
    assert valid(validator, text)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_recipes_are_refused_by_schema_and_loader(name: str, validator: Draft202012Validator) -> None:
    text = changed(*BROKEN[name])
    assert not loads(text)
    assert not valid(validator, text)


@pytest.mark.parametrize("name", UNSAID)
def test_what_a_schema_cannot_say_the_loader_says(name: str, validator: Draft202012Validator) -> None:
    text = changed(*UNSAID[name])
    assert not loads(text)
    assert valid(validator, text)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [p for k in keys for p in ((*path, k), *places(value[k], (*path, k)))]


def test_whatever_loads_is_valid(validator: Draft202012Validator) -> None:
    """A schema that refuses a good recipe would be worse than none: values at random places, and both verdicts."""
    draw, loaded = random.Random(0), 0
    every = places(parse(changed(("name",), "valid"), "r")[0])
    for _ in range(120):
        text = changed(draw.choice(every), draw.choice(JUNK))
        if loads(text):
            loaded += 1
            assert valid(validator, text), text
    assert loaded > 5


def test_every_key_is_explained(schema: dict[str, Any]) -> None:
    models = {n: s for n, s in schema["$defs"].items() if not n.startswith(("op ", "blend ", "member "))}
    models["RecipeModel"] = schema
    keys = [(n, k, v) for n, s in models.items() for k, v in properties(s).items() if n not in ("Step", "Gate", "Mel")]
    assert len(keys) > 50
    assert not [f"{n}.{k}" for n, k, v in keys if not v.get("description")]
    assert not [n for n in KEY_DOCS if n not in models]
    assert all(s.get("description") for n, s in schema["$defs"].items() if n.startswith(("op ", "blend ", "member ")))


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema.get("properties", {})
    return found or next((a["properties"] for a in schema.get("anyOf", ()) if "properties" in a), {})


def test_an_editor_finds_the_defaults_and_the_docs(schema: dict[str, Any]) -> None:
    sigma = schema["$defs"]["op gaussian"]["properties"]["sigma"]
    assert (sigma["default"], sigma["minimum"], sigma["maximum"]) == (1.0, 1e-9, 1e6)
    assert schema["$defs"]["member table"]["properties"]["space"]["description"].startswith("what the values are")
    uses = {c["const"]: c["description"] for c in schema["$defs"]["MemberModel"]["properties"]["use"]["anyOf"]}
    assert uses["perch"].startswith("Perch v2")


def test_the_command_prints_it(schema: dict[str, Any]) -> None:
    done = CliRunner().invoke(cli, ["schema"])
    assert done.exit_code == 0
    assert json.loads(done.output) == schema
