from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.core.scores import Scores
from blendkit.errors import BlendkitError
from blendkit.io.readers.score_table import read_table
from blendkit.store import Stored
from blendkit.store.logits import LogitStore

NAMES = NameRule()
CLASSES = ("22961", "grekis", "47158son01")
COVERED = (True, False, True)
NIGHT = "x_S07_20250101_230000"


def new_store(folder: Path, **change: Any) -> LogitStore:
    about = {"made_by": "hash", "classes": CLASSES, "covered": COVERED, "about": {"use": "tone"}, **change}
    return LogitStore.create(folder / "store", **about)


def logits(chunks: dict[str, int], seed: int = 0, dtype: Any = np.float32) -> Scores:
    rows = chunk_rows(chunks, 5.0, NAMES)
    values = np.random.default_rng(seed).standard_normal((len(rows), len(CLASSES))).astype(dtype)
    return Scores.build(values, rows, CLASSES, "logit", covered=np.array(COVERED))


def facts(chunks: dict[str, int], key: str = "k") -> dict[str, Stored]:
    return {r: Stored(f"{key}-{r}", n, "ok" if n else "empty", "", n * 5.0) for r, n in chunks.items()}


def add(store: LogitStore, chunks: dict[str, int], seed: int = 0, key: str = "k") -> Scores:
    scores = logits(chunks, seed)
    store.write(scores, facts(chunks, key))
    return scores


def parts(store: LogitStore) -> list[Path]:
    return sorted(store.folder.glob("part-*.parquet"))


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    written = add(new_store(tmp_path), {"r10": 1, "r2": 3, NIGHT: 2})
    store = LogitStore.open(tmp_path / "store")
    read = store.read(NAMES)
    assert read.rows.ids() == written.rows.ids()
    assert np.array_equal(read.values, written.values)
    assert read.values.dtype == np.float32
    assert (read.classes, read.space, read.made_by) == (CLASSES, "logit", "hash")
    assert read.covered.tolist() == list(COVERED)
    assert read.rows.site.tolist() == written.rows.site.tolist()
    assert store.about == {"use": "tone"}
    assert store.recordings() == facts({"r10": 1, "r2": 3, NIGHT: 2})


def test_parts_add_up_in_natural_order(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, {"r10": 1, "r11": 1}, seed=1)
    add(store, {"r9": 2}, seed=2)
    assert len(store.parts) == len(parts(store)) == 2
    assert store.read(NAMES).rows.ids() == ["r9_5", "r9_10", "r10_5", "r11_5"]
    assert np.array_equal(store.read(NAMES).values[:2], logits({"r9": 2}, 2).values)


