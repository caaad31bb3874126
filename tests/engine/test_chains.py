"""The packaged chains against transcriptions of their formulas: plain loops over recordings, pandas ranks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.special import expit

from blendkit.blending.step_context import StepContext
from blendkit.blending.streams import make_streams
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.core.scores import Scores
from blendkit.core.taxonomy import Taxonomy
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan

Float = NDArray[np.float64]
NAMES = {
    "22961": ("Scinax fuscus", "Amphibia"),
    "22973": ("Scinax nasicus", "Amphibia"),
    "grekis1": ("Pitangus sulphuratus", "Aves"),
    "compau": ("Nyctidromus albicollis", "Aves"),
    "litnig1": ("Nyctidromus niger", "Aves"),
    "47158son13": ("Insect son13", "Insecta"),
    "47158son21": ("Insect son21", "Insecta"),
    "47158son02": ("Insect son02", "Insecta"),
    "43435": ("Alouatta caraya", "Mammalia"),
}
CLASSES = tuple(NAMES)
TAXA = np.array([t for _, t in NAMES.values()])
AROUND = StepContext(Taxonomy({c: {"scientific_name": s, "class_name": t} for c, (s, t) in NAMES.items()}))
LENGTHS = {"a_S01_20250101_040000": 12, "b_S02_20250102_050000": 1, "c_S01_20250103_060000": 7, "d": 2, "e": 12}
ROWS = chunk_rows(LENGTHS, 5.0, NameRule())
SPANS = [
    slice(a, b) for a, b in zip(np.cumsum([0, *LENGTHS.values()])[:-1], np.cumsum([*LENGTHS.values()]), strict=True)
]


def random(seed: int, scale: float = 3.0) -> Float:
    """Logits with many ties, near the gates' thresholds."""
    return np.round(np.random.default_rng(seed).standard_normal((len(ROWS), len(CLASSES))) * scale - 1, 1)


def made(
    recipe: str, members: dict[str, tuple[Float, Any]], output: str | None = None, *,
    covered: dict[str, NDArray[np.bool_]] | None = None, without: str = "nothing such",
) -> Float:  # fmt: skip
    """What a packaged recipe makes of its members' scores; `without`: the beginning of a line that is left out."""
    path = Path(__file__).parents[2] / "recipes" / f"{recipe}.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    plan = make_plan(parse_recipe("\n".join(t for t in lines if not t.startswith(without)), path.name))
    cover = covered or {}
    scores = {n: Scores.build(x, ROWS, CLASSES, space, covered=cover.get(n)) for n, (x, space) in members.items()}
    out = output or plan.recipe.model.output
    return np.asarray(make_streams(plan, scores, AROUND, wanted=(out,))[out].values)


def each_recording(x: Float, change: Callable[[Float], Float]) -> Float:
    return np.concatenate([change(x[s]) for s in SPANS])


def rank(x: Float) -> Float:
    return np.asarray(pd.DataFrame(x).rank(pct=True))


def top_scale(n: int, power: float) -> Callable[[Float], Float]:
    def change(p: Float) -> Float:
        best = np.sort(p, axis=0)[::-1][: min(n, len(p))].mean(axis=0)
        return p * best**power

    return change


def adaptive(alpha: float) -> Callable[[Float], Float]:
    def change(p: Float) -> Float:
        out = p.copy()
        for t in range(len(p)):
            a = alpha * (1 - p[t].max())
            before, after = p[max(t - 1, 0)], p[min(t + 1, len(p) - 1)]
            out[t] = (1 - a) * p[t] + a * (before + after) / 2
        return out

    return change


def smooth_context(p: Float) -> Float:
    kernel = np.array([(1 + (d / 1.2) ** 2 / 2) ** -1.5 for d in range(-3, 4)])
    kernel /= kernel.sum()
    padded = np.pad(p, ((3, 3), (0, 0)), mode="edge")
    return np.array([sum(k * padded[t + i] for i, k in enumerate(kernel)) for t in range(len(p))])


def mirrored(x: Float, groups: list[list[str]]) -> Float:
    out = x.copy()
    for group in groups:
        columns = [CLASSES.index(c) for c in group if c in CLASSES]
        if columns:
            out[:, columns] = x[:, columns].max(axis=1, keepdims=True)
    return out


MIRRORS = [["47158son02", "47158son14"], ["47158son13", "47158son21", "47158son22", "47158son23"]]


