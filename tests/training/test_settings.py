"""Settings that are no numbers never reach a training."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from blendkit.cli._options import Number
from blendkit.errors import BlendkitError
from blendkit.training import Distil, GateChoice, GateRules, HeadChoice, Mixture, Schedule, TeacherSource
from blendkit.training.jobs.labelling import _from_file
from blendkit.training.jobs.student_task import StudentRequest, task_of

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("settings", "given", "named"),
    [
        (Schedule, {"rate": NAN, "mixup": INF}, ("rate is nan", "mixup is inf")),
        (Mixture, {"pseudo": NAN}, ("pseudo is nan",)),
        (HeadChoice, {"dropout": NAN}, ("dropout is nan",)),
        (GateRules, {"power": NAN, "least": NAN}, ("least is nan", "power is nan")),
        (GateChoice, {"precision": NAN}, ("precision is nan",)),
        (Distil, {"temperature": NAN}, ("temperature is nan",)),
    ],
)
def test_every_setting_that_is_no_number_is_named(settings: type, given: dict[str, float], named: tuple) -> None:
    with pytest.raises(BlendkitError, match="no finite numbers") as caught:
        settings(**given)
    assert caught.value.problems[:-1] == named


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_an_option_takes_only_finite_numbers(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Number(0).convert(text, None, None)
    assert Number(0).convert("0.5", None, None) == 0.5


def test_a_teacher_of_another_space_stops_before_its_logits_are_made(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("row_id,x\nr1_5,-2.5\nr2_5,3\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="declared `space: prob`, but values lie in"):
        _from_file(TeacherSource(str(file), space="prob"))
    with pytest.raises(BlendkitError, match="declared `space: prob`, but values lie in"):
        task_of(StudentRequest((tmp_path,), str(file), tmp_path / "o", space="prob"))
