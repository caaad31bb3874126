from __future__ import annotations

from blendkit.core.taxonomy import Taxonomy
from blendkit.recipe.explanation import explain, stages
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import Plan, make_plan
from blendkit.recipe.taxonomy_notes import group_notes, top_notes

TEXT = """\
recipe: 1
name: demo
members:
  p: {use: table, path: p.csv, space: prob, steps: [{to: logit}]}
  z: {use: table, path: z.csv, space: logit, steps: [{gaussian: {sigma: 2}, id: calm, where: {classes: [x]}}]}
streams:
  f: {from: z, steps: [{to: rank}, three_tap]}
blends:
  c:
    by: rank
    of: {p: 0.93, z: 0.07}
    weights_by: {classes: [{classes: [x], of: {p: 1}}]}
    steps: [{taxonomy_mean: {genus: 0.15, class_name: 0.05}}]
  d: {by: logit, of: {p: 1, z: 1}}
output: c
also: [d, f]
"""


def plan(text: str = TEXT) -> Plan:
    return make_plan(parse_recipe(text, "r.yaml"))


def test_every_stream_and_step_is_listed() -> None:
    lines = explain(plan())
    text = "\n".join(lines)
    for stream in ("p  [prob]  member table", "z  [logit]  member table", "f  [logit]  from z"):
        assert stream in text
    assert "c  [rank]  blend by rank: 0.93 p + 0.07 z" in text
    assert "scope set" in next(line for line in lines if "blend by rank" in line)
    assert "scope chunk" in next(line for line in lines if "blend by logit" in line)
    assert "to logit  [prob -> logit" in text
    assert "taxonomy_mean(genus 0.15" in text
    assert lines[-1] == "written: c, d, f"


def test_ids_groups_and_selections_are_listed() -> None:
    lines = explain(plan())
    step = next(line for line in lines if "gaussian" in line)
    assert all(word in step for word in ("calm", "sigma 2", "'x'", "scope file", "monotone no"))
    assert "'x'" in next(line for line in lines if "blend by rank" in line)


def test_a_stage_starts_where_the_whole_set_must_be_seen() -> None:
    found = stages(plan())
    opening = [[(s.name, [t.name for t in steps], first) for s, steps, first in stage] for stage in found]
    # the rank blend, and the ranks of the fork, each see every row: three barriers make three stages
    assert len(opening) == 3
    started = [name for stage in opening for name, _, first in stage if first]
    assert sorted(started) == ["c", "d", "f", "p", "z"]
    barriers = [stage[0] for stage in opening[1:]]
    assert ("c", ["taxonomy_mean"], True) in barriers
    assert ("f", ["to", "three_tap"], False) in barriers


def test_nothing_of_set_scope_is_one_stage() -> None:
    text = "recipe: 1\nname: s\nmembers:\n  z: {use: table, path: z.csv, space: logit, steps: [gaussian]}\noutput: z\n"
    assert len(stages(plan(text))) == 1
    assert explain(plan(text))[0] == "stage 1"


def test_big_groups_are_noted() -> None:
    classes = tuple(f"b{i}" for i in range(11)) + ("f1", "f2")
    table = {c: {"scientific_name": f"G{c} x", "class_name": "Aves" if c[0] == "b" else "Amphibia"} for c in classes}
    notes = group_notes(plan(), Taxonomy(table), classes)
    assert len(notes) == 1  # eleven birds; two frogs are no crowd, and no genus has two
    assert all(word in notes[0] for word in ("c", "taxonomy_mean class_name 0.05", "Aves (11 classes)"))
    assert "Amphibia" not in notes[0]
    frogs = plan(TEXT.replace("class_name: 0.05}", "class_name: 0.05}, where: {class_name: [Amphibia]}"))
    assert group_notes(frogs, Taxonomy(table), classes) == []  # the birds stay as they are
    no_birds = plan(TEXT.replace("class_name: 0.05}", "class_name: 0.05}, where: {not: {class_name: [Aves]}}"))
    assert group_notes(no_birds, Taxonomy(table), classes) == []
    others = plan(TEXT.replace("class_name: 0.05}", "class_name: 0.05}, where: {not: {classes: [f1, f2]}}"))
    assert group_notes(others, Taxonomy(table), classes) == notes
    ten = tuple(c for c in classes if c != "b0")
    assert group_notes(plan(), Taxonomy(table), ten) == []


def test_more_highest_classes_than_there_are_is_noted() -> None:
    def notes(where: str, n: int) -> list[str]:
        return top_notes(plan(TEXT.replace("where: {classes: [x]}", f"where: {where}")), tuple(map(str, range(n))))

    assert notes("{top: 3, of: chunk}", 4) == []
    assert notes("{top: 3, of: chunk}", 3) == ["z: calm: `top: 3` of 3 classes acts on every class"]
    assert notes("{not: {top: 9, of: recording}}", 3) == ["z: calm: `top: 9` of 3 classes acts on no class"]
    assert notes("{classes: [x]}", 3) == notes("{top: 3, of: chunk}", 0) == []
