from __future__ import annotations

import errno
import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core.hashes import canonical_json, text_hash
from blendkit.errors import BlendkitError
from blendkit.store.files import atomic_path, check_place, file_hash, make_folder, write_json, write_text

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def write_half(path: Path, error: type[BaseException]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        raise error


def test_success_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"  # until the end, the old content stands
        assert temporary.parent == path.parent  # a rename works only within one file system
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_folders_are_made(tmp_path: Path) -> None:
    write_text(tmp_path / "x" / "y" / "a.txt", "ä")
    assert (tmp_path / "x" / "y" / "a.txt").read_bytes() == "ä".encode()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_failure_keeps_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error):
        write_half(path, error)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_failure_leaves_no_new_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        write_half(tmp_path / "a.txt", ValueError)
    assert names(tmp_path) == []


def test_a_body_that_writes_nothing_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), atomic_path(path):
        pass
    assert path.read_text() == "old"


def test_json_that_cannot_be_written_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"b": 1, "a": "é"})
    with pytest.raises(ValueError):
        write_json(path, {"a": math.nan})
    assert path.read_text(encoding="utf-8") == '{\n "a": "é",\n "b": 1\n}\n'


def test_canonical_json() -> None:
    assert canonical_json({"b": [1, 2.5], "a": None, "é": "x"}) == '{"a":null,"b":[1,2.5],"é":"x"}'
    with pytest.raises(ValueError):
        canonical_json(math.inf)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_canonical_json_does_not_know_key_order(value: dict[str, object]) -> None:
    assert canonical_json(value) == canonical_json(dict(reversed(value.items())))


def test_hashes(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, "abc"
    assert file_hash(path) == text_hash("abc") == known
    big = bytes(range(256)) * 5000
    path.write_bytes(big)
    assert file_hash(path) == hashlib.sha256(big).hexdigest()


def test_what_is_in_the_way_of_a_file_or_folder_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.write_text("years", encoding="utf-8")
    folder.mkdir()
    for wrong in (file / "a", file / "a" / "b"):
        for as_folder in (True, False):
            with pytest.raises(BlendkitError, match=rf"{wrong}: {file} is a file"):
                check_place(wrong, folder=as_folder)
        with pytest.raises(BlendkitError, match="is a file, so that it can hold nothing"):
            write_text(wrong, "x")
    with pytest.raises(BlendkitError, match=f"{file}: exists and is not a folder"):
        make_folder(file)
    with pytest.raises(BlendkitError, match=f"{folder}: is a folder, and a file is to be written"):
        write_text(folder, "x")
    assert names(tmp_path) == ["file", "folder"]
    assert file.read_text(encoding="utf-8") == "years"


def test_a_place_that_is_free_or_of_the_right_kind_is_no_mistake(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    write_text(tmp_path / "a" / "c.txt", "x")
    check_place(tmp_path / "a" / "c.txt", folder=False)
    check_place(tmp_path / "new" / "er", folder=True)
    assert names(tmp_path) == ["a"]


def test_a_full_disk_keeps_the_old_file_and_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def full(handle: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)  # some file systems notice only then
    with pytest.raises(OSError, match="No space") as caught:
        write_text(path, "new")
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_what_is_synced_is_open_for_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows refuses to sync a file that is open for reading; elsewhere, the folder is synced, too."""
    opened: list[int] = []
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(os, "fsync", lambda handle: opened.append(fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE))
    write_text(tmp_path / "a.txt", "x")
    assert opened == [os.O_RDWR, os.O_RDONLY]  # the file, then its folder
    opened.clear()
    monkeypatch.delattr(os, "O_DIRECTORY")  # as on Windows
    write_text(tmp_path / "a.txt", "y")
    assert opened == [os.O_RDWR]


def test_lines_end_alike_on_every_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "linesep", "\r\n")
    write_text(tmp_path / "a.txt", "x\ny\n")
    assert (tmp_path / "a.txt").read_bytes() == b"x\ny\n"


def test_the_next_writer_removes_what_a_dead_one_left(tmp_path: Path) -> None:
    code = "import os, sys; from pathlib import Path; from blendkit.store.files import atomic_path\n"
    code += "with atomic_path(Path(sys.argv[1])) as t: t.write_text('half'); os._exit(9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.txt")], check=False)
    (left,) = names(tmp_path)
    assert left.startswith(".a.txt.")
    write_text(tmp_path / "b.txt", "whole")
    assert names(tmp_path) == ["b.txt"]
