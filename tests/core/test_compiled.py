"""Compiled code: where nothing can be cached (a read-only install under a read-only home), and where many compile."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

import blendkit
from blendkit.core import compiled, while_compiling


def test_a_folder_that_cannot_hold_a_cache_still_works(tmp_path: Path) -> None:
    package = tmp_path / "blendkit"
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(blendkit.__file__).parent, package, ignore=skip)
    (package / "metrics" / "kernels" / "__pycache__").write_text("not a folder: nothing can be cached here")
    code = "import numpy as np, blendkit.metrics.kernels.ranking as k; print(k.__file__, k.doubled_ranks(np.eye(2)).tolist())"
    env = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    nowhere = str(tmp_path / "file" / "home")
    (tmp_path / "file").write_text("no home below a file")
    env |= {"PYTHONPATH": str(tmp_path), "HOME": nowhere, "XDG_CACHE_HOME": nowhere, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(package / "metrics" / "kernels" / "ranking.py"), "[[4,", "2],", "[2,", "4]]"]


def test_a_loop_is_compiled_at_its_first_call_and_says_so(tmp_path: Path) -> None:
    source, heard = tmp_path / "loops.py", list[str]()
    source.write_text(
        "from blendkit.core import compiled\n\n@compiled()\ndef twice(x):\n    return 2 * x\n\n"
        "@compiled()\ndef six_times(x, by=3):\n    return by * twice(x)\n",
        encoding="utf-8",
    )
    module = imported(source)
    with while_compiling(lambda: heard.append("compiling")):
        assert module.six_times(7) == 42
        assert module.six_times.dispatcher.signatures
        assert module.twice.dispatcher.signatures  # compiled for the other, which calls it
        assert heard == ["compiling"] * 2
        assert module.six_times(1) == 6
        assert imported(source).six_times(7) == 42  # of the machine code on disk
    assert module.six_times(1.5) == 9.0
    assert heard == ["compiling"] * 2


def test_threads_that_call_a_loop_first_share_its_machine_code() -> None:
    loop, all_at_once = compiled()(_half), Barrier(4)

    def half(i: int) -> float:
        all_at_once.wait(20)
        return float(loop(i))

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(half, range(4))] == [0, 0.5, 1, 1.5]
    assert len(loop.dispatcher.signatures) == 1


def test_errors_of_a_loop_arrive() -> None:
    with pytest.raises(TypeError, match="arguments"):
        compiled()(_half)(1, 2)


def _half(x: Any) -> Any:
    return x / 2


def imported(source: Path) -> Any:
    spec = importlib.util.spec_from_file_location(source.stem, source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_processes_that_compile_at_once_never_share_a_file(tmp_path: Path) -> None:
    source = tmp_path / "twice.py"
    source.write_text(
        "from blendkit.core import compiled\n\n@compiled()\ndef twice(x):\n    return x + x\n", encoding="utf-8"
    )

    first, second, later = (imported(source).twice for _ in range(3))
    for each in (first, second):  # both read the index before the other has saved
        each.dispatcher._cache._cache_file._load_index = dict
    assert first(2) == 4
    assert second(1.5) == 3.0
    assert len([*tmp_path.rglob("*.nbc")]) == 2
    assert [later(2), later(1.5)] == [4, 3.0]
