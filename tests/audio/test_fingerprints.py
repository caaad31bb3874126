"""Copies and lossless cuts of a recording are found; other recordings are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from blendkit.audio import Decoded, content_of, decode
from blendkit.audio.scratch import BLOCK_S
from blendkit.core import AudioContent

RATE = 16000


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    """Return a recording as 16-bit integers: noise whose level rises and falls."""
    n = round(seconds * RATE)
    wave = np.random.default_rng(seed).normal(0, 0.1, n) * (1.2 + np.sin(np.arange(n) / RATE))
    return np.clip(wave * 8000, -30000, 30000).astype(np.int16)


def content(samples: np.ndarray, rate: int = RATE) -> AudioContent:
    found = content_of(Decoded((samples / 32768).astype(np.float32), rate, len(samples) / rate, "ok"))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("suffix", "subtype"), [("wav", "PCM_16"), ("flac", "PCM_16"), ("wav", "FLOAT"), ("aiff", "PCM_24")]
)
def test_lossless_copies_are_equal(tmp_path: Path, suffix: str, subtype: str) -> None:
    path = tmp_path / f"copy.{suffix}"
    wave = noise(4)
    values = (wave / 32768).astype(np.float32) if subtype == "FLOAT" else wave
    soundfile.write(path, values, RATE, subtype=subtype)
    assert content_of(decode(path)) == content(wave)


def test_lossy_copies_sound_alike(tmp_path: Path) -> None:
    path = tmp_path / "copy.ogg"
    wave = noise(6)
    soundfile.write(path, wave, RATE)
    found = content_of(decode(path))
    assert found is not None
    assert found.whole != content(wave).whole
    assert found.sounds_like(content(wave))
    assert found.sounds_like(content((wave * 0.3).astype(np.int16)))  # a change of gain alone
    turned = noise(6, seed=1)[::-1]
    assert not found.sounds_like(content(turned))


def test_the_same_file_is_known_whatever_channel_was_heard(tmp_path: Path) -> None:
    path, copy = tmp_path / "two.flac", tmp_path / "elsewhere.flac"
    soundfile.write(path, np.stack([noise(4), noise(4, seed=1)], axis=1), RATE)
    copy.write_bytes(path.read_bytes())
    found = [content_of(decode(p, channels=c), p) for p, c in ((path, 1), (copy, 2), (copy, "mean"), (copy, "loudest"))]
    assert all(c is not None for c in found)
    assert len(set.intersection(*({*c.marks} for c in found if c is not None))) == 1
    alone = tmp_path / "one.wav"
    soundfile.write(alone, noise(4), RATE)
    assert content_of(decode(alone), alone) == content(noise(4))  # one channel is heard by all
    vanished = decode(path)
    path.unlink()
    assert content_of(vanished, path) == content_of(vanished)


def test_a_cut_that_was_saved_with_16_bits_shares_marks(tmp_path: Path) -> None:
    path = tmp_path / "lossy.ogg"
    soundfile.write(path, noise(40) / 16000, RATE)  # loud: programs that round and those that cut off differ
    lossy = decode(path)
    whole = content_of(lossy)
    assert whole is not None
    for rounded in (np.rint, np.floor):
        saved = rounded(lossy.samples * 32768).astype(np.int16)[7 * RATE + 3 : 37 * RATE]
        marks = set(content(saved).marks)
        assert len(marks & set(whole.marks)) >= 0.8 * len(marks) > 3


def test_cuts_share_marks_wherever_they_begin() -> None:
    wave = noise(120)
    whole = content(wave)
    assert len(whole.marks) == len(set(whole.marks)) >= 15
    found = [set(content(wave[a : a + 20 * RATE]).marks) & set(whole.marks) for a in (0, 1, 31337, 99 * RATE + 7)]
    assert all(found)
    assert not set(content(noise(120, seed=1)).marks) & set(whole.marks)


def test_blocks_change_nothing() -> None:
    wave = noise(2 * BLOCK_S + 7)
    shifted = content(wave[1234:])
    inner = set(shifted.marks) & set(content(wave).marks)
    assert len(inner) >= len(shifted.marks) - 1  # the marks of a stretch that the cut divides are lost


def test_there_is_nothing_to_compare_in_silence() -> None:
    nothing = np.zeros(RATE, np.float32)
    assert content_of(Decoded(nothing, RATE, 1.0, "silent")) is None
    assert content_of(Decoded(nothing[:0], 0, 0.0, "unreadable")) is None
    hum = np.tile(np.array([1, -1], np.int16), 4 * RATE)
    assert content(hum).marks == ()
