from __future__ import annotations

from pathlib import Path

import numpy as np
from test_plots import texts

from blendkit.figures.activity_plot import plot_activity


def test_the_picture_shows_the_whole_day_and_the_highest_class_first(tmp_path: Path) -> None:
    rate = np.array([[0.0, 1.0], [5.0, 2.0]])
    path = tmp_path / "a.svg"
    plot_activity(path, ["a $x$", "frog"], "hour", ["05", "18"], rate, np.array([3, 1]))
    said = texts(path)
    assert {"00", "23", "hour of the day", "recordings", "detections per hour listened", "2 classes"} <= set(said)
    assert said.index("frog") < said.index("a $x$")


def test_many_classes_are_cut_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    plot_activity(path, [f"c{i}" for i in range(40)], "site", ["A", "B"], np.ones((40, 2)), np.array([1, 1]))
    assert "30 of 40 classes, by rate" in texts(path)
    assert "c30" not in texts(path)
