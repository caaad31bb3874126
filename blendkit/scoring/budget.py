"""A time budget, in plain numbers: what is left to do, how long it may take, and what is dropped so that it fits.

Time is counted in seconds. Work is counted in seconds of audio that a member hears once: one with five shifts hears
all audio five times, or less often where windows of several shifts are the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from blendkit.member import MemberInfo


class OutOfTime(Exception):  # noqa: N818 - no error: the run goes on with what was scored
    """The time for scoring is over."""


@dataclass(frozen=True)
class Deadline:
    """When a command must have delivered: `asked_s` after `started`, which `now` read."""

    asked_s: float
    started: float
    now: Callable[[], float] = time.monotonic

    def left(self) -> float:
        """Return the seconds that are left, below 0 once it is over."""
        return self.started + self.asked_s - self.now()


@dataclass(frozen=True)
class Span:
    """Seconds that something takes: at best, most likely, and at worst."""

    low: float = 0.0
    likely: float = 0.0
    high: float = 0.0

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def times(self, factor: float) -> Span:
        """Return the span of that many times the work."""
        return Span(self.low * factor, self.likely * factor, self.high * factor)


@dataclass(frozen=True)
class Choice:
    """What a run does without: members, and the shifts of members beside the one nearest 0; in order of dropping."""

    members: tuple[str, ...] = ()
    shifts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.members or self.shifts)


@dataclass(frozen=True)
class Work:
    """What a member still has to hear, in seconds of audio, each counted once: with all its shifts, or with one.

    share: its share in the output, 0 to 1; optional: whether the recipe can do without it; passes: how often it hears
    the audio (1: it has no shifts that could be dropped). The two differ where logits of one kind are saved already.
    """

    name: str
    share: float
    optional: bool
    passes: float
    full_s: float
    unshifted_s: float

    def heard_s(self, choice: Choice) -> float:
        """Return the audio that it still has to hear, counted as often as it hears it."""
        if self.name in choice.members:
            return 0.0
        return self.unshifted_s if self.name in choice.shifts else self.full_s * self.passes


@dataclass(frozen=True)
class Terms:
    """What a run agrees to: its deadline, and per member the share in the output and whether it is optional.

    rehearse: given what the members are (by name), does what follows scoring with made-up scores, and returns how long
    that takes; called once, before scoring. threads: that each model may use.
    """

    deadline: Deadline
    shares: Mapping[str, float]
    optional: frozenset[str]
    rehearse: Callable[[Mapping[str, MemberInfo]], Span]
    threads: int


def models_s(works: Sequence[Work], speeds: Mapping[str, Span], choice: Choice) -> Span:
    """Return how long the models take for all that is left. speeds: seconds per second of audio that is heard."""
    total = Span()
    for w in works:
        total += speeds.get(w.name, Span()).times(w.heard_s(choice))
    return total


def fitting(
    works: Sequence[Work], choice: Choice, left_s: float, predict: Callable[[Choice], float]
) -> tuple[Choice, float]:
    """Return what to drop, beside `choice`, until what is left fits into `left_s`; and how long the rest takes.

    Optional members go first, then shifts, both by rising share in the output. What would save no time stays.
    predict: returns the seconds of a choice. If nothing is left to drop, the rest may still not fit.
    """
    needs = predict(choice)
    for step in _steps(works, choice):
        if needs <= left_s:
            break
        members = (*choice.members, *step.members)
        less = Choice(members, tuple(n for n in (*choice.shifts, *step.shifts) if n not in members))
        then = predict(less)
        if then < needs:
            choice, needs = less, then
    return choice, needs


def least(works: Sequence[Work], predict: Callable[[Choice], float]) -> Choice:
    """Return the choice that takes the least time: of the members that must be, without shifts."""
    return fitting(works, Choice(), float("-inf"), predict)[0]


def _steps(works: Sequence[Work], choice: Choice) -> Iterator[Choice]:
    """Yield what can be dropped beside a choice, one thing at a time, in order."""
    kept = [w for w in sorted(works, key=lambda w: w.share) if w.name not in choice.members]
    yield from (Choice(members=(w.name,)) for w in kept if w.optional)
    yield from (Choice(shifts=(w.name,)) for w in kept if w.passes > 1 and w.name not in choice.shifts)


@dataclass(frozen=True)
class Speed:
    """How fast something is: first by calibration, then as measured, the last groups counting most.

    per_s: seconds per second of audio; calibrated: the same before anything was measured; first: as the first group
    was measured.
    """

    calibrated: Span
    first: float = 0.0
    now: float = 0.0

    @property
    def per_s(self) -> Span:
        """The seconds per second of audio, with their range."""
        return Span(self.now * 0.9, self.now, self.now * 1.2) if self.first else self.calibrated

    @property
    def slowdown(self) -> float:
        """How much slower it is now than at first, at least 1."""
        return max(1.0, self.now / self.first) if self.first else 1.0

    def measured(self, seconds: float, heard_s: float) -> Speed:
        """Return the speed after a group that took that long for that much audio."""
        if heard_s <= 0 or seconds <= 0:
            return self
        found = seconds / heard_s
        if not self.first:
            return replace(self, first=found, now=found)
        return replace(self, now=0.5 * self.now + 0.5 * found)
