"""A machine that is too small ends a command with 3 and says what was missing, without a traceback."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile

import blendkit.audio.decoding
from blendkit.audio import decode
from blendkit.cli import top as command_line
from blendkit.errors import BlendkitError, exhausted
from blendkit.store import atomic_path

SCORE = ("score", "tone", "test_soundscapes", "--out")
needs_limits = pytest.mark.skipif(os.name != "posix", reason="ulimit")


def limited(limit: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = shutil.which("blendkit")
    assert command is not None
    shell = ["bash", "-c", f'ulimit {limit}; exec "$0" "$@"', command, *arguments]
    # a child that is traced for coverage would fail to write what it traced
    env = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    return subprocess.run(shell, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)


@needs_limits
@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "arguments", "said"),
    [
        ("-f 0", SCORE, "no space is left on the disk"),
        ("-f 1", ("run", "tones.yaml", "--data", ".", "--out"), "no space is left on the disk"),
    ],
)
def test_a_command_on_a_small_machine(
    limit: str, arguments: tuple[str, ...], said: str, tone_folder: Path, tmp_path: Path
) -> None:
    done = limited(limit, tone_folder, *arguments, str(tmp_path / "out"))
    assert done.returncode == 3, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ") or "\nerror: " in done.stderr


@needs_limits
def test_an_array_that_does_not_fit_into_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "big.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 1)})
        file.truncate(file.tell() + 8 * 10**9)  # a sparse file: its size is what its header says
    done = limited("-v 4000000", tmp_path, "formats", "show", "big.npy")
    assert done.returncode == 3, done.stderr
    assert "the memory ran out" in done.stderr
    assert "Traceback" not in done.stderr


def raising(error: Exception) -> Callable[..., None]:
    def fails(*_: object, **__: object) -> None:
        raise error

    return fails


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "error: MemoryError\n  the memory ran out"),
        (MemoryError("Unable to allocate 8. TiB"), "error: Unable to allocate 8. TiB\n  the memory ran out"),
        (RuntimeError("std::bad_alloc"), "error: std::bad_alloc\n  the memory ran out"),
        (ImportError("libx.so: failed to map segment from shared object"), "the memory ran out"),
        (OSError(errno.EMFILE, "Too many open files", "a.csv"), "error: Too many open files: a.csv\n  too many files"),
        (
            OSError(errno.ENOSPC, "No space left on device", "b"),
            "error: No space left on device: b\n  no space is left",
        ),
    ],
)
def test_exit_3_and_what_was_missing(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "cli", raising(error))
    assert command_line.exit_code() == 3
    assert said in capsys.readouterr().err


def test_a_reader_that_ran_out_of_files_does_not_blame_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrapped = BlendkitError("a.csv: cannot read this table")
    wrapped.__cause__ = OSError(errno.EMFILE, "Too many open files", "a.csv")
    monkeypatch.setattr(command_line, "cli", raising(wrapped))
    assert command_line.exit_code() == 3
    assert "a.csv: cannot read this table\n  too many files are open" in capsys.readouterr().err


def test_a_fault_of_blendkit_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line, "cli", raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        command_line.exit_code()
    assert exhausted(click.UsageError("no")) == ""
    assert exhausted(None) == ""


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOSPC])
def test_a_full_machine_does_not_make_recordings_unreadable(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(9000, 0.5), 8000)
    for part in ("parts_of", "_decode_one"):
        with monkeypatch.context() as patched:
            patched.setattr(blendkit.audio.decoding, part, raising(OSError(number, "full")))
            with pytest.raises(OSError, match="full"):
                decode(path)
    assert decode(path).status == "ok"


def test_a_full_disk_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full") as error, atomic_path(tmp_path / "x.npz"):
        raise OSError("full")
    assert error.value.filename == str(tmp_path / "x.npz")
