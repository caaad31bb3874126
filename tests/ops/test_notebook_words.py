"""The table from a notebook's words to a recipe's is made of the ops' metadata, and every row of it is valid."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from blendkit.cli.commands.listing import ops
from blendkit.ops import OpInfo, info_of, notebook_words, words_as_markdown
from blendkit.recipe.params import op_model
from blendkit.recipe.strict_yaml import parse
from blendkit.registry import OPS, registry

NAMES = registry(OPS).names()
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "examples" / "public_chains.md"


def info(name: str) -> OpInfo:
    found = info_of(registry(OPS).get(name))
    assert found is not None
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_op_is_called_something_and_its_parameters_are_valid(name: str) -> None:
    own = info(name)
    assert own.also_called
    for words, params in own.also_called:
        assert words == words.strip()
        assert "|" not in words
        given = parse(f"x: {params or '{}'}", "words")[0]["x"]
        op_model(own).model_validate(given | dict.fromkeys(own.streams().keys() - given.keys(), "other"))


def test_the_page_holds_the_table_as_it_is_printed() -> None:
    runner = CliRunner()
    printed = runner.invoke(ops, ["words", "--markdown"]).output
    assert printed == words_as_markdown(notebook_words(map(info, NAMES)))
    page = PAGE.read_text(encoding="utf-8")
    assert f"--markdown` -->\n{printed}<!-- end" in page, "print the tables again: blendkit ops words --markdown"
    lines = runner.invoke(ops, ["words", "--json"]).output.splitlines()
    rows = [json.loads(line)["payload"] for line in lines]
    assert {r["op"] for r in rows} == set(NAMES)
    assert len({r["words"] for r in rows}) == len(rows)
    assert "delta-shift smoothing" in runner.invoke(ops, ["words"]).output
    assert (
        "also called: delta-shift smoothing, 3-tap  ({alpha: 0.2})" in runner.invoke(ops, ["show", "three_tap"]).output
    )


@pytest.mark.parametrize("page", [PAGE, ROOT / "docs" / "published_steps.md"], ids=lambda p: p.stem)
def test_every_step_on_the_pages_is_valid(page: Path) -> None:
    written = [s for s in re.findall(r"`(\w+: \{[^`]*\})`", page.read_text(encoding="utf-8")) if "..." not in s]
    steps = [(name, given) for s in written for name, given in parse(s, "page")[0].items() if name in NAMES]
    assert len(steps) > 20
    for name, given in steps:
        own = info(name)
        op_model(own).model_validate(given | dict.fromkeys(own.streams().keys() - given.keys(), "other"))


def test_third_party_ops_are_placed_too() -> None:
    def bare(x: object) -> object:
        return x

    rows = notebook_words([OpInfo(name="mine", function=bare, also_called=(("my trick", "{a: 1}"), ("other", "")))])
    assert [(r.words, r.written) for r in rows] == [("my trick", "mine: {a: 1}"), ("other", "mine")]
