"""Recordings through members: shifts by hand, one decode for all, statuses, groups."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import blendkit.audio.prepare
import blendkit.audio.scratch
from blendkit.audio.channels import Channels
from blendkit.audio.decoded import Decoded
from blendkit.audio.prepare import GROUP_S
from blendkit.core.names import NameRule
from blendkit.engine.local import RunResult
from blendkit.store.logits import LogitStore

Run = Callable[..., RunResult]
Tones = Callable[..., Path]
RATE, CHUNK = 8000, 5
HZ = (300.0, 1900.0, 3500.0)


def loudness(window: NDArray[np.float64]) -> list[float]:
    """What the tone member says of one window, from its definition alone."""
    power = np.abs(np.fft.rfft(window) / len(window)) ** 2
    return [float(np.log10(power[round(f * CHUNK) - 1 : round(f * CHUNK) + 2].sum() + 1e-12)) for f in HZ]


def by_hand(path: Path, shifts: list[float], edge: str) -> NDArray[np.float64]:
    """Every window by itself; the recording is padded by numpy, the mean is of logits."""
    samples, rate = soundfile.read(path, dtype="float64")
    assert rate == RATE
    n, size = len(samples), CHUNK * RATE
    zeros, mirror = np.pad(samples, size), np.pad(samples, size, mode="reflect")
    rows = []
    for k in range(-(-n // size)):
        seen = []
        for shift in shifts:
            first = round((k * CHUNK + shift) * RATE)
            outside = first < 0 or first + size > n
            if shift and outside and edge == "drop":
                continue
            if shift and edge == "clamp":
                first = min(max(first, 0), n - size)
            source = mirror if shift and edge == "reflect" else zeros
            seen.append(loudness(source[size + first : 2 * size + first]))
        rows.append(np.mean(seen, axis=0))
    return np.array(rows)


def stored(out: Path) -> NDArray[np.float32]:
    (manifest,) = out.glob("logits/*/store.json")
    return LogitStore.open(manifest.parent).read(NameRule()).values


@pytest.mark.parametrize("edge", ["drop", "clamp", "zero", "reflect"])
def test_shifts_are_averaged_as_logits(
    tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str, edge: str
) -> None:
    data = tones({"whole": 15.0, "with_rest": 12.0})
    tta = f"members.t.tta={{shifts_s: [-1.5, 0, 2], edge: {edge}}}"
    run_text(tone_recipe, data, tmp_path / "out", overrides=[tta])
    wanted = [by_hand(data / f"test_soundscapes/{r}.wav", [-1.5, 0, 2], edge) for r in ("whole", "with_rest")]
    np.testing.assert_allclose(stored(tmp_path / "out"), np.concatenate(wanted), rtol=1e-5)


def test_the_edges_differ(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    # else the four tests above would prove nothing
    data = tones({"whole": 15.0})
    path = data / "test_soundscapes/whole.wav"
    made = [by_hand(path, [-1.5, 0, 2], e) for e in ("drop", "clamp", "zero", "reflect")]
    for i, first in enumerate(made):
        for other in made[i + 1 :]:
            assert np.abs(first - other).max() > 1e-3


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are decoded, in order."""
    seen: list[str] = []
    real = blendkit.audio.prepare.decode

    def counted(path: Path, scratch: Path | None = None, channels: Channels = "mean") -> Decoded:
        seen.append(path.stem)
        return real(path, scratch, channels)

    monkeypatch.setattr(blendkit.audio.prepare, "decode", counted)
    return seen


TWO = """
recipe: 1
name: two
members:
  a: {use: tone, classes: [x, y], tta: {shifts_s: [-1, 0, 1]}}
  b: {use: tone, classes: [x, y], rate: 16000, tta: {shifts_s: [0, 2.5]}}
blends:
  both: {by: logit, of: {a: 1, b: 1}}
output: both
also: [a, b]
"""


def test_audio_is_decoded_once_for_all_members_and_shifts(
    tones: Tones, tmp_path: Path, run_text: Run, decoded: list[str]
) -> None:
    data = tones({f"r{i}": 10.0 for i in range(11)})
    run_text(TWO, data, tmp_path / "out")
    assert sorted(decoded) == sorted(f"r{i}" for i in range(11))  # each once, by several threads
    decoded.clear()
    run_text(TWO, data, tmp_path / "out", overrides=["members.b.tta.shifts_s=[0]"])
    assert len(decoded) == 11  # for b alone
    decoded.clear()
    run_text(TWO, data, tmp_path / "out")
    assert decoded == []


def test_a_member_does_not_depend_on_its_company(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones({"r1": 10.0, "r2": 7.0})
    run_text(TWO, data, tmp_path / "both")
    alone = TWO.split("  b:")[0] + "output: a\n"
    run_text(alone, data, tmp_path / "alone")
    assert (tmp_path / "both/a.csv").read_bytes() == (tmp_path / "alone/submission.csv").read_bytes()


@pytest.mark.parametrize(
    ("seconds", "chunks", "status"),
    [(37.0, 8, "padded"), (60.001, 12, "ok"), (5.999, 1, "ok"), (6.0, 2, "padded"), (4.0, 1, "padded"), (5.0, 1, "ok")],
)
def test_chunks_of_a_recording(
    tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str, seconds: float, chunks: int, status: str
) -> None:
    result = run_text(tone_recipe, tones({"r": seconds}), tmp_path / "out")
    assert (result.rows, result.recordings) == (chunks, {"r": status})


def test_a_remainder_can_be_dropped(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    result = run_text(tone_recipe, tones({"r": 37.0}), tmp_path / "out", overrides=["remainder=drop"])
    assert (result.rows, result.recordings) == (7, {"r": "ok"})


def test_long_recordings_share_no_group(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    events: list[tuple[str, dict[str, Any]]] = []
    data = tones({"r1": GROUP_S / 2, "r2": GROUP_S / 2, "r3": 10.0})
    run_text(tone_recipe, data, tmp_path / "out", emit=lambda name, payload: events.append((name, payload)))
    assert [p["recordings"] for n, p in events if n == "scored"] == [["r1", "r2"], ["r3"]]


def test_events_report_progress(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    events: list[tuple[str, dict[str, Any]]] = []
    data = tones({f"r{i}": 5.0 for i in range(9)})
    run_text(tone_recipe, data, tmp_path / "out", emit=lambda name, payload: events.append((name, payload)))
    assert events[0] == ("scoring", {"recordings": 9, "to_score": 9, "saved": 0, "text": ""})
    assert [len(p["recordings"]) for n, p in events if n == "scored"] == [8, 1]
    assert [p["name"] for n, p in events if n == "stream"] == ["t"]


def test_a_window_that_is_not_the_chunk(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    # tone follows the chunk, so a 3 s grid works as well as one of 5 s
    result = run_text(tone_recipe, tones({"r": 9.0}), tmp_path / "out", overrides=["chunk_s=3"])
    with result.submission.open(encoding="utf-8", newline="") as handle:
        assert [row["row_id"] for row in csv.DictReader(handle)] == ["r_3", "r_6", "r_9"]


def test_long_recordings_give_the_same_and_leave_nothing(
    tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tones({"r1": 31.0, "r2": 12.0})
    whole = run_text(tone_recipe, data, tmp_path / "whole")
    monkeypatch.setattr(blendkit.audio.scratch, "LONG_S", 20.0)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", None)
    cut = run_text(tone_recipe, data, tmp_path / "cut")
    assert cut.submission.read_bytes() == whole.submission.read_bytes()
    assert list((tmp_path / "scratch").iterdir()) == []
