from __future__ import annotations

from pathlib import Path

import pytest

from blendkit.errors import BlendkitError
from blendkit.io.solutions import read_solutions
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import Plan, make_plan

PUBLIC = """
import os
raise SystemExit("this file is never run")
solutions = {
    'type_add': 'direct',
    'task1': 'run SED once',
    'task2': 'save PSSM as subm_x.csv',
    'Models': [
        {'Model': 22, 'subm': 'subm_22.csv', 'weight': 0.020, 'LB': 0.943},
        {'Model': 'M 51', 'subm': 'subm_51.csv', 'weight': 0.013},
        {'Model': 74, 'subm': 'subm_74.csv', 'weight': 0.967, 'xSED': [0.60, 0.40]},
    ],
}
"""


def read(text: str, tmp_path: Path, name: str = "notebook.py") -> str:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_solutions(tmp_path / name).text


def plan(text: str) -> Plan:
    return make_plan(parse_recipe(text, "r.yaml"))


def test_the_public_form(tmp_path: Path) -> None:
    text = read(PUBLIC, tmp_path)
    made = plan(text)
    streams = {s.name: s for s in made.streams}
    assert made.recipe.model.name == "notebook"
    assert streams["blend"].weights == {"model_22": 0.020, "M_51": 0.013, "model_74": 0.967}
    assert streams["model_74"].weights == {"model_74_proto": 0.60, "sed": 0.40}
    assert streams["model_74"].blend is not None
    assert streams["model_74"].blend.name == "rank"
    assert made.recipe.model.blends["blend"].mixed
    assert made.outputs == ("blend", "model_74_proto")
    assert "leaderboard 0.943" in text


def test_order_no_longer_matters(tmp_path: Path) -> None:
    turned = PUBLIC.splitlines()
    turned[8], turned[10] = turned[10], turned[8]
    plain, again = (plan(read(t, tmp_path)).streams for t in (PUBLIC, "\n".join(turned)))
    assert {s.name: s.weights for s in plain} == {s.name: s.weights for s in again}


def test_json_and_the_other_types(tmp_path: Path) -> None:
    model = '{"Model": "a", "subm": "a b.csv", "weight": %s, "xSED": null, "LB": null}'
    ranked = '{"type_add": "rank.1", "Models": [' + model % "1" + "]}"
    assert "by: rank" in read(ranked, tmp_path, "x.json")
    both = '{"type_add": "division_attention + TAX_SMOOTHING", "Models": [' + model % "[0.1, 0.2]" + "]}"
    made = plan(read(both, tmp_path, "x.json"))
    (blend,) = [s for s in made.streams if s.blend is not None]
    assert blend.weights_by is not None
    assert blend.weights_by.split is not None
    assert (blend.weights_by.split.at, blend.weights_by.split.after) == (117, {"a": 0.2})
    assert [s.name for s in blend.steps] == ["taxonomy_mean"]


BAD = {
    "{'type_add': 'rank.2', 'Models': [{'Model': 1, 'subm': 'a', 'weight': 1}]}": "x.py:1: unknown blend type 'rank.2'",
    "{'type_add': 'direct',\n'Modles': []}": "x.py:2: unknown key 'Modles' (did you mean 'Models'?)",
    "{'type_add': 'direct', 'Models': [\n{'Model': 1, 'subm': f('a'), 'weight': 1}]}": "x.py:2: not a literal",
    "{'type_add': 'direct', 'Models': [{'Model': 1, 'subm': 'a', 'weight': '1'}]}": "`weight` is a number, got '1'",
    "{'type_add': 'direct', 'Models': [{'Model': 1, 'subm': 'a', 'weight': -1}]}": "cannot be negative",
    "{'type_add': 'direct', 'Models': [{'Model': 1, 'subm': 'a', 'weight': 1, 'xSED': [1]}]}": "`xSED` is 2 numbers",
    "{'type_add': 'direct', 'Models': [{'Model': 1, 'weight': 1}]}": "a model needs 'subm'",
    "{'type_add': 'direct', 'Models': [{'Model': 1, 'subm': 'a', 'weight': 1e999}]}": "or infinite",
    "{'type_add': 'direct', 'Models': [{'Model': 1, 'subm': 'a', 'weight': " + "1+" * 1200 + "1}]}": "very many",
    "{'type_add': 'direct', 'Models': []}": "`Models` is a list of models",
    "{'type_add': 'direct', 'Models': [3]}": "a model is a dictionary",
    "{'type_add': 3, 'Models': [{'Model': 1, 'subm': 'a', 'weight': 1}]}": "`type_add` is a text",
    "{'type_add': 'direct rank.1', 'Models': [{'Model': 1, 'subm': 'a', 'weight': 1}]}": "names 2 blend types",
    "{'type_add': 'direct', 'type_add': 'direct', 'Models': []}": "given twice",
    "{'type_add': 'direct', 'Models': ["
    + "{'Model': 1, 'subm': 'a', 'weight': 1}," * 2
    + "]}": "two models are called",
    "x = 1": "found 0",
    "import os\nsolutions = dict(type_add='direct')": "x.py:2: `solutions` is not a literal {...}",
    "{'a'": "neither JSON nor Python",
    "{**x}": "not a literal",
}


@pytest.mark.parametrize(("text", "said"), BAD.items())
def test_what_is_not_known_is_refused_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BlendkitError) as caught:
        read(text, tmp_path, "x.py")
    assert said in str(caught.value)


def test_all_problems_at_once(tmp_path: Path) -> None:
    text = "{'type_add': 'no',\n'model': 1,\n'Models': [{'Model': 1}]}"
    with pytest.raises(BlendkitError) as caught:
        read(text, tmp_path, "x.py")
    assert [line for line in (1, 2, 3) if f"x.py:{line}:" in str(caught.value)] == [1, 2, 3]
