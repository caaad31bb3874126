"""The command line as a process, on a small sample world and on folders of tones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Process = subprocess.CompletedProcess[str]


def process(*args: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Process:
    command = [sys.executable, "-m", "blendkit.cli.main", *map(str, args)]
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=120
    )


# Starting Python and importing numpy, numba, pyarrow and pydantic takes over a second; a process that has
# done so once can be forked for every job: each still is a process, with its own exit code and streams.
FORKS = """
import json, os, sys, traceback
jobs = json.load(sys.stdin)
import pandas, pyarrow.csv
import blendkit.cli.main, blendkit.cli.commands.check, blendkit.cli.commands.run, blendkit.cli.commands.score, blendkit.engine.local

def child(job):
    for stream, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(job[stream], os.O_WRONLY | os.O_CREAT), number)
    os.chdir(job["cwd"])
    sys.argv = ["blendkit", *job["args"]]
    try:
        blendkit.cli.main.main()
        return 0
    except SystemExit as stop:
        return stop.code or 0
    except BaseException:
        traceback.print_exc()
        return 1

codes = []
for job in jobs:
    pid = os.fork()
    if not pid:
        code = child(job)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(json.dumps(codes))
"""


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[Process]]:
    """Run many `blendkit ARGS`, each as a process in its own folder: many([(args, folder), ...])."""

    def go(jobs: Sequence[tuple[Sequence[object], Path]]) -> list[Process]:
        folder = tmp_path_factory.mktemp("streams")
        told: list[dict[str, Any]] = [
            {
                "args": [*map(str, args)],
                "cwd": str(cwd),
                "out": str(folder / f"{i}.out"),
                "err": str(folder / f"{i}.err"),
            }
            for i, (args, cwd) in enumerate(jobs)
        ]
        server = [sys.executable, "-c", FORKS]
        done = subprocess.run(server, input=json.dumps(told), capture_output=True, text=True, timeout=300, check=True)
        codes = json.loads(done.stdout.splitlines()[-1])
        texts = [[Path(job[k]).read_text(encoding="utf-8") for k in ("out", "err")] for job in told]
        return [Process(j["args"], c, *t) for j, c, t in zip(told, codes, texts, strict=True)]

    return go


@pytest.fixture(scope="session")
def blendkit() -> Callable[..., Process]:
    """Run `blendkit ARGS` as a process; a traceback on stderr fails the test whatever it expects."""

    def go(*args: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Process:
        done = process(*args, cwd=cwd, env=env)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return go


@pytest.fixture(scope="session")
def install() -> Callable[..., Path]:
    """Lay out an installed package with one entry point, as pip would; put the folder on PYTHONPATH."""

    def lay_out(folder: Path, dist: str, name: str, code: str, group: str = "blendkit.members") -> Path:
        module = f"plugin_{dist.replace('-', '_')}"
        info = folder / f"{dist.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True)
        (folder / f"{module}.py").write_text(code, encoding="utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.2\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}:made\n", encoding="utf-8")
        return folder

    return lay_out


@pytest.fixture(scope="session")
def tone_folder(
    tmp_path_factory: pytest.TempPathFactory, write_wav: Callable[..., Path], tone_blend: str, tone_table: str
) -> Path:
    """A data folder: two recordings (10 s, 7 s), a score table `a.csv` and a recipe `tones.yaml` for them."""
    data = tmp_path_factory.mktemp("tones")
    for i, (name, seconds) in enumerate({"r2": 10, "r10": 7}.items()):
        noise = np.random.default_rng(i).standard_normal(seconds * 8000) * 0.1
        write_wav(data / "test_soundscapes" / f"{name}.wav", noise.astype(np.float32), 8000)
    (data / "a.csv").write_text(tone_table, encoding="utf-8")
    (data / "tones.yaml").write_text(tone_blend, encoding="utf-8")
    return data
