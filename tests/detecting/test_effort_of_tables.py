"""Tables of another tool's detections say what was found, and not how long was listened to: that comes from the audio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.detecting import Clocks, DrawRule, Reading, ThresholdRule, activity, detect, review
from blendkit.engine import run
from blendkit.io import read_labels, read_scores

HEADER = "Start (s),End (s),Scientific name,Common name,Confidence,File\n"
RULE = ThresholdRule(value=0.5)
HOURS = ("05", "06", "07", "08")


def _name(hour: str) -> str:
    return f"S1_20240501_{hour}0000"


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    folder = tmp_path / "audio" / "A"
    folder.mkdir(parents=True)
    for hour in HOURS:
        soundfile.write(folder / f"{_name(hour)}.wav", np.zeros(100 * 600, np.int16), 100)
    return folder.parent


def _tables(folder: Path, hours: tuple[str, ...] = HOURS, found: tuple[str, ...] = ("05", "06")) -> Path:
    folder.mkdir()
    for hour in hours:
        line = f"5.0,8.0,Turdus merula,Blackbird,0.9,x/{_name(hour)}.wav\n" if hour in found else ""
        (folder / f"{_name(hour)}.BirdNET.results.csv").write_text(HEADER + line, encoding="utf-8")
    return folder


def test_with_audio_every_hour_listened_counts(tmp_path: Path, audio: Path) -> None:
    found = activity(_tables(tmp_path / "t"), tmp_path / "out", RULE, reading=Reading(audio=audio))
    by_hour = next(p for p in found.parts if p.part == "hour")
    assert by_hour.cells == HOURS
    assert by_hour.recordings.tolist() == [1, 1, 1, 1]
    np.testing.assert_array_equal(by_hour.hours, np.full(4, 1 / 6))
    assert by_hour.detections.tolist() == [[1, 1, 0, 0]]
    by_site = next(p for p in found.parts if p.part == "site")
    assert by_site.rate.tolist() == [[3.0]]  # 2 detections in 4 times 10 minutes


def test_without_audio_no_rate_is_stated(tmp_path: Path) -> None:
    found = activity(_tables(tmp_path / "t"), tmp_path / "out", RULE)
    table = pd.read_csv(tmp_path / "out/activity.csv", dtype={"cell": str})
    assert table[["hours", "per_hour", "low", "high"]].isna().all(axis=None)
    assert table["detections"].max() == 2
    assert pd.read_csv(tmp_path / "out/cells.csv")["hours"].isna().all()
    assert found.picture is None
    assert sum("--audio FOLDER tells both" in n for n in found.notes) == 1


def test_the_effort_of_detect(tmp_path: Path, audio: Path) -> None:
    tables, out = _tables(tmp_path / "t"), tmp_path / "out"
    assert any("the effort is unknown" in n for n in detect(tables, out, RULE).notes)
    assert pd.read_csv(out / "recordings.csv")["seconds"].isna().all()
    assert pd.read_csv(out / "sites.csv")["hours"].isna().all()
    assert not any("effort" in n for n in detect(tables, out, RULE, reading=Reading(audio=audio)).notes)
    assert pd.read_csv(out / "recordings.csv")["seconds"].tolist() == [600.0] * 4
    assert pd.read_csv(out / "sites.csv")["hours"].tolist() == [0.666667]


def test_recordings_without_a_table_of_their_own_are_not_counted(tmp_path: Path, audio: Path) -> None:
    tables = _tables(tmp_path / "t", hours=("05", "07"))
    found = detect(tables, tmp_path / "out", RULE, reading=Reading(audio=audio))
    assert [h.id.rpartition("/")[2] for h in found.table.recordings] == [_name("05"), _name("07")]
    assert any("not counted, for the scores lack them: 2 recordings of" in n for n in found.notes)


@pytest.mark.parametrize("found", [("05", "06"), ()])
def test_one_table_of_all_counts_the_whole_folder(tmp_path: Path, audio: Path, found: tuple[str, ...]) -> None:
    lines = [f"5.0,8.0,Turdus merula,Blackbird,0.9,x/{_name(h)}.wav\n" for h in found]
    (tmp_path / "all.csv").write_text(HEADER + "".join(lines), encoding="utf-8")
    table = detect(tmp_path / "all.csv", tmp_path / "out", RULE, reading=Reading(audio=audio)).table
    assert sum(h.length_s for h in table.recordings) == 2400
    assert len(table) == len(found)


@pytest.mark.parametrize("hour", ["05", "07"])
def test_a_single_table_named_after_its_recording_counts_this_one(tmp_path: Path, audio: Path, hour: str) -> None:
    table = _tables(tmp_path / "t") / f"{_name(hour)}.BirdNET.results.csv"
    found = detect(table, tmp_path / "out", RULE, reading=Reading(audio=audio)).table
    assert [h.length_s for h in found.recordings] == [600.0]
    assert len(found) == (hour == "05")


def test_a_table_with_a_header_alone_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text(HEADER, encoding="utf-8")
    assert len(detect(tmp_path / "none.csv", tmp_path / "out", RULE)) == 0


def test_detections_after_the_end_are_named(tmp_path: Path, audio: Path) -> None:
    lines = [f"{s},{s + 3},Turdus merula,Blackbird,0.9,{_name('05')}.wav\n" for s in [*range(0, 600, 30), 700]]
    (tmp_path / "all.csv").write_text(HEADER + "".join(lines), encoding="utf-8")
    found = detect(tmp_path / "all.csv", tmp_path / "out", RULE, reading=Reading(audio=audio))
    assert len(found) == 20
    assert any(
        f"left out: 1 window that begins after the end of the recording: A/{_name('05')}" in n for n in found.notes
    )


def test_a_file_whose_length_cannot_be_read_leaves_the_effort_unknown(tmp_path: Path, audio: Path) -> None:
    (audio / "A/bad.wav").write_bytes(b"no sound at all")
    (tmp_path / "all.csv").write_text(
        HEADER + f"5.0,8.0,Turdus merula,Blackbird,0.9,{_name('05')}.wav\n", encoding="utf-8"
    )
    found = activity(tmp_path / "all.csv", tmp_path / "out", RULE, reading=Reading(audio=audio))
    heard = [n for n in found.notes if n.startswith("counted as heard, with nothing found: 3 recordings")]
    assert len(heard) == 1
    assert "bad" not in heard[0]
    assert any("their length cannot be read: 1 recording of" in n and "A/bad" in n for n in found.notes)
    assert all(np.isnan(p.hours).all() for p in found.parts)


def test_tables_of_their_own_in_several_folders_count_theirs_alone(tmp_path: Path, audio: Path) -> None:
    (audio / "B").mkdir()
    for name in ("x", "y"):
        soundfile.write(audio / f"B/{name}.wav", np.zeros(100 * 60, np.int16), 100)
    tables = tmp_path / "t"
    for folder, name, lines in (("A", _name("05"), 1), ("A", _name("06"), 0), ("B", "x", 1)):
        (tables / folder).mkdir(parents=True, exist_ok=True)
        line = f"5.0,8.0,Turdus merula,Blackbird,0.9,{folder}/{name}.wav\n" * lines
        (tables / folder / f"{name}.BirdNET.results.csv").write_text(HEADER + line, encoding="utf-8")
    table = detect(tables, tmp_path / "out", RULE, reading=Reading(audio=audio)).table
    assert {h.id for h in table.recordings} == {f"A/{_name('05')}", f"A/{_name('06')}", "B/x"}


def test_an_empty_table_with_a_recordings_name_is_of_this_one(tmp_path: Path, audio: Path) -> None:
    (tmp_path / f"{_name('06')}.csv").write_text(HEADER, encoding="utf-8")
    table = detect(tmp_path / f"{_name('06')}.csv", tmp_path / "out", RULE, reading=Reading(audio=audio)).table
    assert [h.length_s for h in table.recordings] == [600.0]


def test_a_header_alone_leaves_the_effort_unknown(tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text(HEADER, encoding="utf-8")
    assert any("the effort is unknown" in n for n in detect(tmp_path / "none.csv", tmp_path / "out", RULE).notes)


def test_a_review_says_what_it_cannot_draw_from(tmp_path: Path, audio: Path) -> None:
    tables = _tables(tmp_path / "t")
    blind = review(tables, tmp_path / "r", DrawRule(per_class=2))
    assert any("the effort is unknown" in n for n in blind.notes)
    seen = review(tables, tmp_path / "s", DrawRule(per_class=2), reading=Reading(audio=audio))
    assert sum(dict(zip(seen.clips.stratum, seen.clips.chunks, strict=True)).values()) == 480
    assert not any("effort" in n for n in seen.notes)


def test_each_file_is_asked_for_its_length_once(tmp_path: Path, audio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def probe(path: Path) -> float:
        asked.append(path)
        return 600.0

    monkeypatch.setattr("blendkit.io.audio_places.probe_duration", probe)
    detect(_tables(tmp_path / "t"), tmp_path / "out", RULE, reading=Reading(audio=audio))
    assert sorted(asked) == sorted(audio.rglob("*.wav"))


def _line(path: str, at: int = 5) -> str:
    return f"{at}.0,{at + 3}.0,Turdus merula,Blackbird,0.9,{path}\n"


@pytest.mark.parametrize("before", ["", "recordings/", "/home/me/recordings/", "D:/season/"])
def test_paths_of_tables_mean_the_recordings_of_the_audio(tmp_path: Path, audio: Path, before: str) -> None:
    (audio / "B").mkdir()
    soundfile.write(audio / f"B/{_name('05')}.wav", np.zeros(100 * 600, np.int16), 100)
    (tmp_path / "t.csv").write_text(HEADER + _line(f"{before}A/{_name('05')}.wav"), encoding="utf-8")
    reading = Reading(audio=audio, clocks=Clocks(site="folder"))
    found = detect(tmp_path / "t.csv", tmp_path / "out", RULE, reading=reading)
    assert next(h.id for h in found.table.recordings) == f"A/{_name('05')}"
    assert {h.site for h in found.table.recordings} == {"A", "B"}
    sites = pd.read_csv(tmp_path / "out/sites.csv", index_col="site")
    assert sites["detections"].to_dict() == {"A": 1, "B": 0}
    assert sites["recordings"].to_dict() == {"A": 4, "B": 1}


def test_tables_that_name_no_file_are_told_apart_by_their_folders(tmp_path: Path, audio: Path) -> None:
    (audio / "B").mkdir()
    soundfile.write(audio / f"B/{_name('05')}.wav", np.zeros(100 * 600, np.int16), 100)
    for site, score in (("A", 0.9), ("B", 0.6)):
        (tmp_path / "tracks" / site).mkdir(parents=True)
        text = f"0.0\t3.0\tTurdus merula\t{score}\n"
        (tmp_path / "tracks" / site / f"{_name('05')}.txt").write_text(text, encoding="utf-8")
    table = detect(tmp_path / "tracks", tmp_path / "out", RULE, reading=Reading(audio=audio)).table
    assert [(table.recordings[r].id, s) for r, s in zip(table.recording, table.score, strict=True)] == [
        (f"A/{_name('05')}", 0.9), (f"B/{_name('05')}", 0.6),
    ]  # fmt: skip
    labels = read_labels(tmp_path / "tracks")
    assert set(labels.recordings) == {f"A/{_name('05')}", f"B/{_name('05')}"}


@pytest.mark.parametrize(("table", "seconds"), [(False, 19.5), (True, 19.9)])
def test_the_effort_of_short_recordings_is_what_was_listened_to(tmp_path: Path, table: bool, seconds: float) -> None:
    """Scores of chunks say nothing of a rest without a chunk; a detector that gave a table listened to all of it."""
    (tmp_path / "audio").mkdir()
    for k, length in enumerate((6.5, 10.4, 3.0)):
        soundfile.write(tmp_path / f"audio/S1_2024050{k + 1}_050000.wav", np.zeros(int(1000 * length), np.int16), 1000)
    rows = chunk_rows({f"S1_2024050{k + 1}_050000": n for k, n in enumerate((2, 2, 1))}, 5.0, NameRule())
    scores: Scores | Path = Scores.build(np.full((5, 1), 0.9), rows, ("x",), "prob")
    if table:
        scores = tmp_path / "found.csv"
        lines = [f"0,3,Ara x,A,0.9,S1_2024050{k + 1}_050000.wav\n" for k in range(3)]
        scores.write_text(HEADER + "".join(lines), encoding="utf-8")
    found = activity(scores, tmp_path / "out", RULE, reading=Reading(audio=tmp_path / "audio"))
    assert next(p for p in found.parts if p.part == "site").hours == pytest.approx([seconds / 3600])


def test_of_a_run_what_could_be_read_counts(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    for k in (1, 2):
        sound = np.random.default_rng(k).normal(size=30 * 16000) * 0.1
        soundfile.write(tmp_path / f"audio/S1_2024050{k}_050000.flac", sound, 16000)
    cut = tmp_path / "audio/S1_20240502_050000.flac"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 2 // 3])
    recipe = "recipe: 1\nname: t\naudio: audio\nmembers: {t: {use: tone, classes: [x, y]}}\noutput: t\n"
    (tmp_path / "r.yaml").write_text(recipe, encoding="utf-8")
    run(tmp_path / "r.yaml", out=tmp_path / "o")
    reading = Reading(audio=tmp_path / "audio")
    heard = detect(tmp_path / "o", tmp_path / "d", ThresholdRule(value=1.0), reading=reading).table.recordings
    assert heard[0].length_s == 30.0
    assert 15 < heard[1].length_s < 25


def test_a_folder_of_probabilities_holds_probabilities(tmp_path: Path) -> None:
    assert read_scores(_tables(tmp_path / "t")).space == "prob"


def test_sites_by_folder_of_recordings_in_none_are_said(tmp_path: Path) -> None:
    rows = chunk_rows({"R1": 1, "R2": 1}, 5.0, NameRule())
    scores = Scores.build(np.full((2, 1), 0.9), rows, ("x",), "prob")
    found = detect(scores, tmp_path / "out", RULE, reading=Reading(clocks=Clocks(site="folder")))
    assert any("no recording lies in a folder" in n for n in found.notes)


def test_a_folder_of_empty_tables_that_name_no_recording(tmp_path: Path, audio: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t/detections.csv").write_text(HEADER, encoding="utf-8")
    table = detect(tmp_path / "t", tmp_path / "out", RULE, reading=Reading(audio=audio)).table
    assert len(table.recordings) == 4  # one table of all, with nothing in it


@pytest.mark.parametrize("known", [False, True])
def test_only_scored_chunks_are_effort(tmp_path: Path, known: bool) -> None:
    """Two chunks of 5 s of a file of 40 s, as a duty cycle leaves them, and a whole one of 12 s."""
    for name, seconds in (("S1_a", 40), ("S2_b", 12)):
        (tmp_path / "audio").mkdir(exist_ok=True)
        soundfile.write(tmp_path / "audio" / f"{name}.wav", np.full(seconds * 8000, 0.1), 8000)
    ids = ["S1_a_5", "S1_a_35", "S2_b_5", "S2_b_10", "S2_b_15"]
    pd.DataFrame({"row_id": ids, "x": 0.5}).to_csv(tmp_path / "t.csv", index=False)
    audio = tmp_path / "audio" if known else None
    reading = Reading(space="prob", audio=audio, clocks=Clocks(r"(?P<site>S\d)_.*"))
    detect(tmp_path / "t.csv", tmp_path / "out", ThresholdRule(value=0.9), formats=("csv",), reading=reading)
    heard = pd.read_csv(tmp_path / "out" / "recordings.csv").set_index("recording")["seconds"]
    assert heard.to_dict() == {"S1_a": 10.0, "S2_b": 12.0 if known else 15.0}
    sites = pd.read_csv(tmp_path / "out" / "sites.csv").set_index("site")["hours"]
    assert sites.to_dict() == {"S1": round(10 / 3600, 6), "S2": round((12 if known else 15) / 3600, 6)}
