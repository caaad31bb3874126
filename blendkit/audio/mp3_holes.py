"""Silence in the place of what is lost of an MP3: frames that keep its time, whatever a decoder makes of damage.

Decoders pass over bytes that are no frames, so that later audio moves forward, and play frames behind them whose data
started in what is lost: to noise. What is lost is told by the headers of frames, never by loudness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from blendkit.audio.file_parts import Patch
from blendkit.audio.mapped import Bytes
from blendkit.audio.mp3_frames import frame_at, has_count
from blendkit.audio.mp3_held import Gap, Held


@dataclass(frozen=True)
class Filled:
    """The patches that make an MP3 whole. added: frames of silence that were put in; silent: all that are silence.

    guessed: whether their number is an estimate.
    """

    patches: tuple[Patch, ...]
    added: int
    silent: int
    guessed: bool


def filled(data: Bytes, held: Held, stated: int | None, damaged: Iterable[int]) -> Filled:
    """Return silent frames for the gaps between the frames of an MP3, and for those at `damaged`.

    stated: the frames that its header counts.
    """
    counts, guessed = _lost(held, stated)
    patches: list[Patch] = []
    silent = 0
    for gap, count in zip(held.gaps, counts, strict=True):
        before = frame_at(data, gap.before)
        is_audio = before is not None and not has_count(data, before)  # the damage may start in it
        patches.append(Patch(gap.before if is_audio else gap.start, gap.stop, _silent(data, gap) * (count + is_audio)))
        silent += count + is_audio
    muted = set(damaged) | {at for gap in held.gaps for at in _without_data(data, gap.stop)}
    muted -= {at for p in patches for at in muted if p.start <= at < p.stop}
    patches += [_mute(data, at) for at in muted]
    return Filled(tuple(sorted(patches)), sum(counts), silent + len(muted), guessed)


def _lost(held: Held, stated: int | None) -> tuple[list[int], bool]:
    """Return how many frames are lost in each gap, and whether that is an estimate.

    The bytes of a gap tell it, and the stated number, if all that are missing can be lost there.
    """
    mean = held.size / max(1, held.count)
    counts = [round((g.stop - g.start) / mean) for g in held.gaps]
    guess = sum(counts)
    missing = -1 if stated is None else stated - held.count
    if not counts or missing < 0 or abs(missing - guess) > max(2 * len(counts), guess // 2):
        return counts, bool(counts)
    largest = counts.index(max(counts))
    counts[largest] += missing - guess
    return ([max(0, n) for n in counts], counts[largest] < 0)


def _silent(data: Bytes, gap: Gap) -> bytes:
    """Return a frame of silence of the kind of the frame behind a gap."""
    frame = frame_at(data, gap.stop)
    assert frame is not None  # a gap ends where a frame starts
    head = data[gap.stop : gap.stop + 4]
    return bytes([head[0], head[1] | 1, head[2], head[3]]) + bytes(frame.size - 4)


def _without_data(data: Bytes, at: int) -> Iterator[int]:
    """Yield where the frames from `at` on start whose data start before it, up to the first that is whole."""
    frame, have = frame_at(data, at), 0
    while frame is not None:
        start = frame.at + 4 + 2 * frame.checked
        needed = int.from_bytes(data[start : start + 2], "big") >> 7 if frame.mpeg1 else data[start]
        if needed <= have:
            return
        yield frame.at
        have += frame.at + frame.size - start - frame.side
        frame = frame_at(data, frame.at + frame.size)


def _mute(data: Bytes, at: int) -> Patch:
    """Return what makes a frame silent: it says that it has no data. What is there stays, for the frames behind it."""
    frame = frame_at(data, at)
    assert frame is not None
    head, more = data[at : at + 4], 2 * frame.checked  # a checksum becomes room for data
    silent = bytes([head[0], head[1] | 1, head[2], head[3]]) + bytes(frame.side + more)
    return Patch(at, at + len(silent), silent)
