from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blendkit.errors import BlendkitError
from blendkit.recipe import load_recipe
from blendkit.recipe.address import dotted, known_keys
from blendkit.recipe.load import parse_recipe, with_values, without
from blendkit.recipe.plan import make_plan
from blendkit.recipe.step_schema import Step

TEXT = """\
recipe: 1
name: demo
members:
  a: {use: table, path: a.csv, space: prob}
  b:
    use: table
    path: b.csv
    space: logit
    steps:
      - gaussian
      - three_tap: {alpha: 0.3}
        id: light
      - to: prob
blends:
  c:
    by: rank
    of: {a: 0.93, b: 0.07}
output: c
"""


def test_the_last_gate_takes_its_step_along() -> None:
    gated = TEXT.replace("output: c", "    steps:\n      - gates: [{rank_gate: {by: a}}]\n      - clip\noutput: c")
    recipe = parse_recipe(gated, "r.yaml")
    left = without(recipe, [("blends", "c", "steps", 0, "gates", 0)])
    assert [s.op for s in left.model.blends["c"].steps] == ["clip"]


@pytest.mark.parametrize("weight", [1e9, 1e9 + 1])
def test_a_weight_is_at_most_a_milliard(weight: float) -> None:
    text = TEXT.replace("a: 0.93", f"a: {weight!r}").replace("by: rank", "by: sum").replace("sum", "logit")
    if weight <= 1e9:
        assert parse_recipe(text, "r.yaml").model.blends["c"].of["a"] == weight
    else:
        assert "less than or equal to 1000000000" in problems(text)[0]


def problems(text: str, *overrides: str) -> list[str]:
    with pytest.raises(BlendkitError) as caught:
        parse_recipe(text, "r.yaml", overrides)
    return list(caught.value.problems) or [str(caught.value)]


def one_problem(text: str, *overrides: str) -> str:
    found = problems(text, *overrides)
    assert len(found) == 1, found
    return found[0]


def changed(old: str, new: str) -> str:
    assert TEXT.count(old) == 1
    return TEXT.replace(old, new)


def steps_of(text: str, *overrides: str) -> list[dict[str, Any]]:
    return [s.model_dump(exclude_none=True) for s in parse_recipe(text, "r.yaml", overrides).model.members["b"].steps]


# --- shape --------------------------------------------------------------------------------------


def test_a_recipe_is_read_with_its_defaults() -> None:
    model = parse_recipe(TEXT, "r.yaml").model
    assert model.name == "demo"
    assert model.taxonomy == ["taxonomy.csv"]
    assert model.audio == ["test_soundscapes", "train_soundscapes"]
    assert model.template == "sample_submission.csv"
    assert model.chunk_s == 5.0
    assert model.members["a"].params == {"path": "a.csv", "space": "prob"}
    assert model.members["a"].tta.shifts_s == [0.0]
    assert model.blends["c"].of == {"a": 0.93, "b": 0.07}
    assert model.also == []


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("gaussian", {"op": "gaussian", "params": {}}),
        ({"gaussian": None}, {"op": "gaussian", "params": {}}),
        ({"gaussian": {}}, {"op": "gaussian", "params": {}}),
        ({"gaussian": {"sigma": 1.0}}, {"op": "gaussian", "params": {"sigma": 1.0}}),
        ({"to": "prob"}, {"op": "to", "params": {"space": "prob"}}),
        ({"gaussian": {"sigma": 1.0}, "id": "g"}, {"op": "gaussian", "params": {"sigma": 1.0}, "id": "g"}),
        (
            {"where": {"classes": ["x", 22961]}, "gaussian": {}},
            {"op": "gaussian", "params": {}, "where": {"classes": ["x", "22961"]}},
        ),
    ],
)
def test_short_forms_of_a_step(step: Any, expected: dict[str, Any]) -> None:
    assert Step.model_validate(step).model_dump(exclude_none=True) == expected


