"""Which frames a stretch of an MP3 holds, what lies between them, and where those of another file begin."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from blendkit.audio.mapped import SPAN, Bytes, let_go
from blendkit.audio.mp3_frames import Frame, behind_tags, frame_at, has_count, next_frame


@dataclass(frozen=True)
class Gap:
    """What lies between two frames and is no frame: data[start:stop]; before: where the frame before it starts."""

    before: int
    start: int
    stop: int


@dataclass(frozen=True)
class Held:
    """The frames of audio that a stretch holds: where they start, their bytes, the gaps between them, and their end.

    changes: where frames of another rate or of other channels begin, and go on: another file was joined there.
    """

    places: array[int]
    size: int
    gaps: tuple[Gap, ...]
    end: int
    changes: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.places)


def held_frames(data: Bytes, first: Frame, stop: int) -> Held:
    """Return what starts before `stop`, from the first frame on, without one that only counts the others."""
    places, gaps, changes, total = array("q"), [], [], 0
    frame: Frame | None = first
    while frame is not None and frame.at < stop:
        start = frame.at
        at = _end_of_run(data, frame, stop, places)
        total += at - start
        before, frame = frame, _going_on(data, at, frame)
        if frame is not None and frame.at < stop:
            if frame.at > behind_tags(data, at):
                gaps.append(Gap(places[-1], at, frame.at))
            changes += [frame.at] if frame.sound != before.sound else []
    if has_count(data, first):
        places, total = places[1:], total - first.size
    return Held(places, total, tuple(gaps), min(at, stop), tuple(changes))


def _end_of_run(data: Bytes, first: Frame, stop: int, places: array[int]) -> int:
    """Add where the frames of one kind start that follow each other, before `stop`; return where the last ends."""
    sizes: dict[bytes, int] = {}  # a long recording has a hundred thousand frames, of a few kinds
    at, size = first.at, first.size
    last = min(stop, at + SPAN)
    while size and at < last:
        places.append(at)
        at += size
        head = data[at : at + 4]
        if head not in sizes:
            found = frame_at(head, 0)
            sizes[head] = found.size if found and found.kind == first.kind else 0
        size = sizes[head]
    if at >= last:
        let_go(data)
    return at


def _going_on(data: Bytes, at: int, before: Frame) -> Frame | None:
    """Return the next frame of the kind of the one before it, or of another kind in which the next one is as well.

    A damaged header can make a frame look like one of another kind: decoders stop there.
    """
    frame = next_frame(data, at)
    while frame is not None and frame.kind != before.kind:
        following = frame_at(data, frame.at + frame.size)
        if following is not None and following.kind == frame.kind:
            break
        frame = next_frame(data, frame.at + 1)
    return frame
