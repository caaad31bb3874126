"""What newcomers get wrong: every message says where and the way out, in few words, and docs/mistakes.md lists it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.mistakes import SOUND, SPACES, TABLES, WORLD, Files, Mistake
from tests.cli.more_mistakes import COMMANDS, FOLDERS, LABEL_FILES, RECIPES

Process = subprocess.CompletedProcess[str]
Many = Callable[..., list[Process]]
PARTS = {
    "Spaces": SPACES, "Score files": TABLES, "Labels and taxonomies": LABEL_FILES, "Recipes": RECIPES,
    "Folders": FOLDERS, "Commands": COMMANDS,
}  # fmt: skip
MISTAKES = [m for part in PARTS.values() for m in part]
DOCUMENT = Path(__file__).parents[2] / "docs" / "mistakes.md"
LONGEST = 500  # characters of a message


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory, write_wav: Callable[..., Path]) -> Path:
    """The recordings of all folders, which are linked rather than copied."""
    folder = tmp_path_factory.mktemp("mistakes-audio")
    for name, seconds in {"r2": 10, "r10": 7}.items():
        noise = np.random.default_rng(seconds).standard_normal(seconds * 8000) * 0.1
        write_wav(folder / f"{name}.wav", noise.astype(np.float32), 8000)
    return folder


@pytest.fixture
def folder(tmp_path: Path, audio: Path) -> Callable[[Files], Path]:
    """Lay out the sound world and the files of a mistake."""

    def lay_out(files: Files) -> Path:
        (tmp_path / "test_soundscapes").mkdir()
        for wav in audio.iterdir():
            os.link(wav, tmp_path / "test_soundscapes" / wav.name)
        for name, content in {**WORLD, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return lay_out


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.what)
def test_a_mistake_is_told_with_the_way_out(folder: Callable[[Files], Path], many: Many, mistake: Mistake) -> None:
    (done,) = many([(mistake.command.split(), folder(mistake.files), mistake.without)])
    said = done.stderr
    assert done.returncode == mistake.code, done.stdout + said
    assert "Traceback" not in said
    told = said.lower().split("error: ", 1)[1]  # click puts a line of usage before it
    assert told.startswith(mistake.starts.lower()), said
    assert mistake.way_out in said
    assert len(said) <= LONGEST, said


@pytest.mark.parametrize(("command", "files"), [s[1:] for s in SOUND], ids=[s[0] for s in SOUND])
def test_what_looks_like_a_mistake_and_works(
    folder: Callable[[Files], Path], many: Many, command: str, files: Files
) -> None:
    (done,) = many([(command.split(), folder(files))])
    assert done.returncode == 0, done.stderr
    # x: positives 0.1 and 0.3 against 0.2 and 0.4: one pair of four; y: 0.8 and 0.6 against 0.9 and 0.7: the same
    assert "macro-AUC: 0.250000" in done.stdout


def test_there_are_sixty_mistakes_and_no_two_of_one_name() -> None:
    assert len({m.what for m in MISTAKES}) == len(MISTAKES) >= 60


def test_the_document_lists_each_mistake_in_its_part_and_no_other() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for title, mistakes in PARTS.items():
        part = text.split(f"## {title}\n")[1].split("\n## ")[0]
        listed = [line for line in part.splitlines() if line.startswith("| ")][2:]
        assert listed == [row_of(m) for m in mistakes]


def row_of(mistake: Mistake) -> str:
    """Return a mistake's row in the document."""
    return "| " + " | ".join(f.replace("|", "\\|") for f in (mistake.what, mistake.starts, mistake.way_out)) + " |"
