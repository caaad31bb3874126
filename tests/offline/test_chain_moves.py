"""The neighbours of a chain, counted by hand."""

from __future__ import annotations

import json
from dataclasses import replace

from blendkit.offline.chain_moves import Chain, Grammar, applied, chain_of, moves
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


def test_a_recipe_is_read_as_a_chain_and_written_again() -> None:
    recipe = parse_recipe(TEXT, "r.yaml")
    chain, sections = chain_of(recipe, "mix")
    assert (chain.by, chain.weights, chain.length) == ("rank", (("a", 1.0), ("b", 3.0)), 3)
    assert dict(chain.steps)["mix"] == ('{"taxonomy_mean":{}}',)
    again = applied(recipe, chain, sections)
    assert chain_of(again, "mix")[0] == chain
    assert [s.name for p in make_plan(again).streams for s in p.steps] == ["gaussian", "taxonomy_mean"]


def test_neighbours_differ_in_one_thing() -> None:
    chain, _ = chain_of(parse_recipe(TEXT, "r.yaml"), "mix")
    found = list(moves(chain, SMALL))
    # of a: without its step, sigma 2; of b: two to add; of mix: without its step, one to add
    steps = [c for c in found if c.steps != chain.steps]
    assert [len(c.steps[0][1]) for c in steps] == [0, 1, 1, 1, 1, 1]
    assert [len(c.steps[1][1]) for c in steps] == [0, 0, 1, 1, 0, 0]
    assert [len(c.steps[2][1]) for c in steps] == [1, 1, 1, 1, 0, 2]
    assert [c.by for c in found if c.by != "rank"] == ["prob"]
    assert [dict(c.weights) for c in found if c.weights != chain.weights] == [
        {"a": 0.0, "b": 3.0},
        {"a": 1.0, "b": 0.0},
    ]
    assert len({c.key() for c in [chain, *found]}) == len(found) + 1


def test_the_last_member_is_never_dropped_and_one_member_alone_is_no_step() -> None:
    chain, _ = chain_of(parse_recipe(TEXT, "r.yaml"), "mix")
    alone = replace(chain, weights=(("a", 1.0), ("b", 0.0)))
    assert all(sum(w for _, w in c.weights) > 0 for c in moves(alone, SMALL))
    assert alone.length == chain.length - 1


def test_steps_after_the_blend_may_be_kept_to_a_taxon() -> None:
    chain = Chain("mix", "rank", (("a", 1.0),), (("a", ()), ("mix", ())))
    found = [c.steps[1][1] for c in moves(chain, replace(SMALL, taxa=("Aves",), by=())) if c.steps[1][1]]
    assert [json.loads(s[0]) for s in found] == [
        {"local_max": {"alpha": 0.1}},
        {"id": "local_max_Aves", "local_max": {"alpha": 0.1}, "where": {"class_name": "Aves"}},
    ]
