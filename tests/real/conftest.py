"""The command line as a process, for real data."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def blendkit() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `blendkit ARGS` as a process; a traceback on stderr fails the test whatever it expects."""

    def go(*args: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "blendkit.cli.main", *map(str, args)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return go
