from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Blendkit = Callable[..., subprocess.CompletedProcess[str]]


def test_an_existing_folder_is_left_alone(tmp_path: Path, blendkit: Blendkit) -> None:
    (tmp_path / "thesis.txt").write_text("years", encoding="utf-8")
    for target in (tmp_path, tmp_path / "thesis.txt"):
        done = blendkit("sample", target)
        assert done.returncode == 2
        assert f"{target}: exists; the sample world is made in a new folder" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_world_as_asked_for(tmp_path: Path, blendkit: Blendkit) -> None:
    empty = tmp_path / "world"
    empty.mkdir()  # an empty folder is as good as none
    done = blendkit("sample", empty, "--train", "3", "--test", "1", "--shift", "1", "--seed", "5")
    assert done.returncode == 0, done.stderr
    assert "3 training and 1 test recordings" in done.stdout
    config = json.loads((empty / "world.json").read_text(encoding="utf-8"))["config"]
    assert (config["seed"], config["shift"]) == (5, 1.0)
    assert len(list((empty / "train_soundscapes").iterdir())) == 3
    assert len(list((empty / "test_soundscapes").iterdir())) == 1


@pytest.mark.parametrize(
    "args", [("--train", "2"), ("--test", "0"), ("--shift", "1.5"), ("--seed", "-1"), ("--seed", "x")]
)
def test_impossible_worlds(tmp_path: Path, blendkit: Blendkit, args: tuple[str, ...]) -> None:
    done = blendkit("sample", tmp_path / "world", *args)
    assert done.returncode == 2, done.stderr
    assert args[0].strip("-") in done.stderr
    assert list(tmp_path.iterdir()) == []
