"""Journals: what many processes write at once, what a stop cuts short, and what somebody edited."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blendkit.core import AudioContent, NameRule, Scores, canonical_order, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.store import LogitStore, Stored
from blendkit.store.compaction import compact
from blendkit.store.held_entries import Entries
from blendkit.store.journal import Journal, append_line, end_journal, new_journal, read_journal
from blendkit.store.manifest import Manifest
from blendkit.store.merging import merge_stores
from tests.stores import edit_facts

CLASSES = ("a", "b")


def opened(folder: Path, made_by: str = "m" * 64) -> LogitStore:
    return LogitStore.create(folder / "store", made_by, CLASSES, (True, True), {"use": "tone"})


def add(store: LogitStore, chunks: dict[str, int], key: str = "k") -> None:
    rows = chunk_rows(chunks, 5.0, NameRule())
    # what a recording's logits are depends on its name and key alone
    seeds = [sum(f"{r}{key}".encode()) * 31 + int(s) for r, s in zip(rows.recording, rows.start_s, strict=True)]
    values = np.array([np.random.default_rng(s).standard_normal(2) for s in seeds], np.float32).reshape(-1, 2)
    stored = {r: Stored(f"{key}-{r}", n, "ok" if n else "empty", "", 5.0 * n) for r, n in chunks.items()}
    store.write(Scores.build(values, rows, CLASSES, "logit"), stored)


def files(store: LogitStore) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in store.folder.iterdir() if p.name != "checked.json"}


def journal_of(store: LogitStore) -> Path:
    (path,) = store.folder.glob("journal-*.jsonl")
    return path


def test_a_full_disk_names_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = new_journal(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as found:
        append_line(path, {})
    assert found.value.filename == str(path)


def test_packed_entries_are_what_was_saved(tmp_path: Path) -> None:
    known = {"whole": "ab", "levels": "0a" * 16, "marks": "0123456789ab" * 2}
    saved = {
        "r1": Stored("é", 1, "ok", "a note", 5.5, known),
        "r2": Stored("k", 1, "padded", "", 5, None, {"clip": "c", "content": known}),
        "r10": Stored("", 0, "empty", "", 0.0),
    }
    rows = chunk_rows({"r1": 1, "r2": 1}, 5.0, NameRule())
    store = opened(tmp_path)
    store.write(Scores.build(np.zeros((2, 2), np.float32), rows, CLASSES, "logit"), saved)
    store.finish()
    again = opened(tmp_path)
    assert list(again.recordings().items()) == list(saved.items())
    assert [again.part_of(r) == "" for r in saved] == [False, False, True]
    contents = again.contents()
    assert dict(contents) == {"r1": AudioContent.from_json(known)}
    assert (len(contents), "r2" in contents, "other" in contents) == (1, False, False)
    add(again, {"r1": 1}, "new")  # an entry takes the place of the index's
    assert (again.recordings()["r1"].key, len(again.contents())) == ("new-r1", 0)


def test_a_line_is_json_with_the_hash_of_the_rest(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    append_line(path, {"part": "x", "name": "é\r\n\u2028"})
    check, line = json.loads(path.read_text(encoding="utf-8"))
    assert line == {"part": "x", "name": "é\r\n\u2028"}
    assert len(check) == 16
    assert read_journal(path).lines == (line,)


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_last_line_that_was_cut_short_does_not_count_and_is_said(tmp_path: Path, cut: int) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    add(store, {"b": 2})
    journal = journal_of(store)
    journal.write_bytes(journal.read_bytes()[:-cut])
    again = opened(tmp_path)
    assert list(again.recordings()) == ["a"]
    assert "cut short" in again.notes[0]
    assert journal.name in again.notes[0]
    add(again, {"b": 2})  # in a journal of its own
    assert list(opened(tmp_path).recordings()) == ["a", "b"]


@pytest.mark.parametrize(("old", "new"), [('"chunks": 1', '"chunks": 7'), ('"status": "ok"', '"status": "no"')])
def test_an_edited_line_is_an_error(tmp_path: Path, old: str, new: str) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    add(store, {"b": 2})
    journal = journal_of(store)
    journal.write_text(journal.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(BlendkitError, match="line 1 is not as it was written"):
        LogitStore.open(store.folder)


def test_an_edited_last_line_is_an_error_and_not_a_torn_one(tmp_path: Path) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    journal, parts = journal_of(store), set(store.parts)
    journal.write_text(journal.read_text(encoding="utf-8").replace('"ok"', '"OK"'), encoding="utf-8")
    with pytest.raises(BlendkitError, match="line 1 is not as it was written"):
        merge_stores([store.folder], store.folder)
    assert parts == {p.name for p in store.folder.glob("part-*.parquet")}  # nothing is lost by it


def test_a_torn_line_is_said_also_after_its_journal_was_packed(tmp_path: Path) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    add(store, {"b": 2})
    store.manifest.end()
    journal = journal_of(store)
    journal.write_bytes(journal.read_bytes()[:-60])
    said = merge_stores([store.folder], tmp_path / "merged").notes
    assert len([n for n in said if "cut short" in n]) == 1
    again = opened(tmp_path)
    again.finish()
    assert len([n for n in again.notes if "cut short" in n]) == 1


def test_a_look_that_missed_an_index_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process packs between a look at the indexes and one at the parts: the part is gone, its rows are not."""
    store = opened(tmp_path)
    add(store, {"a": 1})
    look, looks = Manifest._look, list[int]()

    def missed(self: Manifest) -> list[Journal]:
        found = look(self)
        looks.append(1)
        if len(looks) == 1:
            new_journal(self.folder)  # as an index would, it makes the list of files longer
            self.entries, self.lost = Entries(), {"a"}
        return found

    monkeypatch.setattr(Manifest, "_look", missed)
    assert list(LogitStore.open(store.folder).recordings()) == ["a"]
    assert len(looks) == 2


