from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from blendkit.recipe.explicit_defaults import filled_recipe, filled_text
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import Plan, make_plan
from blendkit.recipe.strict_yaml import parse

FULL = """\
recipe: 1
name: full
description: "no"
labels: l.csv
chunk_s: 3
recording_s: 60
names: {tz: America/Cuiaba, pattern: '(?P<site>S\\d+)'}
members:
  z:
    use: table
    path: "1e5"
    space: logit
    tta: {shifts_s: [0]}
    steps:
      - site_hour_prior: {fit: {labels: l.csv, folds: 5}, strength: 0.5}
      - gaussian
      - {gaussian: {sigma: 2}, id: again, where: {class_name: Aves}}
      - {three_tap: {alpha: 1e-3}, where: {classes: [22961, '1e5', '007', grekis]}}
      - to: prob
  p: {use: table, path: p.csv, space: prob, fill_uncovered: {logit: -8}}
streams:
  f: {from: z, steps: [{three_tap: {}, where: {not_covered_by: p}}]}
blends:
  d: {by: direct, of: {p: 1, f: 2e-5}, mixed: true}
  c:
    by: rank
    of: {p: 0.93, z: 0.07, d: 0}
    weights_by:
      class_name: {Aves: {p: 1, z: 3}}
      classes: [{classes: ['22961', '1e5'], of: {p: 1}}]
      covered_by: {p: {yes: {p: 1, z: 1}, no: {z: 1}}}
    steps:
      - taxonomy_mean: {genus: 0.15, class_name: 0.05, sonotypes: group}
      - gates: [{fake_only: {main: p, check: z}}, {spike: {main: p, check: z}, id: sharp, where: {class_name: Aves}}]
        id: doors
output: c
also: [d]
"""
SMALL = "recipe: 1\nname: small\nmembers:\n  p: {use: table, path: p.csv, space: prob}\noutput: p\n"


def planned(text: str) -> Plan:
    return make_plan(parse_recipe(text, "r.yaml"))


@pytest.mark.parametrize("text", [SMALL, FULL])
def test_the_filled_text_reads_back_as_the_same_plan(text: str) -> None:
    plan = planned(text)
    again = planned(filled_text(plan))
    assert again.members == plan.members
    assert again.streams == plan.streams
    assert again.outputs == plan.outputs
    # a key the author left out is said now, but says the same
    assert again.recipe.model.model_dump() == plan.recipe.model.model_dump() or filled_recipe(again) == filled_recipe(
        plan
    )


@pytest.mark.parametrize("text", [SMALL, FULL])
def test_filling_the_filled_text_changes_nothing(text: str) -> None:
    once = filled_text(planned(text))
    assert filled_text(planned(once)) == once


def test_every_default_is_said() -> None:
    said, _ = parse(filled_text(planned(SMALL.replace("space: prob", "space: prob, steps: [gaussian]"))), "r.yaml")
    assert said["chunk_s"] == 5.0
    assert said["remainder"] == "pad"
    assert said["names"]["tz"] == "UTC"
    assert said["template"] == "sample_submission.csv"
    assert said["members"]["p"]["tta"] == {"shifts_s": [0.0], "edge": "drop", "weights": [], "mean": "logit"}
    assert said["members"]["p"]["missing_rows"] == "error"
    assert said["members"]["p"]["dtype"] is None
    assert said["members"]["p"]["steps"] == [{"gaussian": {"sigma": 1.0, "edge": "nearest"}}]


def test_class_ids_and_numbers_in_quotes_stay_text() -> None:
    said = filled_recipe(planned(filled_text(planned(FULL))))
    member = said["members"]["z"]
    assert member["path"] == "1e5"
    assert member["steps"][3]["where"]["classes"] == ["22961", "1e5", "007", "grekis"]
    assert said["blends"]["c"]["weights_by"]["classes"][0]["classes"] == ["22961", "1e5"]
    assert said["description"] == "no"


def test_numbers_keep_every_digit() -> None:
    said = filled_recipe(planned(filled_text(planned(FULL))))
    assert said["members"]["z"]["steps"][3]["three_tap"]["alpha"] == 1e-3
    assert said["blends"]["d"]["of"]["f"] == 2e-5
    assert said["blends"]["c"]["of"] == {"p": 0.93, "z": 0.07, "d": 0.0}


def test_the_order_of_the_author_is_kept() -> None:
    said = filled_recipe(planned(FULL))
    assert list(said["members"]) == ["z", "p"]
    assert list(said["blends"]) == ["d", "c"]
    assert list(said["blends"]["c"]["of"]) == ["p", "z", "d"]


def test_a_fitted_step_says_one_of_its_two_sources() -> None:
    said = filled_recipe(planned(FULL))["members"]["z"]["steps"][0]["site_hour_prior"]
    assert said["fit"] == {"labels": "l.csv", "folds": 5}
    assert "artefact" not in said
    assert (said["strength"], said["cap"], said["k_hour"]) == (0.5, 4.0, 8.0)


def test_a_changed_default_changes_the_text() -> None:
    assert filled_text(planned(FULL)) != filled_text(planned(FULL.replace("alpha: 1e-3", "alpha: 2e-3")))


def test_comments_order_of_keys_and_short_forms_do_not_change_the_text() -> None:
    other = FULL.replace("name: full", "name: full # a comment").replace("- gaussian\n", "- gaussian: {sigma: 1}\n")
    other = other.replace("labels: l.csv\nchunk_s: 3\n", "chunk_s: 3.0\nlabels: [l.csv]\n")
    assert filled_text(planned(other)) == filled_text(planned(FULL))


@settings(max_examples=60)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_any_text_survives(text: str) -> None:
    """Text that looks like a number, a word or YAML comes back as it was."""
    recipe = yaml.safe_load(SMALL) | {"description": text}
    quoted = yaml.dump(recipe, default_style='"', sort_keys=False).replace('!!int "1"', "1")
    plan = planned(quoted)
    assert plan.recipe.model.description == text
    assert planned(filled_text(plan)).recipe.model.description == text


@pytest.mark.parametrize(
    "text",
    ["no", "true", "null", "~", "", "1", "1e5", "0.5", "+3", "<<", "=", "- a", "a: b", "#x", "'", "*x", "&y", "!z"],
)
def test_awkward_text_survives(text: str) -> None:
    data: dict[str, Any] = yaml.safe_load(SMALL) | {"description": text}
    plan = planned(yaml.dump(data, default_style='"').replace('!!int "1"', "1"))
    assert planned(filled_text(plan)).recipe.model.description == text
