"""A member that is scored alone: its settings are named as they were given."""

from __future__ import annotations

from pathlib import Path

import pytest

from blendkit.errors import BlendkitError
from blendkit.scoring import one_member


@pytest.mark.parametrize(
    ("use", "settings", "title", "problems"),
    [
        ("onnx", (), "onnx: this member cannot run", ["--set model: missing", "--set rate: missing"]),
        (
            "onnx",
            ("modl=a",),
            "onnx: this member cannot run",
            ["--set modl: unknown key 'modl' (did you mean 'model'?)"],
        ),
        ("birdnet", ("model=a.tflite",), "birdnet: files are missing", ["--set model: 'a.tflite' is not in ."]),
    ],
)
def test_mistakes_name_the_option(
    use: str,
    settings: tuple[str, ...],
    title: str,
    problems: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BlendkitError) as error:
        one_member(use, [tmp_path], settings=settings)
    assert error.value.title == title
    assert [any(p.startswith(said) for p in error.value.problems) for said in problems] == [True] * len(problems)
    assert not [p for p in error.value.problems if "members." in p]


def test_a_way_out_of_several_missing_files_is_given_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BLENDKIT_MODELS", "HF_HOME", "KAGGLEHUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(BlendkitError) as error:
        one_member("perch", [tmp_path])
    assert len(error.value.problems) == 3
    assert ["was not found; searched for" in p for p in error.value.problems] == [True, True, False]
