"""The neighbours of a chain, counted by hand."""

from __future__ import annotations

import json
from dataclasses import replace

from blendkit.offline.chain_moves import Chain, Grammar, applied, chain_of, moves, starts
from blendkit.recipe import make_plan, parse_recipe

TEXT = """\
recipe: 1
name: t
members:
  a: {use: table, path: a.csv, space: logit, steps: [{gaussian: {sigma: 1.0}}]}
  b: {use: table, path: b.csv, space: prob}
blends:
  mix: {by: rank, of: {a: 1, b: 3}, steps: [taxonomy_mean]}
output: mix
"""
SMALL = Grammar({"gaussian": ({"sigma": 1.0}, {"sigma": 2.0})}, {"local_max": ({"alpha": 0.1},)}, ("rank", "prob"), ())
LOGIT = '{"to":"logit"}'


def test_a_recipe_is_read_as_a_chain_and_written_again() -> None:
    recipe = parse_recipe(TEXT, "r.yaml")
    chain, sections = chain_of(recipe, "mix")
    assert (chain.by, chain.weights, chain.length) == ("rank", (("a", 1.0), ("b", 3.0)), 3)
    assert dict(chain.steps)["mix"] == ('{"taxonomy_mean":{}}',)
    again = applied(recipe, chain, sections)
    assert chain_of(again, "mix")[0] == chain
    assert [s.name for p in make_plan(again).streams for s in p.steps] == ["gaussian", "taxonomy_mean"]
    assert [(c.by, dict(c.weights)) for c in starts(chain, SMALL)] == [
        ("rank", {"a": 1.0, "b": 3.0}),
        ("rank", {"a": 0.5, "b": 0.5}),
        ("prob", {"a": 0.5, "b": 0.5}),
        ("rank", {"a": 1.0, "b": 0.0}),
        ("rank", {"a": 0.0, "b": 1.0}),
    ]


def test_neighbours_differ_in_one_thing() -> None:
    chain, _ = chain_of(parse_recipe(TEXT, "r.yaml"), "mix")
    found = [c for _, c in moves(chain, SMALL)]
    # of a: without its step, sigma 2; of b: two to add; of mix: without its step, one to add; all lack no op together
    steps = [c for c in found if c.steps != chain.steps]
    assert [len(c.steps[0][1]) for c in steps] == [0, 1, 1, 1, 1, 1]
    assert [len(c.steps[1][1]) for c in steps] == [0, 0, 1, 1, 0, 0]
    assert [len(c.steps[2][1]) for c in steps] == [1, 1, 1, 1, 0, 2]
    assert [c.by for c in found if c.by != "rank"] == ["prob"]
    weights = [tuple(dict(c.weights).values()) for c in found if c.weights != chain.weights]
    # the odds of a are 1 : 3, of b 3 : 1; out, doubled, halved
    assert weights == [(0, 1), (0.4, 0.6), (0.1429, 0.8571), (1, 0), (0.1429, 0.8571), (0.4, 0.6)]


def test_a_step_may_be_of_all_used_inputs_at_once() -> None:
    chain, _ = chain_of(parse_recipe(TEXT.replace(", steps: [{gaussian: {sigma: 1.0}}]", ""), "r.yaml"), "mix")
    common = [dict(c.steps) for what, c in moves(chain, SMALL) if what.startswith("all")]
    assert [(c["a"], c["b"]) for c in common] == [((f'{{"gaussian":{{"sigma":{s}}}}}',),) * 2 for s in ("1.0", "2.0")]


def test_an_input_enters_with_its_own_steps_or_those_of_the_heaviest() -> None:
    chain, _ = chain_of(parse_recipe(TEXT, "r.yaml"), "mix")
    alone = chain.weighed({"a": 1.0})
    entered = [(c.weights[1][1], c.own("b")) for what, c in moves(alone, SMALL) if what.startswith("b: in")]
    smooth = ('{"gaussian":{"sigma":1.0}}',)
    assert entered == [(0.2, ()), (0.2, smooth), (0.4, ()), (0.4, smooth)]
    needy = replace(SMALL, logits_only=frozenset({"gaussian"}), to_logit=frozenset({"b"}))
    assert [c.own("b") for what, c in moves(alone, needy) if what == "b: in 0.2, likewise"] == [(LOGIT, *smooth)]


def test_a_step_that_needs_logits_is_led_there_and_the_way_costs_nothing() -> None:
    chain, _ = chain_of(parse_recipe(TEXT, "r.yaml"), "mix")
    needy = replace(SMALL, logits_only=frozenset({"gaussian"}), to_logit=frozenset({"b"}))
    own = [c for _, c in moves(chain, needy) if c.own("b")]
    assert [c.own("b")[0] for c in own] == [LOGIT, LOGIT]
    assert {c.length for c in own} == {chain.length + 1}
    assert all(LOGIT in c.own("b") for c in (c for o in own for _, c in moves(o, needy) if len(c.own("b")) > 1))
    without = [c.own("b") for o in own for what, c in moves(o, needy) if what == "b: - gaussian None"]
    assert without == [(), ()]  # the way goes with the step that needed it


def test_the_last_member_is_never_dropped_and_one_member_alone_is_no_step() -> None:
    chain, _ = chain_of(parse_recipe(TEXT, "r.yaml"), "mix")
    alone = replace(chain, weights=(("a", 1.0), ("b", 0.0)))
    assert all(c.used for _, c in moves(alone, SMALL))
    assert all(c.own("b") == () for what, c in moves(alone, SMALL) if "in" not in what)  # b is not used
    assert alone.length == chain.length - 1


def test_steps_after_the_blend_may_be_kept_to_a_taxon() -> None:
    chain = Chain("mix", "rank", (("a", 1.0),), (("a", ()), ("mix", ())))
    found = [c.steps[1][1] for _, c in moves(chain, replace(SMALL, taxa=("Aves",), by=())) if c.steps[1][1]]
    assert [json.loads(s[0]) for s in found] == [
        {"local_max": {"alpha": 0.1}},
        {"id": "local_max_Aves", "local_max": {"alpha": 0.1}, "where": {"class_name": "Aves"}},
    ]
