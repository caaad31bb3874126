"""Merging stores while others change them, and stores that hold less than they list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blendkit.core import NameRule
from blendkit.errors import BlendkitError
from blendkit.io import read_score_file
from blendkit.store import FeatureStore, LogitStore, Stored, compaction, key_to_score_again, merge_stores
from tests.store.test_journals import add, opened


def meanwhile(monkeypatch: pytest.MonkeyPatch, what: Any) -> None:
    """Do something once, between the look at what is to be packed and the packing."""
    look, left = compaction._content, [what]

    def content(*of: Any) -> Any:
        found = look(*of)
        if of[2] and left:
            left.pop()()
        return found

    monkeypatch.setattr(compaction, "_content", content)


@pytest.mark.parametrize("packed", ["source", "out"])
def test_a_merge_loses_nothing_to_who_packs_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: str
) -> None:
    source, out = opened(tmp_path / "source"), opened(tmp_path / "out")
    add(source, {"a": 1})
    add(source, {"b": 2})
    add(out, {"c": 1})
    add(out, {"d": 1})
    out.manifest.end()
    other = source if packed == "source" else LogitStore.open(out.folder)
    meanwhile(monkeypatch, other.finish)
    assert merge_stores([source.folder], out.folder).recordings == 4
    assert LogitStore.open(out.folder).read(NameRule()).rows.recordings() == ["a", "b", "c", "d"]


def test_a_merge_says_which_recordings_have_no_part(tmp_path: Path) -> None:
    source = opened(tmp_path / "source")
    add(source, {"a": 1})
    add(source, {"b": 2})
    (source.folder / source.manifest.part_of["b"]).unlink()  # as in a copy that was not finished
    merged = merge_stores([source.folder], tmp_path / "out")
    assert merged.recordings == 1
    assert any("parts of 1 recording are missing, which are left out: b" in n for n in merged.notes)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_what_failed_in_one_store_is_taken_from_another(tmp_path: Path, order: list[int]) -> None:
    stores = [opened(tmp_path / "failed"), opened(tmp_path / "scored")]
    again = key_to_score_again("k-a", "failed")
    add(stores[0], {"b": 1})
    part = stores[0].parts[stores[0].manifest.part_of["b"]]
    stores[0].manifest.add(part, {"a": Stored(again, 0, "failed", "why", 5.0), "b": stores[0].recordings()["b"]})
    add(stores[1], {"a": 1})
    merge_stores([stores[i].folder for i in order], tmp_path / "out")
    found = LogitStore.open(tmp_path / "out").recordings()
    assert {r: s.status for r, s in found.items()} == {"a": "ok", "b": "ok"}


def test_other_audio_in_the_journal_of_a_process_at_work_is_refused(tmp_path: Path) -> None:
    busy, source = opened(tmp_path / "out"), opened(tmp_path / "source")
    add(busy, {"a": 1}, key="one")
    add(source, {"a": 1}, key="other")
    with pytest.raises(BlendkitError, match="1 recordings of other audio than elsewhere"):
        merge_stores([source.folder], busy.folder)


def test_a_refused_merge_writes_nothing(tmp_path: Path) -> None:
    for key in ("one", "other"):
        add(opened(tmp_path / key), {"a": 1}, key=key)
    with pytest.raises(BlendkitError, match="1 recordings of other audio than elsewhere"):
        merge_stores([tmp_path / "one/store", tmp_path / "other/store"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_store_that_nothing_was_saved_in_is_merged(tmp_path: Path) -> None:
    opened(tmp_path / "empty").finish()
    add(opened(tmp_path / "one"), {"a": 1})
    assert merge_stores([tmp_path / "empty/store", tmp_path / "one/store"], tmp_path / "out").recordings == 1


def test_features_that_are_packed_meanwhile_are_found(tmp_path: Path) -> None:
    import numpy as np

    from blendkit.core import chunk_rows

    def write(store: FeatureStore, name: str) -> None:
        rows = chunk_rows({name: 1}, 5.0, NameRule())
        store.write(rows, [np.ones((1, 3), np.float32)], {name: Stored("k", 1, "ok", "", 5.0)})

    writer = FeatureStore.create(tmp_path / "f", "m" * 64, {"x": (3,)}, {})
    for name in "ab":
        write(writer, name)
    reader = FeatureStore.open(tmp_path / "f")
    writer.finish()
    rows, values = reader.read("x", NameRule())
    assert rows.recordings() == ["a", "b"]
    assert values.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_readers_say_which_recordings_have_no_part(tmp_path: Path) -> None:
    store = opened(tmp_path / "a")
    add(store, {"a": 1})
    add(store, {"b": 2})
    (store.folder / store.part_of("b")).unlink()
    file = read_score_file(store.folder)
    assert list(file.scores.rows.recordings()) == ["a"]
    assert any("parts of 1 recording are missing, which are left out: b" in n for n in file.notes)
