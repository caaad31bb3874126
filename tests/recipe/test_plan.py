from __future__ import annotations

from typing import Any

import pytest

from blendkit.core import Matrix
from blendkit.errors import BlendkitError
from blendkit.ops import Offsets, info_of, op
from blendkit.recipe import plan_steps
from blendkit.recipe.load import parse_recipe, with_values
from blendkit.recipe.plan import Plan, make_plan

MEMBERS = {
    "p": "{use: table, path: p.csv, space: prob}",
    "z": "{use: table, path: z.csv, space: logit}",
    "r": "{use: table, path: r.csv, space: rank}",
}


def recipe(body: str, members: str = "pz", **steps: str) -> str:
    """A recipe of the members named by their letters; steps are given per member."""
    lines = ["recipe: 1", "name: demo", "members:"]
    for m in members:
        lines.append(f"  {m}: {MEMBERS[m][:-1]}" + (f", steps: {steps[m]}}}" if m in steps else "}"))
    return "\n".join([*lines, body, ""])


def plan(body: str, members: str = "pz", **steps: str) -> Plan:
    return make_plan(parse_recipe(recipe(body, members, **steps), "r.yaml"))


def problems(body: str, members: str = "pz", **steps: str) -> list[str]:
    with pytest.raises(BlendkitError) as caught:
        plan(body, members, **steps)
    return list(caught.value.problems)


def one_problem(body: str, *words: str, members: str = "pz", **steps: str) -> None:
    found = problems(body, members, **steps)
    assert len(found) == 1, found
    assert found[0].startswith("r.yaml:")
    assert all(w in found[0] for w in words), found[0]


def blend(by: str, of: str = "{p: 0.5, z: 0.5}", more: str = "") -> str:
    return f"blends:\n  c: {{by: {by}, of: {of}{more}}}\noutput: c"


BOTH = blend("rank")  # uses both members


def one_step_problem(step: str, *words: str, member: str = "z") -> None:
    one_problem(BOTH, f"members.{member}.steps[0]", *words, **{member: f"[{step}]"})


# --- recipes that make sense --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "of", "space"),
    [
        ("rank", "{p: 1, z: 1}", "rank"),
        ("logit", "{p: 1, z: 1}", "logit"),
        ("prob", "{p: 1, z: 1}", "prob"),
        ("sum", "{p: 1, z: -0.5}", "logit"),
    ],
)
def test_a_blend_gives_its_space(by: str, of: str, space: str) -> None:
    stream = plan(blend(by, of)).streams[-1]
    assert (stream.name, stream.start_space, stream.space) == ("c", space, space)
    assert stream.inputs == ("p", "z")


def test_direct_gives_the_space_its_inputs_share() -> None:
    assert plan(blend("direct"), z="[{to: prob}]").streams[-1].space == "prob"
    assert plan(blend("direct"), p="[{to: logit}]").streams[-1].space == "logit"


def test_direct_of_mixed_spaces_is_neither() -> None:
    mixed = plan(blend("direct", "{p: 1, r: 1}", ", mixed: true"), "pr").streams[-1]
    assert mixed.space == "rank"


def test_steps_are_filled_with_their_defaults() -> None:
    step = plan("output: z", "z", z="[gaussian]").streams[0].steps[0]
    assert step.params == {"sigma": 1.0, "edge": "nearest"}
    assert step.info is not None
    assert step.info.scope == "file"


def test_spaces_follow_the_steps() -> None:
    steps = plan("output: z", "z", z="[gaussian, {to: prob}, three_tap, {to: rank}]").streams[0].steps
    assert [(s.space_in, s.space_out) for s in steps] == [
        ("logit", "logit"),
        ("logit", "prob"),
        ("prob", "prob"),
        ("prob", "rank"),
    ]
    assert [s.scope for s in steps] == ["file", "chunk", "file", "set"]


def test_streams_come_in_an_order_in_which_each_can_be_made() -> None:
    body = (
        "streams:\n  f: {from: c, steps: [gaussian]}\nblends:\n  d: {by: rank, of: {f: 1, p: 2}}\n"
        "  c: {by: prob, of: {p: 1, z: 1}}\noutput: d\nalso: [c, d]"
    )
    found = plan(body)
    names = [s.name for s in found.streams]
    assert all(names.index(i) < names.index(s.name) for s in found.streams for i in s.inputs)
    assert found.outputs == ("d", "c")


def test_a_stream_that_only_groups_name_is_an_input_too() -> None:
    found = plan(blend("rank", "{p: 1}", ", weights_by: {classes: [{classes: [x], of: {z: 1}}]}"))
    assert found.streams[-1].inputs == ("p", "z")


