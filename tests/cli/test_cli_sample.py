from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from blendkit.cli.commands.sample import sample
from blendkit.sample.config import WorldConfig

Blendkit = Callable[..., subprocess.CompletedProcess[str]]


def test_an_existing_folder_is_left_alone(tmp_path: Path, blendkit: Blendkit) -> None:
    (tmp_path / "thesis.txt").write_text("years", encoding="utf-8")
    for target in (tmp_path, tmp_path / "thesis.txt"):
        done = blendkit("sample", target)
        assert done.returncode == 2
        assert f"{target}: exists; the sample world is made in a new folder" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_world_as_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder is as good as none. What fills it has tests of its own, and takes its time."""
    asked = []

    def fill(folder: Path, config: WorldConfig) -> None:
        asked.append(config)
        (folder / "world.json").write_text("{}", encoding="utf-8")

    monkeypatch.setattr("blendkit.sample.world._fill", fill)
    empty = tmp_path / "world"
    empty.mkdir()
    options = ["--train", "3", "--test", "1", "--shift", "1", "--seed", "5"]
    done = CliRunner().invoke(sample, [str(empty), *options])
    assert done.exit_code == 0, done.output
    assert "3 training and 1 test recordings" in done.output
    assert asked == [WorldConfig(seed=5, train_recordings=3, test_recordings=1, shift=1.0)]
    assert [p.name for p in empty.iterdir()] == ["world.json"]
    assert [p.name for p in tmp_path.iterdir()] == ["world"]


IMPOSSIBLE = (("--train", "2"), ("--test", "0"), ("--shift", "1.5"), ("--seed", "-1"), ("--seed", "x"))


def test_impossible_worlds(tmp_path: Path, many: Callable[..., list[subprocess.CompletedProcess[str]]]) -> None:
    jobs = [(("sample", tmp_path / "world", *args), tmp_path) for args in IMPOSSIBLE]
    for args, done in zip(IMPOSSIBLE, many(jobs), strict=True):
        assert done.returncode == 2, (args, done.stderr)
        assert "Traceback" not in done.stderr
        assert args[0].strip("-") in done.stderr
    assert list(tmp_path.iterdir()) == []
