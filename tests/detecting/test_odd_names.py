"""Names of files that few systems allow: their recordings are scored, found, reviewed and read back like any other."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from blendkit.core import recording_id
from blendkit.core.audio_suffixes import file_id
from blendkit.io import read_scores
from tests.processes import Process

NAMES = {
    b"good": "good",
    b"l\xe9": "l%E9",
    b"a\x01b": "a%01b",
    b"new\nline": "new%0Aline",
    b"back\\slash": "back%5Cslash",
    "\u2028\u00e9".encode(): "%E2%80%A8\u00e9",
}
FORMATS = ("raven", "audacity", "kaleidoscope", "csv", "parquet", "birdnet")


def test_ids_by_hand() -> None:
    assert {name: file_id(Path(os.fsdecode(name + b".wav"))) for name in NAMES} == NAMES
    assert recording_id("plain \u00a0name.wav") == "plain \u00a0name"  # a blank that does not break is no control
    assert recording_id("\ud800.wav") == "%ED%A0%80"
    assert recording_id("l%E9.wav") == recording_id(os.fsdecode(b"l\xe9.wav"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_they_go_through_every_writer(tmp_path: Path, blendkit: Callable[..., Process], tone_recipe: str) -> None:
    audio = tmp_path / "data" / "test_soundscapes"
    audio.mkdir(parents=True)
    for name in NAMES:
        with Path(os.fsdecode(os.fsencode(audio) + b"/" + name + b".wav")).open("wb") as file:
            soundfile.write(file, np.full(8000 * 5, 0.1, np.float32), 8000, format="WAV")
    (tmp_path / "r.yaml").write_text(f"{tone_recipe}template: null\n", encoding="utf-8")
    done = blendkit("run", "r.yaml", "--data", "data", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(read_scores(tmp_path / "out").rows.recordings()) == sorted(NAMES.values())
    shared = ("--threshold", "0", "--gap", "0", "--audio", audio)
    formats = [part for name in FORMATS for part in ("--format", name)]
    done = blendkit("detect", "out", "--out", "found", *shared, *formats, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    tracks = {p.stem for p in (tmp_path / "found" / "audacity").iterdir()}
    assert tracks == set(NAMES.values())
    done = blendkit("review", "out", "--out", "review", "--per-class", "6", "--clips", "--audio", audio, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "review").rglob("*.wav"))) >= len(NAMES)