def test_a_member_used_only_for_its_coverage_is_used() -> None:
    found = plan("output: z", z="[{gaussian: {}, where: {covered_by: p}}]")
    assert set(found.members) == {"p", "z"}


def test_the_same_op_twice_with_ids() -> None:
    steps = plan("output: z", "z", z="[{gaussian: {}, id: a}, {gaussian: {}, id: b}]").streams[0].steps
    assert [s.id for s in steps] == ["a", "b"]


def test_conversions_may_repeat() -> None:
    assert len(plan("output: z", "z", z="[{to: prob}, {to: logit}, {to: prob}]").streams[0].steps) == 3


# --- members ------------------------------------------------------------------------------------


def test_an_unknown_member_adapter_is_named_with_the_nearest() -> None:
    text = recipe("output: p", "p").replace("use: table", "use: tabel")
    with pytest.raises(BlendkitError, match=r"r\.yaml:4: members\.p\.use.*'tabel'.*did you mean 'table'"):
        make_plan(parse_recipe(text, "r.yaml"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("space: prob", "space: probs", ["members.p.space", "'prob'", "'probs'"]),
        ("path: p.csv, ", "", ["members.p.path", "missing"]),
        ("path: p.csv", "path: 7", ["members.p.path", "string", "7"]),
    ],
)
def test_member_parameters_are_checked(old: str, new: str, words: list[str]) -> None:
    text = recipe("output: p", "p").replace(old, new)
    with pytest.raises(BlendkitError) as caught:
        make_plan(parse_recipe(text, "r.yaml"))
    assert all(w in str(caught.value) for w in words), str(caught.value)


def test_a_misspelt_member_parameter_is_named_with_the_nearest() -> None:
    text = recipe("output: p", "p").replace("space: prob", "space: prob, foldz: f")
    with pytest.raises(BlendkitError, match=r"members\.p\.foldz.*did you mean 'folds'"):
        make_plan(parse_recipe(text, "r.yaml"))


# --- steps --------------------------------------------------------------------------------------


def test_class_ids_of_digits_are_text_in_parameters_too() -> None:
    steps = plan("output: z", "z", z="[{temperature: {by_class: {22961: 2.0, grekis: 3.0}}}]").streams[0].ops
    assert steps[0].params["by_class"] == {"22961": 2.0, "grekis": 3.0}
    given = parse_recipe(
        recipe("output: z", "z", z="[temperature]"), "r.yaml"
    )  # a YAML key is text, one from Python is not
    found = make_plan(with_values(given, {"z.temperature.by_class": {22961: 2.0}}, "a sweep"))
    assert found.streams[0].ops[0].params["by_class"] == {"22961": 2.0}
    steps = plan("output: z", "z", z="[{mirror: {groups: [[22961, grekis]]}}]").streams[0].ops
    assert steps[0].params["groups"] == [["22961", "grekis"]]


def test_an_unknown_op_is_named_with_the_nearest() -> None:
    one_step_problem("gausian", "unknown step 'gausian'", "did you mean 'gaussian'", "`blendkit ops list` shows all")


def test_a_misspelt_parameter_is_named_with_the_nearest() -> None:
    one_step_problem("{gaussian: {sigm: 1}}", "gaussian.sigm", "did you mean 'sigma'")


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("{gaussian: {sigma: 0}}", ["gaussian.sigma", "greater than or equal to 1e-09", "got 0"]),
        ("{gaussian: {sigma: '1'}}", ["gaussian.sigma", "number", "'1'"]),
        ("{gaussian: {sigma: 1e999}}", ["gaussian.sigma", "inf"]),
        ("{gaussian: {sigma: null}}", ["gaussian.sigma", "None"]),
        ("{gaussian: {offsets: [0, 1]}}", ["gaussian.offsets", "unknown key"]),  # context is no parameter
        ("{three_tap: {alpha: 1.5}}", ["three_tap.alpha", "1", "got 1.5"]),
        ("{taxonomy_mean: {genus: 0.1, sonotypes: both}}", ["sonotypes", "'skip'", "'both'"]),
        ("{site_hour_prior: {fit: {labels: l.csv, fold: 5}}}", ["fit.fold", "did you mean 'folds'"]),
        ("{site_hour_prior: {fit: {labels: l.csv, folds: many}}}", ["fit.folds", "integer", "'many'"]),
        ("{site_hour_prior: {fit: {labels: l.csv, folds: 1}}}", ["fit.folds", "one fold"]),
        ("{site_hour_prior: {fit: {folds: 5}}}", ["fit.labels", "missing"]),
        ("{site_hour_prior: {fit: l.csv, k_sit: 2}}", ["k_sit", "did you mean 'k_site'"]),
    ],
)
def test_step_parameters_are_checked(step: str, words: list[str]) -> None:
    one_step_problem(step, *words)


