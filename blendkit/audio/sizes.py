"""Where the audio of WAV, RF64, AIFF, CAF, W64 and AU files ends, whatever their headers state.

A recorder that streams, or that lost its power, leaves sizes which are too small or mean nothing.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import replace
from pathlib import Path

from blendkit.audio.containers import AudioChunk, audio_chunk, name_of, starts_here
from blendkit.audio.file_parts import FilePart, FileParts, Patch
from blendkit.audio.mapped import SPAN, Bytes, let_go, places
from blendkit.audio.mp3_frames import frame_at

# sizes that sox, ffmpeg and others write to streams
_UNKNOWN = frozenset({0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, (1 << 63) - 1, (1 << 64) - 1})
_IMPOSSIBLE = 1 << 44  # bytes; no recording has so many, and sizes of 64 bits can state them
_HEADERS = 1 << 20  # bytes in which the chunks before the audio lie
_BLOCK = 1 << 20  # bytes that are compared with zeros at a time
_MOST_SAMPLES = 0x7FFFFFFF
_UNPADDED = "bytes that align its chunks are missing"
_LEAST_S = 0.2  # less than this behind the end is no reason to doubt it
_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICS")  # what music programs append to any file


def sized_parts(path: Path, data: mmap.mmap) -> FileParts | None:
    """Return the files of chunks that follow each other, with right sizes; None for one whose sizes are right."""
    parts: list[FilePart] = []
    kinds: list[str] = []
    whys: list[str] = []
    at = cut = 0
    while at == 0 or starts_here(data, at):
        audio = audio_chunk(data, at)
        if audio is None:
            break
        kinds.append(name_of(data, at))
        at, why = _end(data, audio)
        more = [] if why else _further(data, audio, at)
        why = f"{1 + len(more)} chunks of audio in one file" if more else why
        # libsndfile takes what follows the audio of a W64 for audio
        whole = more or (not why and (kinds[-1] == "W64" or audio.unpadded))
        end = min(at, audio.start + audio.stated) if whole else at
        why = why or (_UNPADDED if audio.unpadded else "")
        parts.append(_part(path, data, end, audio, why))
        parts[-1], miscount = _recounted(parts[-1], audio, end - audio.start if why else audio.stated)
        parts[-1] = _padded(parts[-1], audio)
        parts += [_padded(FilePart(path, a, b, _head(data, audio, b - a)), audio) for a, b in more]
        cut += 0 if more else end - parts[-1].stop
        whys += [text for text in (why, miscount) if text]
    left = cut + (len(data) - at if parts and is_left(data, at) else 0)
    whys += [unread(left)] if left else []
    if len(parts) < 2 and not whys and (kinds != ["W64"] or parts[0].stop == len(data)):
        return None
    joined = [f"{len(kinds)} {'/'.join(dict.fromkeys(kinds))} files joined"] if len(kinds) > 1 else []
    return FileParts(tuple(parts), (*joined, *dict.fromkeys(whys)), "partial" if cut > 0 else "ok")


def _further(data: mmap.mmap, audio: AudioChunk, stop: int) -> list[tuple[int, int]]:
    """Return where the samples of further chunks of audio of one file start and end, behind the first and to `stop`."""
    found: list[tuple[int, int]] = []
    layout = audio.layout
    at = stop if layout is None else _next_chunk(data, audio.start + audio.stated, audio)
    while layout is not None and at + layout.head < stop:
        end = layout.end(data, at)
        if data[at : at + 4] == layout.audio:
            found.append((at + layout.head + layout.skip, min(end, stop)))
        at = _next_chunk(data, end, audio)
    return found


def is_left(data: Bytes, at: int) -> bool:
    """Return whether bytes lie from `at` on which are neither tags nor zeros."""
    return at < len(data) and not _is_tag(data, at) and _is_sound(data, at)


def unread(count: int) -> str:
    """Return the note on bytes that no header counts."""
    return f"{count} byte{'s' if count > 1 else ''} behind the end of its audio not read"


def cut_from(source: Path | FilePart) -> float | None:
    """Return the stated length in seconds of a file of chunks that ends before its audio does; None for any other."""
    part = source if isinstance(source, FilePart) else FilePart(source, 0, source.stat().st_size)
    audio = audio_chunk(part.contents(_HEADERS))
    if audio is None or audio.stated <= part.size - audio.start or _is_unknown(audio):
        return None
    return audio.seconds


def stated_seconds(data: Bytes) -> float | None:
    """Return the length in seconds that a file of chunks states; None if it states none, and for other files."""
    audio = audio_chunk(data)
    return None if audio is None or _is_unknown(audio) or not audio.speed else audio.seconds


def _end(data: mmap.mmap, audio: AudioChunk) -> tuple[int, str]:
    """Return where a file of chunks ends, and what is wrong with the size of its audio, or ""."""
    unknown = _is_unknown(audio)
    end = audio.start + max(0, audio.stated)
    if end > len(data) or audio.stated < 0 or _goes_on(data, end, audio):
        following = _next_file(data, audio)
        stop = len(data) if following is None else following
        if stop < end and not unknown:
            return stop, ""  # cut off, also where another file follows: decoding says so
        length = "no length" if unknown else f"{audio.seconds:.3f} s, and audio goes on behind it"
        return stop, f"its header states {length}"
    layout = audio.layout
    if end >= len(data) or layout is None:
        return end, ""
    at = _next_chunk(data, end, audio)
    while at < len(data) and layout.is_chunk(data, at) and not starts_here(data, at):
        at = _next_chunk(data, layout.end(data, at), audio)
    return min(at, len(data)), ""


def _next_chunk(data: mmap.mmap, end: int, audio: AudioChunk) -> int:
    """Return where the next chunk or file starts: some programs leave out the bytes that align it."""
    if audio.layout is None or starts_here(data, end) or audio.layout.is_chunk(data, end):
        return end
    return end + (audio.origin - end) % audio.layout.align


def _goes_on(data: mmap.mmap, end: int, audio: AudioChunk) -> bool:
    """Return whether what lies behind the stated end of the audio is audio too."""
    if len(data) - end <= _LEAST_S * audio.speed:
        return False
    behind = _next_chunk(data, end, audio)
    if starts_here(data, behind) or (audio.layout is not None and audio.layout.is_chunk(data, behind)):
        return False
    return is_left(data, end) and not _is_coded(data, end)


def _is_coded(data: Bytes, at: int) -> bool:
    """Return whether a FLAC or MP3 file starts at `at`, whose bytes would be noise as samples."""
    if data[at : at + 8] == b"fLaC\0\0\0\x22":
        return True
    first = frame_at(data, at)
    second = None if first is None else frame_at(data, at + first.size)
    return second is not None and frame_at(data, second.at + second.size) is not None


def _is_tag(data: Bytes, at: int) -> bool:
    return any(data[at : at + len(tag)] == tag for tag in _TAGS)


def _is_sound(data: Bytes, at: int) -> bool:
    """Return whether anything but zeros lies from `at` on: these are the rest of a space that was set aside."""
    for first in range(at, len(data), SPAN):
        stop = min(len(data), first + SPAN)
        if any(data[k : min(stop, k + _BLOCK)].strip(b"\0") for k in range(first, stop, _BLOCK)):
            return True
        let_go(data)
    return False


def _part(path: Path, data: mmap.mmap, end: int, audio: AudioChunk, why: str) -> FilePart:
    """Return a file of chunks, with the right size if its own is wrong, or as much of it as a size can state."""
    if not why:
        return FilePart(path, audio.origin, end)
    size = end - audio.start
    if data[audio.origin : audio.origin + 4] != b"RIFF":
        size = min(size, largest(audio.form) - audio.more)
    return FilePart(path, audio.start, audio.start + size, _head(data, audio, size))


def _recounted(part: FilePart, audio: AudioChunk, size: int) -> tuple[FilePart, str]:
    """Return a file whose header counts the samples of `size` bytes, if decoders heed that, and what it counts."""
    count = audio.count
    if count is None or count.samples is None or not count.rate or not (audio.speed or not count.samples):
        return part, ""
    held = size / audio.speed if audio.speed else 0.0
    if count.samples and (not size or abs(held - count.seconds) <= _LEAST_S):
        return part, ""
    said = f"its header counts {count.seconds:.3f} s of samples, and its audio has {held:.3f} s"
    said = said if count.samples else "its header counts no samples"
    if not count.at or (audio.speed and held < count.seconds):
        return part, said
    new = struct.pack(">I", round(held * count.rate) if audio.speed else _MOST_SAMPLES)
    if not part.head:
        return replace(part, states_length=bool(held), patches=(Patch(count.at, count.at + 4, new),)), said
    at = count.at - audio.origin
    return replace(part, head=part.head[:at] + new + part.head[at + 4 :], states_length=bool(held)), said


def _head(data: mmap.mmap, audio: AudioChunk, size: int) -> bytes:
    """Return the head of a file of chunks, up to its samples, for `size` bytes of these."""
    head = bytearray(data[audio.origin : audio.start])
    if size > largest(audio.form) - audio.more:
        return _rf64(bytes(head), size)
    struct.pack_into(audio.form, head, audio.field - audio.origin, size + audio.more)
    return bytes(head)


def _padded(part: FilePart, audio: AudioChunk) -> FilePart:
    """Return a file whose head has the bytes between its chunks that the file lacks, as decoders need them."""
    head = part.head
    for at, count in reversed(audio.unpadded):
        k = at - audio.origin + len(part.head) - (audio.start - audio.origin)  # RF64 puts a chunk in front of others
        head = head[:k] + bytes(count) + head[k:]
    return replace(part, head=head)


def _rf64(head: bytes, size: int) -> bytes:
    """Return the head of a WAV, up to its samples, with sizes of 64 bits; size: bytes of samples."""
    more = struct.pack("<4sI3QI", b"ds64", 28, len(head) + 28 + size, size, 0, 0)
    return b"RF64\xff\xff\xff\xffWAVE" + more + head[12:-4] + b"\xff\xff\xff\xff"


def largest(form: str) -> int:
    """Return the largest size that can be written in a form of `struct`."""
    return (1 << 8 * struct.calcsize(form) - form.endswith("q")) - 1


def _is_unknown(audio: AudioChunk) -> bool:
    """Return whether a size stands for none: of the audio, of all chunks or of the file."""
    whole = audio.start - audio.origin + audio.stated
    written = audio.stated + audio.more
    return not 0 < audio.stated < _IMPOSSIBLE or any(
        size in _UNKNOWN for size in (audio.stated, written, whole - 8, whole)
    )


def _next_file(data: mmap.mmap, audio: AudioChunk) -> int | None:
    """Return where a file of the same kind starts behind the start of the audio."""
    magic = data[audio.origin : audio.origin + 4]
    for at in places(data, magic, audio.start):
        if starts_here(data, at) and (magic != b"RIFF" or data[at + 12 : at + 16] == b"fmt "):
            return at
    return None
