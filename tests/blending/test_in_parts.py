from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.blending.divided_work import Parts, blend_division
from blendkit.blending.in_parts import make_streams_in_parts
from blendkit.blending.step_context import StepContext
from blendkit.blending.streams import make_streams
from blendkit.core.arrays import in_memory
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.core.scores import Scores
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.ops import OpInfo
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import Plan, make_plan
from blendkit.recipe.recipe_files import RecipeFiles

CLASSES = ("frog", "toad", "bird", "owl", "cicada", "ghost")
TAXA = ("Amphibia", "Amphibia", "Aves", "Aves", "Insecta", "Insecta")
TABLE = {c: {"scientific_name": f"{c[:2].title()}us {c}", "class_name": t} for c, t in zip(CLASSES, TAXA, strict=True)}
RECORDINGS = [f"T_{i:04d}_S0{i % 3}_20250101_{(5 * i) % 24:02d}0000" for i in range(12)]
ROWS = chunk_rows({r: 2 + i % 3 for i, r in enumerate(RECORDINGS)}, 5.0, NameRule())
EVERYTHING = """
recipe: 1
name: t
members:
  a: {use: table, path: a.csv, space: prob}
  b:
    use: table
    path: b.csv
    space: logit
    steps:
      - site_hour_prior: {fit: {labels: labels.csv, folds: 3}, strength: 0.5}
      - month_prior: {fit: {labels: labels.csv, folds: 3}}
      - platt: {fit: {labels: labels.csv, folds: 3}, min_positives: 2, borrow: true}
        where: {class_name: [Aves, Amphibia]}
      - month_prior: {fit: {labels: labels.csv, folds: 3}}
        id: again
        where: {not: {class_name: [Aves]}}
      - gaussian: {sigma: 0.8}
streams:
  p:
    from: b
    steps:
      - to: prob
      - sharpen: {by_class: {bird: 0.3}}
      - file_max_mix: {}
        where: {top: 2, of: recording}
      - softmax_richness: {}
blends:
  c:
    by: logit
    of: {a: 1, b: 2}
    weights_by: {class_name: {Aves: {a: 1}}}
    steps:
      - taxonomy_mean: {genus: 0.15, class_name: 0.05}
      - to: prob
      - rank_gate: {by: p, floor: 0.4}
      - gates:
          - replace_where_sure: {by: a, above: 0.7}
          - replace_where_sure: {by: p, above: 0.6}
    fill_uncovered: {congeners: mean}
  d:
    by: rank
    of: {a: 0.7, b: 0.2, p: 0.1}
    steps: [{to: unit}, {conservative_delta: {}}]
output: c
also: [d]
"""


def lines() -> list[str]:
    out = ["filename,start,end,primary_label"]
    for i, r in enumerate(RECORDINGS[:9]):
        present = [c for k, c in enumerate(CLASSES[:5]) if (i * 7 + k * 3) % 4 < 2]
        out.append(f"{r}.ogg,00:00:00,00:00:05,{';'.join(present)}")
        out.append(f"{r}.ogg,00:00:05,00:00:10,{present[0] if present else ''}")
    return out


def members() -> dict[str, Scores]:
    rng = np.random.default_rng(5)
    z = np.round(rng.standard_normal((2, len(ROWS), len(CLASSES))) * 2, 1)
    covered = np.array([True] * 5 + [False])
    p = 1 / (1 + np.exp(-z[0]))
    p[3, 1] = 0.0  # its stand-in is that of all rows and classes
    return {
        "a": Scores.build(p, ROWS, CLASSES, "prob", covered=covered, made_by="a"),
        "b": Scores.build(z[1].astype(np.float32), ROWS, CLASSES, "logit", covered=covered, made_by="b"),
    }


def planned(text: str) -> Plan:
    return make_plan(parse_recipe(text, "r.yaml"))


def around(plan: Plan, path: Path) -> StepContext:
    files = {key: path for s in plan.streams for one in s.ops for key, _ in one.named_files()}
    return StepContext(Taxonomy(TABLE), files=RecipeFiles(files))


@pytest.mark.parametrize("cells", [1, 20, 90, 10_000])
def test_parts_give_the_bits_of_the_whole(cells: int, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(lines()) + "\n", encoding="utf-8")
    plan, largest = planned(EVERYTHING), 0

    def new(shape: tuple[int, int], dtype: Any) -> Any:
        nonlocal largest
        largest = max(largest, shape[0] * shape[1])
        return in_memory(shape, dtype)

    whole = make_streams(plan, members(), around(plan, path))
    told: list[tuple[str, str]] = []
    made: list[str] = []
    found = make_streams_in_parts(
        plan, members(), around(plan, path), Parts(cells, new),
        made=lambda name, _: made.append(name), note=lambda stream, text: told.append((stream, text)),
    )  # fmt: skip
    assert set(found) == {"c", "d"}
    for name, scores in whole.items():
        np.testing.assert_array_equal(found[name].values, scores.values)
        np.testing.assert_array_equal(found[name].covered, scores.covered)
        assert found[name].space == scores.space
        assert found[name].values.dtype == scores.values.dtype
    assert made == ["a", "b", "p", "c", "d"]
    assert largest == len(ROWS) * len(CLASSES)
    assert len(told) == len(set(told))  # every part may say the same; it is said once


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (
            "blends:\n  c: {by: rank, of: {a: 1}, steps: [{to: unit}, {low_rank_power_of_set: {}}]}\noutput: c",
            "low_rank_power_of",
        ),
        (
            "blends:\n  c: {by: rank, of: {a: 1}, steps: [{rare_suppression: {}, where: {top: 1, of: chunk}}]}\noutput: c",
            "rare_suppression",
        ),
    ],
)
def test_what_needs_everything_at_once_is_named(body: str, what: str) -> None:
    plan = planned(f"recipe: 1\nname: t\nmembers:\n  a: {{use: table, path: a.csv, space: prob}}\n{body}\n")
    with pytest.raises(BlendkitError, match="in parts") as error:
        make_streams_in_parts(plan, members(), StepContext(), Parts(10))
    assert any(what in p and "r.yaml:6" in p for p in error.value.problems)


def test_recordings_are_never_divided() -> None:
    parts = list(Parts(13).of_recordings(ROWS, 3))
    assert {0, len(ROWS)} < {p.start for p in parts} | {p.stop for p in parts}
    assert {p.start for p in parts} <= set(ROWS.offsets().tolist())
    assert [p.start for p in parts[1:]] == [p.stop for p in parts[:-1]]
    assert all(p.stop - p.start <= 4 for p in parts)


def test_every_class_is_in_one_part_however_few_rows_there_are() -> None:
    assert list(Parts(10).of_classes((2, 7))) == [slice(0, 5), slice(5, 7)]
    assert list(Parts(10).of_classes((12, 3))) == [slice(0, 1), slice(1, 2), slice(2, 3)]
    assert list(Parts(10).of_classes((0, 3))) == [slice(0, 3)]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"classwise": True}, "classes"),
        ({"scope": "file"}, "recordings"),
        ({"scope": "set"}, None),
        ({"scope": "file", "inputs_as": "doubled_ranks"}, None),  # the ranks are those among all rows
    ],
)
def test_a_blend_of_others_is_divided_as_far_as_it_says(declared: dict[str, Any], expected: str | None) -> None:
    assert blend_division(OpInfo(name="own", function=max, kind="blend", **declared)) == expected
