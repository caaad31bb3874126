"""Recordings prepared for the members: grouped, decoded once, resampled once per rate."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from blendkit.audio.channels import Channels
from blendkit.audio.decoded import Decoded, fit_duration, silence, unreadable
from blendkit.audio.decoding import decode
from blendkit.audio.fingerprints import content_of
from blendkit.audio.headers import probe_duration
from blendkit.audio.recordings import Recording
from blendkit.audio.resampling import at_rate
from blendkit.core import AudioContent, NameRule, Remainder, count_chunks, printable
from blendkit.remote import RemoteError, fetch
from blendkit.temporaries import scratch_folder

GROUP = 8  # recordings in a store part
GROUP_S = 960.0  # and no more than this many seconds of audio
FALLBACK_RATE = 32000

Silence = Literal["score", "floor"]


@dataclass(frozen=True)
class Grid:
    """How recordings become chunks, and what members hear of them.

    expected_s: durations known beforehand, in seconds; channels: what the one channel is that members hear; silence:
    whether windows of digital silence are given to models (`score`), or get a fixed low logit (`floor`).
    """

    chunk_s: float
    remainder: Remainder
    names: NameRule
    expected_s: dict[str, float] = field(default_factory=dict)
    channels: Channels = "mean"
    silence: Silence = "score"


@dataclass(frozen=True, eq=False)
class Prepared:
    """A recording at every rate that the members need, and its content, where it has one.

    path: empty where there is no file.
    """

    recording: str
    path: Path
    chunks: int
    duration_s: float
    status: str
    note: str
    by_rate: dict[int, Decoded]
    decode_s: float
    resample_s: float
    content: AudioContent | None = None


@dataclass(frozen=True, eq=False)
class Batch:
    """A group of prepared recordings; the samples of long ones are in `scratch` until the batch is closed."""

    recordings: tuple[Prepared, ...]
    scratch: TemporaryDirectory[str]


def stated_seconds_of(recording: Recording) -> float:
    """Return the seconds that a recording's header states; 0 where it states none."""
    return (probe_duration(recording.path) if recording.path.name else None) or 0.0


def groups(recordings: Sequence[Recording], lengths: Mapping[str, float] | None = None) -> Iterator[list[Recording]]:
    """Yield fixed groups of recordings, independent of what is stored already; a batch never spans two groups.

    lengths: `stated_seconds_of` each by its id, where that was asked before.
    """
    group: list[Recording] = []
    seconds = 0.0
    for r in recordings:
        length = stated_seconds_of(r) if lengths is None else lengths[r.id]
        if group and (len(group) == GROUP or seconds + length > GROUP_S):
            yield group
            group, seconds = [], 0.0
        group.append(r)
        seconds += length
    if group:
        yield group


def prepare_group(group: Sequence[Recording], rates: Sequence[int], grid: Grid) -> Batch:
    """Prepare a group of recordings, with a folder of their own for the samples of long ones."""
    scratch = scratch_folder()
    try:
        return Batch(tuple(prepare_recording(r, rates, grid, Path(scratch.name)) for r in group), scratch)
    except BaseException:
        scratch.cleanup()
        raise


def prepare_recording(recording: Recording, rates: Sequence[int], grid: Grid, scratch: Path | None = None) -> Prepared:
    """Decode a recording once, count its chunks, and resample it once per rate.

    scratch: a folder for what is too large for memory, and for the file of one that is fetched from another machine.
    """
    started, path = time.perf_counter(), recording.path
    expected = grid.expected_s.get(recording.id, 0.0)
    if recording.problem:
        decoded = unreadable(recording.problem)
    elif not recording.path.name:
        decoded = silence(expected, rates[0] if rates else FALLBACK_RATE, "silent", "no audio file")
    else:
        path, why = _fetched(recording, scratch)
        decoded = unreadable(why) if why else decode(path, scratch, grid.channels)
    content = content_of(decoded, path)
    chunks, padded = count_chunks(decoded.duration_s, grid.chunk_s, grid.remainder)
    wanted, _ = count_chunks(expected, grid.chunk_s, grid.remainder)
    decoded = fit_duration(decoded, expected)
    status = "padded" if padded and decoded.status == "ok" else decoded.status
    at = time.perf_counter()
    by_rate = at_rate(decoded, rates, scratch)
    return Prepared(
        recording.id, path, max(chunks, wanted), decoded.duration_s, status, printable(decoded.note), by_rate,
        at - started, time.perf_counter() - at, content,
    )  # fmt: skip


def _fetched(recording: Recording, scratch: Path | None) -> tuple[Path, str]:
    """Return where a recording's file is on this machine, and why it could not be fetched there, or ""."""
    if recording.remote is None:
        return recording.path, ""
    assert scratch is not None
    own = scratch / secrets.token_hex(8)
    own.mkdir()
    path = own / recording.remote.name
    try:
        fetch(recording.remote, path)
    except RemoteError as error:
        return recording.path, f"could not be fetched: {error}"
    return path, ""