def taxonomy_smoothed(x: Float, groups: list[str], alpha: float) -> Float:
    out = x.copy()
    for g in set(groups):
        columns = [i for i, own in enumerate(groups) if own == g]
        if len(columns) > 1:
            out[:, columns] = (1 - alpha) * x[:, columns] + alpha * x[:, columns].mean(axis=1, keepdims=True)
    return out


def unsure_smoothed(x: Float, groups: list[str], alpha: float, unsure: Float) -> Float:
    """Towards the mean of groups of 2 to 80 classes, by alpha times how unsure a chunk is."""
    out = x.copy()
    for g in set(groups):
        columns = [i for i, own in enumerate(groups) if own == g]
        if 2 <= len(columns) <= 80:
            a = (alpha * unsure)[:, None]
            out[:, columns] = (1 - a) * x[:, columns] + a * x[:, columns].mean(axis=1, keepdims=True)
    return out


def unsureness(x: Float) -> Float:
    return np.clip((0.92 - x.max(axis=1)) / 0.57, 0.0, 1.0)


def conservative(p: Float) -> Float:
    """Interior chunks alone, towards the mean of their neighbours; high and outstanding cells stay."""
    out, unsure = p.copy(), unsureness(p)
    for t in range(1, len(p) - 1):
        near, a = 0.5 * (p[t - 1] + p[t + 1]), 0.08 * unsure[t]
        out[t] = np.where((p[t] > 0.65) & (p[t] > near * 1.25), p[t], (1 - a) * p[t] + a * near)
    return out


def clipped(p: Float) -> Float:
    return np.clip(p, 1e-5, 1 - 1e-5)


def gaussian(p: Float) -> Float:
    return each_recording(p, lambda x: gaussian_filter1d(x, 0.65, axis=0, mode="nearest"))


def gated(before: Float, p: Float, s: Float, local: float, low: float, ranks: Float | None = None) -> Float:
    """The three gates on a rank blend, first match per cell; p and s are the branches' probabilities."""
    rp, rs, x = rank(p) if ranks is None else ranks, rank(s), before.copy()
    fake = (p > 0.50) & (s < 0.05)
    x[fake] = (0.92 * before + 0.08 * rp)[fake]
    context = rank(each_recording(p, smooth_context))
    temporal = (context > 0.88) & (rp > local) & (s < low) & ~fake
    x[temporal] = (0.85 * before + 0.15 * np.maximum(rp, context))[temporal]
    spike = (rs > 0.95) & (rp < 0.80) & ~fake & ~temporal
    x[spike] = (0.88 * before + 0.12 * rs)[spike]
    assert spike.any() or fake.any() or temporal.any()
    return x


