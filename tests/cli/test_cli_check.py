from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from blendkit.recipe.find_recipe import packaged_recipes

Blendkit = Callable[..., subprocess.CompletedProcess[str]]


def test_every_packaged_recipe_is_sound(
    world: Path, tmp_path: Path, many: Callable[..., list[subprocess.CompletedProcess[str]]]
) -> None:
    names = [n for n in packaged_recipes() if n != "half_babych_sed"]  # its models are not in the sample world
    jobs = [(("check", name, "--data", world), tmp_path) for name in names]
    outcomes = dict(zip(names, many(jobs), strict=True))
    assert len(outcomes) >= 7
    for name, done in outcomes.items():
        assert done.returncode == 0, (name, done.stderr)
        assert f"{name}.yaml: " in done.stdout
        assert f"files found in {world}" in done.stdout
    assert list(tmp_path.iterdir()) == []  # checking writes nothing


def test_fill_gives_a_recipe_that_fills_to_itself(world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    first = blendkit("check", "eos7", "--fill")
    assert first.returncode == 0, first.stderr
    assert "hour_sigma: 1.5" in first.stdout  # a default that eos7 does not set
    path = tmp_path / "filled.yaml"
    path.write_text(first.stdout, encoding="utf-8")
    again = blendkit("check", path, "--fill", "--data", world)
    assert again.returncode == 0, again.stderr
    assert again.stdout == first.stdout


def test_a_filled_recipe_runs_to_the_same_bytes(tone_folder: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    path = tmp_path / "filled.yaml"
    path.write_text(blendkit("check", tone_folder / "tones.yaml", "--fill").stdout, encoding="utf-8")
    for name, recipe in (("a", tone_folder / "tones.yaml"), ("b", path)):
        done = blendkit("run", recipe, "--data", tone_folder, "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a/submission.csv").read_bytes() == (tmp_path / "b/submission.csv").read_bytes()
    hashes = {json.loads((tmp_path / n / "run.json").read_text(encoding="utf-8"))["recipe_sha256"] for n in "ab"}
    assert len(hashes) == 1


def test_explain_shows_spaces_scopes_and_stages(blendkit: Blendkit) -> None:
    done = blendkit("check", "eos7", "--explain")
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == "stage 1"
    assert "protossm_sed  [prob]  member table" in lines
    assert "seqhead  [logit]  member perch-seqhead" in lines
    gaussian = next(x for x in lines if x.startswith("gaussian("))
    assert gaussian == "gaussian(sigma 1.0, edge nearest)  [logit, scope file, monotone no]"
    # ranks need the whole set: a second stage
    blend = "eos7  [rank]  blend by rank: 0.93 protossm_sed + 0.07 seqhead (scope set)"
    assert lines.index("stage 2") + 1 == lines.index(blend)
    assert next(x for x in lines if x.startswith("taxonomy_mean(")).endswith("[rank, scope chunk, monotone no]")
    assert "files not checked (no --data)" in lines[-1]


def test_overrides_are_checked_too(blendkit: Blendkit) -> None:
    done = blendkit("check", "eos7", "--fill", "--set", "members.seqhead.steps.gaussian.sigma=2.5")
    assert done.returncode == 0, done.stderr
    assert "sigma: 2.5" in done.stdout
    wrong = blendkit("check", "eos7", "--set", "members.seqhead.steps.gaussian.sigma=-1")
    assert wrong.returncode == 2
    assert "eos7.yaml:" in wrong.stderr


def test_missing_files_are_all_named(tmp_path: Path, blendkit: Blendkit) -> None:
    done = blendkit("check", "eos7", "--data", tmp_path)
    assert done.returncode == 2
    for name in ("protossm_sed.csv", "models/perch_v2.onnx", "models/seqhead.onnx", "train_soundscapes_labels.csv"):
        assert f"'{name}' is not in {tmp_path}" in done.stderr


def test_big_groups_and_names_are_noted(world: Path, blendkit: Blendkit) -> None:
    done = blendkit("check", "eos7", "--data", world, "--explain")
    assert "note: eos7: taxonomy_mean class_name 0.05 over Aves (14 classes)" in done.stdout
    assert re.search(r"^names: birdclef fits (\d+) of \1 recordings\n  \d+ sites \(S\d", done.stdout, re.MULTILINE)


def test_a_prior_fitted_on_the_audio_at_hand_is_named(world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    fit = "members.seqhead.steps.site_hour_prior.fit"
    seen = ["--set", f"{fit}.labels=test_soundscapes_labels.csv", "--set", f"{fit}.folds=0"]
    done = blendkit("check", "eos7", "--data", world, *seen)
    assert done.returncode == 2
    assert "members.seqhead.steps[0].site_hour_prior.fit.labels: site_hour_prior: fitted on 3 of" in done.stderr
    made = blendkit("fit", "step", "site_hour_prior", "--labels", world / "test_soundscapes_labels.csv",
                    "--taxonomy", world / "taxonomy.csv", "--out", tmp_path / "p.npz")  # fmt: skip
    assert made.returncode == 0, made.stderr
    prior = f"members.seqhead.steps=[{{site_hour_prior: {{artefact: {tmp_path / 'p.npz'}}}}}]"
    saved = blendkit("check", "eos7", "--data", world, "--allow-outside", "--set", prior)
    assert saved.returncode == 2
    assert "site_hour_prior.artefact: site_hour_prior: fitted on 3 of" in saved.stderr
    allowed = blendkit("check", "eos7", "--data", world, *seen, "--set", f"{fit.removesuffix('.fit')}.allow_seen=true")
    assert allowed.returncode == 0, allowed.stderr
    assert "lint: seqhead.site_hour_prior: allow_seen" in allowed.stdout
