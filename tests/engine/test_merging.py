"""Shards and merged stores: however the recordings were split, the files are those of one run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core import NameRule
from blendkit.engine import merge, run_shard
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.scoring import Shard, score
from blendkit.store import LogitStore, merge_stores
from tests.stores import edit_facts

Tones = Callable[..., Path]


def files(folder: Path) -> dict[str, bytes]:
    found = (p for p in folder.rglob("*") if p.is_file() and p.name != "checked.json")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


@pytest.fixture
def audio(tones: Tones) -> Path:
    return tones({f"rec{i}": 5.0 * (1 + i % 3) for i in range(1, 14)}) / "test_soundscapes"


@given(st.integers(1, 9), st.lists(st.text(max_size=5), unique=True))
def test_every_recording_is_in_one_shard(of: int, recordings: list[str]) -> None:
    shards = [Shard(i, of) for i in range(1, of + 1)]
    assert [sum(s.holds(r) for s in shards) for r in recordings] == [1] * len(recordings)


def test_shards_are_of_about_one_size() -> None:
    counts = [sum(Shard(i, 4).holds(f"S01_2025_{n:05d}") for n in range(4000)) for i in (1, 2, 3, 4)]
    assert min(counts) > 900
    assert max(counts) < 1100


@pytest.mark.parametrize("text", ["", "2", "0/3", "4/3", "1/0", "-1/3", "1/2/3", "a/b", "1.0/2", "9999999999/1"])
def test_what_is_no_shard(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Shard.parse(text)


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_merged_shards_are_one_run(audio: Path, tmp_path: Path, order: tuple[int, ...]) -> None:
    score("tone", audio, tmp_path / "whole")
    for i in order:
        score("tone", audio, tmp_path / f"s{i}", shard=Shard(i, 3))
    (merged,) = merge([tmp_path / f"s{i}" for i in order], tmp_path / "merged")
    assert (merged.recordings, merged.parts, merged.notes) == (13, 1, ())
    assert files(tmp_path / "merged") == files(tmp_path / "whole")
    before = files(tmp_path / "s1")
    merge([tmp_path / "s1", tmp_path / "merged"], tmp_path / "merged")  # again, as after a stop
    assert files(tmp_path / "merged") == files(tmp_path / "whole")
    assert files(tmp_path / "s1") == before


def test_more_shards_than_recordings(audio: Path, tmp_path: Path) -> None:
    """Shares without a recording are stores, too: whoever merges all of them need not know which."""
    score("tone", audio, tmp_path / "whole")
    shares = [score("tone", audio, tmp_path / f"s{i}", shard=Shard(i, 40)) for i in range(1, 41)]
    assert not all(shares)
    merge([tmp_path / f"s{i}" for i in range(1, 41)], tmp_path / "merged")
    assert files(tmp_path / "merged") == files(tmp_path / "whole")


def test_shards_of_one_store_are_packed_in_place(audio: Path, tmp_path: Path) -> None:
    score("tone", audio, tmp_path / "whole")
    for i in (2, 1):
        score("tone", audio, tmp_path / "shared", shard=Shard(i, 2))
    merge(tmp_path / "shared")
    assert files(tmp_path / "shared") == files(tmp_path / "whole")


def test_recordings_that_were_there_before_are_named(audio: Path, tmp_path: Path) -> None:
    one, two = (score("tone", audio, tmp_path / f"s{i}", shard=Shard(i, 2)) for i in (1, 2))
    (merged,) = merge([tmp_path / "s1"], tmp_path / "merged")
    assert merged.notes == ()
    (merged,) = merge([tmp_path / "s2"], tmp_path / "merged")
    (note,) = merged.notes
    assert f"merged held {len(one)} other recordings, which stay: " in note
    assert merged.recordings == len(one) + len(two) == 13


def test_large_stores_are_packed_in_pieces(audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 4 recordings in a part, and memory for one part at a time."""
    score("tone", audio, tmp_path / "one")
    whole = LogitStore.open(tmp_path / "one").read(NameRule())
    for module in ("packing", "compaction"):
        monkeypatch.setattr(f"blendkit.store.{module}.RECORDINGS", 4)
    monkeypatch.setattr("blendkit.store.packing._HELD_BYTES", 1)
    for i in (1, 2):
        score("tone", audio, tmp_path / "shared", shard=Shard(i, 2))
    (merged,) = merge(tmp_path / "shared")
    assert merged.parts == 4
    read = LogitStore.open(tmp_path / "shared").read(NameRule())
    assert read.rows.ids() == whole.rows.ids()
    assert np.array_equal(read.values, whole.values)
    merge(tmp_path / "one")
    assert files(tmp_path / "shared") == files(tmp_path / "one")


