"""Run `blendkit ARGS` as a process of its own, without paying for the imports each time.

Starting Python and importing numpy, numba, pyarrow and pydantic takes over a second. A server process does
so once and forks a child for every job: each job still is a process, with its own folder, exit code and streams.
A job that needs other environment variables is started from scratch, for they act at the start.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import select
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import blendkit

Process = subprocess.CompletedProcess[str]
TIMEOUT_S = 300
# What nearly every command imports, and what only those that train do. Imported, never called: a process
# that has started threads cannot be forked safely.
COMMON = (
    *("pandas", "pyarrow.csv", "pyarrow.parquet", "pyarrow.compute"),
    *("scipy.stats", "soundfile", "soxr", "onnxruntime"),
)
TRAINING = (
    *("torch", "torch._dynamo", "torch.export", "torch.onnx._internal.exporter._core", "onnx", "onnxscript"),
    *("sklearn.linear_model", "sklearn.model_selection", "matplotlib.figure", "librosa.filters"),
)
TRAINING_COMMANDS = {"fit", "pseudolabel", "probe"}


def from_scratch(*args: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Process:
    """Run `python -m blendkit.cli.main ARGS`, as a shell does."""
    command = [sys.executable, "-m", "blendkit.cli.main", *map(str, args)]
    changed = {**os.environ, **(env or {})}
    return subprocess.run(command, cwd=cwd, env=changed, capture_output=True, text=True, timeout=TIMEOUT_S)


class ForkServer:
    """Runs jobs one after another; start it once per test worker and `close` it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="blendkit-forks-")
        # the workers share the cores already: threads of torch would only wait for each other
        environment, pipe = {"OMP_NUM_THREADS": "1", **os.environ}, subprocess.PIPE
        command = [sys.executable, __file__]
        self._server = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)

    def run(self, *args: object, cwd: Path | None = None) -> Process:
        """Return the finished process of `blendkit ARGS`, run in `cwd`."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        out, err = (Path(self._folder.name) / name for name in ("out", "err"))
        job = {"args": [*map(str, args)], "cwd": str(cwd or Path.cwd()), "out": str(out), "err": str(err)}
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        ready, _, _ = select.select([self._server.stdout], [], [], TIMEOUT_S)
        answer = self._server.stdout.readline() if ready else ""
        if not answer:
            self._server.kill()
            raise RuntimeError(f"no answer within {TIMEOUT_S} s from blendkit {' '.join(job['args'])}")
        texts = [stream.read_text(encoding="utf-8") for stream in (out, err)]
        return Process(["blendkit", *job["args"]], json.loads(answer), *texts)

    def close(self) -> None:
        """Stop the server and remove its files."""
        self._server.communicate(timeout=30)  # closes its standard input: it ends
        self._folder.cleanup()


def _be_the_command(job: dict[str, Any]) -> int:
    """In the child: take over the job's streams and folder, and run the command; return its exit code."""
    for path, number in ((os.devnull, 0), (job["out"], 1), (job["err"], 2)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(job["cwd"])
    sys.argv = ["blendkit", *job["args"]]
    try:
        importlib.import_module("blendkit.cli.main").main()
    except SystemExit as stop:
        return int(stop.code or 0)
    except BaseException:  # the test must see what a user would see
        traceback.print_exc()
        return 1
    return 0


def _import(libraries: Sequence[str], without: str) -> None:
    """Import libraries and all modules of blendkit, except those whose name starts with `without`."""
    modules = pkgutil.walk_packages(blendkit.__path__, "blendkit.")
    for name in (*libraries, *(m.name for m in modules if not m.name.startswith(without))):
        importlib.import_module(name)


def _serve() -> None:
    """Fork a child for every line of JSON on standard input, and answer with its exit code."""
    _import(COMMON, without="blendkit.training")
    for line in sys.stdin:
        job = json.loads(line)
        if job["args"][0] in TRAINING_COMMANDS:
            _import(TRAINING, without="none")
        child = os.fork()
        if not child:
            code = _be_the_command(job)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