def perch_branch(z: Float, file_max_power: float) -> Float:
    p = expit(z / np.where(np.isin(TAXA, ["Amphibia", "Insecta"]), 0.95, 1.10))
    p = each_recording(p, top_scale(2, 0.4))
    p = each_recording(p, top_scale(1, file_max_power))
    return clipped(each_recording(p, adaptive(0.20)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("output", ["eos", "eos_unsure"])
def test_eos_chain(seed: int, output: str) -> None:
    z, s = random(seed, 9.0), expit(random(seed + 100))
    base, exp019 = expit(random(seed + 200)), expit(random(seed + 300))
    members = {"proto": (z, "logit"), "sed": (s, "prob"), "base": (base, "prob"), "exp019": (exp019, "prob")}
    got = made("eos_chain", members, output)
    p, s = perch_branch(z, 0.6), clipped(gaussian(s))
    assert (p == 1e-5).sum() > 10  # the clip is a step of its own here: it ties what the products made tiny
    x = gated(0.60 * rank(p) + 0.40 * rank(s), p, s, 0.77, 0.14)
    x = mirrored(x, MIRRORS)
    rare = np.isin(TAXA, ["Amphibia", "Mammalia", "Reptilia"])
    x[:, rare] = np.where(x[:, rare] < x[:, rare].mean(axis=0) + 0.05, 0.9 * x[:, rare], x[:, rare])
    x = 0.020 * base + 0.013 * exp019 + 0.967 * x
    genera = [s.split()[0] for s, _ in NAMES.values()]
    if output == "eos":
        x = taxonomy_smoothed(taxonomy_smoothed(x, genera, 0.15), TAXA.tolist(), 0.05)
    else:
        unsure = unsureness(x)
        x = unsure_smoothed(unsure_smoothed(x, genera, 0.12, unsure), TAXA.tolist(), 0.025, unsure)
        x = each_recording(x, conservative)
    np.testing.assert_allclose(got, x, atol=1e-9, rtol=0)


CNNS = {"exp53": 0.25, "exp72e": 0.20, "exp79b": 0.20, "exp88": 0.20}
ON_INSECTS = {"exp53": 0.25, "exp72e": 0.17, "exp79b": 0.17, "exp88": 0.16}


@pytest.mark.parametrize("seed", range(3))
def test_second_place(seed: int) -> None:
    z, s, special = random(seed), expit(random(seed + 10)), expit(random(seed + 20))
    cnns = {n: expit(random(seed + 30 + i)) for i, n in enumerate(CNNS)}
    given: dict[str, tuple[Float, Any]] = {n: (x, "prob") for n, x in {"sed": s, "insects": special, **cnns}.items()}
    lacks = CLASSES.index("compau")
    covered = {"exp53": np.arange(len(CLASSES)) != lacks}
    got = made("second_place_2026", {"perch": (z, "logit"), **given}, covered=covered)
    insect, p = TAXA == "Insecta", perch_branch(z, 0.4)
    total = np.where(insect, 1.25, 0.0) * rank(clipped(each_recording(special, top_scale(2, 1.0))))
    weights = np.where(insect, 1.25, 0.0)
    for x, w in ((p, 0.25), (clipped(gaussian(s)), 0.25)):
        total, weights = total + w * rank(x), weights + w
    for name, x in cnns.items():
        scaled = each_recording(x, top_scale(2, 1.0))
        if name == "exp53":
            scaled[:, lacks] = 1 / 234
        w = np.where(insect, ON_INSECTS[name], CNNS[name])
        total, weights = total + w * rank(clipped(scaled)), weights + w
    x = total / weights
    context = rank(each_recording(p, smooth_context))
    lifted = (context > 0.88) & (rank(p) > 0.75)
    x = np.where(lifted, 0.85 * x + 0.15 * np.maximum(rank(p), context), x)
    np.testing.assert_allclose(got, mirrored(x, MIRRORS), atol=1e-9, rtol=0)


def test_vlom() -> None:
    rng = np.random.default_rng(4)  # no ties: equal sums of decimals may differ in their last bit
    z, cnn, sed = 2 * rng.standard_normal((3, len(ROWS), len(CLASSES)))
    got = made("vlom", {"sed": (expit(cnn), "prob"), "perch": (z, "logit"), "tucker": (expit(sed), "prob")})
    vlom = expit(np.where(TAXA == "Aves", 0.7 * cnn + 0.3 * z, 0.3 * cnn + 0.7 * z))
    x = gated(0.60 * rank(vlom) + 0.40 * rank(sed), vlom, expit(sed), 0.75, 0.12)
    np.testing.assert_allclose(got, mirrored(x, MIRRORS), atol=1e-9, rtol=0)


def test_eos7_and_its_baselines() -> None:
    """Without the prior, which needs labels (its figures are in tests/ops): a Gaussian, ranks, two levels of taxonomy."""
    a, z = expit(random(1)), np.random.default_rng(2).standard_normal((len(ROWS), len(CLASSES)))
    members = {"protossm_sed": (a, "prob"), "seqhead": (z, "logit")}
    smooth = each_recording(z, lambda x: gaussian_filter1d(x, 1.0, axis=0, mode="nearest"))
    x = 0.93 * rank(a) + 0.07 * rank(smooth)
    x = taxonomy_smoothed(x, [s.split()[0] for s, _ in NAMES.values()], 0.15)
    got = made("eos7", members, without="      - site_hour_prior")
    np.testing.assert_allclose(got, taxonomy_smoothed(x, TAXA.tolist(), 0.05), atol=1e-9, rtol=0)
    np.testing.assert_allclose(made("rank_blend", members), 0.6 * rank(a) + 0.4 * rank(z), atol=1e-12, rtol=0)
    np.testing.assert_allclose(made("mean", members), (a + expit(z)) / 2, atol=1e-12, rtol=0)


def test_the_smoothing_of_half_babych_sed() -> None:
    z = random(3)
    np.testing.assert_allclose(made("half_babych_sed", {"sed": (z, "logit")}), gaussian(expit(z)), atol=1e-9, rtol=0)
