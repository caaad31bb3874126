"""What the options of `fit student` become: a request of the training package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="torch is not installed: pip install 'blendkit[train]'")
from blendkit import training
from blendkit.cli.commands.fit_student import student
from blendkit.training import Picture, StudentRequest, WaveChanges


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[StudentRequest]:
    """The requests that the command makes; nothing is trained."""
    seen: list[StudentRequest] = []

    def fit(request: StudentRequest, emit: Any) -> dict[str, Any]:
        seen.append(request)
        return {}

    monkeypatch.setattr(training, "fit_student_of", fit)
    monkeypatch.setattr(training, "need_torch", lambda: None)
    return seen


def call(*options: str) -> Any:
    return CliRunner().invoke(student, ["audio", "--teacher", "t", "--out", "o", "--json", *options])


def test_options_left_out_are_the_settings_defaults(asked: list[StudentRequest]) -> None:
    assert call().exit_code == 0
    assert asked == [StudentRequest((Path("audio"),), "t", Path("o"))]


def test_pictures_and_changes_of_waves(
    asked: list[StudentRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("noise").mkdir()
    assert call("--sample-rate", "16000").exit_code == 0
    assert asked.pop().how.picture == Picture(16000, fmax=8000.0)  # the usual 15000 Hz are more than such audio has
    picture = "--sample-rate 16000 --n-fft 512 --hop 320 --mels 32 --fmin 100 --fmax 8000"
    waves = "--background noise --mix-db -20:-3.5 --gain-db -6:6 --shift-s 0.5"
    done = call(*f"{picture} {waves} --chunk-s 10 --size b0 --loss pairwise --space rank".split())
    assert done.exit_code == 0, done.output
    (request,) = asked
    assert request.how.picture == Picture(16000, 512, 320, 32, 100.0, 8000.0)
    assert request.how.waves == WaveChanges((-20, -3.5), (-6, 6), 0.5)
    assert (request.background, request.chunk_s, request.space) == (Path("noise"), 10, "rank")
    assert (request.how.size, request.how.loss, request.how.temperature) == ("b0", "pairwise", None)


@pytest.mark.parametrize(
    ("value", "said"), [("-20", "two numbers of dB"), ("3:-3", "the lower level first"), ("a:b", "two numbers of dB"),
                        ("nan:0", "the lower level first"), ("0:9999", "within 200 dB")],
)  # fmt: skip
def test_levels_that_are_none(asked: list[StudentRequest], value: str, said: str) -> None:
    done = call("--mix-db", value)
    assert done.exit_code == 2
    assert said in done.output
    assert not asked
