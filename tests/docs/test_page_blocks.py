"""Every shell and Python block of every document runs, as it stands, in one folder with one small sample world."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import blendkit.sample.world as sample_world
from blendkit.cli._process_start import Started, process_start
from blendkit.cli.top import cli
from tests.docs.pages import ROOT, Block, blocks, documents

SHOWN = {"", "text", "yaml", "toml", "json"}  # what no shell and no Python runs
PAGES = [p for p in documents() if any(b.language in ("bash", "python") for b in blocks(p))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, world: Path) -> Iterator[Path]:
    """Where the reader stands. The world is made by the command that pages name; its making has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample_world, "_fill", lambda made, config: shutil.copytree(world, made, dirs_exist_ok=True))
        patch.chdir(tmp_path_factory.mktemp("reader"))
        run("blendkit sample world")
        yield Path.cwd()


def run(line: str) -> str:
    """Run one line of a shell, which must be a command of blendkit."""
    name, *args = shlex.split(line, comments=True)
    assert name == "blendkit", f"{line}: mark a block that cannot run in a test as `text`"
    if args[0] == "sample" and Path(args[1]).exists():
        return ""
    done = CliRunner().invoke(cli, args, obj=Started(process_start()))
    assert done.exit_code == 0, f"{line}\n{done.output}\n{done.exception!r}"
    return done.output


def run_block(block: Block, page: str) -> None:
    if block.title:
        Path(block.title).write_text(block.text, encoding="utf-8")
    elif block.language == "python":
        exec(compile(block.text, page, "exec"), {"__name__": "__main__"})
    elif block.language == "bash" and not block.text.startswith("pip install"):
        for line in block.text.replace("\\\n", " ").splitlines():
            if line.strip():
                run(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_the_blocks_of_a_page_run(page: Path, folder: Path) -> None:
    for block in blocks(page):
        run_block(block, page.name)


def test_the_example_of_two_csvs_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = ROOT / "examples/blend_two_csvs.py"
    exec(compile(path.read_text(encoding="utf-8"), path.name, "exec"), {"__name__": "__main__"})
    assert "(95%) on held-out recordings" in capsys.readouterr().out
    assert (folder / "out/two_csvs/submission.csv").is_file()


def test_every_example_is_in_their_list() -> None:
    page = (ROOT / "examples/README.md").read_text(encoding="utf-8")
    found = [p.name + "/" * p.is_dir() for p in (ROOT / "examples").iterdir() if p.name != "README.md"]
    assert [n for n in found if f"[{n}]" not in page and f"({n})" not in page and n[0] not in "._"] == []


@pytest.mark.parametrize("page", documents(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_block_escapes(page: Path) -> None:
    assert {b.language for b in blocks(page)} <= SHOWN | {"bash", "python"}
