"""The notebook of examples/kaggle, cell by cell, on the sample world laid out as Kaggle lays out inputs."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples/kaggle"
Blendkit = Callable[..., subprocess.CompletedProcess[str]]


def code_cells() -> list[str]:
    cells = json.loads((FOLDER / "blendkit_on_kaggle.ipynb").read_text(encoding="utf-8"))["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


@pytest.fixture
def kaggle(world: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder with `input`, of read-only folders, and `working`."""
    root = tmp_path / "kaggle"
    competition = root / "input/birdclef"
    shutil.copytree(world / "test_soundscapes", competition / "test_soundscapes")
    for name in ("taxonomy.csv", "sample_submission.csv", "train_soundscapes_labels.csv"):
        shutil.copy(world / name, competition)
    shutil.copytree(world / "models", root / "input/perch/models")
    (root / "input/protossm").mkdir()
    shutil.copy(world / "protossm_sed.csv", root / "input/protossm")
    (root / "working").mkdir()
    folders = [root / "input", *(p for p in (root / "input").rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield root
    for folder in folders:
        folder.chmod(0o755)


def play(cell: str, root: Path, blendkit: Blendkit) -> None:
    """Run a cell as the notebook would, in other folders; packages are installed already."""
    text = cell.replace("/kaggle/", f"{root}/")
    if not text.startswith("!"):
        exec(compile(text, "cell", "exec"), {})
        return
    name, *args = shlex.split(text[1:])
    if name == "blendkit":
        done = blendkit(*[f"--kaggle={root}/input" if a == "--kaggle" else a for a in args], cwd=root / "working")
        assert done.returncode == 0, done.stderr
    else:
        assert [name, *args[:3]] == ["pip", "install", "--quiet", "--no-index"]


@pytest.mark.parametrize("commit", [False, True], ids=["the hidden rerun", "the commit run"])
def test_the_notebook_delivers(
    kaggle: Path, blendkit: Blendkit, commit: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = kaggle / "input/birdclef/test_soundscapes"
    if commit:
        tests.chmod(0o755)
        for file in tests.iterdir():
            file.unlink()
    before = sorted(p for p in (kaggle / "input").rglob("*"))
    for cell in code_cells():
        play(cell, kaggle, blendkit)
    said = capsys.readouterr().out
    assert said.startswith("template" if commit else "audio")
    assert ("no audio in test_soundscapes" in said) == commit
    submission, template = kaggle / "working/submission.csv", kaggle / "input/birdclef/sample_submission.csv"
    lines, wanted = (f.read_text(encoding="utf-8").replace('"', "").splitlines() for f in (submission, template))
    assert lines[0] == wanted[0]
    if commit:
        assert [line.split(",")[0] for line in lines] == [line.split(",")[0] for line in wanted]
    assert sorted(p for p in (kaggle / "input").rglob("*")) == before


def test_the_page_shows_the_notebooks_own_lines() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    for cell in code_cells()[:2]:
        assert cell in page