def test_several_wrong_parameters_are_all_named() -> None:
    found = problems(BOTH, z="[{taxonomy_mean: {genus: 2, famly: 0.1}}, {gaussian: {sigma: -1}}]")
    assert len(found) == 3
    assert sum("steps[0]" in p for p in found) == 2
    assert sum("steps[1]" in p for p in found) == 1


def test_a_blend_is_no_step() -> None:
    one_step_problem("rank", "'rank' is a blend, not a step", "`to: rank` converts a stream")


def test_an_op_in_the_wrong_space_names_the_step_to_add() -> None:
    one_step_problem("{site_hour_prior: {artefact: a.npz}}", "prob space", "accepts logit", "to: logit", member="p")


def test_an_op_that_ranks_can_never_reach_says_so() -> None:
    found = problems(BOTH, z="[{to: rank}, {site_hour_prior: {artefact: a.npz}}]")
    assert "rank space" in found[0]
    assert "add `to:" not in found[0]


@pytest.mark.parametrize("target", ["logit", "prob"])
def test_ranks_become_nothing_else(target: str) -> None:
    found = problems(BOTH, z=f"[{{to: rank}}, {{to: {target}}}]")
    way = f"`as: {target}` takes the numbers as they are"
    assert found == [f"r.yaml:5: members.z.steps[1].to: ranks cannot become a {target} again; {way}"]


def test_ranks_may_stay_ranks() -> None:
    assert plan("output: z", "z", z="[{to: rank}, {to: rank}]").streams[0].space == "rank"


@pytest.mark.parametrize("target", ["prop", "null", "1"])
def test_conversions_know_four_spaces(target: str) -> None:
    one_step_problem(f"{{to: {target}}}", "logit, prob, rank or unit")


def test_a_conversion_takes_all_classes() -> None:
    one_step_problem("{to: prob, where: {classes: [x]}}", "converts all classes")


def test_the_same_op_twice_needs_ids() -> None:
    found = problems(BOTH, z="[gaussian, three_tap, {gaussian: {sigma: 2}}]")
    assert [p.split(":")[2].strip() for p in found] == ["members.z.steps[0]", "members.z.steps[2]"]
    assert all("'gaussian' occurs twice" in p and "id:" in p for p in found)


def test_the_same_id_twice_is_refused() -> None:
    found = problems(BOTH, z="[{gaussian: {}, id: s}, {three_tap: {}, id: s}]")
    assert all("'s' occurs twice" in p for p in found)


@pytest.mark.parametrize("params", ["{}", "{fit: l.csv, artefact: a.npz}", "{fit: null}"])
def test_a_fitted_step_takes_either_labels_or_an_artefact(params: str) -> None:
    one_step_problem(f"{{site_hour_prior: {params}}}", "fit:", "artefact:")


@pytest.mark.parametrize(
    ("step", "name"),
    [
        ("site_hour_prior: {artefact: a.npz, k_site: 0.001}", "k_site"),
        ("site_hour_prior: {artefact: a.npz, count: windows, strength: 0.5}", "count"),
    ],
)
def test_a_value_of_the_fit_does_nothing_beside_an_artefact(step: str, name: str) -> None:
    one_step_problem(f"{{{step}}}", f"{name} is a value of the fit", "blendkit fit step site_hour_prior --set")


def test_values_of_the_op_hold_beside_an_artefact() -> None:
    (step,) = plan("output: z", "z", z="[{site_hour_prior: {artefact: a.npz, strength: 0.25}}]").streams[0].ops
    assert step.params["strength"] == 0.25
    assert "k_site" not in step.params  # which nothing would heed
    same = plan("output: z", "z", z="[{site_hour_prior: {artefact: a.npz, strength: 0.25, hour_sigma: 1.5}}]")
    assert same.streams[0].ops[0].params == step.params  # the usual value says nothing


@pytest.mark.parametrize("params", ["{fit: l.csv}", "{fit: {labels: l.csv, folds: 5}}", "{artefact: a.npz}"])
def test_each_way_to_fit_is_fine_alone(params: str) -> None:
    assert plan("output: z", "z", z=f"[{{site_hour_prior: {params}}}]").streams[0].steps