def test_one_path_stands_for_a_list_of_one() -> None:
    model = parse_recipe(TEXT + "taxonomy: other.csv\nlabels: [x.csv, y.csv]\n", "r.yaml").model
    assert model.taxonomy == ["other.csv"]
    assert model.labels == ["x.csv", "y.csv"]


def test_class_ids_of_digits_are_text() -> None:
    text = changed("- gaussian\n", "- gaussian: {}\n        where: {classes: [22961, grekis, '1e5']}\n")
    assert steps_of(text)[0]["where"] == {"classes": ["22961", "grekis", "1e5"]}


# --- problems -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("name: demo", "name: 12", 2, ["name", "string", "12"]),
        ("name: demo", "name: my recipe", 2, ["name", "'my recipe'"]),
        ("recipe: 1", "recipe: 2", 1, ["recipe", "1", "got 2"]),
        ("recipe: 1", "recipe: true", 1, ["recipe", "True"]),
        ("a: 0.93", "a: '0.93'", 17, ["blends.c.of.a", "number", "'0.93'"]),
        ("a: 0.93", "a: yes", 17, ["blends.c.of.a", "number", "'yes'"]),
        ("a: 0.93", "a: 1e10", 17, ["blends.c.of.a", "1000000000"]),
        ("a: 0.93", "a: 1e999", 17, ["blends.c.of.a", "inf"]),
        ("of: {a: 0.93, b: 0.07}", "of: {}", 17, ["blends.c.of", "at least 1"]),
        ("by: rank", "by: 1", 16, ["blends.c.by", "string", "1"]),
        ("- gaussian", "- {}", 10, ["members.b.steps[0]", "none"]),
        ("- gaussian", "- {gaussian: {}, clip: {}}", 10, ["members.b.steps[0]", "gaussian", "clip"]),
        ("- gaussian", "- gaussian: 1.0", 10, ["members.b.steps[0]", "{name: value}", "1.0"]),
        ("- gaussian", "- 7", 10, ["members.b.steps[0]", "7"]),
        ("- gaussian", "- {gaussian: {}, where: {}}", 10, ["where", "exactly one", "class_name", "covered_by"]),
        (
            "- gaussian",
            "- {gaussian: {}, where: {classes: [x], covered_by: a}}",
            10,
            ["where", "exactly one", "classes", "not_covered_by"],
        ),
        ("- gaussian", "- {gaussian: {}, where: {classes: [1.5]}}", 10, ["where.classes[0]", "string", "1.5"]),
        ("space: logit", "space: logit\n    tta: {shifts_s: [-1, 1]}", 9, ["members.b.tta", "drop", "shift 0"]),
        ("space: logit", "space: logit\n    tta: {shifts_s: [0, 0.0]}", 9, ["members.b.tta", "twice"]),
        ("space: logit", "space: logit\n    tta: {edge: wrap}", 9, ["members.b.tta.edge", "'drop'", "'wrap'"]),
        ("space: logit", "space: logit\n    missing_rows: zero", 9, ["missing_rows", "'median'", "'zero'"]),
        ("by: rank", "by: rank\n    fill_uncovered: {value: 0, logit: 0}", 17, ["fill_uncovered", "exactly one"]),
        ("by: rank", "by: rank\n    fill_uncovered: {}", 17, ["fill_uncovered", "exactly one"]),
        ("name: demo", "name: demo\nchunk_s: 0", 3, ["chunk_s", "greater than or equal to 0.1", "got 0"]),
        ("name: demo", "name: demo\nremainder: cut", 3, ["remainder", "'pad'", "'cut'"]),
        ("name: demo", "name: demo\nnames: {tz: America/Cuiaaba}", 3, ["names.tz", "America/Cuiaba", "Cuiaaba"]),
        ("name: demo", "name: demo\nnames: {pattern: '('}", 3, ["names.pattern", "regular expression"]),
        ("name: demo", "name: demo\nnames: {pattern: '(?P<place>x)'}", 3, ["names.pattern", "site", "place"]),
        ("  c:\n", "  2c:\n", 15, ["2c", "pattern"]),
    ],
)
def test_a_wrong_value_is_named_with_its_place(old: str, new: str, line: int, words: list[str]) -> None:
    found = one_problem(changed(old, new))
    assert found.startswith(f"r.yaml:{line}: ")
    assert all(w in found for w in words), found


