"""Files that belong together: whatever happens, a seal is beside the files that it was written with."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from blendkit.errors import BlendkitError
from blendkit.store.files import write_text
from blendkit.store.files_together import is_half_replaced, last_seal, require_sealed, written_together

Rename = Callable[[Path, Path], Path]


def write(folder: Path, text: str, names: tuple[str, ...] = ("a.csv", "deep/b.csv", "run.json")) -> None:
    drop = {"old.csv"} if last_seal(folder, "run.json").exists() else set()
    with written_together(folder, "run.json", drop) as new:
        for name in names:
            write_text(new / name, f"{name} {text}")


def fill_the_disk(folder: Path) -> None:
    with written_together(folder, "run.json") as new:
        write_text(new / "a.csv", "2")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(new / "deep" / "b.csv"))


def content(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def whole(text: str) -> dict[str, str]:
    return {n: f"{n} {text}" for n in ("a.csv", "deep/b.csv", "run.json")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "out", "1", ("a.csv", "deep/b.csv", "old.csv", "run.json"))
    return tmp_path / "out"


def test_all_are_replaced_and_what_is_no_longer_made_goes(folder: Path) -> None:
    (folder / "logits").mkdir()
    (folder / "logits" / "part").write_text("stays")
    write(folder, "2")
    assert content(folder) == {**whole("2"), "logits/part": "stays"}


def test_a_full_disk_leaves_all_as_it_was(folder: Path) -> None:
    before = content(folder)
    with pytest.raises(OSError, match="No space") as caught:
        fill_the_disk(folder)
    assert caught.value.filename == str(folder / "deep" / "b.csv")
    assert content(folder) == before


def renames(monkeypatch: pytest.MonkeyPatch, stop_before: int) -> list[str]:
    """Let the process 'end' before a rename: nothing is tidied up that a dead process could not tidy up."""
    done: list[str] = []
    rename = Path.replace

    def counted(self: Path, target: Path) -> Path:
        if target.parent.name == "out" or (target.parent.name == "deep" and ".tmp" not in str(target)):
            if len(done) == stop_before:
                raise KeyboardInterrupt
            done.append(target.name)
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", counted)
    return done


@pytest.mark.parametrize("stop_before", range(5))
def test_a_stop_between_two_renames_is_noticed_and_mended(
    folder: Path, monkeypatch: pytest.MonkeyPatch, stop_before: int
) -> None:
    with monkeypatch.context() as patch:
        done = renames(patch, stop_before)
        try:
            write(folder, "2")
            assert done == [".run.json.before", "a.csv", "b.csv", "run.json"]  # the seal comes last
        except KeyboardInterrupt:
            assert len(done) == stop_before
    found = content(folder)
    if (folder / "run.json").exists():  # then all that it describes is of its own run
        assert {found[n].split()[1] for n in ("a.csv", "deep/b.csv", "run.json")} == {"1" if stop_before == 0 else "2"}
        require_sealed(folder, "run.json", "run again")
    else:
        assert is_half_replaced(folder, "run.json")
        assert last_seal(folder, "run.json").read_text() == "run.json 1"
        with pytest.raises(BlendkitError, match="were being replaced") as caught:
            require_sealed(folder, "run.json", "run again")
        assert caught.value.problems == ("run again",)
    write(folder, "3")
    assert content(folder) == whole("3")


def test_a_first_making_that_was_stopped_is_noticed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        renames(patch, 1)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "out", "1")
    assert is_half_replaced(tmp_path / "out", "run.json")
    write(tmp_path / "out", "2")
    assert content(tmp_path / "out") == whole("2")
