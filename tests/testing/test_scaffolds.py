"""New plugins keep all promises as they are written."""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blendkit.errors import BlendkitError
from blendkit.io import ColumnNames, file_head
from blendkit.registry import registry
from blendkit.testing import PluginKind, new_plugin

KINDS: tuple[PluginKind, ...] = ("member", "op", "reader", "writer")


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], str]]:
    """Make Python find a plugin and its entry point, as an install would; return the name of its module."""
    before = set(sys.modules)

    def lay_out(folder: Path) -> str:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        info = folder / f"{project['name'].replace('-', '_')}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n", encoding="utf-8"
        )
        ((group, entries),) = project["entry-points"].items()
        lines = [f"[{group}]", *(f"{k} = {v}" for k, v in entries.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        monkeypatch.syspath_prepend(folder)
        registry.cache_clear()
        return next(iter(entries.values())).partition(":")[0]

    yield lay_out
    registry.cache_clear()
    for name in set(sys.modules) - before:
        if name.startswith(("blendkit_night", "test_blendkit_night")):
            del sys.modules[name]


@pytest.mark.parametrize("kind", KINDS)
def test_it_passes_its_own_test(kind: PluginKind, tmp_path: Path, install: Callable[[Path], str]) -> None:
    files = new_plugin(kind, "night-owls", tmp_path / "new")
    assert all(f.is_file() for f in files)
    module = install(tmp_path / "new")
    tests = [f for n, f in vars(importlib.import_module(f"test_{module}")).items() if n.startswith("test_")]
    assert len(tests) == 1
    tests[0]()
    assert "$" not in "".join(f.read_text(encoding="utf-8") for f in files)


@pytest.mark.parametrize("name", ["", "Owls", "night owls", "-owls", "owls-", "1owl", "../owls", "ö", "x" * 41])
def test_names_that_cannot_be(name: str, tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="cannot be the name of an op"):
        new_plugin("op", name, tmp_path / "new")
    assert not list(tmp_path.iterdir())


def test_names_and_places_that_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for kind, name in zip(KINDS, ("tone", "gaussian", "matrix", "raven"), strict=True):
        with pytest.raises(BlendkitError, match="already: blendkit"):
            new_plugin(kind, name)
    with pytest.raises(BlendkitError, match="there is a package 'blendkit_members' already"):
        new_plugin("op", "members")
    assert not list(tmp_path.iterdir())
    (made, *_) = new_plugin("op", "night_owls")
    assert made.parent.name == "blendkit-night-owls"
    with pytest.raises(BlendkitError, match="blendkit-night-owls exists already"):
        new_plugin("op", "night_owls")


def test_a_new_reader_takes_other_separators_and_names_every_wrong_line(
    tmp_path: Path, install: Callable[[Path], str]
) -> None:
    new_plugin("reader", "night-owls", tmp_path / "new")
    own = importlib.import_module(install(tmp_path / "new"))
    path = tmp_path / "german.csv"
    path.write_text("Clip;from_s;to_s;what;sure\nR1.wav;0;3;Ara;0,9\nR2.wav;3;6;Ara;0,5\n", encoding="utf-8")
    assert own.recognises(file_head(path))
    found = own.read(path, ColumnNames())
    assert (found.recording, found.score.tolist()) == (["R1", "R2"], [0.9, 0.5])
    lines = ["R1.wav,0,3,Ara,0.9", *(f"R1.wav,{k},x,Ara,0.9" for k in range(7)), "R1.wav,1,2,,0.4"]
    path.write_text("clip,from_s,to_s,what,sure\n" + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match=r"8 lines .*\s+" + ", ".join(f"line {n}" for n in range(3, 11))):
        own.read(path, ColumnNames())
    path.write_text("clip,from_s\nR1.wav,0\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="no column what, to_s, sure"):
        own.read(path, ColumnNames())