def test_some_recordings_can_be_read_alone(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    whole = add(store, {"a": 2, "b": 1, "c": 2})
    some = store.read(NAMES, ["c", "a"])
    assert some.rows.ids() == ["a_5", "a_10", "c_5", "c_10"]
    assert np.array_equal(some.values, whole.values[[0, 1, 3, 4]])


def test_recordings_that_are_not_stored_are_named(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, {"a": 1})
    with pytest.raises(BlendkitError, match=r"2 recordings are not stored(.|\n)*b(.|\n)*c"):
        store.read(NAMES, ["b", "a", "c"])


def test_float64_is_stored_as_float32(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    scores = logits({"a": 3}, dtype=np.float64)
    store.write(scores, facts({"a": 3}))
    assert np.array_equal(store.read(NAMES).values, scores.values.astype(np.float32))


def test_resume_keeps_what_is_there(tmp_path: Path) -> None:
    add(new_store(tmp_path), {"a": 2})
    again = new_store(tmp_path)
    assert list(again.recordings()) == ["a"]
    add(again, {"b": 1}, seed=1)
    assert list(LogitStore.open(tmp_path / "store").read(NAMES).rows.recordings()) == ["a", "b"]


def test_an_unwritten_store_leaves_no_trace(tmp_path: Path) -> None:
    new_store(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", [{"made_by": "other"}, {"classes": ("22961", "x", "y")}, {"classes": CLASSES[::-1]}])
def test_another_members_store_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    add(new_store(tmp_path), {"a": 1})
    with pytest.raises(BlendkitError) as error:
        new_store(tmp_path, **change)
    assert str(tmp_path / "store") in str(error.value)
    assert "another member" in str(error.value)
    assert "tone" in str(error.value)  # what the folder does hold


@pytest.mark.parametrize("name", ["recording", "start_s", "end_s"])
def test_classes_named_like_our_columns_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BlendkitError, match=name):
        new_store(tmp_path, classes=("a", name), covered=(True, True))


@pytest.mark.parametrize("text", [None, "", "{", '{"format": 99}', '{"format": 2}', "[]", "{}", "[" * 100000])
def test_what_is_not_a_store_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "store.json").write_text(text)
    with pytest.raises(BlendkitError, match="store") as error:
        LogitStore.open(tmp_path)
    assert str(tmp_path) in str(error.value)
    if text and "99" in text:
        assert "99" in str(error.value)


@pytest.mark.parametrize("damage", ["delete", "truncate", "flip", "empty"])
def test_damaged_parts_are_dropped(tmp_path: Path, damage: str) -> None:
    store = new_store(tmp_path)
    add(store, {"a": 2}, seed=1)
    good = add(store, {"b": 2}, seed=2)
    name = store.manifest.part_of["a"]
    path = store.folder / name
    data = path.read_bytes()
    if damage == "delete":
        path.unlink()
    else:
        flipped = data[:60] + bytes([data[60] ^ 1]) + data[61:]
        path.write_bytes({"truncate": data[: len(data) // 2], "flip": flipped, "empty": b""}[damage])
    again = LogitStore.open(store.folder)
    assert again.drop_damaged() == ([] if damage == "delete" else [name])
    assert list(again.recordings()) == ["b"]
    assert np.array_equal(again.read(NAMES).values, good.values)
    scored_anew = add(again, {"a": 2}, seed=1)
    assert np.array_equal(LogitStore.open(store.folder).read(NAMES, ["a"]).values, scored_anew.values)


def test_sound_parts_are_kept(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, {"a": 1})
    assert store.drop_damaged() == []
    assert list(store.recordings()) == ["a"]


def test_an_unreadable_part_is_named(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, {"a": 1})
    part = parts(store)[0]
    part.write_bytes(b"PAR1 no longer")
    with pytest.raises(BlendkitError, match=f"{part.name}: cannot read this part"):
        store.read(NAMES)


def cut_journal(store: LogitStore, lines: int) -> None:
    """Leave only the first lines of the journal, as a kill before the next line does."""
    (journal,) = store.folder.glob("journal-*.jsonl")
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:lines]))


def test_a_part_that_no_line_lists_is_harmless(tmp_path: Path) -> None:
    """A kill between the part and its line leaves a part that nothing names."""
    store = new_store(tmp_path)
    add(store, {"a": 1}, seed=1)
    add(store, {"b": 1}, seed=2)
    cut_journal(store, 1)
    resumed = new_store(tmp_path)
    assert resumed.drop_damaged() == []
    assert list(resumed.recordings()) == ["a"]
    assert resumed.read(NAMES).rows.ids() == ["a_5"]
    written = add(resumed, {"b": 1}, seed=2)
    assert np.array_equal(LogitStore.open(store.folder).read(NAMES, ["b"]).values, written.values)


def test_the_first_part_that_no_line_lists_is_harmless(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, {"a": 1})
    cut_journal(store, 0)
    resumed = new_store(tmp_path)
    assert resumed.recordings() == {}
    add(resumed, {"a": 1}, seed=5)
    assert np.array_equal(LogitStore.open(store.folder).read(NAMES).values, logits({"a": 1}, 5).values)


def test_no_temporary_files_are_left(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, {"a": 1})
    assert sorted(p.suffix for p in store.folder.iterdir()) == [".json", ".jsonl", ".parquet"]
    store.finish()
    assert sorted(p.suffix for p in store.folder.iterdir()) == [".json", ".json", ".parquet", ".parquet"]


def test_the_newest_scores_of_a_recording_count(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    old = add(store, {"a": 2, "b": 1}, seed=1, key="old")
    new = add(store, {"a": 3}, seed=2, key="new")
    for found in (store, LogitStore.open(store.folder)):
        whole = found.read(NAMES)
        assert whole.rows.ids() == ["a_5", "a_10", "a_15", "b_5"]
        assert np.array_equal(whole.values, np.concatenate([new.values, old.values[2:]]))
        assert found.recordings()["a"].key == "new-a"


def test_a_part_that_holds_nothing_any_more_is_forgotten(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, {"a": 1}, key="old")
    add(store, {"a": 1}, seed=3, key="new")
    assert len(store.parts) == 1
    assert store.drop_damaged() == []


def test_the_same_group_again_replaces_its_part(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, {"a": 1, "b": 2}, seed=1)
    new = add(store, {"a": 1, "b": 2}, seed=2)
    assert len(store.parts) == 1
    store.finish()
    assert [p.name for p in parts(store)] == list(store.parts)
    assert np.array_equal(LogitStore.open(store.folder).read(NAMES).values, new.values)


def test_recordings_without_chunks(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, {"empty": 0})
    add(store, {"a": 1, "also": 0}, seed=1)
    again = LogitStore.open(store.folder)
    assert set(again.recordings()) == {"empty", "a", "also"}
    assert again.recordings()["empty"] == Stored("k-empty", 0, "empty", "", 0.0)
    assert again.read(NAMES).rows.ids() == ["a_5"]
    assert again.read(NAMES, ["empty", "a"]).rows.ids() == ["a_5"]
    with pytest.raises(BlendkitError, match="no chunk is stored"):
        again.read(NAMES, ["empty"])
    assert again.drop_damaged() == []


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="no chunk is stored"):
        new_store(tmp_path).read(NAMES)


def test_pandas_reads_a_part(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    scores = add(store, {"r10": 1, "r2": 2})
    store.finish()
    frame = pd.read_parquet(parts(store)[0])
    assert frame.columns.tolist() == ["recording", "start_s", "end_s", *CLASSES]
    assert {str(frame[c].dtype) for c in CLASSES} == {"float32"}
    assert frame["recording"].tolist() == ["r2", "r2", "r10"]
    assert frame["end_s"].tolist() == [5.0, 10.0, 5.0]
    assert np.array_equal(frame[list(CLASSES)].to_numpy(), scores.values)


def test_a_part_says_what_it_is(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, {"a": 1})
    own = pq.read_schema(parts(store)[0]).metadata
    assert {k: v for k, v in own.items() if k != b"ARROW:schema"} == {
        b"blendkit.space": b"logit",
        b"blendkit.made_by": b"hash",
    }
    store.finish()
    meta = pq.read_schema(parts(store)[0]).metadata
    assert (meta[b"blendkit.space"], meta[b"blendkit.made_by"]) == (b"logit", b"hash")
    assert json.loads(meta[b"blendkit.covered"]) == list(COVERED)


def test_a_part_is_a_score_table(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    scores = add(store, {"r10": 1, "r2": 2})
    store.finish()
    table = read_table(parts(store)[0])
    assert table.row_ids == ["r2_5", "r2_10", "r10_5"]
    assert table.classes == list(CLASSES)
    assert np.array_equal(table.values, scores.values)


def test_equal_runs_write_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        add(store := new_store(tmp_path / name), {"a": 2, "b": 1})
        store.finish()
        (store.folder / "checked.json").unlink()  # times, which make later runs quick
    one, two = (sorted((tmp_path / n / "store").iterdir()) for n in ("one", "two"))
    assert [p.name for p in one] == [p.name for p in two]
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


@given(st.lists(st.dictionaries(st.sampled_from("abcde"), st.integers(0, 3), min_size=1), max_size=4))
def test_any_writes_leave_the_newest(tmp_path_factory: pytest.TempPathFactory, writes: list[dict[str, int]]) -> None:
    store = new_store(tmp_path_factory.mktemp("store"))
    newest: dict[str, np.ndarray] = {}
    for seed, chunks in enumerate(writes):
        scores = add(store, chunks, seed, key=str(seed))
        newest |= {r: scores.values[scores.rows.recording == r] for r in chunks}
    nonempty = [r for r in sorted(newest) if len(newest[r])]
    if not nonempty:
        return
    read = LogitStore.open(store.folder).read(NAMES)
    assert read.rows.recordings() == nonempty
    assert np.array_equal(read.values, np.concatenate([newest[r] for r in nonempty]))
