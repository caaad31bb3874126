"""Decoding of whole recordings, damaged ones included."""

from __future__ import annotations

import io
import mmap
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.audio.channels import Channels, MissingChannelError, Mixer, energies
from blendkit.audio.decoded import Decoded, Status, unreadable
from blendkit.audio.decoder_noise import terminal_of
from blendkit.audio.file_parts import FilePart, PartReader, Source, path_of, size_of
from blendkit.audio.foreign_starts import lost_start
from blendkit.audio.headers import HEADERLESS
from blendkit.audio.joined import parts_of
from blendkit.audio.judging import judged, judged_holed, judged_partial
from blendkit.audio.mp3_frames import mp3_samples
from blendkit.audio.ogg import Segment, is_ogg, is_truncated, segments_of
from blendkit.audio.rates import MAX_RATE, MIN_RATE
from blendkit.audio.reading import read_mono
from blendkit.audio.resampling import resample
from blendkit.audio.scratch import SAMPLES_PER_BYTE, Kept, ScratchError, block_size
from blendkit.audio.second_decoder import INSTALL, is_installed
from blendkit.audio.second_reading import read_again
from blendkit.audio.sizes import cut_from
from blendkit.core import MIN_REMAINDER_S, OTHER_SUFFIXES
from blendkit.errors import machine_is_full

_MP3_ENDS = 8192  # samples that an MP3 encoder adds at both ends at most, by the 12 bits of each number
_HEADERS = 1 << 20  # bytes in which the header of a part lies
_PLAIN = {  # what libsndfile says of some damage, in words that say what it is
    "SF_INFO struct incomplete": "its header states a sample rate or a length that cannot be",
    "File does not exist or is not a regular file": "no sound can be found in it",
}


def decode(path: Path, scratch: Path | None = None, channels: Channels = "mean") -> Decoded:
    """Decode a whole file to mono at its own rate, to its end whatever its header says.

    channels: what the one channel is: the mean of all, the first, the loudest (of the highest energy over the whole
    recording), or a number from 1; a recording that lacks this channel is `unreadable`.
    Lost stretches of a damaged Ogg file are found by its page numbers and become silence at their
    true place; a decoder alone would let all later audio slip forward. Files joined into one follow each other,
    at the rate of the first. scratch: a folder for the samples of recordings longer than half an hour, which are
    then mapped from disk; memory stays flat. Whatever is wrong with a file is a status with its reason, never an
    exception; OSError is raised where the machine has no open files left, and ScratchError for a full scratch folder.
    What libsndfile does not open, or not to its end, or finds empty, a second decoder reads where it is installed
    (extra `av`).
    """
    try:
        read = _decode_parts(path, channels, scratch)
        why = lost_start(path) if len(read.samples) else ""
    except ScratchError:
        raise
    except Exception as error:  # a broken file can make anything raise: it costs this recording only
        if machine_is_full(error):
            raise
        return unreadable(_reason(error, path))
    return _with_note(why, read if not why or read.status == "holed" else replace(read, status="partial"))


def _decode_parts(path: Path, channels: Channels, scratch: Path | None) -> Decoded:
    """Decode the files that a file holds, each with the decoder that reads the most of it."""
    parts = parts_of(path)
    if parts is None:
        return _decode_source(path, channels, scratch)
    with terminal_of(path):
        if channels == "loudest" and len(parts.files) > 1:
            channels = _loudest_of(parts.files)
    read = _joined(parts.files, parts.notes, channels, scratch)
    return replace(read, status=parts.status) if read.status == "ok" else read