@pytest.mark.parametrize(
    ("step", "member", "words"),
    [
        ("clip: {low: 0.9, high: 0.1}", "z", "low 0.9 is not below high 0.1"),
        ("clip: {low: 2, high: 3}", "p", "holds no prob, which lies from 0 to 1"),
        ("moving_mean: {width: 4}", "z", "width 4 is even"),
        ("moving_median: {width: 2}", "z", "write width 1 or 3"),
        ("moving_max: {width: 4}", "p", "width 4 is even"),
        ("local_lse: {width: 4}", "z", "width 4 is even"),
        ("taxonomy_mean_unsure: {genus: 0.1, unsure: 0.95}", "p", "unsure 0.95 is not below sure 0.92"),
        ("conservative_delta: {sure: 0.3}", "p", "unsure 0.35 is not below sure 0.3"),
        ("range_mask: {artefact: a.csv, floor: -1}", "p", "floor -1 among prob scores"),
    ],
)
def test_values_that_exclude_each_other_are_said_before_anything_runs(step: str, member: str, words: str) -> None:
    one_step_problem(f"{{{step}}}", words, member=member)


def test_limits_beyond_one_are_fine_among_logits() -> None:
    assert plan(BOTH, z="[{clip: {low: 2, high: 3}}]")


def test_the_check_of_an_op_gets_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def check(by: float, space: str) -> None:
        given.append((by, space))

    def spread(x: Matrix, *, offsets: Offsets, by: float = 1.5, other: int = 0) -> Matrix:
        raise AssertionError("a check needs no scores")

    monkeypatch.setattr(plan_steps, "find_op", lambda *_: info_of(op("spread", check=check)(spread)))
    assert plan("output: z", "z", z="[spread]")
    assert plan("output: z", "z", z="[{spread: {by: 2.0, other: 3}}]")
    assert given == [(1.5, "logit"), (2.0, "logit")]


# --- the graph ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("output: zz", ["output", "no stream is called 'zz'", "did you mean 'z'"]),
        ("output: z\nalso: [p, pp]", ["also[1]", "'pp'", "did you mean 'p'"]),
        ("streams:\n  f: {from: q, steps: []}\noutput: f\nalso: [p, z]", ["streams.f.from", "'q'"]),
        (blend("rank", "{p: 1, zed: 1, z: 1}"), ["blends.c.of", "'zed'"]),
        (
            blend("rank", more=", weights_by: {class_name: {Aves: {zz: 1}}}"),
            ["blends.c", "'zz'", "did you mean 'z'"],
        ),
        (
            blend("rank", more=", weights_by: {covered_by: {zz: {yes: {p: 1}}}}"),
            ["weights_by.covered_by.zz", "no member is called 'zz'", "did you mean 'z'"],
        ),
        (
            blend("rank", more=", steps: [{gaussian: {}, where: {not_covered_by: c}}]"),
            ["blends.c.steps[0].where", "no member is called 'c'"],  # a blend's coverage is not a model's
        ),
    ],
)
def test_unknown_references_are_named_with_the_nearest(body: str, words: list[str]) -> None:
    one_problem(body, *words)


def test_a_stream_that_nothing_uses_is_refused() -> None:
    one_problem("output: p", "members.z", "'z' is used by nothing", "also")
    assert plan("output: p\nalso: [z]").outputs == ("p", "z")


def test_a_stream_that_only_a_gate_looks_at_is_used_and_comes_first() -> None:
    found = plan("output: r\nalso: []", "rzp", r="[{gates: [{fake_only: {main: p, check: z}}]}]")
    assert [s.name for s in found.streams][-1] == "r"
    one_problem("output: r", "members.r.steps[0]", "'q'", members="rp", r="[{fake_only: {main: q, check: p}}]")


def test_gates_see_as_much_as_the_widest_of_them() -> None:
    def scope(of: str, gate: str) -> str:
        found = plan(
            f"output: {of}\nalso: [r, p, z]".replace(f"{of}, ", "", 1), "rzp", **{of: f"[{{gates: [{gate}]}}]"}
        )
        return next(s for s in found.streams if s.name == of).steps[0].scope

    assert scope("p", "{replace_where_sure: {by: z}}") == "chunk"
    assert scope("r", "{fake_only: {main: p, check: z}}") == "set"  # it ranks whole columns


def test_one_namespace() -> None:
    body = "streams:\n  z: {from: p, steps: []}\nblends:\n  p: {by: rank, of: {z: 1}}\noutput: p"
    found = "\n".join(problems(body))
    assert "streams.z: 'z' is already a name under members" in found
    assert "blends.p: 'p' is already a name under members" in found


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("streams:\n  f: {from: g, steps: []}\n  g: {from: f, steps: []}\noutput: f\nalso: [p, z]", ["f", "g"]),
        (blend("rank", "{p: 1, z: 1, c: 1}"), ["c -> c"]),
        (
            "blends:\n  c: {by: rank, of: {p: 1, d: 1}}\n  d: {by: rank, of: {z: 1, e: 1}}\n"
            "  e: {by: rank, of: {c: 1}}\noutput: c",
            ["c", "d", "e"],
        ),
    ],
)
def test_loops_are_named(body: str, names: list[str]) -> None:
    found = [p for p in problems(body) if "loop" in p]
    assert len(found) == 1
    assert all(n in found[0] for n in names)


