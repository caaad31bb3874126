"""Ctrl-C and SIGTERM at any moment: state saved, nothing left behind, one line, and the right exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blendkit.engine.local import run
from blendkit.scoring import Runtime

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals that one process sends to another")
Tones = Callable[..., Path]
SAID = {signal.SIGINT: "interrupted\n", signal.SIGTERM: "stopped by SIGTERM\n", signal.SIGHUP: "stopped by SIGHUP\n"}
CODE = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
SLOW = """
import os, time
from pathlib import Path
import pandas as pd

def model(files):
    for name in files:
        Path("worker.new").write_text(str(os.getpid()))
        os.replace("worker.new", "worker.pid")  # whole, also if it is stopped here
        time.sleep(0.2 if os.path.exists("slow") else 0)
    index = pd.MultiIndex.from_tuples([(f, 0.0, 5.0) for f in files], names=["file", "start_time", "end_time"])
    return pd.DataFrame({"a": [float(len(f)) for f in files]}, index=index)
"""
RECIPE = """
recipe: 1
name: r
template: null
members: {m: {use: callable, function: "slow_model:model", classes: [a]}}
output: m
"""
# both may be ignored in these tests, as under `nohup`
START = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
START += "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
MAIN = START + "from blendkit.cli.main import main; main()"


def started(code: str, *args: object, cwd: Path, **env: str) -> subprocess.Popen[str]:
    # a stop inside of shutil.rmtree leaves an iterator of its own, which the second attempt to tidy up makes good
    # a signal between the making of a scratch folder and its `with` leaves it to the finaliser, which removes it, too
    quiet = ("unclosed scandir iterator", "Implicitly cleaning up")
    shown = ("-W", "default", *(w for text in quiet for w in ("-W", f"ignore:{text}:ResourceWarning")))
    command, pipe = [sys.executable, *shown, "-c", code, *map(str, args)], subprocess.PIPE
    return subprocess.Popen(command, cwd=cwd, stdout=pipe, stderr=pipe, text=True, start_new_session=True,
                            env={**os.environ, "PYTHONPATH": str(cwd), **env})  # fmt: skip


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(("number", "whole_group"), [(signal.SIGTERM, False), (signal.SIGINT, True)])
def test_a_stopped_run_tidies_up_and_goes_on(
    tones: Tones, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, whole_group: bool
) -> None:
    data, temp = tones({f"rec{i:02}": 5.0 for i in range(20)}), tmp_path / "temp"
    for path, text in (("slow_model.py", SLOW), ("r.yaml", RECIPE), ("slow", "")):
        (tmp_path / path).write_text(text, encoding="utf-8")
    temp.mkdir()
    args = ("run", "r.yaml", "--data", data, "--out", "out", "--allow-code", "--json")
    first = started(MAIN, *args, cwd=tmp_path, TMPDIR=str(temp), PYTHONUNBUFFERED="1")
    assert first.stdout is not None
    assert any('"event": "scored"' in line for line in first.stdout)  # it waits for the first eight recordings
    assert list(temp.glob("blendkit-*"))
    for _ in range(2):  # one wish can come twice
        (os.killpg if whole_group else os.kill)(first.pid, number)
    assert first.communicate(timeout=60)[1] == SAID[number]
    assert first.returncode == CODE[number]
    assert list(temp.iterdir()) == []
    assert not runs(int((tmp_path / "worker.pid").read_text()))
    assert not list((tmp_path / "out").rglob("*.tmp"))
    (tmp_path / "slow").unlink()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    scoring: list[dict[str, Any]] = []
    again = run(
        "r.yaml",
        data,
        "out",
        runtime=Runtime(allow_code=True),
        emit=lambda e, p: scoring.extend([p] * (e == "scoring")),
    )
    assert scoring[0]["saved"] in (8, 16)
    assert scoring[0]["text"] == f"{scoring[0]['saved']} of 20 recordings were saved"
    assert again.rows == 20


@pytest.mark.parametrize(
    ("module", "number"),
    [("click", signal.SIGINT), ("numpy.linalg", signal.SIGTERM), ("pydantic.config", signal.SIGINT)],
)
def test_a_stop_during_an_import(tmp_path: Path, module: str, number: signal.Signals) -> None:
    """The exception can come out of any of a library's own imports, as whatever the library makes of it."""
    hook = f"""
import os, sys
def stop(event, args):
    if event == "import" and args[0] == {module!r}:
        os.kill(os.getpid(), {int(number)})
sys.addaudithook(stop)
"""
    process = started(START + hook + MAIN, "run", "eos7", "--data", "nothing", cwd=tmp_path)
    assert process.communicate(timeout=60)[1] == SAID[number]
    assert process.returncode == CODE[number]


def command(body: str) -> str:
    """A command line whose only command is `body`."""
    return f"{START}import os, signal, sys, time\nimport blendkit.cli.top as top\n{body}\ntop.exit_code = work\n{MAIN}"


ME = "os.kill(os.getpid(), signal.SIGINT)"
BODIES = {
    "while it tidies up": ("def work():\n  try: {me}\n  finally:\n    time.sleep(1.1); {me}; time.sleep(60)", 130),
    "twice at once": ("def work():\n  try: {me}\n  finally:\n    {me}; print('tidied up')", 130),
    "where Python drops it": (
        "class D:\n  def __del__(self): {me}; time.sleep(60)\ndef work():\n  d = D(); del d\n  time.sleep(60)", 130),
    "taken for a failure": ("def work():\n  try: {me}; time.sleep(60)\n  except BaseException: raise ImportError", 130),
    "when all is done": ("import atexit\ndef work():\n  atexit.register(lambda: ({me}, time.sleep(60)))\n  return 0", 130),
    "in a thread's work": (
        "from threading import Thread\ndef work():\n  t = Thread(target=lambda: (time.sleep(.1), 1 / 0)); t.start()\n"
        "  try: {me}\n  finally: t.join()", 130),
}  # fmt: skip


@pytest.mark.parametrize("case", BODIES)
def test_a_stop_at_a_bad_moment(tmp_path: Path, case: str) -> None:
    body, code = BODIES[case]
    process = started(command(body.format(me=ME)), cwd=tmp_path)
    out, err = process.communicate(timeout=30)
    quiet = case in ("while it tidies up", "when all is done")  # the process ended within
    assert err == ("" if quiet else "interrupted\n")
    assert process.returncode == code
    assert out == ("tidied up\n" if case == "twice at once" else "")


def test_what_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """As under `nohup`, and for commands in the background of a script."""
    body = f"def work():\n  os.kill(os.getpid(), signal.SIGHUP); {ME}\n  return 0"
    ignored = "import signal\nfor n in (signal.SIGINT, signal.SIGHUP): signal.signal(n, signal.SIG_IGN)\n"
    process = started(command(body).replace(START, ignored), cwd=tmp_path)
    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 0
    process = started(command("def work():\n  os.kill(os.getpid(), signal.SIGHUP); time.sleep(60)"), cwd=tmp_path)
    assert process.communicate(timeout=30)[1] == SAID[signal.SIGHUP]
    assert process.returncode == CODE[signal.SIGHUP]
