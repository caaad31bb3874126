"""Readers that stop reading, streams that are closed, and full disks: what is finished stays finished."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from blendkit.cli._steady_streams import _Output

Blendkit = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells and devices of POSIX")
COMMAND = [sys.executable, "-W", "error", "-m", "blendkit.cli.main"]
WHOLE = {".blendkit", "logits", "run.json", "submission.csv", "timings.json"}


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of bash, in which "$@" is the command `blendkit`; its exit code is that of blendkit."""
    line = f"set -o pipefail; {line}"
    return subprocess.run(["bash", "-c", line, "bash", *COMMAND], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(
    "line", ['"$@" run tones.yaml --out {out} --json | head -1', '"$@" run tones.yaml --out {out} >&- 2>&-']
)
def test_a_run_ends_well_whoever_reads(tone_folder: Path, tmp_path: Path, line: str) -> None:
    done = shell(line.format(out=tmp_path / "out"), tone_folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert {p.name for p in (tmp_path / "out").iterdir()} == WHOLE


def test_other_commands_end_well_too(tone_folder: Path, tmp_path: Path) -> None:
    line = f'"$@" score tone test_soundscapes --out {tmp_path}/out <&- 2>/dev/full | true'  # a table for people
    assert shell(line, tone_folder).returncode == 0
    assert list((tmp_path / "out").glob("part-*.parquet"))


def test_a_full_disk_behind_standard_output_is_an_error(tone_folder: Path) -> None:
    done = shell('"$@" ops list > /dev/full', tone_folder)
    assert done.returncode == 3
    assert done.stderr.startswith("error: No space left on device: standard output\n")


def test_a_full_disk_behind_standard_output_costs_no_result(tone_folder: Path, tmp_path: Path) -> None:
    done = shell(f'"$@" run tones.yaml --out {tmp_path}/out > /dev/full', tone_folder)
    assert done.returncode == 3
    assert done.stderr.startswith("error: No space left on device: standard output\n")
    assert {p.name for p in (tmp_path / "out").iterdir()} == WHOLE


def test_a_full_disk_leaves_the_last_result_whole(tone_folder: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    out = tmp_path / "out"
    assert blendkit("run", "tones.yaml", "--out", out, cwd=tone_folder).returncode == 0
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    again = f'ulimit -f 1; "$@" run tones.yaml --out {out} --set blends.both.of.t=0.1'  # room for the submission
    done = shell(again, tone_folder)
    assert done.returncode == 3
    assert done.stderr.startswith(f"error: File too large: {out}/run.json\n")
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_what_nobody_reads_is_dropped_once_and_for_all() -> None:
    reader, writer = os.pipe()
    stream = io.TextIOWrapper(io.BufferedWriter(_Output(writer, "w", closefd=False)), "ascii", "backslashreplace")
    stream.write("ä\n")
    stream.flush()
    assert os.read(reader, 100) == b"\\xe4\n"
    os.close(reader)
    for _ in range(2):
        stream.write("nobody\n")
        stream.flush()
    assert os.write(writer, b"nobody") == 6  # libraries in C are not disturbed either
    stream.close()
    os.close(writer)
