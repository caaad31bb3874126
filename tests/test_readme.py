"""The README: its two commands for a fresh machine, its length, and the recipe that it shows."""

from __future__ import annotations

import re
from pathlib import Path

from blendkit.recipe import packaged_recipes, parse_recipe

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str, text: str = TEXT) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_there_are_two_set_up_commands() -> None:
    (block,) = (b for b in blocks("bash") if b.startswith("pip install"))
    job, tests = block.strip().splitlines()
    assert job.endswith("&& blendkit run recipes/eos7.yaml")
    assert tests.endswith("&& pytest -n 2")


def test_it_stays_short() -> None:
    assert TEXT.count("\n") <= 92
    assert TEXT.count("](") - TEXT.count("![") <= 10  # links, beside the pictures


def test_the_recipe_shown_is_the_recipe_shipped() -> None:
    shown, shipped = parse_recipe(blocks("yaml")[0], "README"), parse_recipe(packaged_recipes()["eos7"], "eos7")
    assert shown.model.blends == shipped.model.blends
    assert shown.model.members == shipped.model.members


def test_the_names_shown_are_valid() -> None:
    page = (ROOT / "docs/names.md").read_text(encoding="utf-8")
    members = "members: {t: {use: table, path: p.csv, space: prob}}"
    shown = parse_recipe(f"recipe: 1\nname: r\n{blocks('yaml', page)[0]}\n{members}\noutput: t", "names.md")
    assert shown.model.names.rule().report_tz == "America/Cuiaba"
