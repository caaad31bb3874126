"""Compiled code: where nothing can be cached (a read-only install under a read-only home), and where many compile."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import blendkit


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


def test_processes_that_compile_at_once_never_share_a_file(tmp_path: Path) -> None:
    source = tmp_path / "twice.py"
    source.write_text(
        "from blendkit.core import compiled\n\n@compiled()\ndef twice(x):\n    return x + x\n", encoding="utf-8"
    )

    def imported() -> Any:
        spec = importlib.util.spec_from_file_location("twice", source)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.twice

    first, second, later = imported(), imported(), imported()
    for each in (first, second):  # both read the index before the other has saved
        each._cache._cache_file._load_index = dict
    assert first(2) == 4
    assert second(1.5) == 3.0
    assert len([*tmp_path.rglob("*.nbc")]) == 2
    assert [later(2), later(1.5)] == [4, 3.0]
