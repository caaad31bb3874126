"""Labels in JSON: Label Studio's exports in full and in short, and AvianZ's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blendkit.core import LabelTable, chunk_rows
from blendkit.core.names import NameRule
from blendkit.errors import BlendkitError
from blendkit.io import read_labels

CLASSES = ("merula", "parus")
META = {"Operator": "x", "Duration": 15.0}


def task(audio: str, *regions: tuple[float, float, list[str]], **more: Any) -> dict[str, Any]:
    """A task of Label Studio's full export."""
    result = [
        {"original_length": 60.0, "type": "labels", "value": {"start": s, "end": e, "channel": 0, "labels": own}}
        for s, e, own in regions
    ]
    return {
        "id": 1,
        "annotations": [{"id": 5, "was_cancelled": False, "result": result}],
        "data": {"audio": audio},
        **more,
    }


def read(path: Path, held: Any) -> LabelTable:
    path.write_text(json.dumps(held), encoding="utf-8")
    return read_labels(path)


def truth(labels: LabelTable, recording: str, chunks: int = 3) -> list[list[bool]]:
    found, labelled = labels.matrix(chunk_rows({recording: chunks}, 5.0, NameRule()), CLASSES)
    assert labelled.all()  # the recording was looked through as a whole
    return found.tolist()


@pytest.mark.parametrize(
    "audio", ["/data/upload/3/1a2b3c4d-A.wav", "/data/local-files/?d=A.wav", "https://x.org/A.wav"]
)
def test_label_studio_in_full(audio: str, tmp_path: Path) -> None:
    regions = ((0.5, 4.0, ["merula"]), (10, 12, ["parus", "merula"]))
    found = read(tmp_path / "export.json", [task(audio, *regions)])
    assert truth(found, "A") == [[True, False], [False, False], [True, True]]
    assert "time without a selection counts as labelled silence" in found.notes


def test_label_studio_in_short_and_a_task_without_a_region(tmp_path: Path) -> None:
    short = {"audio": "/data/upload/1/deadbeef-B.wav", "id": 1, "label": [{"start": 5, "end": 6, "labels": ["parus"]}]}
    found = read(tmp_path / "min.json", [short, {"audio": "C.wav", "id": 2}])
    assert truth(found, "B") == [[False, False], [False, True], [False, False]]
    assert "1 task has no region with a start and an end, and no part in the labels" in found.notes
    assert found.recordings == ("B",)


def test_a_cancelled_annotation_does_not_count(tmp_path: Path) -> None:
    one = task("A.wav", (0, 5, ["merula"]))
    other = task("B.wav", (0, 5, ["parus"]))
    other["annotations"][0]["was_cancelled"] = True
    assert read(tmp_path / "export.json", [one, other]).recordings == ("A",)


def test_avianz_beside_its_recording(tmp_path: Path) -> None:
    call = {"species": "merula", "certainty": 100, "filter": "M"}
    held = [META, [0.5, 4, 0, 0, [call]],
            [10.5, 14, 100, 8000, [{"species": "parus", "certainty": 50}, {"species": "parus", "certainty": "sure"}, {"species": "Don't Know", "certainty": 0}]]]  # fmt: skip
    found = read(tmp_path / "A.wav.data", held)
    assert truth(found, "A") == [[True, False], [False, False], [False, True]]
    assert "1 label has a certainty below 100, and count as the others" in found.notes
    assert "1 segment names no species: its time counts as silence" in found.notes


def test_an_avianz_file_without_segments_is_silence(tmp_path: Path) -> None:
    assert truth(read(tmp_path / "A.wav.data", [META]), "A") == [[False, False]] * 3


def test_a_folder_of_avianz_files_is_read_as_one(tmp_path: Path) -> None:
    for name in "AB":
        call = [0, 5, 0, 0, [{"species": "merula", "certainty": 100}]]
        (tmp_path / f"{name}.wav.data").write_text(json.dumps([META, call]), encoding="utf-8")
    assert set(read_labels(tmp_path).recordings) == {"A", "B"}


def test_a_list_of_one_recording_with_a_duration_is_a_table(tmp_path: Path) -> None:
    found = read(tmp_path / "l.json", [{"filename": "A.wav", "Duration": "15", "primary_label": "parus"}])
    assert truth(found, "A") == [[False, True]] * 3


@pytest.mark.parametrize("held", [[], [1, 2], {"a": 1}, [[1, 2]], [META, [1, 2]]])
def test_other_json_is_refused(held: Any, tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="expected a JSON list of objects"):
        read(tmp_path / "other.json", held)
