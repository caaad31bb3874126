"""Members with a file for out-of-fold scores and one for delivery, and recipes whose files lie in several folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from blendkit.cli.top import cli
from blendkit.errors import BlendkitError

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


def call(*args: object) -> tuple[int, str]:
    """Run `blendkit ARGS` in this process: its exit code, and what it says."""
    done = CliRunner().invoke(cli, [str(a) for a in args])
    if isinstance(done.exception, BlendkitError):
        return done.exception.exit_code, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.fixture
def data(tmp_path: Path, tone_folder: Path, tone_table: str) -> Path:
    """A data folder with the recipe; its files of scores rank the chunks in opposite orders."""
    shutil.copytree(tone_folder / "test_soundscapes", tmp_path / "data/test_soundscapes")
    (tmp_path / "data/two.yaml").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "data/oof.csv").write_text(tone_table, encoding="utf-8")
    turned = tone_table.replace("0.1,0.9", "0.5,0.5").replace("0.2,0.8", "0.45,0.55")
    (tmp_path / "data/test.csv").write_text(turned, encoding="utf-8")
    return tmp_path / "data"


def test_run_takes_the_file_that_is_asked_for(data: Path, tmp_path: Path) -> None:
    first: dict[str, str] = {}
    for on in ("test", "oof"):
        code, said = call("run", data / "two.yaml", "--on", on, "--out", tmp_path / on)
        assert code == 0, said
        first[on] = (tmp_path / on / "submission.csv").read_text(encoding="utf-8").splitlines()[1]
    assert first == {"test": '"r2_5",1,0.25', "oof": '"r2_5",0.25,1'}


def test_a_share_of_a_run_takes_it_too(data: Path, tmp_path: Path) -> None:
    (data / "test.csv").unlink()
    shares = ("run", data / "two.yaml", "--out", tmp_path / "out", "--shard", "1/1")
    code, said = call(*shares)
    assert code == 2
    assert "test.csv" in said
    code, said = call(*shares, "--on", "oof")
    assert code == 0, said
    assert "2 recordings: 1 ok, 1 padded" in said


def test_a_recipe_is_not_measured_but_run(data: Path) -> None:
    code, said = call("eval", data / "two.yaml", "--labels", data / "oof.csv")
    assert code == 2
    assert "this is a recipe, and scores are measured" in said
    assert f"blendkit run {data / 'two.yaml'} --out out" in said
    assert "blendkit whatif eos7" in call("eval", "eos7", "--labels", data / "oof.csv")[1]


def test_pseudo_labels_from_files_in_several_folders(data: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (data / "test.csv").rename(tmp_path / "more/test.csv")
    (data / "test_soundscapes").rename(tmp_path / "more/unlabelled_soundscapes")
    gate = ("pseudolabel", "gate", data / "two.yaml", "--top", 1, "--stream", "a", "--out", tmp_path / "pl")
    assert "test.csv" in call(*gate, "--data", data)[1]
    code, said = call(*gate, "--data", data, "--data", tmp_path / "more")
    assert code == 0, said
    assert (tmp_path / "pl/pseudo.npz").is_file()
