"""Files of a recipe in several folders, and the folders of a Kaggle notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

from blendkit.errors import BlendkitError
from blendkit.recipe import DataFolder, kaggle_folders


def put(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{root.name} {name}", encoding="utf-8")
    return root


def test_the_first_folder_that_has_a_file_gives_it_and_a_second_one_is_said(tmp_path: Path) -> None:
    a, b = put(tmp_path / "a", "x.csv", "both.csv"), put(tmp_path / "b", "y.csv", "both.csv")
    data = DataFolder(a, others=(b,))
    found = {n: data.require(n) for n in ("x.csv", "y.csv", "both.csv")}
    assert found == {"x.csv": a / "x.csv", "y.csv": b / "y.csv", "both.csv": a / "both.csv"}
    (note,) = data.doubled(["x.csv", "y.csv", "both.csv", "none.csv"])
    assert note == f"'both.csv' is in several data folders: {a / 'both.csv'} is used, not {b / 'both.csv'}"
    assert DataFolder(b, others=(a,)).require("both.csv") == b / "both.csv"
    assert [data.relative(p) for p in (b / "y.csv", tmp_path / "else.csv")] == ["y.csv", "else.csv"]


def test_the_same_folder_twice_is_no_doubt(tmp_path: Path) -> None:
    a = put(tmp_path / "a", "x.csv")
    assert DataFolder(a, others=(a, tmp_path / "a" / ".")).doubled(["x.csv"]) == ()


def test_a_way_from_one_folder_into_another_is_no_way_out(tmp_path: Path) -> None:
    a, b = put(tmp_path / "a", "x.csv"), put(tmp_path / "b", "y.csv")
    put(tmp_path / "c", "z.csv")
    assert DataFolder(a, others=(b,)).require("../b/y.csv") == b / "y.csv"
    with pytest.raises(BlendkitError, match=r"leaves the data folders .*a, .*b; --allow-outside permits it"):
        DataFolder(a, others=(b,)).find("../c/z.csv")
    assert DataFolder(a, outside=True, others=(b,)).require("../c/z.csv") == tmp_path / "c/z.csv"


def test_a_missing_file_names_all_folders_and_what_is_near(tmp_path: Path) -> None:
    a, b = put(tmp_path / "a", "x.csv"), put(tmp_path / "b", "scores.csv", "deep/perch.onnx")
    data = DataFolder(a, others=(b,))
    with pytest.raises(BlendkitError, match=r"'score.csv' is not in any of .*a, .*b \(did you mean 'scores.csv'\?\)"):
        data.require("score.csv")
    with pytest.raises(BlendkitError, match=r"not in any of .*; of that name there is .*b/deep/perch.onnx"):
        data.require("models/perch.onnx")
    with pytest.raises(BlendkitError, match="no such data folder") as caught:
        DataFolder(a, others=(tmp_path / "m", tmp_path / "n")).require_roots()
    assert caught.value.problems == (str(tmp_path / "n"),)


def test_labels_with_a_column_are_found_in_a_later_folder(tmp_path: Path) -> None:
    a, b = put(tmp_path / "a", "x.csv"), put(tmp_path / "b", "l.csv")
    assert DataFolder(a, others=(b,)).require_labels("l.csv:birds") == b / "l.csv:birds"


def test_the_inputs_of_a_kaggle_notebook(tmp_path: Path) -> None:
    root = tmp_path / "input"
    put(root / "a-models", "perch.onnx")
    put(root / "birdclef", "sample_submission.csv", "test_soundscapes/a.ogg")
    put(root / "models/owner/head/onnx/default/2", "head.onnx")
    put(root / "deep", "models/sed.onnx")
    put(root / "models/owner/head/onnx/default/3/too", "deep.onnx")
    (root / ".hidden").mkdir()
    names = [f.relative_to(root).as_posix() for f in kaggle_folders(root)]
    assert names == [
        *("birdclef", "a-models", "deep", "deep/models", "models", "models/owner", "models/owner/head"),
        *("models/owner/head/onnx", "models/owner/head/onnx/default", "models/owner/head/onnx/default/2"),
        *("models/owner/head/onnx/default/3", "."),  # six levels are looked at
    ]
    data = DataFolder(kaggle_folders(root)[0], others=kaggle_folders(root)[1:])
    for name in ("perch.onnx", "head.onnx", "models/sed.onnx", "sed.onnx", "a-models/perch.onnx"):
        assert data.require(name).is_file()


def test_what_is_no_kaggle_notebook(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match=r"there is no folder .*none") as caught:
        kaggle_folders(tmp_path / "none")
    assert "--kaggle=ROOT" in str(caught.value)
    put(tmp_path / "m", "x.onnx")
    with pytest.raises(BlendkitError, match=r"no folder in .* holds sample_submission\.csv") as caught:
        kaggle_folders(tmp_path)
    assert "found m" in str(caught.value)
    assert "add the competition" in str(caught.value)


def test_a_missing_file_says_the_way_that_there_is(tmp_path: Path) -> None:
    for outside, way in ((False, "; --data names the folder that has it"), (True, "; give its path")):
        with pytest.raises(BlendkitError) as raised:
            DataFolder(tmp_path, outside=outside).require("m.onnx")
        assert raised.value.title.endswith(way)