def _decode_source(source: Source, channels: Channels, scratch: Path | None) -> Decoded:
    """Decode one file with the decoder that reads the most of it."""
    path = path_of(source)
    try:
        with terminal_of(path):
            found = _decode_one(source, channels, scratch)
    except ScratchError:
        raise
    except Exception as error:
        if machine_is_full(error):
            raise
        found = unreadable(_reason(error, path))
    if found.rate and found.status not in ("partial", "empty"):
        return found
    if not is_installed():
        foreign = path.is_file() and (path.suffix.lower() in OTHER_SUFFIXES or (not found.rate and is_ogg(source)))
        return replace(found, note=f"{found.note}; {INSTALL}") if foreign else found
    try:
        read = read_again(source, found, channels, scratch)
        return _cut_off(source, read) if read.status == "ok" else read
    except ScratchError:
        raise
    except (OSError, RuntimeError, ValueError, MemoryError) as error:  # what the first decoder said stands
        if machine_is_full(error):
            raise
        return found
    except Exception as error:  # nothing that libav does can end a run, but this should be known
        return replace(found, note=f"{found.note}; libav: {type(error).__name__}: {_reason(error, path)}")


def _reason(error: Exception, path: Path) -> str:
    """Return why a file cannot be read, without the names of folders and objects of this machine."""
    if isinstance(error, MemoryError):
        return "not enough memory for what its header states"
    said = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    plain = next((text for start, text in _PLAIN.items() if start in said and path.is_file()), said)
    return plain.replace(str(path), path.name) or type(error).__name__


def _opened(source: Source | bytes) -> Any:
    import soundfile

    if isinstance(source, bytes):
        return soundfile.SoundFile(io.BytesIO(source))
    return soundfile.SoundFile(PartReader(source) if isinstance(source, FilePart) else os.fsencode(source))


def _decode_one(source: Source, channels: Channels, scratch: Path | None) -> Decoded:
    """Decode one file. Raises what the decoder raises where nothing can be read."""
    size = size_of(source)
    states_length = not isinstance(source, FilePart) or source.states_length
    with _opened(source) as handle:
        rate, stated, kind, mpeg = handle.samplerate, handle.frames, handle.format, "MPEG" in handle.subtype
        if kind == HEADERLESS:
            return unreadable("no header of a sound file")
        if not MIN_RATE <= rate <= MAX_RATE:
            return unreadable(f"a sample rate of {rate} Hz", rate)
        try:
            found = read_mono(handle, size, channels, scratch, partial(_opened, source))
        except MissingChannelError as error:
            return unreadable(str(error), rate)
    if mpeg and kind != "MP3":
        stated = max(0, stated - _MP3_ENDS)  # of MP3 in WAV, which counts what encoders add
    if kind == "MP3":
        stated = max(stated, _counted(source) - _MP3_ENDS)  # what libsndfile says may be a guess
    segments = segments_of(source, rate) if kind == "OGG" else None
    if segments and len(found.samples):
        return _decode_segments(segments, size, rate, channels, scratch)
    lost = stated - len(found.samples)
    possible = states_length and lost < size * SAMPLES_PER_BYTE
    if found.failed or (possible and lost > 0):
        return judged_partial(found, rate, stated if possible else None)
    read = judged(found, rate)
    if read.status == "ok":
        read = _cut_off(source, read)
    if states_length and not possible:
        read = _with_note(f"its header states {stated / rate:.3f} s, which {size} bytes cannot hold", read)
    return read


def _cut_off(source: Source, read: Decoded) -> Decoded:
    """Return a recording that was read to its end with the status `short` if the file ends before the recording."""
    seconds = cut_from(source)
    if seconds is None and not is_truncated(source):
        return read
    of = "" if seconds is None else f" of the stated {seconds:.3f} s"
    return _with_note(f"the file is cut off after {read.duration_s:.3f} s{of}", replace(read, status="short"))


def _with_note(note: str, read: Decoded) -> Decoded:
    return replace(read, note="; ".join(filter(None, [note, read.note])))


def _counted(source: Source) -> int:
    """Return how many samples the header of an MP3 counts; 0 without a count."""
    if isinstance(source, FilePart):
        return mp3_samples(source.contents(_HEADERS)) if source.states_length else 0
    with source.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return mp3_samples(data)


