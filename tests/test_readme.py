"""The README's code blocks work as they stand."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from blendkit.sample.cached import cached_world_folder

README = Path(__file__).parents[1] / "README.md"
Blendkit = Callable[..., subprocess.CompletedProcess[str]]


def blocks(language: str) -> list[str]:
    text = README.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


COMMANDS = [b for b in blocks("bash") if not b.startswith("pip install")]
FIRST = next(b for b in COMMANDS if b.startswith("blendkit sample world"))  # makes what the others start from
LATER = [b for b in COMMANDS if b is not FIRST]
# What fills the sample world takes 15 s and has tests of its own: Python blocks get the one that the first block made.
SAME_WORLD = """\
import shutil, sys
import blendkit.sample.world as world
def copied(folder, config):
    assert config == world.WorldConfig(), config
    shutil.copytree(sys.argv[1], folder, dirs_exist_ok=True)
world._fill = copied
"""


def test_there_are_two_set_up_commands():
    commands = [b.strip() for b in blocks("bash") if b.startswith("pip install")]
    assert len(commands) == 2
    assert all(c.count("\n") == 0 for c in commands)


def environment() -> dict[str, str]:
    """What a reader's shell has: no coverage in the commands, whose lines other tests take."""
    return {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_PROCESS")}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder in which a shell ran the first block, which makes what the others start from, and what it said."""
    folder = tmp_path_factory.mktemp("readme")
    path = f"PATH={Path(sys.executable).parent}:$PATH"
    block = ["bash", "-ec", f"{path}\n{FIRST}"]
    done = subprocess.run(block, cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if not cached_world_folder().exists():  # the block made the same world as packaged recipes fall back to
        cached_world_folder().symlink_to(folder / "world")
    return folder, done.stdout


def test_the_first_block_writes_a_submission_and_measures_it(first: tuple[Path, str]):
    folder, said = first
    assert (folder / "out/eos7/submission.csv").is_file()
    assert "macro-AUC" in said


@pytest.mark.parametrize("block", LATER, ids=lambda b: b.splitlines()[-1].split(" --")[0])
def test_later_blocks_run(block: str, first: tuple[Path, str], blendkit: Blendkit):
    for line in block.replace("\\\n", " ").splitlines():
        name, *args = shlex.split(line, comments=True)
        assert name == "blendkit"
        done = blendkit(*args, cwd=first[0])
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("code", blocks("python"))
def test_python_blocks_run(code: str, first: tuple[Path, str], tmp_path: Path):
    command = [sys.executable, "-W", "error", "-c", SAME_WORLD + code, str(first[0] / "world")]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_recipe_shown_is_the_recipe_shipped():
    from blendkit.recipe.find import packaged_recipes
    from blendkit.recipe.load import parse_recipe

    shown, shipped = parse_recipe(blocks("yaml")[0], "README"), parse_recipe(packaged_recipes()["eos7"], "eos7")
    assert shown.model.blends == shipped.model.blends
    assert shown.model.members == shipped.model.members


def test_the_names_shown_are_valid():
    from blendkit.recipe.load import parse_recipe

    members = "members: {t: {use: table, path: p.csv, space: prob}}"
    shown = parse_recipe(f"recipe: 1\nname: r\n{blocks('yaml')[1]}\n{members}\noutput: t", "README")
    assert shown.model.names.rule().report_tz == "America/Cuiaba"
