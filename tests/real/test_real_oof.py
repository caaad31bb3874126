"""Real out-of-fold scores of five models: the figures that are known of them, to the last digit."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

Blendkit = Callable[..., subprocess.CompletedProcess[str]]

KNOWN = {
    "sed_5s": 0.664644,
    "sed_20s": 0.668215,
    "noisy_student": 0.793396,
    "perch_zeroshot": 0.738477,
    "perch_probes": 0.861313,
}
BLENDS = {"logit": 0.8609, "prob": 0.8812, "rank": 0.8630}
LOGITS = {"perch_zeroshot", "perch_probes"}


def member(name: str) -> str:
    space = "logit" if name in LOGITS else "prob"
    arrays = f"array: {name}, rows: row_ids, classes: classes, folds: fold"
    return f"  {name}: {{use: table, path: oof_432.npz, {arrays}, space: {space}}}\n"


@pytest.fixture(scope="module")
def outcome(
    real_data: Path, tmp_path_factory: pytest.TempPathFactory, blendkit: Blendkit
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One run with every member and every blend."""
    folder = tmp_path_factory.mktemp("oof")
    text = "recipe: 1\nname: oof\nlabels: [train_soundscapes_labels.csv]\nmembers:\n" + "".join(map(member, KNOWN))
    text += "blends:\n" + "".join(f"  by_{b}: {{by: {b}, of: {{perch_probes: 1, noisy_student: 1}}}}\n" for b in BLENDS)
    text += f"output: by_rank\nalso: [by_logit, by_prob, {', '.join(KNOWN)}]\n"
    (folder / "oof.yaml").write_text(text, encoding="utf-8")
    out = folder / "out"
    done = blendkit("run", folder / "oof.yaml", "--data", real_data / "birdclef2026", "--out", out)
    assert done.returncode == 0, done.stderr
    return out, done


def streams(out: Path) -> dict[str, dict[str, float]]:
    return json.loads((out / "run.json").read_text(encoding="utf-8"))["streams"]


@pytest.mark.parametrize("name", KNOWN)
def test_figures_of_members(outcome: tuple[Path, subprocess.CompletedProcess[str]], name: str) -> None:
    out, done = outcome
    found = streams(out)[name]
    assert round(found["macro_auc"], 6) == KNOWN[name]
    assert (found["classes_scored"], found["classes_skipped"]) == (54, 180)
    assert re.search(rf"^\s*{name}\s.*\s{KNOWN[name]:.6f}\s+54\s+180\s*$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("by", BLENDS)
def test_figures_of_blends(outcome: tuple[Path, subprocess.CompletedProcess[str]], by: str) -> None:
    assert round(streams(outcome[0])[f"by_{by}"]["macro_auc"], 4) == BLENDS[by]


def test_the_rank_blend_against_scipy(real_data: Path, outcome: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    with np.load(real_data / "birdclef2026/oof_432.npz") as data:
        a, b, y = data["perch_probes"], data["noisy_student"], data["labels"].astype(bool)
    x = rankdata(a, axis=0) + rankdata(b, axis=0)  # halves at most: exact
    live = np.flatnonzero((y.sum(axis=0) > 0) & (y.sum(axis=0) < len(y)))
    ranks = rankdata(x[:, live], axis=0)
    p = y[:, live].sum(axis=0)
    auc = ((ranks * y[:, live]).sum(axis=0) - p * (p + 1) / 2) / (p * (len(y) - p))
    assert streams(outcome[0])["by_rank"]["macro_auc"] == pytest.approx(auc.mean(), abs=1e-13)


def test_eval_reads_the_archive_itself(real_data: Path, blendkit: Blendkit) -> None:
    data = real_data / "birdclef2026"
    args = ("--labels", data / "train_soundscapes_labels.csv", "--taxonomy", data / "taxonomy.csv")
    for name in ("perch_zeroshot", "noisy_student"):
        done = blendkit("eval", f"{data / 'oof_432.npz'}:{name}", *args)
        assert done.returncode == 0, done.stderr
        assert f"macro-AUC: {KNOWN[name]:.6f} over 54 classes, 180 skipped" in done.stdout
        assert "rows: 432 labelled of 432" in done.stdout