@pytest.mark.parametrize(
    "name", ["../../victim.parquet", "/etc/passwd", "part-XYZ.parquet", "part-0123456789abcdef.parquet/..", 3, None]
)
def test_a_line_can_name_nothing_but_a_part(tmp_path: Path, name: object) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    line = {"of": "m" * 16, "part": name, "sha256": "s", "size": 1, "changed_ns": 1, "at": 1, "recordings": {}}
    append_line(journal_of(store), line)
    with pytest.raises(BlendkitError, match="a line that no store writes"):
        LogitStore.open(store.folder)


@pytest.mark.parametrize(
    "entry",
    [None, [], {}, {"key": "k"}, {"key": 1, "chunks": 1, "status": "ok", "note": "", "duration_s": 1.0},
     {"key": "k", "chunks": -1, "status": "ok", "note": "", "duration_s": 1.0},
     {"key": "k", "chunks": 1, "status": "ok", "note": "", "duration_s": "long"},
     {"key": "k", "chunks": 1, "status": "ok", "note": "", "duration_s": 1.0, "content": "x"}],
)  # fmt: skip
def test_an_entry_of_another_form_is_an_error(tmp_path: Path, entry: object) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    part = next(iter(store.parts))
    line = {
        "of": "m" * 16,
        "part": part,
        "sha256": "s",
        "size": 1,
        "changed_ns": 1,
        "at": 1,
        "recordings": {"r": entry},
    }
    append_line(journal_of(store), line)
    with pytest.raises(BlendkitError, match="a line that no store writes"):
        LogitStore.open(store.folder)


def test_two_members_never_share_a_store(tmp_path: Path) -> None:
    """Both saw an empty folder, and the second begins when the first has begun."""
    first, second = opened(tmp_path), opened(tmp_path, "n" * 64)
    add(first, {"a": 1})
    with pytest.raises(BlendkitError, match="another process fills it"):
        add(second, {"b": 1})
    assert list(opened(tmp_path).recordings()) == ["a"]


