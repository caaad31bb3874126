from __future__ import annotations

import hashlib
import math
from pathlib import Path

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