# --- blends -------------------------------------------------------------------------------------


def test_an_unknown_blend_is_named_with_the_nearest() -> None:
    one_problem(blend("ranks"), "blends.c.by", "unknown blend 'ranks'", "did you mean 'rank'")


def test_a_step_is_no_blend() -> None:
    one_problem(blend("gaussian"), "blends.c.by", "'gaussian' is a step, not a blend")


def test_a_blend_refuses_unknown_parameters() -> None:
    one_problem(blend("rank", more=", params: {temperature: 2}"), "blends.c.params.temperature", "unknown key")


@pytest.mark.parametrize("by", ["rank", "logit", "prob", "direct"])
def test_negative_weights_are_refused(by: str) -> None:
    one_problem(blend(by, "{p: 1, z: -0.5}"), "blends.c.of.z", "negative", "-0.5", p="[{to: logit}]")


def test_negative_weights_of_a_group_are_refused_before_anything_runs() -> None:
    body = blend("rank", more=", weights_by: {classes: [{classes: [x], of: {p: 1, z: -0.5}}]}")
    one_problem(body, "weights_by.classes[0].of.z", "negative", "-0.5")


def test_weights_of_nothing_but_zeros_are_refused() -> None:
    one_problem(blend("rank", "{p: 0, z: 0}"), "blends.c.of", "all weights are 0")


def test_a_group_of_nothing_but_zeros_is_refused_before_anything_runs() -> None:
    one_problem(blend("rank", more=", weights_by: {class_name: {Aves: {p: 0, z: 0}}}"), "Aves", "all weights are 0")


def test_zero_may_stand_beside_others() -> None:
    assert plan(blend("rank", "{p: 0, z: 1}")).streams[-1].weights == {"p": 0.0, "z": 1.0}


@pytest.mark.parametrize("by", ["logit", "prob", "sum"])
def test_ranks_fit_no_blend_of_logits_or_probabilities(by: str) -> None:
    one_problem(blend(by, "{p: 1, r: 1}"), "blends.c.of.r", "'r' is in rank space", "by: rank", members="pr")


def test_direct_wants_one_space() -> None:
    one_problem(blend("direct", "{p: 1, r: 1}"), "blends.c", "p prob, r rank", "mixed: true", members="pr")


@pytest.mark.parametrize("more", ["", ", mixed: true"])
def test_direct_never_mixes_logits_with_others(more: str) -> None:
    one_problem(blend("direct", more=more), "blends.c", "p prob, z logit", "to: prob")


@pytest.mark.parametrize(
    ("members", "fill", "words"),
    [
        ("p", "{value: 5}", ["members.p", "fill_uncovered", "5"]),
        ("p", "{value: -8}", ["members.p", "fill_uncovered", "-8"]),
        ("r", "{logit: -8}", ["members.r", "fill_uncovered", "rank"]),
    ],
)
def test_a_fill_that_has_no_place_in_the_space_is_refused(members: str, fill: str, words: list[str]) -> None:
    text = recipe(f"output: {members}", members).replace("space:", f"fill_uncovered: {fill}, space:")
    with pytest.raises(BlendkitError) as caught:
        make_plan(parse_recipe(text, "r.yaml"))
    assert all(w in str(caught.value) for w in words), str(caught.value)


@pytest.mark.parametrize("value", ["0", "1", "0.5"])
def test_a_fill_may_be_either_end_of_the_space(value: str) -> None:
    text = recipe("output: p", "p").replace("space:", f"fill_uncovered: {{value: {value}}}, space:")
    fill = make_plan(parse_recipe(text, "r.yaml")).streams[0].fill
    assert fill is not None
    assert fill.value == float(value)


def test_all_problems_of_a_plan_come_at_once() -> None:
    body = "blends:\n  c: {by: ranks, of: {p: 1, z: 1}}\n  d: {by: prob, of: {p: -1, z: 1}}\noutput: c\nalso: [d]"
    found = problems(body, z="[gausian, {three_tap: {alpha: 2}}]")
    words: list[Any] = ["gausian", "alpha", "ranks", "negative"]
    assert len(found) == 4
    assert all(any(w in p for p in found) for w in words)