def test_a_list_where_a_mapping_belongs_is_said_in_words() -> None:
    (found,) = problems(changed("- gaussian", "- [gaussian]"))
    assert "a step is a name, as `- gaussian`, or `- gaussian: {sigma: 1}`, got ['gaussian']" in found
    assert any(
        "expected `{name: value}`, got a list: ['a', 'b']" in p
        for p in problems(changed("of: {a: 0.93, b: 0.07}", 'of: ["a", "b"]'))
    )


@pytest.mark.parametrize(
    ("old", "new", "key", "nearest"),
    [
        ("output: c", "output: c\nouput: c", "ouput", "output"),
        ("name: demo", "name: demo\nnames: {patern: x}", "names.patern", "pattern"),
        ("space: logit", "space: logit\n    tta: {shift_s: [0]}", "members.b.tta.shift_s", "shifts_s"),
        ("by: rank", "by: rank\n    mixd: true", "blends.c.mixd", "mixed"),
        ("by: rank", "by: rank\n    weights_by: {class_nam: {}}", "blends.c.weights_by.class_nam", "class_name"),
        ("by: rank", "by: rank\n    fill_uncovered: {valu: 0, logit: 1}", "fill_uncovered.valu", "value"),
        ("- gaussian", "- {gaussian: {}, where: {clases: [x]}}", "steps[0].where.clases", "classes"),
        (
            "by: rank",
            "by: rank\n    weights_by: {classes: [{classes: [x], off: {}, of: {a: 1}}]}",
            "weights_by.classes[0].off",
            "of",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(old: str, new: str, key: str, nearest: str) -> None:
    found = next(p for p in problems(changed(old, new)) if "unknown key" in p)
    assert key in found
    assert f"did you mean '{nearest}'" in found
    assert nearest in found.split("known: ")[1]


@pytest.mark.parametrize(
    ("old", "key"), [("output: c\n", "output"), ("name: demo\n", "name"), ("    by: rank\n", "by")]
)
def test_a_missing_key_is_named(old: str, key: str) -> None:
    found = one_problem(changed(old, ""))
    assert key in found
    assert "missing" in found
    assert found.startswith("r.yaml:")


def test_all_problems_come_at_once_each_with_its_line() -> None:
    text = TEXT.replace("name: demo", "name: 12").replace("a: 0.93", "a: x").replace("output: c", "output: c\nalso: 1")
    found = problems(text)
    assert [p.split(": ")[0] for p in found] == ["r.yaml:2", "r.yaml:17", "r.yaml:19"]


def test_a_number_where_text_may_stand_is_refused_not_converted() -> None:
    assert "string" in one_problem(changed("output: c", "output: 7"))


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n", "7\n"])
def test_something_else_is_no_recipe(text: str) -> None:
    assert "r.yaml: a recipe is a mapping" in one_problem(text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match=r"nothing\.yaml"):
        load_recipe(tmp_path / "nothing.yaml")
    with pytest.raises(BlendkitError, match="a folder, not a recipe"):
        load_recipe(tmp_path)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sound.yaml"
    path.write_bytes(b"\xff\xfe\x00OggS\x80")
    with pytest.raises(BlendkitError, match=r"sound\.yaml"):
        load_recipe(path)


def test_a_file_is_read_with_overrides(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text(TEXT, encoding="utf-8")
    recipe = load_recipe(path, ["name=other", "blends.c.of.a=1"])
    assert recipe.model.name == "other"
    assert recipe.model.blends["c"].of["a"] == 1
    assert recipe.where(("blends", "c")) == "demo.yaml:15: blends.c"


# --- places -------------------------------------------------------------------------------------


def test_where_gives_the_nearest_line() -> None:
    recipe = parse_recipe(TEXT, "r.yaml")
    assert recipe.where(("members", "b", "steps", 1)) == "r.yaml:11: members.b.steps[1]"
    assert recipe.where(("members", "b", "steps", 1, "three_tap", "beta")) == (
        "r.yaml:11: members.b.steps[1].three_tap.beta"
    )
    assert recipe.where(("audio", 0)) == "r.yaml:1: audio[0]"


@pytest.mark.parametrize(
    ("path", "text"),
    [(("a",), "a"), (("a", "b", 0, "c", 12), "a.b[0].c[12]"), ((), "(top)")],
)
def test_dotted_paths(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text


def test_the_keys_that_the_schema_knows() -> None:
    assert known_keys(("members", "a", "tta", "x")) == ["shifts_s", "edge", "weights", "mean"]
    assert known_keys(("blends", "c", "steps", 0, "where", "x")) == [
        "class_name",
        "classes",
        "covered_by",
        "not_covered_by",
        "top",
        "of",
        "not",
    ]
    assert known_keys(("streams", "f", "x"))[0] == "from"  # as a recipe says it
    for author_s in [("members", "a"), ("chunk_s", 0, "x"), ("audio", "x", "y"), ("blends", 0, "x"), ("no", "such")]:
        assert known_keys(author_s) == []


# --- overrides ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "where", "expected"),
    [
        ("name=other", ["name"], "other"),
        ("blends.c.of.a=0.5", ["blends", "c", "of", "a"], 0.5),
        ("blends.c.of={a: 1, b: 3}", ["blends", "c", "of"], {"a": 1.0, "b": 3.0}),
        ("chunk_s=10", ["chunk_s"], 10.0),  # a key the recipe leaves at its default
        ("template=null", ["template"], None),
        ("names.tz=America/Cuiaba", ["names", "tz"], "America/Cuiaba"),
        ("labels=[x.csv]", ["labels"], ["x.csv"]),
        ("description=a = b", ["description"], "a = b"),
        ("members.b.tta.shifts_s=[-1, 0, 1]", ["members", "b", "tta", "shifts_s"], [-1.0, 0.0, 1.0]),
        ("members.b.fill_uncovered.value=-8", ["members", "b", "fill_uncovered", "value"], -8.0),
        ("members.b.missing_rows=median", ["members", "b", "missing_rows"], "median"),
    ],
)
def test_overrides_by_dotted_path(override: str, where: list[str], expected: Any) -> None:
    value: Any = parse_recipe(TEXT, "r.yaml", [override]).model.model_dump()
    for key in where:
        value = value[key]
    assert value == expected


@pytest.mark.parametrize(
    ("override", "index", "params"),
    [
        ("members.b.steps[1].three_tap.alpha=0.1", 1, {"alpha": 0.1}),
        ("members.b.steps.three_tap.alpha=0.1", 1, {"alpha": 0.1}),
        ("members.b.steps.light.alpha=0.1", 1, {"alpha": 0.1}),  # by its id
        ("members.b.steps.gaussian.sigma=2", 0, {"sigma": 2}),  # `- gaussian` gets parameters
        ("members.b.steps[0].gaussian.sigma=2", 0, {"sigma": 2}),
        ("members.b.steps[2].to=rank", 2, {"space": "rank"}),
    ],
)
def test_overrides_of_steps(override: str, index: int, params: dict[str, Any]) -> None:
    assert steps_of(TEXT, override)[index]["params"] == params


def test_an_override_of_a_step_keeps_its_id() -> None:
    assert steps_of(TEXT, "members.b.steps.light.alpha=0.1")[1]["id"] == "light"


def test_an_empty_step_gets_parameters() -> None:
    text = changed("- gaussian\n", "- gaussian:\n        id: g\n")
    assert steps_of(text, "members.b.steps.g.sigma=2")[0] == {"op": "gaussian", "params": {"sigma": 2}, "id": "g"}


def test_a_whole_step_or_list_can_be_replaced() -> None:
    assert steps_of(TEXT, "members.b.steps[0]=three_tap")[0]["op"] == "three_tap"
    assert steps_of(TEXT, "members.b.steps=[]") == []


def test_an_override_makes_every_level_that_the_recipe_leaves_out() -> None:
    split = [f"c.weights_by.split.{of}" for of in ("at=1", "before.a=1", "after.b=2")]
    found = parse_recipe(TEXT, "r.yaml", split).model.blends["c"].weights_by
    assert found is not None
    assert found.model_dump(exclude_none=True) == {
        "split": {"at": 1, "before": {"a": 1}, "after": {"b": 2}},
        "allow_seen": False,
    }


@pytest.mark.parametrize(("name", "in_recipe"), [("path", True), ("tta", False)])
def test_a_step_with_a_keys_name_is_told_from_the_key(name: str, in_recipe: bool) -> None:
    text = changed("id: light", f"id: {name}")
    assert (f"{name}:" in TEXT) == in_recipe
    with pytest.raises(BlendkitError, match=f"'{name}' is a key and a step of 'b'") as caught:
        parse_recipe(text, "r.yaml", [f"b.{name}.alpha=0.5"])
    assert list(caught.value.problems) == [f"members.b.{name}.alpha", f"members.b.steps.{name}.alpha"]
    assert steps_of(text, f"members.b.steps.{name}.alpha=0.5")[1]["params"] == {"alpha": 0.5}


def test_later_overrides_win() -> None:
    assert parse_recipe(TEXT, "r.yaml", ["name=x", "name=y"]).model.name == "y"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("nonsense", ["nonsense", "path=value"]),
        ("=3", ["path=value"]),
        ("blends.c.off.a=1", ["blends.c.off", "did you mean 'of'", "by, of"]),
        ("b.gausian.sigma=2", ["members.b.gausian", "no such key or step", "did you mean 'gaussian'"]),
        ("blends.d.of.a=1", ["blends.d", "no such key", "c"]),
        ("members.b.steps[7].x.y=1", ["members.b.steps[7]", "expected a number below 3"]),
        ("members.b.steps[3]=gaussian", ["expected a number below 3"]),
        ("members.b.steps.gausian.sigma=1", ["0 steps", "'gausian'", "did you mean 'gaussian'"]),
        ("members.b.path.x=1", ["members.b.path", "'b.csv'"]),
        ("members.b.path.x.y=1", ["members.b.path", "'b.csv'"]),
        ("name=[1, 2", ["--set name", "not valid YAML"]),
        ("name=!!str x", ["--set name", "tags"]),
    ],
)
def test_overrides_that_lead_nowhere(override: str, words: list[str]) -> None:
    with pytest.raises(BlendkitError) as caught:
        parse_recipe(TEXT, "r.yaml", [override])
    text = str(caught.value)
    assert "--set" in text
    assert all(w in text for w in words), text


def test_a_name_that_stands_for_two_steps_is_refused() -> None:
    text = changed("- gaussian\n", "- gaussian\n      - {gaussian: {}, id: again}\n")
    for address in ("members.b.steps.gaussian.sigma", "b.gaussian.sigma"):
        with pytest.raises(BlendkitError, match="2 steps are called 'gaussian'") as caught:
            parse_recipe(text, "r.yaml", [f"{address}=1"])
        assert caught.value.problems == ("members.b.gaussian (give it an `id:`)", "members.b.again")
    assert steps_of(text, "members.b.steps.again.sigma=3")[1]["params"] == {"sigma": 3}


@pytest.mark.parametrize(
    "address",
    [
        "members.b.steps.gaussian.sigma",
        "members.b.gaussian.sigma",
        "b.gaussian.sigma",
        "gaussian.sigma",
        "b.steps.gaussian.sigma",
    ],
)
def test_what_is_clear_may_be_left_out_of_an_address(address: str) -> None:
    assert steps_of(TEXT, f"{address}=2.5")[0] == {"op": "gaussian", "params": {"sigma": 2.5}}
    recipe = with_values(parse_recipe(TEXT, "r.yaml"), {address: 2.5}, "--sweep x")
    assert recipe.model.members["b"].steps[0].params == {"sigma": 2.5}


def test_a_change_leaves_the_recipe_it_came_from_alone() -> None:
    recipe = parse_recipe(TEXT, "r.yaml")
    with_values(recipe, {"b.gaussian.sigma": 2.5, "c.of": {"a": 1}}, "--sweep")
    assert with_values(recipe, {}, "--sweep").model == parse_recipe(TEXT, "r.yaml").model


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("gausian.sigma", ["no section, stream or step is called 'gausian' (did you mean 'gaussian'?)"]),
        (
            "members.b.steps[0].gaussian.sigma",
            ["by op or id, never by number", "members.b.gaussian", "members.b.light"],
        ),
        ("d.of.a", ["no section, stream or step is called 'd'"]),
        ("b.gaussian.sigma.x", ["holds 1.0, not keys"]),
        ("", ["expected path=value"]),
    ],
)
def test_addresses_that_lead_nowhere(address: str, words: list[str]) -> None:
    text = changed("- gaussian\n", "- gaussian: {sigma: 1.0}\n")
    with pytest.raises(BlendkitError) as caught:
        with_values(parse_recipe(text, "r.yaml"), {address: 1}, "--sweep 1")
    assert all(w in str(caught.value) for w in ["--sweep 1", *words]), caught.value


