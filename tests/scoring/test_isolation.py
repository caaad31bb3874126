"""Members in a process of their own: what a crash costs, equal bits, and no process that is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from blendkit.core.names import NameRule
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.recipe.explicit_defaults import filled_recipe
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan
from blendkit.scoring.isolated_failures import time_limit
from blendkit.scoring.isolated_workers import isolated_member
from blendkit.scoring.opened_members import Runtime
from blendkit.store.logits import LogitStore

Run = Callable[..., RunResult]
Tones = Callable[..., Path]
MARK = f"test_isolation {os.getpid()}"
CODE = Runtime("cpu", True)
LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
# each recording's class a scores its number; what else a file's name says happens to it
MODEL = """
import os, time
from pathlib import Path
import pandas as pd

def model(files):
    for f in files:
        if "exits" in f: os._exit(7)
        if "raises" in f: raise ValueError(f"cannot score {Path(f).stem}")
        if "hangs" in f: time.sleep(60)
        if "once" in f and not Path(f).with_suffix(".seen").exists():
            Path(f).with_suffix(".seen").touch()
            os.kill(os.getpid(), 11)
    index = pd.MultiIndex.from_tuples([(f, 0.0, 5.0) for f in files], names=["file", "start_time", "end_time"])
    number = [float(Path(f).stem[1]) for f in files]
    return pd.DataFrame({"a": number, "b": 0.0}, index=index)
"""
RECIPE = """
recipe: 1
name: r
template: null
members:
  m: {use: callable, function: "isolated_model:model", classes: [a, b], limit_s: 1}
  t: {use: tone, classes: [a, b]}
