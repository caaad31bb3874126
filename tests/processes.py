"""Run `blendkit ARGS` as a process of its own, without paying for the imports each time.

Starting Python and importing numpy, numba, pyarrow and pydantic takes over a second. A server process does
so once and forks a child for every job: each job still is a process, with its own folder, exit code and streams.
A job that needs other environment variables is started from scratch, for they act at the start.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import coverage
import numba

import blendkit
from tests.kills.killing import kill_at
from tests.untraced import compile_untraced, export_untraced

Process = subprocess.CompletedProcess[str]
ROOT = Path(__file__).parents[1]
TIMEOUT_S = 300
FORKS = hasattr(os, "fork")  # Windows copies no processes: there, each is started from scratch
# What nearly every command imports, and what only those that train do. Imported, never called: a process
# that has started threads cannot be forked safely.
COMMON = (
    *("pandas", "pyarrow.csv", "pyarrow.parquet", "pyarrow.compute"),
    *("scipy.stats", "soundfile", "soxr", "onnxruntime"),
    *("rich.console", "rich.progress", "rich.table"),
)
TRAINING = (
    *("torch", "torch._dynamo", "torch.export", "torch.onnx._internal.exporter._core", "onnx", "onnxscript"),
    *("sklearn.linear_model", "sklearn.model_selection", "matplotlib.figure", "librosa.filters"),
)
# The name of the test, and what scikit-learn and torch set as they are imported: no reason to start a server again.
OWN = {"PYTEST_CURRENT_TEST", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "TORCHINDUCTOR_CACHE_DIR"}
MEASURED = "COVERAGE_PROCESS_CONFIG"  # how coverage tells the processes that tests start to measure themselves
TRAINING_COMMANDS = {("fit", "seqhead"), ("fit", "student"), ("pseudolabel", "rounds")}


def unmeasured() -> dict[str, str]:
    """Return this process's environment without what lets coverage measure another: it may double what that one takes."""
    return {k: v for k, v in os.environ.items() if k != MEASURED}


def from_scratch(
    *args: object, cwd: Path | None = None, env: Mapping[str, str] | None = None, without: Sequence[str] = ()
) -> Process:
    """Run `python -m blendkit.cli.main ARGS`, as a shell does. without: modules that it finds not installed."""
    lacking = f"import sys; sys.modules.update(dict.fromkeys({[*without]})); import blendkit.cli.main as m; m.main()"
    command = [sys.executable, *(["-c", lacking] if without else ["-m", "blendkit.cli.main"]), *map(str, args)]
    changed = {**unmeasured(), **(env or {})}
    return subprocess.run(command, cwd=cwd, env=changed, capture_output=True, text=True, timeout=TIMEOUT_S)


@dataclass(frozen=True)
class Kill:
    """A process is killed before its change number `event` (from 1) of files below a folder, counted in the file `count`.

    Its cache and its temporary files lie below that folder, too.
    """

    event: int
    below: Path
    count: Path


