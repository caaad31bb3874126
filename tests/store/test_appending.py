"""Lines that many processes add to one file."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from blendkit.store.appending import add_line

# one process and seven copies of it: what is tested is the file, not how long Python takes to start
MANY = """
import os, sys
from pathlib import Path
from blendkit.store.appending import add_line
children: list[int] = []
while len(children) < 7 and 0 not in children:
    children.append(os.fork())
for i in range(200):
    add_line(Path(sys.argv[1]), f"{os.getpid()} {i} " + "ä" * (i * 17 % 900))
for child in [] if 0 in children else children:
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are copied by fork")
def test_lines_of_eight_processes_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ledger"
    path.parent.mkdir()
    path.write_text("cut sho")
    subprocess.run([sys.executable, "-c", MANY, str(path)], check=True)
    first, *lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line]
    assert first == "cut sho"
    found = [line.split(" ") for line in lines]
    assert all(text == "ä" * (int(i) * 17 % 900) for _, i, text in found)
    assert Counter(Counter(pid for pid, _, _ in found).values()) == {200: 8}
    for pid in {pid for pid, _, _ in found}:
        assert [int(i) for p, i, _ in found if p == pid] == list(range(200))


def test_a_line_cut_short_stays_alone(tmp_path: Path) -> None:
    path = tmp_path / "l"
    add_line(path, "one")
    path.write_bytes(path.read_bytes() + b"tw")
    add_line(path, "three")
    add_line(path, "four")
    assert path.read_bytes() == b"one\ntw\nthree\nfour\n"


def test_a_full_disk_is_an_error_that_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write = tmp_path / "l", os.write
    add_line(path, "one")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, data: write(handle, data[:2]))
        with pytest.raises(OSError, match="No space") as caught:
            add_line(path, "two")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    add_line(path, "three")
    assert path.read_bytes() == b"one\ntw\nthree\n"


def test_on_windows_the_file_is_locked_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, int, int]] = []

    def locking(handle: int, mode: str, count: int) -> None:
        said.append((mode, os.lseek(handle, 0, os.SEEK_CUR), path.stat().st_size))
        assert count == 1

    path = tmp_path / "l"
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_LOCK="lock", LK_UNLCK="unlock"))
    add_line(path, "one")
    add_line(path, "two")
    far = 1 << 30  # the same place both times, beyond all lines
    assert said == [("lock", far, 0), ("unlock", far, 4), ("lock", far, 4), ("unlock", far, 8)]
    assert path.read_bytes() == b"one\ntwo\n"
