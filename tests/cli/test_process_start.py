"""When a process started, and how it ends."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from blendkit.cli._process_start import process_start
from tests.processes import unmeasured

CODE = "import time; time.sleep(0.5); from blendkit.cli._process_start import process_start; print(process_start())"


def test_the_start_is_that_of_the_process_not_of_its_imports() -> None:
    before = time.monotonic()
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert before - 0.05 <= float(done.stdout) <= time.monotonic() - 0.5


def test_without_a_word_of_the_system_the_time_that_was_worked_counts(tmp_path: Path) -> None:
    assert process_start(tmp_path / "none") <= time.monotonic() - time.process_time() + 0.05


def test_a_command_tidies_up_and_ends_with_its_own_code(tmp_path: Path) -> None:
    """Python is not taken apart, which Arrow's threads may abort; what libraries left to its end is done all the same."""
    code = (
        "import atexit, sys, tempfile\n"
        "kept = tempfile.TemporaryDirectory(prefix='kept', dir='.')\n"
        "atexit.register(print, 'tidied up')\n"
        "from concurrent.futures import ThreadPoolExecutor; pool = ThreadPoolExecutor(1); pool.submit(int).result()\n"
        "import threading, time; threading.Thread(target=lambda: (time.sleep(0.3), open('late', 'w').close())).start()\n"
        "sys.modules['never'] = type('Never', (), {'__del__': lambda self: print('taken apart')})()\n"
        "from blendkit.cli.main import command; command()"
    )
    for args, wanted, said in ((("--version",), 0, "blendkit"), (("eval", "none.csv", "--labels", "l"), 2, "error: ")):
        command = [sys.executable, "-c", code, *args]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=unmeasured(), timeout=60)
        assert (tmp_path / "late").is_file()  # a thread that Python would wait for
        (tmp_path / "late").unlink()
        assert done.returncode == wanted, done.stderr
        assert said in done.stdout + done.stderr
        assert done.stdout.endswith("tidied up\n")
        assert not list(tmp_path.glob("kept*"))
