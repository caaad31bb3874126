"""A full folder for temporary files ends the command: the recording is not to blame, and must not be called unreadable."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

import blendkit.audio.scratch
from blendkit.audio.decoding import decode
from blendkit.audio.scratch import Kept, ScratchError

RATE = 8000


@pytest.fixture(autouse=True)
def short_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blendkit.audio.scratch, "LONG_S", 1.0)


def full(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("what", ["tempfile.mkstemp", "os.truncate"])
def test_no_room_is_no_fault_of_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    kept = Kept(1, RATE, tmp_path)
    monkeypatch.setattr(what, full)
    with pytest.raises(ScratchError) as caught:
        kept.skip(2 * RATE)
    assert "No space left on device" in caught.value.title
    assert str(tmp_path) in caught.value.title
    assert "TMPDIR names another folder" in caught.value.problems
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("suffix", [".wav", ".ogg"])
def test_decoding_passes_it_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, write_wav: Callable[..., Path],
    write_ogg: Callable[[Path, Any, int], Path],
) -> None:  # fmt: skip
    noise = np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32) * 0.1
    path = (write_wav if suffix == ".wav" else write_ogg)(tmp_path / f"a{suffix}", noise, RATE)
    assert decode(path, tmp_path).status == "ok"
    monkeypatch.setattr("tempfile.mkstemp", full)
    with pytest.raises(ScratchError):
        decode(path, tmp_path)
    assert decode(path).status == "ok"  # in memory
