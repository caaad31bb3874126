"""What-if, comparison and folds on real out-of-fold scores: 432 chunks of 36 recordings, 3 folds, 54 live classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blendkit.metrics.auc import macro_auc
from blendkit.metrics.bootstrap import paired_bootstrap
from blendkit.metrics.ranks import percentile_rank
from blendkit.offline.comparison import LabelledChunks, Rules, compare_scores
from blendkit.offline.interval_settings import Judging
from blendkit.offline.sweeps import sweep
from blendkit.offline.whatif_axes import read_axis, read_share
from blendkit.offline.workspace import Workspaces
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.recipe_files import DataFolder
from blendkit.searching.greedy_selection import greedy
from blendkit.searching.held_out_gain import divisions, guard

MEMBERS = ("sed_5s", "sed_20s", "noisy_student", "perch_zeroshot", "perch_probes")
EOS7 = """\
recipe: 1
name: eos7
template: null
members:
  protossm_sed: {use: table, path: oof_432.npz, array: noisy_student, rows: row_ids, classes: classes, folds: fold, space: prob}
  seqhead:
    use: table
    path: oof_432.npz
    array: perch_probes
    rows: row_ids
    classes: classes
    folds: fold
    space: logit
    steps:
      - site_hour_prior: {fit: {labels: train_soundscapes_labels.csv, folds: 5}, strength: 0.5}
      - gaussian: {sigma: 1.0}
blends:
  eos7:
    by: rank
    of: {protossm_sed: 0.93, seqhead: 0.07}
    steps:
      - taxonomy_mean: {genus: 0.15, class_name: 0.05, sonotypes: group}
output: eos7
"""


@pytest.fixture(scope="module")
def oof(real_data: Path) -> dict[str, np.ndarray]:
    data = np.load(real_data / "birdclef2026/oof_432.npz")
    return {k: data[k] for k in data.files}


def test_a_sweep_of_eos7_is_every_point_made_anew(real_data: Path, tmp_path: Path) -> None:
    recipe = parse_recipe(EOS7, "eos7")
    workspaces = Workspaces(DataFolder(real_data / "birdclef2026"), tmp_path)
    share = read_share("eos7.seqhead=0:1:0.005", recipe)
    sigma = read_axis("seqhead.gaussian.sigma=0.1:2:0.1", "--sweep")
    found = sweep(workspaces, recipe, [share, sigma])
    assert found.how == "exact weight path"
    assert found.macro.shape == (201, 20)
    rng = np.random.default_rng(0)
    points = [(0, 0), (200, 19), found.best, *zip(rng.integers(0, 201, 12), rng.integers(0, 20, 12), strict=True)]
    apart = []
    for point in points:
        bench, scores = workspaces.output(found.recipe(recipe, point))
        apart.append(abs(bench.auc(scores).macro - found.macro[point]))
    assert max(apart) < 1e-5
    assert sum(a < 1e-12 for a in apart) >= len(apart) - 2
    assert set(bench.folds.values()) == {"0", "1", "2"}


def test_pooled_and_fold_figures_differ_for_the_folds_have_other_scales(oof: dict[str, np.ndarray]) -> None:
    y, x, fold = oof["labels"].astype(bool), oof["perch_probes"], oof["fold"]
    own = [macro_auc(y, x, fold == f).macro for f in range(3)]
    assert own == pytest.approx([0.838889, 0.897363, 0.929382], abs=1e-6)
    assert macro_auc(y, x).macro == pytest.approx(0.861313, abs=1e-6)  # below every mean of its parts
    even = np.array(x, np.float64)
    for f in range(3):  # ranks within each fold undo the scales
        inside = fold == f
        even[inside] = percentile_rank(x[inside])
    assert macro_auc(y, even).macro != macro_auc(y, x).macro
    assert [macro_auc(y, even, fold == f).macro for f in range(3)] == own  # no fold by itself sees a difference


def test_chunks_are_no_independent_observations(oof: dict[str, np.ndarray]) -> None:
    y = oof["labels"].astype(bool)
    recordings = [r.rpartition("_")[0] for r in oof["row_ids"]]
    clustered = paired_bootstrap(y, {"x": oof["perch_probes"]}, recordings).interval("x")
    rows = paired_bootstrap(y, {"x": oof["perch_probes"]}, [str(i) for i in range(len(y))]).interval("x")
    assert clustered.sd > 1.5 * rows.sd


def test_a_search_flatters_itself(oof: dict[str, np.ndarray]) -> None:
    y = oof["labels"].astype(bool)
    scores = {m: oof[m].astype(np.float64).argsort(axis=0).argsort(axis=0) for m in MEMBERS}
    recordings = [r.rpartition("_")[0] for r in oof["row_ids"]]

    def fit(cells: np.ndarray) -> np.ndarray:
        weights = greedy(y, scores, 20, cells).weights
        return np.asarray(sum(w * scores[m] for m, w in weights.items()), np.float64)

    halves = guard(y, scores, fit, divisions(recordings), recordings)
    assert halves.in_sample > max(macro_auc(y, x.astype(float)).macro for x in scores.values())
    assert halves.optimism > 0.003
    assert halves.judgement != "not"


def test_members_that_a_leaderboard_would_show_alike(
    oof: dict[str, np.ndarray], real_data: Path, tmp_path: Path
) -> None:
    recipe = parse_recipe(EOS7, "eos7")
    bench, scores = Workspaces(DataFolder(real_data / "birdclef2026"), tmp_path).output(recipe)
    twin = scores.with_values(scores.values + 1e-9 * np.random.default_rng(0).standard_normal(scores.values.shape))
    truth = LabelledChunks(bench.rows, bench.classes, bench.truth, bench.labelled, bench.folds)
    found = compare_scores({"eos7": scores, "twin": twin}, truth, Rules(Judging(replicates=100), split_by="site"))
    (plateau,) = found.plateaus
    assert set(plateau.names) == {"eos7", "twin"}
    assert plateau.tied > 0.8
    assert plateau.width < 1e-3
    assert set(found.fold_means) == {"eos7", "twin"}
