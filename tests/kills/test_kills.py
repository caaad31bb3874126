"""Commands that are killed at any change of a file: the next run makes what an undisturbed one does.

A few points of each command; `python -m tests.kills.sweep` tries them all.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kills import jobs
from tests.kills.jobs import JOBS
from tests.kills.sweep import Sweep, spread
from tests.processes import ForkServer

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are copied by fork"),
    pytest.mark.slow,
]
POINTS = {"run again": 3, "score": 2, "search": 2, "gate": 2, "merge in place": 2, "pack": 2}


@pytest.mark.parametrize("name", POINTS)
def test_a_killed_command_is_mended_by_the_next(
    name: str, tmp_path: Path, fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "RECORDINGS", 17)  # three parts
    job = JOBS[name]
    job.lay_out(tmp_path / "start", fork_server)
    sweep = Sweep(fork_server, job, tmp_path / "start", tmp_path / "work")
    found = list(sweep.points(spread(sweep.events, POINTS[name])))
    assert [p for p in found if p.wrong] == []
    assert len(found) == POINTS[name]


def test_points_are_spread_from_the_first_change_to_the_last() -> None:
    assert spread(9, 3) == [1, 5, 9]
    assert spread(3, 1 << 30) == [1, 2, 3]
    assert spread(1, 5) == [1]
