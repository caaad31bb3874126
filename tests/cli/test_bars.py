"""Progress bars: what they show of a scoring, on a terminal only."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from blendkit.cli._progress_bars import Bars, duration
from blendkit.cli._show import progress_emitter

PROGRESS = {"name": "seqhead", "done": 2.5, "of": 10, "per_s": 0.5, "left_s": 15.0}


def shown(*events: tuple[str, dict[str, Any]]) -> tuple[str, list[str]]:
    others: list[str] = []
    text = io.StringIO()
    columns = [TextColumn("{task.description}"), BarColumn()]
    columns += [TextColumn("{task.fields[" + name + "]}") for name in ("done", "speed", "left")]
    with Progress(*columns, console=Console(file=text, width=160, force_terminal=True)) as progress:
        bars = Bars(progress, lambda name, _: others.append(name))
        for name, payload in events:
            bars(name, payload)
        progress.refresh()
    return text.getvalue(), others


def test_a_member_shows_its_speed_within_the_first_group() -> None:
    text, others = shown(("scoring", {"recordings": 12, "to_score": 10}), ("progress", PROGRESS), ("names", {}))
    for part in ("0/10", "seqhead", "2/10", "2 s/recording", "0:00:15 left"):
        assert part in text
    assert others == ["names"]


def test_groups_count_for_all_members_together() -> None:
    many = {**PROGRESS, "per_s": 12.5}
    text, _ = shown(
        ("scoring", {"recordings": 12, "to_score": 10}), ("progress", many), ("progress", {**many, "name": "sed"}),
        ("scored", {"recordings": ["a", "b"], "status": ["ok", "ok"]}),
    )  # fmt: skip
    assert "2/10" in text
    assert "12.5 recordings/s" in text
    assert "0:00:30 left" in text  # one member after the other


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00:00"), (61, "0:01:01"), (3725, "1:02:05")])
def test_what_is_left(seconds: float, text: str) -> None:
    assert duration(seconds) == f"{text} left"


@pytest.mark.parametrize("json_out", [False, True])
def test_without_a_terminal_progress_prints_nothing(json_out: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_emitter(json_out) as emit:
        emit("progress", PROGRESS)
    assert capsys.readouterr() == ("", "")
