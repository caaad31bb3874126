"""Audio: find, decode, resample, cut; and what a damaged recording becomes."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.containers import Segment, is_truncated, sound_segments
from blendkit.errors import BlendkitError
from blendkit.rows import natural_key

AUDIO_SUFFIXES = frozenset({".aif", ".aiff", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav"})
MIN_REMAINDER_S = 1.0
MIN_RATE = 1000  # Hz; nothing that records animals is slower, but a broken header may be
LONG_S = 1800.0  # recordings longer than this lie on disk while they are scored, not in memory
BLOCK_S = 60

Samples = NDArray[np.float32]
Status = Literal["ok", "padded", "short", "holed", "unreadable", "empty", "silent"]
Remainder = Literal["pad", "drop"]
Edge = Literal["drop", "clamp", "zero", "reflect"]


@dataclass(frozen=True)
class Recording:
    """One audio file; `id` is its path below the audio folder, without suffix."""

    id: str
    path: Path


@dataclass(frozen=True, eq=False)
class Decoded:
    """Mono float32 samples of a whole recording at `rate` Hz, and what became of it.

    status: `ok`; `padded` (its last chunk is zero-padded); `short` (the file is cut off, or gives less
    than the expected duration); `holed` (lost stretches are silence, nothing shifts in time);
    `unreadable`; `empty` (no whole second); `silent` (no audio at all, rows without a file).
    duration_s is the real length in seconds.
    """

    samples: Samples
    rate: int
    duration_s: float
    status: Status
    note: str = ""


def without_suffix(file: str) -> PurePath:
    """Return a file's path without its audio suffix; any other dot is part of the name."""
    path = PurePath(file)
    return path.with_suffix("") if path.suffix.lower() in AUDIO_SUFFIXES else path


def find_recordings(folder: Path) -> list[Recording]:
    """Return the audio files below a folder in natural order.

    Raises BlendkitError if two files have one recording id (`a.wav` beside `a.mp3`).
    """
    files = [p for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES and p.is_file()]
    return unique_recordings(Recording(p.relative_to(folder).with_suffix("").as_posix(), p) for p in files)


def unique_recordings(recordings: Iterable[Recording]) -> list[Recording]:
    """Order recordings naturally; raises BlendkitError listing ids that two files share."""
    found: dict[str, Recording] = {}
    clashes = []
    for r in sorted(recordings, key=lambda r: natural_key(str(r.path))):
        if r.id in found:
            clashes.append(f"{r.id}: {found[r.id].path} and {r.path}")
        found.setdefault(r.id, r)
    if clashes:
        raise BlendkitError("several audio files have one recording id", clashes)
    return sorted(found.values(), key=lambda r: natural_key(r.id))


def count_chunks(duration_s: float, chunk_s: float, remainder: Remainder = "pad") -> tuple[int, bool]:
    """Return the number of chunks of a recording, and whether the last one is zero-padded.

    Full chunks, plus a remainder of at least one second unless `remainder` is "drop": 60.001 s is
    12 chunks of 5 s, 37 s is 8.
    """
    full = int((duration_s + 1e-9) // chunk_s)
    rest = duration_s - full * chunk_s
    padded = remainder == "pad" and rest >= MIN_REMAINDER_S
    return full + padded, padded


def probe_duration(path: Path) -> float | None:
    """Return a file's stated duration in seconds, None if its header cannot be read."""
    import soundfile

    try:
        info = soundfile.info(str(path))
    except (OSError, RuntimeError):
        return None
    return float(info.frames / info.samplerate)


def decode(path: Path, scratch: Path | None = None) -> Decoded:
    """Decode a whole file to mono (mean of channels) at its own rate.

    Lost stretches of a damaged Ogg file are found by its page numbers and become silence at their
    true place; a decoder alone would let all later audio slip forward. scratch: a folder for the samples
    of recordings longer than half an hour, which are then mapped from disk; memory stays flat.
    """
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as handle:
            stated, rate, channels = handle.frames, handle.samplerate, handle.channels
            samples, finite = _read(handle, scratch)
            segments = sound_segments(path, rate)
            if segments and len(samples):
                return _mended(segments, rate, scratch)
            if 0 < len(samples) < stated:
                return _cut_short(samples, stated, rate)
    except (OSError, RuntimeError, MemoryError) as error:  # a lying header can ask for any amount of memory
        reason = str(error).replace(str(path), path.name)
        return Decoded(np.zeros(0, np.float32), 0, 0.0, "unreadable", reason)
    seconds = len(samples) / rate
    if not finite:
        return Decoded(np.zeros(0, np.float32), rate, 0.0, "unreadable", "samples are not finite")
    if rate < MIN_RATE:
        return Decoded(np.zeros(0, np.float32), rate, 0.0, "unreadable", f"a sample rate of {rate} Hz")
    if seconds < MIN_REMAINDER_S:
        return Decoded(samples, rate, seconds, "empty", f"{seconds:.3f} s of audio")
    if is_truncated(path):
        return Decoded(samples, rate, seconds, "short", f"the file is cut off after {seconds:.3f} s")
    return Decoded(samples, rate, seconds, "ok", f"{channels} channels averaged" if channels > 2 else "")


def _read(handle: Any, scratch: Path | None) -> tuple[Samples, bool]:
    """All samples as mono, read block by block; and whether they are finite."""
    long = scratch is not None and handle.frames > LONG_S * handle.samplerate
    if not long:
        samples = _mono(handle.read(dtype="float32", always_2d=True))
        return samples, bool(np.isfinite(samples).all())
    out, at, finite = _room(handle.frames, handle.samplerate, scratch), 0, True
    for frames in handle.blocks(BLOCK_S * handle.samplerate, dtype="float32", always_2d=True):
        out[at : at + len(frames)] = _mono(frames)
        finite = finite and bool(np.isfinite(frames).all())
        at += len(frames)
    return out[:at], finite


def _room(count: int, rate: int, scratch: Path | None) -> Samples:
    """Zeros in memory, or for a long recording in a file of their own."""
    if scratch is None or count <= LONG_S * rate:
        return np.zeros(count, np.float32)
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".f32", delete=False) as handle:
        return np.memmap(handle.name, np.float32, "w+", shape=(count,))


