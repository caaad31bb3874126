"""When a process started."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from blendkit.cli._process_start import process_start

CODE = "import time; time.sleep(0.5); from blendkit.cli._process_start import process_start; print(process_start())"


def test_the_start_is_that_of_the_process_not_of_its_imports() -> None:
    before = time.monotonic()
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert before - 0.05 <= float(done.stdout) <= time.monotonic() - 0.5


def test_without_a_word_of_the_system_the_time_that_was_worked_counts(tmp_path: Path) -> None:
    assert process_start(tmp_path / "none") <= time.monotonic() - time.process_time() + 0.05