def test_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    """Four processes fill one store, each packing it when it ends: every recording is there."""
    children = []
    for i in range(4):
        child = os.fork()
        if not child:
            try:
                store = opened(tmp_path)
                for j in range(4):
                    add(store, {f"r{i}_{j}": 1 + j % 3})
                store.finish()
            finally:
                os._exit(0)
        children.append(child)
    assert [os.waitpid(c, 0)[1] for c in children] == [0] * 4
    store = opened(tmp_path)
    names = {f"r{i}_{j}" for i in range(4) for j in range(4)}
    assert set(store.recordings()) == names
    alone = opened(tmp_path / "alone")
    add(alone, {n: 1 + int(n[-1]) % 3 for n in names})
    assert np.array_equal(store.read(NameRule()).values, alone.read(NameRule()).values)
    compact(store.manifest, store.layout, whole=True)
    compact(alone.manifest, alone.layout, whole=True)  # its journal is not ended: it stays
    alone.finish()
    assert files(store) == files(alone)


GROUPS = st.lists(st.dictionaries(st.sampled_from([f"r{i}" for i in range(12)]), st.just(2), min_size=1), min_size=1)


@settings(max_examples=8)
@given(groups=GROUPS, writers=st.integers(1, 3), stops=st.sets(st.integers(0, 5)))
def test_any_writers_give_one_store(
    tmp_path_factory: pytest.TempPathFactory, groups: list[dict[str, int]], writers: int, stops: set[int]
) -> None:
    """Whoever wrote which recordings, how often the store was packed between: the packed store is the same."""
    folder = tmp_path_factory.mktemp("store")
    stores = [opened(folder) for _ in range(writers)]
    for i, chunks in enumerate(groups):
        add(stores[i % writers], chunks)
        if i in stops:
            stores[i % writers].finish()
    for store in stores:
        store.finish()
    whole = opened(folder)
    compact(whole.manifest, whole.layout, whole=True)
    alone = opened(folder / "alone")
    add(alone, {r: n for chunks in groups for r, n in chunks.items()})
    alone.finish()
    assert files(whole) == files(alone)
    scores = alone.read(NameRule())
    assert canonical_order(scores.rows).tolist() == list(range(len(scores)))


def test_packing_leaves_a_working_process_alone(tmp_path: Path) -> None:
    busy = opened(tmp_path)
    add(busy, {"b": 1})
    done = opened(tmp_path)
    add(done, {"a": 1})
    done.finish()
    assert journal_of(busy).exists()
    assert set(busy.parts) <= set(files(busy))
    add(busy, {"c": 1})
    assert list(opened(tmp_path).read(NameRule()).rows.recordings()) == ["a", "b", "c"]
    busy.finish()
    assert not list(busy.folder.glob("journal-*"))
    assert len(list(busy.folder.glob("part-*"))) == 1


