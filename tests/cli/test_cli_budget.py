"""`blendkit run --budget` as a process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Blendkit = Callable[..., subprocess.CompletedProcess[str]]


def test_a_budget_is_said_kept_and_refused(tone_folder: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    recipe, out = tone_folder / "tones.yaml", tmp_path / "out"
    done = blendkit("run", recipe, "--out", out, "--budget", "1h30m", "--threads", "1", "--cores", "8")
    assert done.returncode == 0, done.stderr
    assert "time budget: 90 minutes; models on 1 threads" in done.stdout
    assert "post-processing and writing (kept back)" in done.stdout
    assert "700 recordings of 60 s on 8 cores: about" in done.stdout
    report = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert report["budget"]["asked_s"] == 5400
    told = json.loads((out / "timings.json").read_text(encoding="utf-8"))
    assert told["threads"] == 1
    assert "minutes_for_700_recordings_on_8_cores" in told

    short = blendkit("run", recipe, "--out", tmp_path / "short", "--budget", "0.001", "--json")
    assert short.returncode == 3
    assert "error: a time budget of 0.001 s is too short: at least" in short.stderr
    assert "give a budget of" in short.stderr
    (told,) = [e["payload"] for e in map(json.loads, short.stdout.splitlines()) if e["event"] == "budget"]
    assert not told["fits"]
    assert told["minimum_s"][0] <= told["minimum_s"][1]

    wrong = blendkit("run", recipe, "--budget", "soon")
    assert wrong.returncode == 2
    assert "expected a length of time above 0 such as 90m" in wrong.stderr
