"""Compiled code where nothing can be cached: a read-only install under a read-only home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

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