def test_what_a_dead_process_left_is_packed_and_removed(tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        store = opened(tmp_path)
        add(store, {"a": 1})
        (store.folder / "part-0123456789abcdef.parquet").write_bytes(b"killed before its line")
        os._exit(0)
    os.waitpid(child, 0)
    store = opened(tmp_path)
    assert list(store.recordings()) == ["a"]
    store.finish()
    assert sorted(n.split("-")[0] for n in files(store)) == ["index", "part", "store.json"]
    assert list(opened(tmp_path).recordings()) == ["a"]


def test_a_journal_of_another_machine_counts_as_ended_after_a_day(tmp_path: Path) -> None:
    path = tmp_path / "journal-ffffffff-1-00000000.jsonl"
    append_line(path, {"x": 1})
    assert not read_journal(path).ended
    os.utime(path, (time.time() - 90000,) * 2)
    assert read_journal(path).ended


def test_a_journal_that_says_so_has_ended(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    assert not read_journal(path).ended
    end_journal(path)
    assert read_journal(path).ended
    assert read_journal(path).lines == ()


def test_a_journal_that_was_removed_is_begun_anew(tmp_path: Path) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    journal_of(store).unlink()
    add(store, {"b": 1})
    assert list(opened(tmp_path).recordings()) == ["b"]
    assert list(store.recordings()) == ["a", "b"]


def test_a_reader_finds_what_another_process_packed_meanwhile(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    for name in "abc":
        add(writer, {name: 1})
    reader = opened(tmp_path)
    writer.finish()
    assert reader.read(NameRule()).rows.recordings() == ["a", "b", "c"]


def test_the_newest_audio_counts_and_its_old_rows_go(tmp_path: Path) -> None:
    store = opened(tmp_path)
    add(store, {"a": 2, "b": 1}, key="old")
    store.finish()
    again = opened(tmp_path)
    add(again, {"a": 3}, key="new")
    again.finish()
    found = opened(tmp_path)
    assert {r: s.key for r, s in found.recordings().items()} == {"a": "new-a", "b": "old-b"}
    assert found.read(NameRule()).rows.ids() == ["a_5", "a_10", "a_15", "b_5"]


@pytest.mark.parametrize("what", ["content", "name"])
def test_an_edited_index_is_an_error(tmp_path: Path, what: str) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    store.finish()
    (index,) = store.folder.glob("index-*")
    if what == "content":
        index.write_bytes(index.read_bytes()[:-1] + b"!")
    else:
        index.rename(index.with_name("index-0123456789abcdef.parquet"))
    with pytest.raises(BlendkitError, match="not as it was written"):
        LogitStore.open(store.folder)


@pytest.mark.parametrize(("old", "new"), [('"use": "tone"', '"use": "onnx"'), ("true", "false"), ('"a"', '"b2"')])
def test_edited_facts_are_an_error(tmp_path: Path, old: str, new: str) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    facts = store.folder / "store.json"
    facts.write_text(facts.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BlendkitError, match="not as it was written"):
        LogitStore.open(store.folder)


def test_a_part_of_the_known_time_and_size_is_not_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    store.finish()
    hashed: list[Path] = []
    monkeypatch.setattr("blendkit.store.part_checks.file_hash", lambda p: hashed.append(p) or p.stem)
    assert opened(tmp_path).drop_damaged() == []
    assert hashed == []
    (store.folder / "checked.json").unlink()  # as in a copied store
    monkeypatch.undo()
    assert opened(tmp_path).drop_damaged() == []
    monkeypatch.setattr("blendkit.store.part_checks.file_hash", lambda p: hashed.append(p) or p.stem)
    assert opened(tmp_path).drop_damaged() == []
    assert hashed == []
    opened(tmp_path).drop_damaged(verify=True)
    assert len(hashed) == 1


def test_damage_that_keeps_size_and_time_is_found_when_asked_for_or_read(tmp_path: Path) -> None:
    store = opened(tmp_path)
    add(store, {"a": 40})
    store.finish()
    (part,) = store.folder.glob("part-*")
    before, data = part.stat(), bytearray(part.read_bytes())
    data[data.index(store.read(NameRule()).values[3].tobytes()[:4])] ^= 1  # random values are stored as they are
    part.write_bytes(data)
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert opened(tmp_path).drop_damaged() == []
    with pytest.raises(BlendkitError, match="--verify"):
        opened(tmp_path).read(NameRule())
    again = opened(tmp_path)
    assert again.drop_damaged(verify=True) == [part.name]
    assert again.recordings() == {}


def test_a_full_disk_leaves_small_parts_and_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    add(store, {"b": 1})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("blendkit.store.packing.write_part", full)
    store.finish()
    assert "No space left" in store.notes[0]
    monkeypatch.undo()
    assert opened(tmp_path).read(NameRule()).rows.recordings() == ["a", "b"]


def keys(store: LogitStore) -> dict[str, str]:
    return {r: s.key for r, s in store.recordings().items()}


def test_a_process_at_work_does_not_bring_old_audio_back(tmp_path: Path) -> None:
    """Its journal holds a recording as it was; another process scored the new audio, ended, and packed the store."""
    busy, other = opened(tmp_path), opened(tmp_path)
    add(busy, {"a": 2}, key="old")
    other.manifest.load()
    add(other, {"a": 3}, key="new")
    add(other, {"b": 1}, key="new")
    other.finish()
    assert keys(other) == keys(opened(tmp_path)) == {"a": "new-a", "b": "new-b"}
    third = opened(tmp_path)
    add(third, {"b": 2}, key="newer")  # of a journal that stays: packed alone, it would lose to it
    third.finish()
    assert keys(opened(tmp_path)) == {"a": "new-a", "b": "newer-b"}
    busy.finish()
    assert keys(opened(tmp_path)) == {"a": "new-a", "b": "newer-b"}
    assert not list(busy.folder.glob("journal-*"))


def test_the_newest_audio_counts_though_a_clock_was_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened(tmp_path)
    add(first, {"a": 2}, key="old")
    first.manifest.end()
    second = opened(tmp_path)
    hour_ago = time.time_ns() - 3600 * 10**9
    monkeypatch.setattr("blendkit.store.manifest.time.time_ns", lambda: hour_ago)
    add(second, {"a": 3}, key="new")
    second.finish()
    assert keys(second) == keys(opened(tmp_path)) == {"a": "new-a"}


def test_a_file_that_cannot_be_read_just_now_is_not_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it counted as damaged, the next packing removed it."""
    store = opened(tmp_path)
    add(store, {"a": 2})
    store.finish()
    (store.folder / "checked.json").unlink()
    again = opened(tmp_path)
    add(again, {"b": 1})

    def busy(_: Path) -> str:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("blendkit.store.part_checks.file_hash", busy)
    with pytest.raises(OSError, match="Too many open files"):
        opened(tmp_path).drop_damaged()
    again.finish()
    assert "Too many open files" in again.notes[0]
    monkeypatch.undo()
    assert opened(tmp_path).read(NameRule()).rows.recordings() == ["a", "b"]


def edited_index(folder: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Replace the index by one of another content, under the name that belongs to it."""
    (path,) = folder.glob("index-*")
    sink = io.BytesIO()
    pq.write_table(change(pq.read_table(path)), sink)
    path.unlink()
    (folder / f"index-{hashlib.sha256(sink.getvalue()).hexdigest()[:16]}.parquet").write_bytes(sink.getvalue())


def column(name: str, values: Any) -> Callable[[pa.Table], pa.Table]:
    return lambda t: t.set_column(t.column_names.index(name), name, values)


@pytest.mark.parametrize(
    "change",
    [
        column("chunks", pa.array([None], pa.int64())),
        column("chunks", pa.array([-4])),
        column("chunks", pa.array([1 << 40])),
        column("chunks", pa.array(["x"])),
        column("key", pa.array([None], pa.string())),
        column("duration_s", pa.array([float("nan")])),
        column("duration_s", pa.array([float("inf")])),
        column("whole", pa.array(["00"])),
        column("part", pa.array(["part-0000000000000000.parquet"])),
        lambda t: t.drop_columns(["mix"]),
        lambda t: pa.concat_tables([t, t]),
        lambda t: t.replace_schema_metadata({**t.schema.metadata, b"blendkit.parts": b"[" * 100_000}),
    ],
)
def test_a_crafted_index_is_an_error(tmp_path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    store.finish()
    edited_index(store.folder, change)
    with pytest.raises(BlendkitError, match="not as it was written"):
        LogitStore.open(store.folder)


@pytest.mark.parametrize(
    ("facts", "said"),
    [({"classes": 5}, "classes"), ({"classes": [1, 2]}, "classes"), ({"covered": [True]}, "classes"),
     ({"about": None}, "about"), ({"features": {"x": "y"}}, "features"), ({"features": {"x": [0]}}, "features")],
)  # fmt: skip
def test_crafted_facts_are_an_error(tmp_path: Path, facts: dict[str, Any], said: str) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    edit_facts(store.folder, lambda f: f.update(facts))
    with pytest.raises(BlendkitError, match=f"not as it was written\n  `{said}`"):
        LogitStore.open(store.folder)


def test_a_part_without_a_class_of_the_facts_is_an_error(tmp_path: Path) -> None:
    store = opened(tmp_path)
    add(store, {"a": 1})
    edit_facts(store.folder, lambda f: f.update(classes=["a", "b", "c"], covered=[True] * 3))
    with pytest.raises(BlendkitError, match="not a part of this store"):
        LogitStore.open(store.folder).read(NameRule())


def test_a_line_that_finds_no_room_leaves_nothing_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = new_journal(tmp_path)
    append_line(path, {"a": 1})
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(OSError, match="No space left"):
            append_line(path, {"b": 2})
    end_journal(path)  # there is room again
    assert (read_journal(path).lines, read_journal(path).torn) == (({"a": 1},), False)
