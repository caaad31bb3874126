"""Decoding of whole recordings, damaged ones included."""

from __future__ import annotations

import io
import mmap
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from blendkit.audio.joined import parts_of
from blendkit.audio.ogg import Segment, intact_segments, is_truncated
from blendkit.audio.quiet import without_mpg123_noise
from blendkit.audio.reading import LOUDEST, SAMPLES_PER_BYTE, Mono, measured, read_mono
from blendkit.audio.scratch import sample_buffer
from blendkit.audio.second_decoder import INSTALL, decode_with_libav, is_installed
from blendkit.core import MIN_REMAINDER_S, OTHER_SUFFIXES, Float32

MIN_RATE, MAX_RATE = 1000, 10_000_000  # Hz; no recorder of animals is slower or faster: the header is broken
MOST_DAMAGED = 0.01  # the share of samples that are no numbers above which a recording cannot be used
FULL_SCALE = 8.0  # above it, samples are likely to be integers that were written as floats
MOSTLY_ZERO = 0.9  # the share of digital silence from which a recording is called silent
CANCELLED = 0.01  # the energy of the channels' mean, as a share of the channels', below which they cancel

_FAILURES = (OSError, RuntimeError, MemoryError, ValueError, OverflowError)  # a broken header can claim anything

Samples = Float32
Status = Literal["ok", "padded", "short", "holed", "partial", "unreadable", "empty", "silent"]


@dataclass(frozen=True, eq=False)
class Decoded:
    """Mono float32 samples of a whole recording at `rate` Hz, and its decoding status.

    status: `ok`; `padded` (its last chunk is zero-padded); `short` (the file is cut off, or gives less
    than the expected duration); `partial` (decoding failed before the end: what comes before is there);
    `holed` (lost stretches are silence, nothing shifts in time); `unreadable`; `empty` (no whole second);
    `silent` (digital silence, all or nearly all of it, or rows without a file). note: what is remarkable.
    duration_s is the real length in seconds.
    """

    samples: Samples
    rate: int
    duration_s: float
    status: Status
    note: str = ""


def probe_duration(path: Path) -> float | None:
    """Return a file's stated duration in seconds, None if its header cannot be read."""
    import soundfile

    try:
        with _terminal_of(path):
            info = soundfile.info(os.fsencode(path))
    except (OSError, RuntimeError, ValueError):
        return None
    return float(info.frames / info.samplerate)


def decode(path: Path, scratch: Path | None = None) -> Decoded:
    """Decode a whole file to mono (mean of channels) at its own rate, to its end whatever its header says.

    Lost stretches of a damaged Ogg file are found by its page numbers and become silence at their
    true place; a decoder alone would let all later audio slip forward. Files joined into one follow each other,
    at the rate of the first. scratch: a folder for the samples of recordings longer than half an hour, which are
    then mapped from disk; memory stays flat. Whatever goes wrong is a status with its reason, never an exception.
    What libsndfile does not open, or not to its end, a second decoder reads where it is installed (extra `av`).
    """
    try:
        with _terminal_of(path):
            found = _with_libsndfile(path, scratch)
    except _FAILURES as error:
        found = _unreadable(str(error).replace(repr(os.fsencode(path)), path.name).replace(str(path), path.name))
    if found.rate and found.status != "partial":
        return found
    return _with_second_decoder(path, found, scratch)


def _terminal_of(path: Path) -> AbstractContextManager[None]:
    return without_mpg123_noise() if path.suffix.lower() == ".mp3" else nullcontext()


def _with_libsndfile(path: Path, scratch: Path | None) -> Decoded:
    parts = parts_of(path)
    if parts is not None:
        return _joined([_decode_one(f, None) for f in parts.files], parts.why)
    found = _decode_one(path, scratch)
    if found.status == "ok" and is_truncated(path):
        return replace(found, status="short", note=f"the file is cut off after {found.duration_s:.3f} s")
    return found


def _with_second_decoder(path: Path, found: Decoded, scratch: Path | None) -> Decoded:
    """Return what the second decoder reads, if that is more than what the first found."""
    if not is_installed():
        foreign = path.suffix.lower() in OTHER_SUFFIXES and path.is_file()
        return replace(found, note=f"{found.note}; {INSTALL}") if foreign else found
    try:
        samples, rate, failed = decode_with_libav(path, scratch)
    except _FAILURES:
        return found
    if not MIN_RATE <= rate <= MAX_RATE or len(samples) <= found.duration_s * rate:
        return found
    read = _judged(measured(samples, failed), rate, 1)
    if failed and read.status == "ok":
        read = replace(read, status="partial", note=f"{read.duration_s:.3f} s could be decoded ({failed})")
    return replace(read, note="; ".join(filter(None, ["read by libav", read.note])))


def _decode_one(source: Path | bytes, scratch: Path | None) -> Decoded:
    """Decode one file, given by its path or its bytes. Raises what the decoder raises where nothing can be read."""
    import soundfile

    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    with soundfile.SoundFile(io.BytesIO(source) if isinstance(source, bytes) else os.fsencode(source)) as handle:
        rate, channels, stated, kind = handle.samplerate, handle.channels, handle.frames, handle.format
        if not MIN_RATE <= rate <= MAX_RATE:
            return _unreadable(f"a sample rate of {rate} Hz")
        found = read_mono(handle, size, scratch)
    segments = _segments(source, rate) if kind == "OGG" else None
    if segments and len(found.samples):
        return _decode_segments(segments, rate, scratch)
    lost = stated - len(found.samples)
    if found.failed or 0 < lost < size * SAMPLES_PER_BYTE:
        return _partial(found, rate, stated)
    return _judged(found, rate, channels)