blends: {both: {by: logit, of: {m: 1, t: 1}}}
output: both
also: [m]
"""


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tells the processes that this test starts from those of others on the machine."""
    monkeypatch.setenv("WHO_STARTED_IT", MARK)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "isolated_model.py").write_text(MODEL, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


@LINUX
@pytest.mark.slow
@pytest.mark.usefixtures("model")
def test_a_failure_costs_one_recording(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones(dict.fromkeys(["r1_ok", "r2_exits", "r3_raises", "r4_hangs", "r5_once"], 5.0))
    done = run_text(RECIPE, data, tmp_path / "out", runtime=CODE)
    assert done.recordings == {"r1_ok": "ok", "r2_exits": "failed", "r3_raises": "failed", "r4_hangs": "failed",
                               "r5_once": "ok"}  # fmt: skip
    (said,) = [w for w in done.warnings if "failed" in w]
    for part in ("3 recordings failed", "r2_exits (m: the member failed twice: its process ended with code 7)",
                 "ValueError: cannot score r3_raises", "no answer after 1 s, more than its time limit"):  # fmt: skip
        assert part in said
    # the failed ones hold a score that does not depend on the others
    assert done.made["m"].values[:, 0].tolist() == [1, -15, -15, -15, 5]
    assert processes() == []
    # what failed is tried again by the next run, what was scored is not
    (data / "test_soundscapes" / "r2_exits.wav").rename(data / "test_soundscapes" / "r2_well.wav")
    for name in ("r3_raises", "r4_hangs"):
        (data / "test_soundscapes" / f"{name}.wav").unlink()
    again = run_text(RECIPE, data, tmp_path / "out", runtime=CODE)
    assert set(again.recordings.values()) == {"ok"}
    assert again.made["m"].values[:, 0].tolist() == [1, 2, 5]


@pytest.mark.slow
@pytest.mark.usefixtures("model")
def test_a_member_that_always_fails_is_an_error(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones({"r1_exits": 5.0})
    with pytest.raises(BlendkitError, match="member 'm' failed on all of 1 recordings") as caught:
        run_text(RECIPE, data, tmp_path / "out", runtime=CODE)
    assert "ended with code 7" in caught.value.problems[0]
    with pytest.raises(BlendkitError, match="'isolated_model:nothing'"):  # a mistake of the user, told as ever
        run_text(RECIPE.replace(":model", ":nothing"), data, tmp_path / "out", runtime=CODE)


def test_isolation_changes_no_bit(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    data = tones({"r2": 12.0, "r10": 7.0})
    plain = run_text(tone_recipe, data, tmp_path / "plain")
    apart = run_text(tone_recipe, data, tmp_path / "apart", overrides=("members.t.isolate=true",))
    (one,), (other,) = ((tmp_path / d / "logits").iterdir() for d in ("plain", "apart"))
    assert one.name == other.name  # saved logits are of use with and without
    np.testing.assert_array_equal(*(LogitStore.open(folder).read(NameRule()).values for folder in (one, other)))
    assert plain.submission.read_bytes() == apart.submission.read_bytes()


def test_the_recipe_says_what_is_isolated() -> None:
    def filled(m: str) -> dict[str, Any]:
        text = f"recipe: 1\nname: r\nmembers:\n  m: {{{m}}}\noutput: m\n"
        return dict(filled_recipe(make_plan(parse_recipe(text, "r.yaml")))["members"]["m"])

    code = 'use: callable, function: "f:g", classes: [a]'
    assert filled(code)["isolate"] is True
    assert filled(f"{code}, isolate: false")["isolate"] is False
    assert filled("use: tone")["isolate"] is False
    assert filled("use: tone, isolate: true, limit_s: 2.5")["limit_s"] == 2.5
    for m, said in (("use: tone, limit_s: 3", "r.yaml:4: members.m.limit_s: a time limit needs `isolate: true`"),
                    ("use: table, path: t.csv, space: prob, isolate: true", "table reads finished scores"),
                    ("use: tone, isolate: true, limit_s: 0", "limit_s")):  # fmt: skip
        with pytest.raises(BlendkitError) as caught:
            filled(m)
        assert said in str(caught.value)


def test_time_limits_by_hand() -> None:
    def of(*seconds: float, limit_s: float | None = None) -> float:
        return time_limit([SimpleNamespace(duration_s=s) for s in seconds], limit_s)  # type: ignore[misc]

    assert of(60.0, 60.0) == 240
    assert of(3600.0) == pytest.approx(600)
    assert of(60.0, 7200.0) == pytest.approx(120 + 1200)
    assert of(60.0, 7200.0, limit_s=5) == 10


def test_what_cannot_be_sent() -> None:
    with pytest.raises(BlendkitError, match="cannot be sent to a process of its own; give it `isolate: false`"):
        isolated_member("m", lambda: None)


PARENT = """
import signal
import sys
from functools import partial
from blendkit.member import MemberContext
from blendkit.scoring.isolated_failures import closing_workers
from blendkit.scoring.isolated_workers import isolated_member
from isolated_model import model
from blendkit_members.callable import callable_member

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored where the tests run in the background
    context = MemberContext(("a",), allow_code=True)
    make = partial(callable_member, context, function="isolated_model:model", classes=["a", "b"])
    made = isolated_member("m", make)
    with closing_workers([made]):
        made.worker.allow(100)
        print(made.worker._process.pid, flush=True)
        made.predict_files(["r1_hangs.wav"])
"""


@LINUX
@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_no_process_is_left_behind(tmp_path: Path, how: str) -> None:
    (tmp_path / "parent.py").write_text(PARENT, encoding="utf-8")
    parent = subprocess.Popen([sys.executable, "parent.py"], cwd=tmp_path, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, start_new_session=True)  # fmt: skip
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    assert worker in processes()
    os.killpg(parent.pid, signal.SIGINT) if how == "SIGINT" else parent.kill()  # Ctrl-C reaches all of the terminal
    _, said = parent.communicate(timeout=30)
    assert ("KeyboardInterrupt" in said) == (how == "SIGINT")
    assert said.count("Traceback") <= 1  # the worker says nothing
    until = time.monotonic() + 10
    while worker in processes() and time.monotonic() < until:
        time.sleep(0.02)
    assert worker not in processes()


def processes() -> list[int]:
    """The workers of this test that run; one that ended and is not yet waited for does not."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="utf-8")
        except OSError:
            continue
        pid, state = int(text.split()[0]), text.rpartition(")")[2].split()[0]
        if state != "Z" and b"spawn_main" in _said(pid, "cmdline") and MARK.encode() in _said(pid, "environ"):
            found.append(pid)
    return found


def _said(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""
