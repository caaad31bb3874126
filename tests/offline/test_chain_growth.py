"""A chain is found where there is one to find, and the search can be stopped and gone on with."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.metrics import weight_path
from blendkit.offline import Grown, Growth, Judging, Place, StackSearch, search, search_recipe
from blendkit.offline.chain_grammar import grammar_for
from blendkit.offline.chain_moves import Grammar, chain_of
from blendkit.offline.judged_search import PARTS, TIMES
from blendkit.offline.recipe_search import _inputs
from blendkit.offline.searched_figures import Looks
from blendkit.offline.sweeps import blend_sides
from blendkit.offline.workspace import Workspaces
from blendkit.recipe import DataFolder, make_plan, parse_recipe, with_values

CLASSES, RECORDINGS, CHUNKS = ["c0", "c1", "c2"], 12, 8
TEXT = """\
recipe: 1
name: made
taxonomy: []
template: null
labels: labels.csv
members:
  a: {use: table, path: oof.npz, array: a, rows: rows, classes: classes, space: logit}
  b: {use: table, path: oof.npz, array: b, rows: rows, classes: classes, space: logit}
blends:
  mix: {by: rank, of: {a: 1, b: 1}}
output: mix
"""
QUICK = Judging(replicates=50)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Calls that last a whole recording's half, errors that differ from chunk to chunk; b is noise."""
    folder = tmp_path_factory.mktemp("made")
    rng = np.random.default_rng(0)
    half = np.repeat(rng.random((RECORDINGS, 2, len(CLASSES))) < 0.4, CHUNKS // 2, axis=1).reshape(-1, len(CLASSES))
    rows = [f"r{i:02d}_{5 * k + 5}" for i in range(RECORDINGS) for k in range(CHUNKS)]
    a = 0.8 * half + rng.standard_normal(half.shape)
    np.savez(folder / "oof.npz", a=a, b=rng.standard_normal(half.shape), rows=rows, classes=CLASSES)
    lines = ["filename,start,end,primary_label"]
    for row, truth in zip(rows, half, strict=True):
        name, _, end = row.rpartition("_")
        lines.append(f"{name}.ogg,{int(end) - 5},{end},{';'.join(np.array(CLASSES)[truth])}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def grown(data: Path, minutes: float, looks: Path | None = None, text: str = TEXT) -> Grown:
    place = Place(data, data / "none")
    grammar = Grammar({"gaussian": ({"sigma": 1.0}, {"sigma": 2.0})}, {"local_max": ({"alpha": 0.1},)}, ("rank",))
    how = Growth(minutes=minutes, beam=1, price=0.004, grammar=grammar)
    return search_recipe(parse_recipe(text, "made.yaml"), how, place=place, judging=QUICK, looks=looks)


def test_smoothing_is_found_where_calls_last_and_errors_do_not(data: Path, tmp_path: Path) -> None:
    looks = tmp_path / "looks.jsonl"
    found = grown(data, 5.0, looks)
    assert found.finished
    steps = [json.loads(w.step) for w in found.worths]
    assert any("gaussian" in s for s in steps)
    assert all(w.worth > 0 for w in found.worths)
    assert found.found.guarded.judgement == "real"
    assert found.found.after >= found.found.guarded.nested
    first, *_, last = found.climb  # from the better member alone to what was found
    assert (first.round, first.nested) == (0, found.found.guarded.alone)
    assert (last.in_sample, last.nested) == (found.found.after, found.found.guarded.nested)
    assert all(0 <= w.again <= len(found.found.parts) == found.found.guarded.parts for w in found.worths)
    assert max(w.again for w in found.worths) > 0
    again = parse_recipe(found.text(), "found.yaml")
    assert make_plan(again).streams[-1].name == "mix"
    g, comments = found.found.guarded, "".join(line for line in found.text().splitlines() if line.startswith("# "))
    for told in (
        f"{g.nested:.6f} held out",
        f"{found.found.after:.6f} on the labels",
        f"has {g.alone:.6f}",
        "verdict: real",
    ):
        assert told in comments
    lines = looks.read_text(encoding="utf-8").splitlines()
    assert len(lines) == found.looks
    looks.write_text("\n".join(lines[: len(lines) // 2]) + '\n{"about": "cut sho', encoding="utf-8")
    resumed = grown(data, 5.0, looks)
    assert resumed.recipe.raw == found.recipe.raw
    assert resumed.found.guarded.nested == found.found.guarded.nested


def test_the_order_of_the_members_does_not_matter(data: Path) -> None:
    lines = TEXT.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  a: "))
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    turned = "\n".join(lines).replace("{a: 1, b: 1}", "{b: 1, a: 1}") + "\n"
    one, other = (chain_of(parse_recipe(text, "made"), "mix")[0] for text in (TEXT, turned))
    assert other.key() == one.key()  # so that equal chains are equal, and neighbours are tried in one order
    first, second = grown(data, 5), grown(data, 5, text=turned)
    assert first.finished
    assert second.finished
    assert second.found.values == first.found.values
    assert second.found.guarded.nested == first.found.guarded.nested
    assert (second.looks, second.worths, second.climb) == (first.looks, first.worths, first.climb)


def test_without_time_the_best_start_is_kept(data: Path) -> None:
    """The recipe itself, equal weights or a member alone: of these a, for b is noise."""
    found = grown(data, 1e-9)
    assert (found.finished, found.rounds) == (False, 0)
    assert not found.worths
    assert found.found.values["blends.mix.of"] == {"a": 1.0, "b": 0.0}
    assert found.found.guarded.nested == found.found.guarded.alone  # what judges it got no further


def test_no_step_is_kept_that_is_worth_less_than_its_price(data: Path) -> None:
    text = TEXT.replace("b: 1}}", "b: 1}, steps: [{gaussian: {sigma: 1.0}}, {to: unit}, {power: {power: 2.0}}]}")
    found = grown(data, 1e-9, text=text)
    assert [w.step for w in found.worths] == ['{"gaussian":{"sigma":1.0}}']  # the power only raises what was in order


def test_an_output_without_a_blend_is_refused(data: Path) -> None:
    with pytest.raises(BlendkitError, match="is not a blend: nothing to search"):
        grown(data, 1, text=TEXT.replace("output: mix", "output: a\nalso: [mix]"))


def test_stacking_is_a_sum_of_logits_that_a_recipe_says(data: Path) -> None:
    found = search(parse_recipe(TEXT, "made.yaml"), StackSearch(), place=Place(data, data / "none"), judging=QUICK)
    of = found.values["blends.mix.of"]
    assert found.values["blends.mix.by"] == "sum"
    assert of["a"] > of["b"] >= 0  # b is noise
    again = with_values(parse_recipe(TEXT, "made.yaml"), found.values, "test")
    workspace, scores = Workspaces(DataFolder(data), data / "none").output(again)
    assert workspace.auc(scores).macro == found.after
    assert found.guarded.judgement in ("real", "undecided", "not")


def test_ranks_cannot_be_stacked(data: Path) -> None:
    ranked = TEXT.replace("classes: classes, space: logit}", "classes: classes, space: logit, steps: [{to: rank}]}", 1)
    with pytest.raises(BlendkitError, match="stacking adds logits, and 'a' holds no probabilities"):
        search(parse_recipe(ranked, "r"), StackSearch(), place=Place(data, data / "none"), judging=QUICK)


def test_looks_of_other_data_are_left_alone_and_other_files_refused(tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    first = Looks(path, "these")
    assert first.get("chain", lambda: (0.5, 0.25)) == (0.5, 0.25)
    assert first.get("other", lambda: (float("-inf"),)) == (float("-inf"),)
    first.flush()
    assert Looks(path, "these").get("chain", lambda: (0.0, 0.0)) == (0.5, 0.25)
    assert Looks(path, "these").get("other", lambda: (0.0,)) == (float("-inf"),)
    assert Looks(path, "those").get("chain", lambda: (0.75,)) == (0.75,)
    for foreign in (
        "row_id,score\n",
        "{\n",
        '{"name": "mine"',
        '{"about": "mine"}\n',
        '[{"about": "these", "look": "x"}]',
    ):
        path.write_text(foreign, encoding="utf-8")
        with pytest.raises(BlendkitError, match=r"looks\.jsonl:1: not a look of a search"):
            Looks(path, "these")
        assert path.read_text(encoding="utf-8") == foreign


def test_a_search_that_is_stopped_keeps_what_it_looked_at(data: Path, tmp_path: Path) -> None:
    looks, seen = tmp_path / "looks.jsonl", []

    def stop(*given: object) -> float:
        seen.append(given)
        if len(seen) > 3 * (1 + PARTS * TIMES):  # a chain is measured on all labels, and without each part
            raise KeyboardInterrupt
        return 0.5

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("blendkit.offline.chain_growth.macro_auc", lambda *a: SimpleNamespace(macro=stop(*a)))
        with pytest.raises(KeyboardInterrupt):
            grown(data, 5.0, looks)
    assert len(looks.read_text(encoding="utf-8").splitlines()) == 3


def test_shares_of_ranks_stay_exact_after_a_step_that_only_names_them(data: Path) -> None:
    """Shares of 1/3 tie exactly only where ranks are whole numbers; `to: unit` and `as:` leave every number."""
    weights, curves, inputs = np.array([0.0, 0.3, 0.5]), [], []
    for steps in ("", ", steps: [{to: unit}]", ", steps: [{as: prob}, {to: unit}]"):
        recipe = parse_recipe(TEXT.replace("b: 1}}", f"b: 1}}{steps}}}"), "r")
        workspaces = Workspaces(DataFolder(data), data / "none")
        a, b = blend_sides(workspaces, make_plan(recipe), "mix", "b")
        assert (a == np.rint(a)).all()
        workspace = workspaces.workspace(make_plan(recipe))
        curves.append(weight_path(workspace.truth, a, b, weights).twice_u)
        inputs.append(_inputs(workspaces, recipe).scores)
    assert all(np.array_equal(c, curves[0]) for c in curves)
    assert all(i["a"].dtype == np.int64 and np.array_equal(i["a"], inputs[0]["a"]) for i in inputs)


def test_chains_may_be_moved_by_site_where_there_are_several_sites(data: Path, tmp_path: Path) -> None:
    def offered(row_of: str) -> bool:
        held = dict(np.load(data / "oof.npz"))
        named = [row_of.format(int(r[1:3]) % 2) + r for r in held["rows"].tolist()]
        np.savez(tmp_path / "oof.npz", **{**held, "rows": named})
        labels = (data / "labels.csv").read_text(encoding="utf-8").splitlines()
        moved = [row_of.format(int(line[1:3]) % 2) + line for line in labels[1:]]
        (tmp_path / "labels.csv").write_text("\n".join([labels[0], *moved]) + "\n", encoding="utf-8")
        recipe = parse_recipe(TEXT + "names: {pattern: '(?P<site>S\\d)'}\n", "made.yaml")
        workspace = Workspaces(DataFolder(tmp_path), tmp_path).workspace(make_plan(recipe))
        return "prior_shift_by_site" in grammar_for(workspace, recipe).members

    assert offered("S{}_")
    assert not offered("S1_")
