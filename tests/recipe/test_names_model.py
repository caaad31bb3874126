"""`names:` of a recipe: what it may say, and what it means."""

from __future__ import annotations

from typing import Any

import pytest

from blendkit.core import PATTERNS, NameRule
from blendkit.errors import BlendkitError
from blendkit.recipe.load import Recipe, parse_recipe

TEXT = "recipe: 1\nname: r\nnames: {names}\nmembers: {{t: {{use: table, path: p.csv, space: prob}}}}\noutput: t\n"


def read(names: str) -> Recipe:
    return parse_recipe(TEXT.format(names=names), "r.yaml")


@pytest.mark.parametrize(
    ("names", "preset", "rule"),
    [
        ("auto", "auto", NameRule()),
        ("songmeter", "songmeter", NameRule(PATTERNS["songmeter"])),
        ("{tz: -03:00}", "auto", NameRule(tz="-03:00")),
        ("{preset: birdnet-pi, tz: UTC-5, report_tz: Z}", "birdnet-pi",
         NameRule(PATTERNS["birdnet-pi"], "UTC-5", "Z")),
        ("{pattern: '(?P<site>x)', site: folder}", None, NameRule("(?P<site>x)", site_from="folder")),
        ("{preset: null, pattern: '(?P<epoch>x)(?P<offset>y)'}", None, NameRule("(?P<epoch>x)(?P<offset>y)")),
    ],
)  # fmt: skip
def test_what_names_mean(names: str, preset: str | None, rule: NameRule) -> None:
    model = read(names).model.names
    assert (model.preset, model.rule()) == (preset, rule)


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        ("songmetre", ["names.preset: no preset is called 'songmetre' (did you mean 'songmeter'?)", "arbimon"]),
        ("{preset: 7}", ["names.preset: no preset is called 7"]),
        ("{preset: audiomoth, pattern: '(?P<site>x)'}", ["names: give a `preset:` or a `pattern:`, not both"]),
        ("{preset: null}", ["names: give a `preset:` or a `pattern:`"]),
        ("{tz: GMT-3}", ["names.tz: unknown time zone 'GMT-3' (did you mean 'UTC-3'?)", "UTC+05:30"]),
        ("{tz: UTC+27}", ["names.tz: 'UTC+27' is no time zone on Earth"]),
        ("{preset: frontier, tz: UTC+10}", ["'UTC+10' contradicts names of frontier", "report_tz"]),
        ("{preset: audiomoth-hex, tz: UTC-3}", ["contradicts names of audiomoth-hex"]),
        ("{site: folder, deployments: d.csv}", ["names: sites come from `deployments:` or from folders"]),
        ("{site: folders}", ["names.site"]),
        ("[auto]", ["names"]),
    ],
)
def test_names_that_are_refused(names: str, listed: list[str]) -> None:
    with pytest.raises(BlendkitError) as caught:
        read(names)
    assert all(part in str(caught.value) for part in ["r.yaml:3", *listed]), str(caught.value)


def test_overrides_reach_into_names() -> None:
    def overridden(*overrides: str) -> Any:
        return parse_recipe(TEXT.format(names="auto").replace("names: auto\n", ""), "r.yaml", overrides).model.names

    assert overridden("names.preset=audiomoth").preset == "audiomoth"
    assert overridden("names=frontier").preset == "frontier"
