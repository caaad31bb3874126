"""Several data folders, and a Kaggle notebook's inputs, on the command line."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Blendkit = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def inputs(tone_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs of a notebook: a competition with audio and template, another notebook's scores, a recipe."""
    root = tmp_path_factory.mktemp("kaggle") / "input"
    for folder in ("birdclef", "other-notebook", "recipe"):
        (root / folder).mkdir(parents=True)
    for file in (tone_folder / "test_soundscapes").iterdir():
        target = root / "birdclef/test_soundscapes" / file.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(file.read_bytes())
    rows = ["row_id,x,y", *(f"{r},0.5,0.5" for r in ("r10_5", "r10_10", "r2_5", "r2_10"))]
    (root / "birdclef/sample_submission.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (root / "other-notebook/a.csv").write_bytes((tone_folder / "a.csv").read_bytes())
    (root / "recipe/tones.yaml").write_bytes((tone_folder / "tones.yaml").read_bytes())
    return root


def ids(file: Path) -> list[str]:
    """The first column of a CSV file, its name first."""
    with file.open(encoding="utf-8", newline="") as handle:
        return [row[0] for row in csv.reader(handle)]


def test_run_and_offline_commands_find_all_inputs(inputs: Path, blendkit: Blendkit, tmp_path: Path) -> None:
    recipe = inputs / "recipe/tones.yaml"
    done = blendkit("run", recipe, f"--kaggle={inputs}", "--out", tmp_path / "out", "--budget", "10m", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert ids(tmp_path / "out/submission.csv") == ["row_id", "r10_5", "r10_10", "r2_5", "r2_10"]
    used = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))["inputs"]
    assert set(used) == {"a.csv", "sample_submission.csv"}
    folders = ("--data", inputs / "birdclef", "--data", inputs / "other-notebook")
    again = blendkit("run", recipe, *folders, "--out", tmp_path / "two", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "two/submission.csv").read_bytes() == (tmp_path / "out/submission.csv").read_bytes()
    before = blendkit("check", "--kaggle", recipe, cwd=tmp_path)  # the usual place, which is not here
    assert "there is no folder /kaggle/input" in before.stderr
    checked = blendkit("check", "--kaggle", inputs, recipe, cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert f"files found in {inputs / 'birdclef'}, {inputs / 'other-notebook'}" in checked.stdout
    whatif = blendkit(
        "whatif", recipe, "--share", "both.t=0.2", *folders, "--store", tmp_path / "out/logits", cwd=tmp_path
    )
    assert "there are no labels: nothing can be measured" in whatif.stderr  # all else was found
    assert "no label file was found" in whatif.stderr
    assert "nothing was measured: there are no labels" in again.stdout
    for command in ("run", "check", "whatif", "compare"):
        missing = blendkit(command, recipe, *folders[:2], *(["x.csv"] if command == "compare" else []), cwd=tmp_path)
        assert missing.returncode == 2, command


def test_a_commit_run_delivers_the_sample_submissions_rows(inputs: Path, blendkit: Blendkit, tmp_path: Path) -> None:
    (tmp_path / "birdclef/test_soundscapes").mkdir(parents=True)  # empty but for a note, until the hidden rerun
    (tmp_path / "birdclef/test_soundscapes/readme.txt").write_text("none", encoding="utf-8")
    template = tmp_path / "birdclef/sample_submission.csv"
    template.write_bytes((inputs / "birdclef/sample_submission.csv").read_bytes())
    (tmp_path / "other").mkdir()
    (tmp_path / "other/a.csv").write_bytes((inputs / "other-notebook/a.csv").read_bytes())
    recipe = inputs / "recipe/tones.yaml"
    done = blendkit("run", recipe, f"--kaggle={tmp_path}", "--budget", "10m", "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no audio in test_soundscapes: the template's rows are scored on silence" in done.stdout
    written = tmp_path / "out/submission.csv"
    assert written.read_text(encoding="utf-8").startswith("row_id,x,y\n")
    assert ids(written) == ids(template)


def test_a_file_in_two_inputs_is_said(inputs: Path, blendkit: Blendkit, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more/a.csv").write_bytes((inputs / "other-notebook/a.csv").read_bytes())
    done = blendkit(
        "check", inputs / "recipe/tones.yaml", "--data", tmp_path / "more", "--kaggle", inputs, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert f"note: 'a.csv' is in several data folders: {tmp_path / 'more/a.csv'} is used" in done.stdout
