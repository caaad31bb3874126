"""The same window twice: scores of two models in one table, whose mean would be of nobody."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from blendkit.errors import BlendkitError
from blendkit.io import Windowed, read_scores, repeated_windows
from blendkit.member.frame_checks import FrameError, predicted_windows

TWICE = pd.DataFrame(
    {"file": ["R1.wav"] * 3, "start_time": [0.0, 5, 0], "end_time": [5.0, 10, 5], "a": [0.1, 0.2, 0.3], "b": 0.5}
)


def test_only_equal_windows_repeat() -> None:
    def of(*windows: tuple[str, float, float]) -> list[str]:
        recording, start, end = zip(*windows, strict=True)
        return repeated_windows(Windowed(recording, np.array(start), np.array(end), np.zeros((len(start), 0)), ()))

    assert of(("r", 0, 5), ("r", 0, 3), ("r", 2, 5), ("s", 0, 5)) == []
    assert of(("r", 0, 5), ("s", 0, 5), ("r", 0, 5), ("r", 0, 5)) == ["r: 0 to 5 s"]


def test_a_table_that_holds_a_window_twice_is_refused(tmp_path: Path) -> None:
    TWICE.to_csv(tmp_path / "two.csv", index=False)
    with pytest.raises(BlendkitError, match=r"two\.csv: 1 windows occur more than once") as error:
        read_scores(tmp_path / "two.csv")
    assert error.value.problems[0] == "R1: 0 to 5 s"


def test_a_frame_that_holds_a_window_twice_costs_its_recordings() -> None:
    info = SimpleNamespace(classes=("a", "b"))
    member = SimpleNamespace(info=info, predict_files=lambda files: TWICE)
    with pytest.raises(FrameError, match="windows more than once"):
        predicted_windows(member, {"R1": Path("R1.wav")})  # type: ignore[arg-type]