def test_one_recording_of_two_sounds_is_refused(tones: Tones, tmp_path: Path) -> None:
    for i, name in enumerate("ab"):
        folder = tones({f"x{k}": 5.0 for k in range(i)} | {"r": 5.0})  # other noise each time
        score("tone", folder / "test_soundscapes/r.wav", tmp_path / name)
    with pytest.raises(BlendkitError, match=r"1 recordings of other audio(.|\n)*r"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "m")


def test_stores_that_do_not_belong_together_are_refused(audio: Path, tmp_path: Path) -> None:
    score("tone", audio, tmp_path / "a")
    score("tone", audio, tmp_path / "b", settings=["low_hz=200"])
    with pytest.raises(BlendkitError, match="another member") as error:
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "m")
    assert error.value.problems[0] == "params.low_hz: 300.0 there, 200.0 here"
    shutil.copytree(tmp_path / "a", tmp_path / "c")
    edit_facts(tmp_path / "c", lambda facts: facts.update(covered=[False] * len(facts["classes"])))
    with pytest.raises(BlendkitError, match="another member"):
        merge_stores([tmp_path / "a", tmp_path / "c"], tmp_path / "m")
    with pytest.raises(BlendkitError, match="--out"):
        merge([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(BlendkitError, match="holds no store"):
        merge(audio)
    assert not (tmp_path / "m").exists() or not list((tmp_path / "m").glob("part-*"))


@pytest.mark.parametrize("apart", [False, True])
def test_shards_of_a_run_are_blended_as_one(
    tones: Tones, tmp_path: Path, run_text: Callable[..., RunResult], tone_recipe: str, apart: bool
) -> None:
    data = tones({f"rec{i}": 5.0 * (1 + i % 3) for i in range(1, 14)})
    whole = run_text(tone_recipe, data, tmp_path / "whole").out
    recipe = tmp_path / "r.yaml"
    recipe.write_text(tone_recipe, encoding="utf-8")
    outs = [tmp_path / (f"out{i}" if apart else "out") for i in (1, 2, 3)]
    found = [run_shard(recipe, Shard(i, 3), data, out) for i, out in zip((3, 1, 2), outs, strict=True)]
    assert sum(map(len, found)) == 13
    assert not (outs[0] / "submission.csv").exists()
    if apart:
        merge(outs, tmp_path / "out")
    run_text(tone_recipe, data, tmp_path / "out")
    after = files(tmp_path / "out")
    assert {n: b for n, b in after.items() if "timings" not in n} == {
        n: b for n, b in files(whole).items() if "timings" not in n
    }


def test_a_run_of_tables_has_no_shards(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("row_id,a,b\nr_5,0.1,0.9\n", encoding="utf-8")
    (tmp_path / "r.yaml").write_text(
        "recipe: 1\nname: r\ntemplate: null\ntaxonomy: []\nmembers:\n  t: {use: table, path: s.csv, space: prob}\n"
        "output: t\n",
        encoding="utf-8",
    )
    with pytest.raises(BlendkitError, match="no member needs audio"):
        run_shard(tmp_path / "r.yaml", Shard(1, 2), tmp_path, tmp_path / "out")


def test_verify_scores_anew_what_a_disk_damaged_unnoticed(audio: Path, tmp_path: Path) -> None:
    score("tone", audio, tmp_path / "s")
    before = files(tmp_path / "s")
    (part,) = (tmp_path / "s").glob("part-*")
    times, data = part.stat(), bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    os.utime(part, ns=(times.st_atime_ns, times.st_mtime_ns))
    said: list[str] = []
    status = score(
        "tone", audio, tmp_path / "s", verify=True, emit=lambda _, payload: said.extend(payload.get("notes", ()))
    )
    assert len(status) == 13
    assert any("damaged, 13 recordings" in n for n in said)
    assert files(tmp_path / "s") == before


def test_a_damaged_part_is_said(audio: Path, tmp_path: Path) -> None:
    score("tone", audio, tmp_path / "a")
    (part,) = (tmp_path / "a").glob("part-*")
    part.write_bytes(part.read_bytes()[:-1])
    (merged,) = merge([tmp_path / "a"], tmp_path / "m")
    assert merged.recordings == 0
    assert part.name in merged.notes[0]