def _decode_segments(
    segments: Sequence[Segment], size: int, rate: int, channels: Channels, scratch: Path | None
) -> Decoded:
    """Decode each intact stretch by itself and put it at its true place; the lost stretches stay silent."""
    if segments[-1].end > size * SAMPLES_PER_BYTE:
        return unreadable(f"its pages state {segments[-1].end / rate:.3f} s, which {size} bytes cannot hold", rate)
    mixer: Mixer | None = None
    at = lost = 0
    for segment in segments:
        kept = _read_segment(segment, rate, scratch)
        early = max(0, kept.count - (segment.end - at))  # samples that were there before
        if kept.count <= early or segment.end <= at:
            continue
        mixer = mixer or Mixer(channels, kept.channels, rate, scratch)
        gap = segment.end - (kept.count - early) - at
        mixer.skip(gap)
        for block in kept.blocks():
            if early < len(block):
                mixer.add(block[early:])
            early = max(0, early - len(block))
        at, lost = segment.end, lost + gap
    if mixer is None:
        return unreadable("no stretch of it can be read", rate)
    rest = segments[-1].end - at
    mixer.skip(rest)
    if lost + rest == 0:
        return _with_note("pages that repeat and bytes between pages were left out", judged(mixer.mono(), rate))
    return judged_holed(mixer.mono(), rate, lost + rest)


def _read_segment(segment: Segment, rate: int, scratch: Path | None) -> Kept:
    """Return the frames of an intact stretch, which may have hours; none where it cannot be read."""
    kept = Kept(1, rate, scratch)
    try:
        with _opened(segment.data) as handle:
            kept = Kept(handle.channels, rate, scratch)
            for block in handle.blocks(block_size(rate), dtype="float32", always_2d=True):
                kept.append(block)
    except (OSError, RuntimeError):
        return Kept(1, rate, scratch)
    return kept


def _loudest_of(files: Sequence[FilePart]) -> Channels:
    """Return the number of the channel that is loudest over all parts, among those that every part has."""
    sums = []
    for source in files:
        try:
            with _opened(source) as handle:
                blocks = handle.blocks(block_size(handle.samplerate), dtype="float32", always_2d=True)
                sums.append(sum((energies(b) for b in blocks), np.zeros(handle.channels)))
        except (OSError, RuntimeError):
            continue  # decoding says so
    common = min(map(len, sums), default=0)
    return int(np.argmax(np.sum([s[:common] for s in sums], axis=0))) + 1 if common else "loudest"


def _joined(files: Sequence[FilePart], why: Sequence[str], channels: Channels, scratch: Path | None) -> Decoded:
    """Decode parts one after another, at the rate of the first that has audio; one at a time is in memory."""
    kept: Kept | None = None
    parts = []
    for source in files:
        part = _decode_source(source, channels, scratch)
        if len(part.samples):
            kept = kept or Kept(1, part.rate, scratch)
            kept.append(resample(part, kept.rate, scratch).samples[:, None])
        parts.append(replace(part, samples=part.samples[:0].copy()))
    if kept is None:
        return unreadable("; ".join([*why, *(p.note for p in parts)]))
    samples, rate = kept.frames()[:, 0], kept.rate
    states = [p.status for p in parts if p.status not in ("ok", "empty")]
    notes = [*why, *dict.fromkeys(_note_of(k, p, len(parts)) for k, p in enumerate(parts, 1) if p.note)]
    if len(parts) > 1:
        notes[0] += f": {' + '.join(f'{p.duration_s:.3f}' for p in parts)} s"
    if any(p.status == "unreadable" for p in parts):
        states = ["partial"]
    whole = len(samples) >= MIN_REMAINDER_S * rate
    status: Status = (states[0] if states else "ok") if whole else "empty"
    return Decoded(samples, rate, len(samples) / rate, status, "; ".join(notes))


def _note_of(number: int, part: Decoded, of: int) -> str:
    return part.note if of == 1 or part.status == "ok" else f"part {number}: {part.note}"
