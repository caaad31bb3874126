"""Whose temporary files and folders are, and which of them a later process may remove."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from blendkit import temporaries
from blendkit.temporaries import (
    errors_naming,
    is_temporary,
    remove_abandoned,
    remove_abandoned_scratch,
    scratch_folder,
    temporary_beside,
    this_host,
)


@pytest.fixture(scope="module")
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def test_a_temporary_is_seen_by_its_name_and_is_gone_afterwards(tmp_path: Path) -> None:
    with temporary_beside(tmp_path / "a.csv") as own:
        assert own.parent == tmp_path
        assert is_temporary(own.name)
        own.write_text("half")
    assert names(tmp_path) == set()
    with temporary_beside(tmp_path / "world") as own:
        (own / "deep").mkdir(parents=True)
    assert names(tmp_path) == set()
    for name in (".blendkit", "a.csv", ".a.csv.tmp", "a.csv.1.2.tmp", ".run.json.before", ".a.x.2.tmp", ".a.1.2.tmp"):
        assert not is_temporary(name), name


def test_what_dead_processes_left_is_removed_and_nothing_else(tmp_path: Path, dead: int) -> None:
    mine, other = this_host(), "000000" if this_host() != "000000" else "000001"
    gone = {f".a.csv.{dead}.1.{mine}.tmp"}
    kept = {f".a.csv.{dead}.1.{other}.tmp", f".a.csv.{os.getppid()}.1.{mine}.tmp", ".note.tmp", "a.csv"}
    kept |= {f".backup.{dead}.12.tmp", f".a.csv.{dead}.1.{mine}.tmp.csv"}  # a person's own
    for name in gone | kept:
        (tmp_path / name).write_text("x")
    (tmp_path / f".world.{dead}.7.{mine}.tmp" / "models").mkdir(parents=True)
    remove_abandoned(tmp_path)
    assert names(tmp_path) == kept


def test_after_a_day_nobody_needs_it(tmp_path: Path) -> None:
    old, young = (tmp_path / f".a.{os.getppid()}.{i}.{this_host()}.tmp" for i in (1, 2))
    for path, days in ((old, 1.01), (young, 0.99)):
        path.write_text("x")
        at = time.time() - days * 86400
        os.utime(path, (at, at))
    remove_abandoned(tmp_path)
    assert names(tmp_path) == {young.name}


def test_a_process_keeps_what_it_works_on_and_knows_what_its_forerunner_left(tmp_path: Path) -> None:
    left = tmp_path / f".b.{os.getpid()}.1.{this_host()}.tmp"  # in containers, every process can have the same number
    left.write_text("x")
    with temporary_beside(tmp_path / "a") as own:
        own.write_text("x")
        remove_abandoned(tmp_path)
        assert names(tmp_path) == {own.name}


def test_scratch_folders_are_removed_by_the_same_rule(temp: Path, dead: int) -> None:
    host = this_host()
    with scratch_folder() as made:
        left = Path(made).name.replace(f"-{os.getpid()}-", f"-{dead}-")  # as another process would have called it
    kept = {f"blendkit-{os.getppid()}-{host}-abcdefgh", f"blendkit-{dead}-mine", f"blendkit-{dead}-{host}-results",
            f"blendkit-{dead}-{host}-abcdefgh-2", "blendkit-x1"}  # fmt: skip
    for name in {left, *kept}:
        (temp / name / "deep").mkdir(parents=True)
    file = f"blendkit-{dead}-{host}-12345678"
    (temp / file).write_text("no folder is a person's")
    with scratch_folder() as own:
        assert Path(own).parent == temp
        remove_abandoned_scratch()
        assert names(temp) == {Path(own).name, file, *kept}


@pytest.mark.parametrize("name", ["d" * 251 + ".csv", "é" * 125 + ".csv", "e" * 201])
def test_names_may_be_as_long_as_the_file_system_lets_them(tmp_path: Path, name: str) -> None:
    with temporary_beside(tmp_path / name) as own, temporary_beside(tmp_path / (name[:-5] + "x.csv"[:5])) as other:
        assert own != other
        assert is_temporary(own.name)
        own.write_text("x")
        own.rename(tmp_path / name)
    assert names(tmp_path) == {name}


def test_a_link_is_removed_and_not_followed(tmp_path: Path, dead: int) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f".a.{dead}.1.{this_host()}.tmp").symlink_to(tmp_path / "kept")
    remove_abandoned(tmp_path / "in")
    assert names(tmp_path / "in") == set()
    assert names(tmp_path / "kept") == {"file"}


def test_on_windows_only_the_age_counts(tmp_path: Path, dead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def end_it(pid: int, number: int) -> None:
        raise AssertionError("this would end the process")

    monkeypatch.setattr(temporaries, "WINDOWS", True)
    monkeypatch.setattr(os, "kill", end_it)
    young, old = (tmp_path / f".a.{dead}.{i}.{this_host()}.tmp" for i in (1, 2))
    young.write_text("x")
    old.write_text("x")
    os.utime(old, (0, 0))
    remove_abandoned(tmp_path)
    assert names(tmp_path) == {young.name}


def test_an_error_names_the_place_and_not_the_temporary_file(tmp_path: Path) -> None:
    def named(error: OSError) -> str:
        with pytest.raises(OSError) as caught, errors_naming(tmp_path / "t", tmp_path / "real"):
            raise error
        return str(caught.value)

    full, text = errno.ENOSPC, os.strerror(errno.ENOSPC)
    real = str(tmp_path / "real")
    assert named(OSError(full, "library words")) == f"[Errno {full}] {text}: {real!r}"
    assert named(OSError(full, text, str(tmp_path / "t"))) == f"[Errno {full}] {text}: {real!r}"
    inside = named(OSError(full, text, str(tmp_path / "t" / "submission.csv")))
    assert inside == f"[Errno {full}] {text}: {str(tmp_path / 'real' / 'submission.csv')!r}"
    elsewhere = str(tmp_path / "table.csv")
    assert named(OSError(full, text, elsewhere)) == f"[Errno {full}] {text}: {elsewhere!r}"
    assert named(OSError("words alone")) == f"[Errno None] words alone: {real!r}"


def test_a_stop_in_the_middle_of_tidying_up_leaves_nothing(temp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    scratch = scratch_folder()
    (Path(scratch.name) / "samples").write_bytes(b"x")
    with monkeypatch.context() as patch:
        patch.setattr(tempfile.TemporaryDirectory, "_rmtree", stopped)
        with pytest.raises(KeyboardInterrupt), scratch:
            pass
    assert not Path(scratch.name).exists()