def test_an_address_that_fits_several_places_lists_them() -> None:
    text = changed("    by: rank\n", "    by: rank\n    steps: [gaussian]\n")
    with pytest.raises(BlendkitError, match="'gaussian' is in 2 places") as caught:
        with_values(parse_recipe(text, "r.yaml"), {"gaussian.sigma": 1}, "--sweep")
    assert caught.value.problems == ("write members.b.steps.gaussian.sigma", "write blends.c.steps.gaussian.sigma")


def test_the_classes_of_a_step_have_an_address() -> None:
    assert steps_of(TEXT, "b.gaussian.where={classes: [x]}")[0]["where"] == {"classes": ["x"]}


def test_a_member_is_never_made_by_an_override() -> None:
    """`use` is a key of every member, but no member's name."""
    with pytest.raises(BlendkitError, match="no such key"):
        parse_recipe(TEXT, "r.yaml", ["members.use.path=x.csv"])


def test_a_wrong_value_of_an_override_is_a_problem_of_the_recipe() -> None:
    assert "chunk_s" in one_problem(TEXT, "chunk_s=long")


GATED = """\
recipe: 1
name: g
members:
  a: {use: table, path: a.csv, space: prob}
blends:
  c:
    by: rank
    of: {a: 1}
    steps:
      - gates:
          - spike: {main: a, check: a}
          - fake_only: {main: a, check: a}
            id: fake
output: c
"""


@pytest.mark.parametrize(
    "address", ["c.gates.fake.alpha", "c.gates.fake_only.alpha", "gates.fake.alpha", "c.gates[1].fake_only.alpha"]
)
def test_gates_are_called_by_name(address: str) -> None:
    model = parse_recipe(GATED, "g.yaml", [f"{address}=0.5"]).model
    gates = model.blends["c"].steps[0].gates
    assert gates is not None
    assert gates[1].params["alpha"] == 0.5
    with pytest.raises(BlendkitError, match=r"did you mean 'spike'"):
        parse_recipe(GATED, "g.yaml", ["c.gates.spke.alpha=0.5"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("path: b.csv", 'path: "C:\\Users\\me\\b.csv"', "write the path in single quotes, or with /"),
        ("    space: logit\n", "", "space: missing, expected one of logit, prob, rank"),
    ],
)
def test_mistakes_of_newcomers_name_the_way_out(old: str, new: str, said: str) -> None:
    with pytest.raises(BlendkitError) as error:
        make_plan(parse_recipe(TEXT.replace(old, new, 1), "r.yaml"))
    assert said in str(error.value)
