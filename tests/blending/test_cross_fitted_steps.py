from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.blending.cross_fitted_steps import fit_step
from blendkit.blending.step_context import StepContext
from blendkit.blending.steps import apply_step
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows, fold_of
from blendkit.core.scores import Scores
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.io.readers.label_files import read_labels
from blendkit.ops.declare import Fitted
from blendkit.ops.fitted.site_hour import SiteHourPrior, fit_site_hour_prior
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan
from blendkit.recipe.recipe_files import RecipeFiles
from blendkit.recipe.step_plans import OpStep

CLASSES = ("frog", "bird", "ghost")
RECORDINGS = [f"T_{i:04d}_S0{i % 3}_20250101_{(5 * i) % 24:02d}0000" for i in range(10)]
UNLABELLED = [f"T_{i:04d}_S0{i % 4}_20250101_040000" for i in range(90, 93)]
LEVELS = ("p_global", "p_hour", "p_site", "p_cell")


def label_lines(flip: str = "") -> list[str]:
    """Two chunks per recording; frogs at S00, birds in every second recording."""
    lines = ["filename,start,end,primary_label"]
    for i, r in enumerate(RECORDINGS):
        present = ["bird"] if (i % 2 == 0) != (r == flip) else []
        present += ["frog"] if (i % 3 == 0) != (r == flip) else []
        lines += [
            f"{r}.ogg,00:00:00,00:00:05,{';'.join(present)}",
            f"{r}.ogg,00:00:05,00:00:10,{present[0] if present else ''}",
        ]
    return lines


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(label_lines()) + "\n", encoding="utf-8")
    return path


def step(params: str) -> OpStep:
    text = (
        "recipe: 1\nname: t\nmembers:\n  m: {use: table, path: m.csv, space: logit, "
        f"steps: [{{site_hour_prior: {params}}}]}}\noutput: m\n"
    )
    return make_plan(parse_recipe(text, "r.yaml")).streams[0].ops[0]


def named(given: OpStep, path: Path, taxonomy: Taxonomy) -> StepContext:
    """Surroundings in which the one file that a step names lies at `path`."""
    return StepContext(taxonomy, files=RecipeFiles({key: path for key, _ in given.named_files()}))


def fit(params: str, path: Path, scored: Sequence[str], classes: tuple[str, ...] = CLASSES, **more: Any) -> Fitted:
    taxonomy = Taxonomy({c: {"scientific_name": c} for c in CLASSES})
    given = step(params)
    return fit_step(given, silent(scored, classes), named(given, path, taxonomy), **more)


def silent(scored: Sequence[str], classes: tuple[str, ...]) -> Scores:
    rows = chunk_rows(dict.fromkeys(scored, 1), 5.0, NameRule())
    return Scores(np.zeros((len(rows), len(classes))), rows, classes, "logit", np.ones(len(classes), bool))


def picked(fitted: Fitted, recording: str) -> SiteHourPrior:
    found: SiteHourPrior = fitted.artefacts[fitted.pick(recording)]
    return found


def same(a: SiteHourPrior, b: SiteHourPrior) -> bool:
    return all(np.array_equal(getattr(a, level), getattr(b, level)) for level in LEVELS)


FIVE = "{fit: {labels: l.csv, folds: 5}}"


# --- folds --------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=8), unique=True, max_size=60), st.integers(2, 9), st.randoms(use_true_random=False))
def test_folds_are_balanced_and_do_not_depend_on_order(names: list[str], folds: int, random: Any) -> None:
    dealt = fold_of(names, folds)
    assert set(dealt) == set(names)
    sizes = [list(dealt.values()).count(f) for f in range(folds)]
    assert max(sizes) - min(sizes) <= 1
    random.shuffle(names)
    assert fold_of(names, folds) == dealt


def test_folds_are_the_same_on_every_machine() -> None:
    """By SHA-256, not by Python's own hash, which differs between processes."""
    order = sorted(RECORDINGS, key=lambda r: hashlib.sha256(r.encode()).hexdigest())
    assert fold_of(RECORDINGS, 3) == {r: i % 3 for i, r in enumerate(order)}


# --- cross-fitting ------------------------------------------------------------------------------


