from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

Blendkit = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def audio(tone_folder: Path) -> Path:
    return tone_folder / "test_soundscapes"


def test_every_file_gets_a_status(audio: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/broken.ogg").write_bytes(b"OggS and then nothing")
    store = tmp_path / "store"
    args = ("score", "tone", audio, tmp_path / "bad", "--out", store)
    done = blendkit(*args)
    assert done.returncode == 0, done.stderr
    assert "3 recordings: 1 ok, 1 padded, 1 unreadable" in done.stdout
    (part,) = store.glob("part-*.parquet")
    table = pq.read_table(part)
    assert table.column_names[:3] == ["recording", "start_s", "end_s"]
    assert table["recording"].to_pylist() == ["r2", "r2", "r10", "r10"]
    assert table["end_s"].to_pylist() == [5, 10, 5, 10]
    assert table["tone1"].type == "float"
    content = part.read_bytes()

    again = blendkit(*args, "--json", "--strict")  # resumes, and is strict about the broken file
    assert again.returncode == 1
    events = [json.loads(line) for line in again.stdout.splitlines()]
    assert events[0]["event"] == "scoring"
    assert events[0]["payload"]["to_score"] == 0
    states = {e["payload"]["recording"]: e["payload"]["status"] for e in events if e["event"] == "recording"}
    assert states == {"r2": "ok", "r10": "padded", "broken": "unreadable"}
    assert part.read_bytes() == content


def test_settings_and_single_files(audio: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    file, store = audio / "r2.wav", tmp_path / "store"
    settings = ("--set", "classes=[a, b]", "--set", "tta.shifts_s=[-1, 0, 1]", "--chunk-s", "2.5")
    done = blendkit("score", "tone", file, "--out", store, *settings)
    assert done.returncode == 0, done.stderr
    (part,) = store.glob("part-*.parquet")
    table = pq.read_table(part)
    assert table.column_names == ["recording", "start_s", "end_s", "a", "b"]
    assert table.num_rows == 4
    assert np.isfinite(table["a"].to_numpy()).all()
    about = json.loads((store / "store.json").read_text(encoding="utf-8"))["about"]["facts"]
    assert about["tta"] == {"edge": "drop", "shifts_s": [-1.0, 0.0, 1.0]}
    # another setting is another member: its logits must not mix with these
    other = blendkit("score", "tone", file, "--out", store, "--set", "classes=[a, b]")
    assert other.returncode == 2
    assert "holds logits of another member or of other settings" in other.stderr


def test_target_classes_come_from_a_taxonomy(world: Path, audio: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    store = tmp_path / "store"
    settings = ("--set", f"model={world}/models/perch_v2.onnx", "--set", f"labels={world}/models/perch_labels.csv")
    done = blendkit("score", "perch", audio, "--out", store, "--taxonomy", world / "taxonomy.csv", *settings)
    assert done.returncode == 0, done.stderr
    facts = json.loads((store / "store.json").read_text(encoding="utf-8"))
    lines = (world / "taxonomy.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(facts["classes"]) == len(facts["covered"]) == len(lines)
    assert 0 < sum(facts["covered"]) < len(lines)


MISTAKES = (
    (("tone", "nowhere"), "nowhere: no such file or folder"),
    (("tone", "."), "no audio files in this folder"),
    (("tone", "notes.txt"), "notes.txt: not an audio file"),
    (("toen", "."), "unknown member 'toen' (did you mean 'tone'?)"),
    (("tone", ".", "--set", "rte=3"), "unknown key 'rte' (did you mean 'rate'?)"),
    (("tone", ".", "--set", "rate=fast"), "rate"),
    (("tone", ".", "--taxonomy", "nowhere.csv"), "nowhere.csv"),
    (("table", ".", "--set", "path=notes.txt", "--set", "space=prob"), "reads finished scores"),
    (("onnx", ".", "--set", "rate=8000"), "model: missing"),
    (("onnx", ".", "--set", "rate=8000", "--set", "model=m.onnx", "--set", "classes=c.txt"), "'m.onnx'"),
)


def test_what_cannot_be_scored(tmp_path: Path, many: Callable[..., list[subprocess.CompletedProcess[str]]]) -> None:
    (tmp_path / "notes.txt").write_text("no sound", encoding="utf-8")
    jobs = [(("score", *args, "--out", "store"), tmp_path) for args, _ in MISTAKES]
    for (args, says), done in zip(MISTAKES, many(jobs), strict=True):
        assert done.returncode == 2, (args, done.stderr)
        assert "Traceback" not in done.stderr
        assert says in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_folder_of_somebody_else(audio: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    (tmp_path / "thesis.txt").write_text("years", encoding="utf-8")
    done = blendkit("score", "tone", audio, "--out", tmp_path)
    assert done.returncode == 2
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_second_card_with_the_same_names_takes_nothing_from_the_first(
    audio: Path, tmp_path: Path, blendkit: Blendkit
) -> None:
    store, other = tmp_path / "store", tmp_path / "card2"
    other.mkdir()
    (other / "r2.wav").write_bytes((audio / "r10.wav").read_bytes())
    assert blendkit("score", "tone", audio / "r2.wav", "--out", store).returncode == 0
    parts = {p.name: p.read_bytes() for p in store.glob("part-*.parquet")}
    done = blendkit("score", "tone", other, "--out", store)
    assert done.returncode == 2
    assert f"{store}: 1 recording has other audio than when the saved logits were made" in done.stderr
    assert "give the folder above them" in done.stderr
    assert "--replace" in done.stderr
    assert {p.name: p.read_bytes() for p in store.glob("part-*.parquet")} == parts
    done = blendkit("score", "tone", other, "--out", store, "--replace")
    assert done.returncode == 0
    assert "which are replaced now: r2" in done.stdout
    assert {p.name: p.read_bytes() for p in store.glob("part-*.parquet")} != parts


def test_new_tags_and_a_copy_that_was_finished_are_no_other_audio(
    audio: Path, tmp_path: Path, blendkit: Blendkit
) -> None:
    store, card = tmp_path / "store", tmp_path / "card"
    card.mkdir()
    whole = (audio / "r2.wav").read_bytes()
    (card / "tagged.wav").write_bytes(whole)
    (card / "copied.wav").write_bytes(whole[: len(whole) // 2])
    (card / "begun.wav").write_bytes(whole[:20])
    assert blendkit("score", "tone", card, "--out", store).returncode == 0
    (card / "tagged.wav").write_bytes(whole + b"LIST\x08\0\0\0INFOabcd")
    (card / "copied.wav").write_bytes(whole)
    (card / "begun.wav").write_bytes(whole)
    (card / "new.wav").write_bytes((audio / "r10.wav").read_bytes())
    done = blendkit("score", "tone", card, "--out", store)
    assert done.returncode == 0, done.stderr
    assert "4 recordings: 3 ok, 1 padded" in done.stdout
    assert "other audio" not in done.stdout


def test_a_renamed_file_counts_twice_and_that_is_said(audio: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    store, files = tmp_path / "store", tmp_path / "files"
    files.mkdir()
    (files / "a.wav").write_bytes((audio / "r2.wav").read_bytes())
    assert blendkit("score", "tone", files, "--out", store).returncode == 0
    (files / "a.wav").rename(files / "b.wav")
    assert blendkit("score", "tone", files, "--out", store).returncode == 0
    for command in (
        ("convert", store, tmp_path / "scores.csv"),
        ("detect", store, "--threshold", -9, "--out", tmp_path / "found"),
    ):
        done = blendkit(*command)
        assert done.returncode == 0, done.stderr
        said = " ".join((done.stdout + done.stderr).split())
        assert "1 of the 2 recordings are copies or cuts of others, and count beside these" in said
        assert "b (a)" in said