class ForkServer:
    """Runs jobs one after another; `close` it in the end. A server that died is started again for the next job."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="blendkit-forks-")
        if FORKS:
            self._start()

    def _start(self) -> None:
        self._environment, pipe = dict(os.environ), subprocess.PIPE
        measured = self._environment.get(MEASURED)
        command = [sys.executable, "-m", "tests.processes", *([measured] if measured else [])]
        self._server = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=unmeasured(), start_new_session=True
        )

    def run(
        self, *args: object, cwd: Path | None = None, kill: Kill | None = None, without: Sequence[str] = ()
    ) -> Process:
        """Return the finished process of `blendkit ARGS`, run in `cwd`.

        kill: how it ends before its time. without: modules that it finds not installed.
        """
        if not FORKS:
            return from_scratch(*args, cwd=cwd, without=without)
        if self._server.poll() is not None or not _same(self._environment, os.environ):
            self.stop()
            self._start()
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        out, err = (Path(self._folder.name) / name for name in ("out", "err"))
        job: dict[str, Any] = {
            "args": [*map(str, args)],
            "cwd": str(cwd or Path.cwd()),
            "out": str(out),
            "err": str(err),
            "without": [*without],
        }
        job |= {} if kill is None else {"kill": [kill.event, str(kill.below), str(kill.count)]}
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        ready, _, _ = select.select([self._server.stdout], [], [], TIMEOUT_S)
        answer = self._server.stdout.readline() if ready else ""
        if not answer:
            self.stop()
            why = f"no answer within {TIMEOUT_S} s" if not ready else f"the server ended ({self._server.returncode})"
            raise RuntimeError(f"blendkit {' '.join(job['args'])}: {why}")
        texts = [stream.read_text(encoding="utf-8") for stream in (out, err)]
        return Process(["blendkit", *job["args"]], json.loads(answer), *texts)

    def stop(self) -> None:
        """End the server and the command that it may be waiting for."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.communicate(timeout=30)

    def close(self) -> None:
        """Stop the server and remove its files."""
        if FORKS:
            self.stop()
        self._folder.cleanup()


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two environments are equal but for what pytest and libraries write into their own."""
    return {k: v for k, v in one.items() if k not in OWN} == {k: v for k, v in other.items() if k not in OWN}


def _be_the_command(job: dict[str, Any]) -> int:
    """In the child: take over the job's streams and folder, and run the command; return its exit code."""
    for path, number in ((os.devnull, 0), (job["out"], 1), (job["err"], 2)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(job["cwd"])
    if "kill" in job:
        event, below, count = job["kill"]
        os.environ["BLENDKIT_CACHE"], tempfile.tempdir = f"{below}/cache", f"{below}/tmp"
        kill_at(event, Path(below), Path(count))
    _lack(job["without"])
    sys.argv = ["blendkit", *job["args"]]
    try:
        importlib.import_module("blendkit.cli.main").main()
    except SystemExit as stop:
        if isinstance(stop.code, str):
            sys.stderr.write(f"{stop.code}\n")
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # the test must see what a user would see
        traceback.print_exc()
        return 1
    return 0


def _lack(modules: Sequence[str]) -> None:
    """Let the import of modules, and of what is in them, fail in this process."""
    for name in [n for n in sys.modules if n.split(".")[0] in modules]:
        del sys.modules[name]
    sys.modules.update(dict.fromkeys(modules))  # type: ignore[arg-type]


def _import(libraries: Sequence[str], without: str) -> None:
    """Import libraries and all modules of blendkit, except those whose name starts with `without`."""
    _import_installed(libraries)
    import_own_modules(without)


def import_own_modules(without: str = "none") -> None:
    """Import all modules of blendkit, except those whose name starts with `without`."""
    modules = [m.name for m in pkgutil.walk_packages(blendkit.__path__, "blendkit.")]
    _import_installed([name for name in modules if not name.startswith(without)])


def _import_installed(names: Sequence[str]) -> None:
    """Import modules. What is not installed is left to the command, which says so."""
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _measure(settings: str) -> coverage.Coverage:
    """Return what measures a child from its first line on; the server itself is not measured.

    Each child would otherwise write what the server's imports took, too, and look for files that nothing imported:
    together they took twice as long as many commands. Starting walks through all modules, which is done here once.
    """
    made = coverage.Coverage(data_suffix=True, config_file=f":data:{settings}")
    for key, value in {"source_pkgs": [], "include": [f"{ROOT}/blendkit/*", f"{ROOT}/members/*"], "patch": []}.items():
        made.set_option(f"run:{key}", value)
    made.start()
    made.stop()
    return made


def _serve() -> None:
    """Answer every job, a line of JSON on standard input, with its exit code."""
    compile_untraced()
    _import(COMMON, without="blendkit.training")
    # Compiling something loads numba's tables of types, which takes 0.25 s, and starts no thread.
    numba.njit(lambda x: x)(1.0)
    trainer: tuple[TextIO, TextIO] | None = None
    measure = _measure(sys.argv[1]) if sys.argv[1:] else None
    _freeze()
    for line in sys.stdin:
        if tuple(json.loads(line)["args"][:2]) in TRAINING_COMMANDS:
            trainer = trainer or _trainer(measure)
            trainer[0].write(line)
            trainer[0].flush()
            answer = trainer[1].readline()
            if not answer:
                sys.exit("the server of training jobs ended")
        else:
            answer = _forked(line, measure)
        sys.stdout.write(answer)
        sys.stdout.flush()


def _trainer(measure: coverage.Coverage | None) -> tuple[TextIO, TextIO]:
    """Return where to write training jobs, and to read their answers: a server of their own, forked off this one.

    A process with torch in it takes twice as long to fork, which all other commands would pay for.
    """
    jobs, answers = os.pipe(), os.pipe()
    if os.fork():
        os.close(jobs[0])
        os.close(answers[1])
        return os.fdopen(jobs[1], "w"), os.fdopen(answers[0])
    os.close(jobs[1])
    os.close(answers[0])
    _import(TRAINING, without="none")
    if "torch" in sys.modules:
        export_untraced()
    _freeze()
    with os.fdopen(jobs[0]) as lines, os.fdopen(answers[1], "w") as out:
        for line in lines:
            out.write(_forked(line, measure))
            out.flush()
    os._exit(0)


def _freeze() -> None:
    """Keep every child's collector from walking through, and thereby copying, what this process holds."""
    gc.collect()
    gc.freeze()


def _forked(line: str, measure: coverage.Coverage | None) -> str:
    """Run a job in a child, measured if asked; return its exit code, as a line."""
    child = os.fork()
    if not child:
        if measure:
            os.environ[MEASURED] = sys.argv[1]  # for processes that it starts
            measure.start()
        code = _be_the_command(json.loads(line))
        atexit._run_exitfuncs()
        if measure:
            measure.stop()
            measure.save()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n"


if __name__ == "__main__":
    _serve()