def _segments(source: Path | bytes, rate: int) -> list[Segment] | None:
    if isinstance(source, bytes):
        return intact_segments(source, rate)
    with source.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return intact_segments(data, rate)


def _judged(found: Mono, rate: int, channels: int) -> Decoded:
    """Return what was read of a whole file, with the status and the notes that its samples ask for."""
    n = len(found.samples)
    seconds = n / rate
    if found.bad > MOST_DAMAGED * n:
        return _unreadable("samples are not finite", rate)
    if found.loudest > LOUDEST:
        return _unreadable(f"samples of up to {found.loudest:.3g}, where audio lies in [-1, 1]", rate)
    if seconds < MIN_REMAINDER_S:
        return Decoded(found.samples, rate, seconds, "empty", f"{seconds:.3f} s of audio")
    status: Status = "silent" if found.zeros >= MOSTLY_ZERO * n else "ok"
    return Decoded(found.samples, rate, seconds, status, "; ".join(_remarks(found, channels)))


def _remarks(found: Mono, channels: int) -> list[str]:
    """Return what a person should know of samples that can be used."""
    n = len(found.samples)
    notes = [f"{channels} channels averaged"] if channels > 1 else []
    if found.energy < CANCELLED:
        notes.append(f"the channels cancel each other: their mean has {found.energy:.2%} of their energy")
    if found.bad:
        notes.append(f"{found.bad} samples that are not finite replaced by 0")
    if found.loudest > FULL_SCALE:
        notes.append(f"samples of up to {found.loudest:g}, where audio lies in [-1, 1]: integers written as floats?")
    if found.zeros >= MOSTLY_ZERO * n:
        notes.append(f"{found.zeros / n:.0%} of the samples are 0")
    return notes


def _partial(found: Mono, rate: int, stated: int) -> Decoded:
    """Return a recording whose decoder stopped before the end that its header states."""
    n = len(found.samples)
    note = f"{n / rate:.3f} s of the stated {stated / rate:.3f} s could be decoded"
    if n < MIN_REMAINDER_S * rate:
        return _unreadable(found.failed or note, rate)
    why = f" ({found.failed})" if found.failed else ""
    return Decoded(found.samples, rate, n / rate, "partial", f"{note}{why}")


def _joined(parts: Sequence[Decoded], why: str) -> Decoded:
    """Return parts one after another, at the rate of the first that has audio."""
    usable = [p for p in parts if len(p.samples)]
    if not usable:
        return _unreadable("; ".join([why, *(p.note for p in parts)]))
    rate = usable[0].rate
    samples = np.concatenate([_at_rate(p.samples, p.rate, rate) for p in usable])
    states = [p.status for p in parts if p.status not in ("ok", "empty")]
    notes = [why, *dict.fromkeys(p.note for p in parts if p.note)]
    if len(parts) > 1:
        notes[0] += f": {' + '.join(f'{p.duration_s:.3f}' for p in parts)} s"
    if any(p.status == "unreadable" for p in parts):
        states = ["partial"]
    whole = len(samples) >= MIN_REMAINDER_S * rate
    status: Status = (states[0] if states else "ok") if whole else "empty"
    return Decoded(samples, rate, len(samples) / rate, status, "; ".join(notes))


def _at_rate(samples: Samples, rate: int, wanted: int) -> Samples:
    import soxr

    return samples if rate == wanted else np.asarray(soxr.resample(samples, rate, wanted, quality="HQ"), np.float32)


def _unreadable(why: str, rate: int = 0) -> Decoded:
    return Decoded(np.zeros(0, np.float32), rate, 0.0, "unreadable", why)


def silence(duration_s: float, rate: int, status: Status, note: str) -> Decoded:
    """Return digital silence in place of missing audio."""
    return Decoded(np.zeros(round(duration_s * rate), np.float32), rate, duration_s, status, note)


def fit_duration(decoded: Decoded, expected_s: float) -> Decoded:
    """Return a recording that lacks at least half a second of its expected duration with the status `short`.

    Its missing chunks are silence. One that is `holed`, `unreadable` or `silent` keeps its status.
    """
    missing = expected_s - decoded.duration_s
    if missing < 0.5 or decoded.status in ("unreadable", "silent"):
        return decoded
    status: Status = "short" if decoded.status in ("ok", "padded", "empty") else decoded.status
    note = "; ".join(filter(None, [decoded.note, f"{decoded.duration_s:.3f} s of the expected {expected_s:g} s"]))
    return Decoded(decoded.samples, decoded.rate, decoded.duration_s, status, note)


def _mono(frames: Float32) -> Samples:
    return frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1, dtype=np.float32)


def _decode_segments(segments: Sequence[Segment], rate: int, scratch: Path | None) -> Decoded:
    """Decode each intact stretch by itself and put it at its true place; the lost stretches stay silent."""
    import soundfile

    out = sample_buffer(segments[-1].end, rate, scratch)
    recovered = 0
    for segment in segments:
        try:
            with soundfile.SoundFile(io.BytesIO(segment.data)) as handle:
                samples = _mono(handle.read(dtype="float32", always_2d=True))[-segment.end :]
        except (OSError, RuntimeError):
            continue
        out[segment.end - len(samples) : segment.end] = samples
        recovered += len(samples)
    note = f"{(len(out) - recovered) / rate:.3f} s unreadable, replaced by silence"
    return Decoded(out, rate, len(out) / rate, "holed", note)
