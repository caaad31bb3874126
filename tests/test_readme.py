"""The README's code blocks work as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    text = README.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_there_are_two_set_up_commands():
    commands = [b.strip() for b in blocks("bash") if b.startswith("pip install")]
    assert len(commands) == 2
    assert all(c.count("\n") == 0 for c in commands)


def test_shell_blocks_run(tmp_path: Path):
    script = "\n".join(b for b in blocks("bash") if not b.startswith("pip install"))
    path = f"PATH={Path(sys.executable).parent}:$PATH"
    done = subprocess.run(["bash", "-ec", f"{path}\n{script}"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/eos7/submission.csv").is_file()
    assert "macro-AUC" in done.stdout


@pytest.mark.parametrize("code", blocks("python"))
def test_python_blocks_run(code: str, tmp_path: Path):
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_recipe_shown_is_the_recipe_shipped():
    from blendkit.recipe.find import packaged_recipes
    from blendkit.recipe.load import parse_recipe

    shown, shipped = parse_recipe(blocks("yaml")[0], "README"), parse_recipe(packaged_recipes()["eos7"], "eos7")
    assert shown.model.blends == shipped.model.blends
    assert shown.model.members == shipped.model.members
