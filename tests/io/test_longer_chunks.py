"""Files of longer chunks than is assumed: it is said, and their length can be given wherever files are measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blendkit.io import ColumnNames, read_score_file
from tests.processes import Process

CHUNKS = 6


@pytest.fixture
def ten(tmp_path: Path) -> Path:
    """Scores of chunks of 10 s, and labels of every other one."""
    rows = [(f"r{i}", 10 * k) for i in range(4) for k in range(CHUNKS)]
    frame = pd.DataFrame({"row_id": [f"{r}_{s + 10}" for r, s in rows]})
    for k, name in enumerate(("a.csv", "b.csv")):
        frame.assign(x=np.random.default_rng(k).random(len(rows)), y=0.5).to_csv(tmp_path / name, index=False)
    spans = [(f"{r}.wav", s, s + 10, "xy"[s // 10 % 2]) for r, s in rows]
    pd.DataFrame(spans, columns=["filename", "start", "end", "label"]).to_csv(tmp_path / "l.csv", index=False)
    return tmp_path


def test_it_is_said(ten: Path) -> None:
    (note,) = [n for n in read_score_file(ten / "a.csv").notes if "10 s" in n]
    assert note.startswith("every recording's rows end at 10 s, 20 s and so on, and are read as chunks of 5 s")
    file = read_score_file(ten / "a.csv", names=ColumnNames(chunk_s=10))
    assert file.notes == ()
    assert file.scores.rows.start_s.tolist()[:2] == [0, 10]


@pytest.mark.parametrize("command", [("compare", "a.csv", "b.csv"), ("report", "a.csv"), ("eval", "a.csv")])
def test_the_length_can_be_given(ten: Path, blendkit: Callable[..., Process], command: tuple[str, ...]) -> None:
    done = blendkit(*command, "--labels", "l.csv", "--chunk-s", "10", cwd=ten)
    assert done.returncode == 0, done.stderr
    assert "read as chunks of 5 s" not in done.stdout + done.stderr
    if command[0] != "report":
        assert done.stdout.splitlines()[-1].endswith("--labels l.csv --chunk-s 10")