@pytest.mark.parametrize("folds", [2, 3, 5, 10])
def test_no_labelled_recording_meets_a_prior_that_saw_it(labels: Path, folds: int) -> None:
    fitted = fit(f"{{fit: {{labels: l.csv, folds: {folds}}}}}", labels, [*RECORDINGS, *UNLABELLED])
    for r in RECORDINGS:
        saw = picked(fitted, r).saw
        assert r not in saw
        assert len(saw) >= len(RECORDINGS) - -(-len(RECORDINGS) // folds)  # only its own fold is missing
    for r in UNLABELLED:
        assert set(picked(fitted, r).saw) == set(RECORDINGS)


def test_each_fold_is_fitted_on_the_others_alone(labels: Path) -> None:
    fitted = fit(FIVE, labels, RECORDINGS)
    dealt = fold_of(RECORDINGS, 5)
    for r in RECORDINGS:
        rest = [o for o in RECORDINGS if dealt[o] != dealt[r]]
        rows = chunk_rows(dict.fromkeys(rest, 2), 5.0, NameRule())
        truth, labelled = read_labels(labels).only(rest).matrix(rows, CLASSES)
        assert same(picked(fitted, r), fit_site_hour_prior(truth, labelled, rows, CLASSES))


def test_a_recordings_own_labels_change_nothing_of_its_prior(labels: Path, tmp_path: Path) -> None:
    """The test a leak cannot pass: turn one recording's labels round, and look at what it is given."""
    before = fit(FIVE, labels, RECORDINGS)
    for r in RECORDINGS[:4]:
        path = tmp_path / "flipped.csv"
        path.write_text("\n".join(label_lines(flip=r)) + "\n", encoding="utf-8")
        after = fit(FIVE, path, RECORDINGS)
        assert same(picked(after, r), picked(before, r))
        assert not same(after.artefacts[0], before.artefacts[0])  # everybody else's did change


def test_folds_do_not_depend_on_what_is_scored(labels: Path) -> None:
    alone, together = fit(FIVE, labels, RECORDINGS[:1]), fit(FIVE, labels, RECORDINGS)
    assert same(picked(alone, RECORDINGS[0]), picked(together, RECORDINGS[0]))


def test_only_the_folds_that_are_needed_are_fitted(labels: Path) -> None:
    assert len(fit(FIVE, labels, UNLABELLED).artefacts) == 1
    assert len(fit(FIVE, labels, RECORDINGS[:1]).artefacts) == 2
    assert len(fit(FIVE, labels, RECORDINGS).artefacts) == 6


def test_parameters_reach_the_fit(labels: Path) -> None:
    fitted = fit("{fit: {labels: l.csv, folds: 5}, k_site: 3.5, hour_sigma: 0, strength: 1}", labels, RECORDINGS)
    for prior in fitted.artefacts:
        assert (prior.settings.k_site, prior.settings.hour_sigma, prior.settings.k_hour) == (3.5, 0, 8)


def test_too_many_folds_are_refused(labels: Path) -> None:
    with pytest.raises(BlendkitError, match="site_hour_prior: 10 labelled recordings cannot make 11 folds"):
        fit("{fit: {labels: l.csv, folds: 11}}", labels, RECORDINGS)


# --- one fit for all ----------------------------------------------------------------------------


@pytest.mark.parametrize("params", ["{fit: l.csv}", "{fit: {labels: l.csv}}", "{fit: {labels: l.csv, folds: 0}}"])
def test_a_fit_that_saw_what_it_is_applied_to_is_refused(labels: Path, params: str) -> None:
    with pytest.raises(BlendkitError) as caught:
        fit(params, labels, [*UNLABELLED, *RECORDINGS[:2]])
    text = str(caught.value)
    assert all(w in text for w in ("fitted on 2 of", *RECORDINGS[:2], "folds: 5", "allow_seen: true")), text


def test_a_fit_on_other_recordings_is_fine(labels: Path) -> None:
    notes: list[str] = []
    fitted = fit("{fit: l.csv}", labels, UNLABELLED, note=notes.append)
    assert len(fitted.artefacts) == 1
    assert fitted.artefacts[0].saw == tuple(RECORDINGS)
    assert notes == []


def test_what_was_seen_may_be_allowed_and_is_reported(labels: Path) -> None:
    notes: list[str] = []
    fitted = fit("{fit: l.csv, allow_seen: true}", labels, [*RECORDINGS[:2], *UNLABELLED], note=notes.append)
    assert fitted.pick(RECORDINGS[0]) == 0
    assert len(notes) == 1
    assert "2 of the 5 scored" in notes[0]
    assert "in-sample" in notes[0]


def saved(labels: Path) -> Path:
    path = labels.parent / "prior.npz"
    fit("{fit: l.csv}", labels, UNLABELLED).artefacts[0].save(path)
    return path


def test_an_artefact_that_saw_what_it_is_applied_to_is_refused(labels: Path) -> None:
    with pytest.raises(BlendkitError, match="fitted on 1 of") as caught:
        fit("{artefact: prior.npz}", saved(labels), [*UNLABELLED, RECORDINGS[3]])
    assert RECORDINGS[3] in str(caught.value)


def test_an_artefact_is_fine_elsewhere_or_where_allowed(labels: Path) -> None:
    path, notes = saved(labels), []
    direct = fit("{fit: l.csv}", labels, UNLABELLED).artefacts[0]
    assert same(fit("{artefact: prior.npz}", path, UNLABELLED).artefacts[0], direct)
    fit("{artefact: prior.npz, allow_seen: true}", path, RECORDINGS, note=notes.append)
    assert len(notes) == 1


def test_labels_of_strange_classes_are_refused_with_the_nearest(labels: Path) -> None:
    labels.write_text(labels.read_text(encoding="utf-8").replace("bird", "brid"), encoding="utf-8")
    with pytest.raises(BlendkitError, match=r"'brid' \(did you mean 'bird'\?\)"):
        fit("{fit: l.csv}", labels, UNLABELLED)


# --- as a step ----------------------------------------------------------------------------------


def apply(
    params: str, path: Path, recordings: Sequence[str], around: StepContext | None = None, where: str = ""
) -> Any:
    text = (
        "recipe: 1\nname: t\nmembers:\n  m: {use: table, path: m.csv, space: logit, "
        f"steps: [{{site_hour_prior: {params}{where}}}]}}\noutput: m\n"
    )
    planned = make_plan(parse_recipe(text, "r.yaml")).streams[0].ops[0]
    rows = chunk_rows(dict.fromkeys(recordings, 2), 5.0, NameRule())
    given = Scores.build(np.zeros((len(rows), 3)), rows, CLASSES, "logit")
    around = around or StepContext(Taxonomy({c: {"scientific_name": c} for c in CLASSES}))
    around = named(planned, path, around.taxonomy)
    notes: list[str] = []
    return apply_step(planned, given, around, {"m": given.covered}, notes.append), notes


def test_the_step_adds_each_recordings_own_prior(labels: Path) -> None:
    out, _ = apply(FIVE, labels, RECORDINGS)
    fitted = fit(FIVE, labels, RECORDINGS)
    for i, r in enumerate(out.rows.recordings()):
        prior = picked(fitted, r)
        rate = prior.rate(str(out.rows.site[2 * i]), int(out.rows.hour[2 * i]))[:2]
        odds = np.log(rate / (1 - rate)) - np.log(prior.p_global[:2] / (1 - prior.p_global[:2]))
        np.testing.assert_allclose(out.values[2 * i, :2], 0.5 * odds, atol=1e-12)
        assert out.values[2 * i, 2] == 0  # the ghost was never present
    assert (out.values[:, :2] != 0).any()


def test_the_step_tells_its_fallbacks(labels: Path) -> None:
    _, notes = apply(FIVE, labels, [*RECORDINGS, "T_0099_S77_19700101_000000"])
    assert any("1 of 11 recordings at a site" in n for n in notes)
    assert any("1 of 11 recordings without an hour in their name, or with a clock reset" in n for n in notes)


def test_a_step_for_some_classes_reads_labels_of_all(labels: Path) -> None:
    """Labels of the classes a step leaves alone are no strangers, taxonomy or not."""
    whole, _ = apply(FIVE, labels, RECORDINGS)
    for around in (None, StepContext()):
        some, _ = apply(FIVE, labels, RECORDINGS, around, ", where: {classes: [frog]}")
        np.testing.assert_array_equal(some.values[:, 0], whole.values[:, 0])
        assert (some.values[:, 1:] == 0).all()


def test_an_artefact_of_other_classes_is_refused(labels: Path) -> None:
    # it would add nothing anywhere, and look as if it had worked
    path = saved(labels)
    given = step("{artefact: prior.npz}")
    with pytest.raises(BlendkitError, match="none of the run's classes") as caught:
        fit_step(given, silent(UNLABELLED, ("x", "y")), named(given, path, Taxonomy({})))
    assert "frog" in str(caught.value)
    # a step on a few classes of the run is another matter
    assert fit_step(given, silent(UNLABELLED, ("x",)), named(given, path, Taxonomy({})), known=("x", "frog"))