def silence(duration_s: float, rate: int, status: Status, note: str) -> Decoded:
    """Return digital silence that stands in for audio that is not there."""
    return Decoded(np.zeros(round(duration_s * rate), np.float32), rate, duration_s, status, note)


def resample(decoded: Decoded, rate: int, scratch: Path | None = None) -> Decoded:
    """Return the recording at `rate` Hz (soxr HQ; one stream over the whole recording: no edges inside)."""
    import soxr

    given = decoded.samples
    if decoded.rate == rate or not len(given):
        return replace(decoded, rate=rate)
    if scratch is None or len(given) <= LONG_S * decoded.rate:
        samples = np.ascontiguousarray(soxr.resample(given, decoded.rate, rate, quality="HQ"), np.float32)
        return replace(decoded, samples=samples, rate=rate)
    out, at = _room(-(-len(given) * rate // decoded.rate) + rate, rate, scratch), 0
    stream = soxr.ResampleStream(decoded.rate, rate, 1, dtype="float32", quality="HQ")
    block = BLOCK_S * decoded.rate
    for first in range(0, len(given), block):
        made = stream.resample_chunk(np.asarray(given[first : first + block]), last=first + block >= len(given))
        out[at : at + len(made)] = made
        at += len(made)
    return replace(decoded, samples=out[:at], rate=rate)


def fit_duration(decoded: Decoded, expected_s: float) -> Decoded:
    """Hold a recording against its expected duration: less is called short, and its missing chunks are silence."""
    missing = expected_s - decoded.duration_s
    if missing < 0.5 or decoded.status in ("unreadable", "silent"):
        return decoded
    status: Status = "short" if decoded.status in ("ok", "padded", "empty") else decoded.status
    note = "; ".join(filter(None, [decoded.note, f"{decoded.duration_s:.3f} s of the expected {expected_s:g} s"]))
    return Decoded(decoded.samples, decoded.rate, decoded.duration_s, status, note)


def cut(samples: Samples, first: int, size: int, edge: Edge = "zero") -> Samples:
    """Return samples[first:first + size] as a new array of exactly `size` samples.

    What lies outside the recording is zero (`zero`, `drop`), mirrored (`reflect`), or avoided by
    moving the window inside (`clamp`; a recording shorter than the window is zero-padded).
    """
    n = len(samples)
    if edge == "clamp":
        first = max(0, min(first, n - size))
    elif edge == "reflect" and n > 1:
        at = np.abs(np.arange(first, first + size)) % (2 * n - 2)
        return samples[np.where(at < n, at, 2 * n - 2 - at)]
    out = np.zeros(size, np.float32)
    low, high = max(first, 0), min(first + size, n)
    if low < high:
        out[low - first : high - first] = samples[low:high]
    return out


def _mono(frames: NDArray[np.float32]) -> Samples:
    return frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1, dtype=np.float32)


def _cut_short(samples: Samples, stated: int, rate: int) -> Decoded:
    """A decoder gave less than the header says, and no page numbers tell where the loss is."""
    note = f"{len(samples) / rate:.3f} s of the stated {stated / rate:.3f} s could be decoded"
    return Decoded(samples, rate, stated / rate, "holed", note)


def _mended(segments: Sequence[Segment], rate: int, scratch: Path | None) -> Decoded:
    """Decode each sound stretch by itself and put it where it belongs; what is lost stays silent."""
    import soundfile

    out = _room(segments[-1].end, rate, scratch)
    kept = 0
    for segment in segments:
        try:
            with soundfile.SoundFile(io.BytesIO(segment.data)) as handle:
                samples = _mono(handle.read(dtype="float32", always_2d=True))[-segment.end :]
        except (OSError, RuntimeError):
            continue
        out[segment.end - len(samples) : segment.end] = samples
        kept += len(samples)
    note = f"{(len(out) - kept) / rate:.3f} s unreadable, replaced by silence"
    return Decoded(out, rate, len(out) / rate, "holed", note)
