"""A table of detections says nothing of the time after its last one: labels of the recordings do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from blendkit import compare, evaluate
from blendkit.core import WHOLE_RECORDING, LabelTable
from blendkit.errors import BlendkitError
from blendkit.io import ColumnNames, convert_file, read_scores
from blendkit.io.converted_detections import Carried
from blendkit.io.labelled_reach import listened_to
from blendkit.io.windows_to_chunks import Windowed
from tests.sounds import encoded, noise

HEAD = "Start (s),End (s),Scientific name,Common name,Confidence\n"
FOUND = {("R1", 0): 0.9, ("R2", 0): 0.8, ("R2", 1): 0.8}  # the chunks that detections overlap
POSITIVE = {("R1", 0), ("R2", 0), ("R2", 9)}  # the last one was missed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bn").mkdir()
    (tmp_path / "bn/R1.BirdNET.results.csv").write_text(f"{HEAD}0,3,Ara x,A,0.9\n", encoding="utf-8")
    (tmp_path / "bn/R2.BirdNET.results.csv").write_text(f"{HEAD}0,3,Ara x,A,0.6\n3,6,Ara x,A,0.8\n", encoding="utf-8")
    (tmp_path / "labels.csv").write_text(labels(), encoding="utf-8")
    return tmp_path


def labels(length: float = 5, chunks: int = 12) -> str:
    rows = [
        f"{r}.wav,{length * k},{length * (k + 1)},{'Ara x' if (r, k) in POSITIVE else ''}"
        for r in ("R1", "R2")
        for k in range(chunks)
    ]
    return "\n".join(["filename,start,end,primary_label", *rows]) + "\n"


def test_a_call_after_the_last_detection_is_missed_and_counts(folder: Path) -> None:
    at = [(r, k) for r in ("R1", "R2") for k in range(12)]
    wanted = roc_auc_score([c in POSITIVE for c in at], [FOUND.get(c, 0.0) for c in at])
    found = evaluate(folder / "bn", folder / "labels.csv")
    assert (found.labelled_rows, found.macro) == (24, pytest.approx(wanted))
    assert "21 labelled chunks after the last detection of a recording count as nothing found" in found.notes
    (folder / "twin").mkdir()
    for path in (folder / "bn").iterdir():
        (folder / "twin" / path.name).write_bytes(path.read_bytes())
    made = compare([folder / "bn", folder / "twin"], folder / "labels.csv")
    assert made.labelled_rows == 24
    assert made.to_frame()["macro_auc"].tolist() == pytest.approx([wanted, wanted])


def test_recordings_that_the_table_does_not_name_stay_out_of_the_figure(folder: Path) -> None:
    """One label file for a project, and detections of one card: nobody says that the others were listened to."""
    (folder / "all.csv").write_text(f"{HEAD[:-1]},File\n0,3,Ara x,A,0.9,R1.wav\n", encoding="utf-8")
    found = evaluate(folder / "all.csv", folder / "labels.csv")
    assert found.labelled_rows == 12
    assert "1 of the 2 labelled recordings have no scores in" in " ".join(found.notes)


def test_labels_in_another_unit_say_nothing_of_lengths(folder: Path) -> None:
    (folder / "ms.csv").write_text(labels(5000.0).replace("start,end", "start_s,end_s"), encoding="utf-8")
    with pytest.raises(BlendkitError, match="of its spans end beyond the last scored chunk") as caught:
        evaluate(folder / "bn", folder / "ms.csv")
    assert "are its times milliseconds?" in caught.value.problems


def test_audio_tells_a_conversion_how_long_recordings_are(folder: Path) -> None:
    short = convert_file(folder / "bn", folder / "short.csv", to="submission", space="prob")
    assert short.count == 3
    assert any("after the last detection" in n for n in short.notes)
    (folder / "rec").mkdir()
    for r in ("R1", "R2"):
        (folder / "rec" / f"{r}.wav").write_bytes(encoded(noise(60.0, 8000), "WAV", rate=8000))
    made = convert_file(folder / "bn", folder / "all.npz", space="prob", carried=Carried(audio=folder / "rec"))
    assert made.count == 24
    assert not any("after the last detection" in n for n in made.notes)
    assert evaluate(f"{folder / 'all.npz'}:scores", folder / "labels.csv").labelled_rows == 24


WINDOWS = [(r, k) for r in ("R1", "R2") for k in range(12)]


@pytest.mark.parametrize(
    ("second", "unit"),
    [(1000, "milliseconds"), (32000, "samples at 32000 Hz"), (1 / 5, "the numbers of chunks"), (1 / 60, "minutes")],
)
def test_windows_in_another_unit_are_refused(folder: Path, second: float, unit: str) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{r}.wav,{5 * k * second},{5 * (k + 1) * second},{rng.random()},{rng.random()}" for r, k in WINDOWS]
    (folder / "frames.csv").write_text("\n".join(["file,start_time,end_time,Ara x,b", *rows]), encoding="utf-8")
    with pytest.raises(BlendkitError) as caught:
        evaluate(folder / "frames.csv", folder / "labels.csv")
    assert unit in str(caught.value)
    if second > 1:  # no labels are needed
        with pytest.raises(BlendkitError, match="read as seconds"):
            read_scores(folder / "frames.csv")


def test_windows_of_a_second_are_no_numbers_of_chunks(folder: Path) -> None:
    rows = [f"{r}.wav,{k},{k + 1},{0.01 * k},0.5" for r in ("R1", "R2") for k in range(60)]
    (folder / "frames.csv").write_text("\n".join(["file,start_time,end_time,Ara x,b", *rows]), encoding="utf-8")
    assert evaluate(folder / "frames.csv", folder / "labels.csv").labelled_rows == 24
    assert len(read_scores(folder / "frames.csv", names=ColumnNames(chunk_s=1.0))) == 120


def test_the_silence_between_boxes_is_no_sign_of_another_unit() -> None:
    """Boxes of several lengths, and the rest of both recordings labelled as silence, as Raven's tables say it."""
    x, rest = frozenset({"x"}), (0, WHOLE_RECORDING, frozenset[str]())
    labels = LabelTable({"R1": ((0, 3000, x), (45000, 49000, x), rest), "R2": (rest,)}, 0, "l.csv")
    windowed = Windowed(["R1", "R2"], np.array([0.0, 0.0]), np.array([3.0, 3.0]), np.ones((2, 1)), ("x",))
    known, notes = listened_to(labels, windowed, ["R1", "R2"], 5.0)
    assert known == {"R1": 10, "R2": 1}
    assert notes == ("9 labelled chunks after the last detection of a recording count as nothing found",)
