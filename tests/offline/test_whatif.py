from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from blendkit.blending.stream_cache import Memo
from blendkit.core import cluster_labels
from blendkit.errors import BlendkitError
from blendkit.metrics import paired_bootstrap
from blendkit.offline.interval_settings import Judging
from blendkit.offline.offline_files import Place, open_workspaces
from blendkit.offline.recipe_search import greedy_weights, grid_values, line_weights
from blendkit.offline.sweeps import sweep
from blendkit.offline.what_if import whatif
from blendkit.offline.whatif_axes import Axis, read_axis, read_share
from blendkit.offline.workspace import Workspaces
from blendkit.recipe.load import Recipe, parse_recipe, with_values
from blendkit.recipe.plan import make_plan
from blendkit.recipe.recipe_files import DataFolder

CLASSES = ["c0", "c1", "c2", "c3", "c4", "c5"]
TAXONOMY = "primary_label,scientific_name,class_name\n" + "".join(
    f"{c},Genus{i // 2} species{i},{'Aves' if i < 4 else 'Insecta'}\n" for i, c in enumerate(CLASSES)
)
TEXT = """\
recipe: 1
name: small
template: null
labels: labels.csv
members:
  a: {use: table, path: oof.npz, array: a, rows: rows, classes: classes, folds: fold, space: logit}
  b: {use: table, path: oof.npz, array: b, rows: rows, classes: classes, folds: fold, space: logit}
  c: {use: table, path: part.npz, array: c, rows: rows, classes: classes, folds: fold, space: logit}
blends:
  mix:
    by: BY
    of: OF
    steps: STEPS
STREAMSoutput: OUTPUT
"""
SMOOTH, RELATED = "{gaussian: {sigma: 0.7}}", "{taxonomy_mean: {genus: 0.2, class_name: 0.1}}"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten recordings of six chunks; member c knows four of six classes; half-integer scores, for ties.

    The arrays fa, fb and fc have no ties.
    """
    folder = tmp_path_factory.mktemp("small")
    rng = np.random.default_rng(3)
    names = [f"X_{i:02d}_S0{i % 3 + 1}_20250101_0{i % 3}0000" for i in range(10)]
    rows = [f"{n}_{5 * k + 5}" for n in names for k in range(6)]
    present = rng.random((60, 6)) < 0.35
    fold = np.repeat(np.arange(10) % 2, 6)
    fine = {k: 1.5 * present + rng.standard_normal(present.shape) for k in "abc"}
    values = {k: np.round(2 * x) / 2 for k, x in fine.items()} | {f"f{k}": x for k, x in fine.items()}
    common = {"rows": np.array(rows), "fold": fold}
    np.savez(folder / "oof.npz", classes=np.array(CLASSES), **values, **common)
    part = {k: values[k][:, :4] for k in ("c", "fc")}
    np.savez(folder / "part.npz", classes=np.array(CLASSES[:4]), **part, **common)
    lines = ["filename,start,end,primary_label"]
    for row, truth in zip(rows, present, strict=True):
        name, _, end = row.rpartition("_")
        lines.append(f"{name}.ogg,{int(end) - 5},{end},{';'.join(np.array(CLASSES)[truth])}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "taxonomy.csv").write_text(TAXONOMY, encoding="utf-8")
    return folder


def recipe(by: str = "rank", of: str = "{a: 0.7, b: 0.3}", steps: str = "[]", fork: str = "") -> Recipe:
    streams = f"streams:\n  out: {{from: mix, steps: [{fork}]}}\n" if fork else ""
    text = TEXT.replace("BY", by).replace("OF", of).replace("STEPS", steps).replace("STREAMS", streams)
    if " c:" not in of:
        text = "\n".join(line for line in text.splitlines() if not line.startswith("  c: ")) + "\n"
    if " b:" not in of:
        text = "\n".join(line for line in text.splitlines() if not line.startswith("  b: ")) + "\n"
    return parse_recipe(text.replace("OUTPUT", "out" if fork else "mix"), "small")


def workspaces_of(data: Path) -> Workspaces:
    return Workspaces(DataFolder(data), data / "none")


def one_by_one(workspaces: Workspaces, plain: Recipe, *axes: Axis) -> Any:
    out = []
    for point in itertools.product(*(a.values for a in axes)):
        there = plain
        for axis, value in zip(axes, point, strict=True):
            there = axis.applied(there, value)
        workspace, scores = workspaces.output(there)
        out.append(workspace.auc(scores).macro)
    return np.array(out).reshape([len(a.values) for a in axes])


@pytest.mark.parametrize(
    ("by", "of", "steps", "fork", "member"),
    [
        ("rank", "{a: 0.7, b: 0.3}", "[]", "", "b"),
        ("rank", "{a: 0.5, b: 0.3, c: 0.2}", "[]", "", "c"),  # c covers four classes of six
        ("rank", "{a: 0.7, c: 0.3}", "[]", "", "a"),  # alone, c leaves two classes to nobody
        ("rank", "{a: 0.7, b: 0.3}", f"[{SMOOTH}, {RELATED}]", "", "a"),
        ("rank", "{a: 0.7, c: 0.3}", f"[{RELATED}]", "", "c"),
        ("rank", "{a: 0.7, b: 0.3}", f"[{SMOOTH}]", RELATED, "b"),
        ("logit", "{a: 0.7, b: 0.3}", "[]", "", "b"),
        ("logit", "{a: 1, b: 2}", f"[{SMOOTH}, {RELATED}]", "", "b"),
        ("direct", "{a: 1, b: 2, c: 1}", "[]", "", "c"),
        ("prob", "{a: 0.7, b: 0.3}", f"[{RELATED}]", "", "b"),
    ],
)
def test_a_share_along_the_path_is_every_point_made_anew(
    data: Path, by: str, of: str, steps: str, fork: str, member: str
) -> None:
    plain = recipe(by, of, steps, fork)
    if by != "rank":  # a blend of floats breaks true ties by its rounding, the path keeps them
        plain = with_values(plain, {f"{m}.array": f"f{m}" for m in plain.model.members}, "fine")
    axis = read_share(f"mix.{member}=0:1:0.05", plain)
    found = sweep(workspaces_of(data), plain, [axis])
    wanted = one_by_one(workspaces_of(data), plain, axis)
    assert found.how == "exact weight path"
    if by == "rank" and steps == "[]" and not fork:
        assert found.macro.tolist() == wanted.tolist()  # whole numbers: the same ties, the same bits
    elif by == "rank":  # what the steps make of tied ranks is rounded in one way or the other
        assert np.abs(found.macro - wanted).max() < 2e-3
        assert (np.abs(found.macro - wanted) < 1e-12).mean() > 0.8
    else:
        assert np.abs(found.macro - wanted).max() < 1e-12
    assert found.macro[found.best[0]] == found.macro.max()


@pytest.mark.parametrize(
    ("plain", "member", "says"),
    [
        (recipe("logit", steps=f"[{SMOOTH}, {{to: rank}}]"), "b", "step 'to'"),
        (recipe(of="{a: 0.5, b: 0.3, c: 0.2}"), "a", "cover different classes"),
    ],
)
def test_what_is_no_weighted_mean_is_made_point_by_point(data: Path, plain: Recipe, member: str, says: str) -> None:
    axis = read_share(f"mix.{member}=0:1:0.25", plain)
    found = sweep(workspaces_of(data), plain, [axis])
    assert found.how.startswith("point by point: ")
    assert says in found.how
    assert found.macro.tolist() == one_by_one(workspaces_of(data), plain, axis).tolist()


def test_two_axes_in_either_order(data: Path) -> None:
    plain = recipe(steps=f"[{SMOOTH}]")
    share, sigma = read_share("mix.b=0.1:0.9:0.2", plain), read_axis("mix.gaussian.sigma=0.5,1,2", "--sweep")
    found, turned = sweep(workspaces_of(data), plain, [share, sigma]), sweep(workspaces_of(data), plain, [sigma, share])
    assert found.macro.shape == (5, 3)
    assert np.array_equal(found.macro, turned.macro.T)
    assert np.abs(found.macro - one_by_one(workspaces_of(data), plain, share, sigma)).max() < 2e-3
    at = found.recipe(plain, found.best)
    assert at.model.blends["mix"].steps[0].params["sigma"] == sigma.values[found.best[1]]


def test_any_value_can_be_swept(data: Path) -> None:
    plain = recipe(steps=f"[{SMOOTH}]")
    by, sigma = read_axis("mix.by=rank,logit,prob", "--sweep"), read_axis("gaussian.sigma=0.5:1.5:0.5", "--sweep")
    found = sweep(workspaces_of(data), plain, [by, sigma])
    assert found.macro.tolist() == one_by_one(workspaces_of(data), plain, by, sigma).tolist()
    assert "is not a share of a blend" in found.how
    hand = recipe("logit", steps="[{gaussian: {sigma: 1.5}}]")
    workspace, scores = workspaces_of(data).output(hand)
    assert found.macro[1, 2] == workspace.auc(scores).macro


def test_results_in_the_memo_are_used_again(data: Path) -> None:
    plain = recipe(steps=f"[{SMOOTH}, {RELATED}]")
    axes = [read_axis("mix.taxonomy_mean.genus=0:0.5:0.1", "--sweep")]
    workspaces = workspaces_of(data)
    first = sweep(workspaces, plain, axes)
    (workspace,) = workspaces.by_inputs.values()
    assert workspace.memo.hits == 5 * 2  # the blend and its first step were made once for all six points
    memo = Memo(1000)
    made: list[int] = []
    for key in "aabab":
        memo.get(key, lambda key=key: made.append(1) or key, lambda found: 600)  # type: ignore[misc]
    assert (len(made), memo.hits, memo.size) == (4, 1, 600)  # only one fits at a time
    assert sweep(workspaces, plain, axes).macro.tolist() == first.macro.tolist()


# --- search over a recipe -----------------------------------------------------------------------

JUDGED = Judging(replicates=50, seed=0, level=0.9)


@pytest.mark.parametrize(
    "go",
    [
        lambda w, r: greedy_weights(w, r, 6, judging=JUDGED),
        lambda w, r: line_weights(w, r, judging=JUDGED),
        lambda w, r: line_weights(w, r, by="class_name", judging=JUDGED),
        lambda w, r: line_weights(w, r, by="class", judging=JUDGED),
        lambda w, r: grid_values(
            w,
            r,
            [read_axis("mix.gaussian.sigma=0.4:1.2:0.4", "--over"), read_share("mix.b=0:1:0.25", r)],
            judging=JUDGED,
        ),
    ],
)
def test_a_search_reports_what_the_engine_measures(data: Path, go: Callable[..., Any]) -> None:
    plain = recipe(steps=f"[{SMOOTH}]")
    found = go(workspaces_of(data), plain)
    workspace, before = workspaces_of(data).output(plain)
    _, after = workspaces_of(data).output(with_values(plain, found.values, "test"))
    assert (found.before, found.after) == (workspace.auc(before).macro, workspace.auc(after).macro)
    assert found.guarded.in_sample == found.after
    assert found.after >= found.before - 1e-9 or "grid" not in str(go)
    assert found.split == "each quarter of the recordings held out in turn, twice"
    assert found.gain.estimate == pytest.approx(found.guarded.nested - found.before, abs=1e-12)
    alone = [
        workspaces_of(data).output(with_values(plain, {"blends.mix.of": w}, "t"))
        for w in ({"a": 1, "b": 0}, {"a": 0, "b": 1})
    ]
    assert not [n for n in found.notes if "covered by no member" in n]  # said of one member alone
    best = "ab"[int(np.argmax([b.auc(s).macro for b, s in alone]))]
    assert found.guarded.best_member == best


def test_a_search_before_a_later_step_says_so(data: Path) -> None:
    found = greedy_weights(workspaces_of(data), recipe("logit", steps="[{to: rank}]"), 4, judging=JUDGED)
    assert any("searched before the steps that follow" in n and "'to'" in n for n in found.notes)


@pytest.mark.parametrize(
    ("by", "of", "says"), [("sum", "{a: 1, b: 1}", "adds with coefficients"), ("rank", "{a: 1}", "has one input")]
)
def test_blends_without_weights_to_search(data: Path, by: str, of: str, says: str) -> None:
    with pytest.raises(BlendkitError, match=says):
        line_weights(workspaces_of(data), recipe(by, of), judging=JUDGED)


def test_points_that_the_labels_do_not_tell_apart_are_named(data: Path) -> None:
    recipe_file = data / "small.yaml"
    recipe_file.write_text(yaml.safe_dump(recipe().raw), encoding="utf-8")
    place, judging = Place(data, data / "none"), Judging(replicates=100)
    found = whatif(recipe_file, shares=["mix.a=0:1:0.01"], place=place, judging=judging)
    assert found.swept is not None
    best = found.swept.axes[0].values[found.swept.best[0]]
    assert found.where() == f" at share of a in mix = {best}"
    assert f"best of 101 at share of a in mix = {best}" in repr(found)
    assert best in found.alike
    apart = set(np.arange(0, 101, 10) / 100) - set(found.alike)
    assert apart
    workspaces, base = open_workspaces(recipe_file, place=place)
    y, labelled = workspaces.output(base)[0].truth, workspaces.output(base)[0].labelled
    rows = workspaces.output(base)[0].rows
    at = {w: workspaces.output(read_share(f"mix.a={w}", base).applied(base, w))[1].values for w in (*apart, best)}
    clusters = cluster_labels(rows, "recording", labelled)
    for w in apart:
        gap = paired_bootstrap(y, {"w": at[w], "b": at[best]}, clusters, 100, 0, labelled).difference("w", "b", 0.95)
        assert not gap.low <= 0 <= gap.high
    for w in set(found.alike) - {best}:
        values = workspaces.output(read_share(f"mix.a={w}", base).applied(base, w))[1].values
        gap = paired_bootstrap(y, {"w": values, "b": at[best]}, clusters, 100, 0, labelled).difference("w", "b", 0.95)
        assert gap.low <= 0 <= gap.high


def test_a_best_share_of_one_is_compared_with_others(data: Path) -> None:
    text = yaml.safe_dump(recipe().raw).replace("path: oof.npz", f"path: {data / 'oof.npz'}")
    workspaces, base = workspaces_of(data), parse_recipe(text, "small")
    scores = workspaces.output(base)[1]
    truth = workspaces.workspace(make_plan(base)).truth
    values = {"a": truth.astype(float), "b": -truth.astype(float), "rows": scores.rows.ids()}
    np.savez(data / "ends.npz", classes=np.array(scores.classes), **{k: np.array(v) for k, v in values.items()})
    of = "{use: table, path: ends.npz, rows: rows, classes: classes, space: logit, unlikely: true, array: "
    ends = f"recipe: 1\nname: e\ntemplate: null\nlabels: labels.csv\nmembers:\n  a: {of}a}}\n  b: {of}b}}\n"
    (data / "ends.yaml").write_text(ends + "blends: {m: {by: logit, of: {a: 1, b: 1}}}\noutput: m\n", encoding="utf-8")
    for member, best in (("b", 0.0), ("a", 1.0)):
        found = whatif(data / "ends.yaml", shares=[f"m.{member}=0:1:0.5"], place=Place(data, data / "none"))
        assert found.best == 1
        assert best in found.alike
