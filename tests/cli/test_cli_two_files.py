"""Members with a file for out-of-fold scores and one for delivery, and recipes whose files lie in several folders."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Blendkit = Callable[..., subprocess.CompletedProcess[str]]
RECIPE = """
recipe: 1
name: two
members:
  a: {use: table, path: {oof: oof.csv, test: test.csv}, space: prob}
  t: {use: tone, classes: [x, y], rate: 8000}
blends:
  both: {by: rank, of: {a: 1, t: 0}}
output: both
"""


@pytest.fixture
def data(tmp_path: Path, tone_folder: Path, tone_table: str) -> Path:
    """A data folder with the recipe; its files of scores rank the chunks in opposite orders."""
    shutil.copytree(tone_folder / "test_soundscapes", tmp_path / "data/test_soundscapes")
    (tmp_path / "data/two.yaml").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "data/oof.csv").write_text(tone_table, encoding="utf-8")
    turned = tone_table.replace("0.1,0.9", "0.5,0.5").replace("0.2,0.8", "0.45,0.55")
    (tmp_path / "data/test.csv").write_text(turned, encoding="utf-8")
    return tmp_path / "data"


def test_run_takes_the_file_that_is_asked_for(data: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    first: dict[str, str] = {}
    for on in ("test", "oof"):
        done = blendkit("run", data / "two.yaml", "--on", on, "--out", tmp_path / on)
        assert done.returncode == 0, done.stderr
        first[on] = (tmp_path / on / "submission.csv").read_text(encoding="utf-8").splitlines()[1]
    assert first == {"test": '"r2_5",1,0.25', "oof": '"r2_5",0.25,1'}
    (data / "test.csv").unlink()
    assert "test.csv" in blendkit("run", data / "two.yaml", "--out", tmp_path / "none").stderr


def test_a_share_of_a_run_takes_it_too(data: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    (data / "test.csv").unlink()
    shares = ("run", data / "two.yaml", "--out", tmp_path / "out", "--shard", "1/1")
    assert "test.csv" in blendkit(*shares).stderr
    done = blendkit(*shares, "--on", "oof")
    assert done.returncode == 0, done.stderr
    assert "2 recordings: 1 ok, 1 padded" in done.stdout


def test_a_recipe_is_not_measured_but_run(data: Path, blendkit: Blendkit) -> None:
    done = blendkit("eval", data / "two.yaml", "--labels", data / "oof.csv")
    assert done.returncode == 2
    assert "this is a recipe, and scores are measured" in done.stderr
    assert f"blendkit run {data / 'two.yaml'} --out out" in done.stderr
    assert "blendkit whatif eos7" in blendkit("eval", "eos7", "--labels", data / "oof.csv").stderr


def test_pseudo_labels_from_files_in_several_folders(data: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    (tmp_path / "more").mkdir()
    (data / "test.csv").rename(tmp_path / "more/test.csv")
    (data / "test_soundscapes").rename(tmp_path / "more/unlabelled_soundscapes")
    gate = ("pseudolabel", "gate", data / "two.yaml", "--top", 1, "--stream", "a", "--out", tmp_path / "pl")
    alone = blendkit(*gate, "--data", data)
    assert "test.csv" in alone.stderr
    done = blendkit(*gate, "--data", data, "--data", tmp_path / "more")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "pl/pseudo.npz").is_file()
