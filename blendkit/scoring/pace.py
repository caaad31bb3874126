"""The pace of scoring: what each member still has to hear, in which order, how fast it goes, and until when."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from blendkit.audio import Prepared, Recording, groups, stated_seconds_of
from blendkit.events import Emit
from blendkit.member import Before, Member
from blendkit.scoring.audio_members import AudioMember, Built, lacking
from blendkit.scoring.budget import Choice, OutOfTime, Span, Speed, Terms, Work, fitting, models_s
from blendkit.scoring.decoding_ahead import Group
from blendkit.store import LogitStore

_MARGIN = 1.05  # by which what is left is taken to last longer than predicted
_TIGHT = 0.9  # share of the time left above which recordings are scored one by one, so that few are lost at the end
_HALF = 0.5  # share of the time left above which a single group counts as tight
_UNKNOWN_S = 60.0  # of a recording whose header states no length
Level = tuple[str, bool]  # a member's name, and whether it is the member without shifts


@dataclass
class _Progress:
    """How many recordings a member is to score in this run, how many it has scored, and in how many seconds."""

    of: int
    scored: int = 0
    seconds: float = 0.0


@dataclass
class Pace:
    """The state of one scoring of recordings by members.

    keys: of the recordings whose file was read so far; terms: of a run with a time budget, None without one; reserve_s:
    the seconds that are kept for what follows scoring; choice: what is dropped so far; decode_s, resample_s: spent on
    recordings so far; seconds: by the headers, 0 where they state none.
    """

    members: Sequence[AudioMember]
    recordings: Sequence[Recording]
    keys: dict[str, str]
    emit: Emit
    terms: Terms | None = None
    choice: Choice = Choice()
    reserve_s: float = 0.0
    decode_s: float = 0.0
    resample_s: float = 0.0
    tight: bool = False
    speeds: dict[str, Speed] = field(default_factory=dict)
    waiting: Speed = Speed(Span())
    seconds: dict[str, float] = field(default_factory=dict)
    _built: Built = field(default_factory=dict)
    _listed: list[list[Recording]] = field(default_factory=list)
    _lacks: dict[Level, set[str]] = field(default_factory=dict)
    _left_s: dict[Level, float] = field(default_factory=dict)
    _progress: dict[str, _Progress] = field(default_factory=dict)
    _idle_since: float | None = None
    _next: int = 0
    _ahead: set[int] = field(default_factory=set)
    _dealt_for: Choice | None = None
    _left_behind: bool = False
    _late: bool = False

    def __post_init__(self) -> None:
        """Look up what the stores lack."""
        for m in self.members:
            self._lacks[m.name, False] = lacking(m, self.recordings, self.keys)
            if m.unshifted is not None and self.terms is not None:
                self._lacks[m.name, True] = lacking(m.unshifted, self.recordings, self.keys)

    def now(self) -> float:
        """Return the seconds of a clock that only runs forward."""
        return time.perf_counter() if self.terms is None else self.terms.deadline.now()

    @property
    def current(self) -> list[AudioMember]:
        """The members as they count now: without those that are dropped, and without shifts that are."""
        kept = [m for m in self.members if m.name not in self.choice.members]
        return [m.unshifted if m.name in self.choice.shifts and m.unshifted is not None else m for m in kept]

    def missing(self, name: str) -> set[str]:
        """Return the recordings that a member still has to hear, as it counts now."""
        return self._lacks[name, name in self.choice.shifts]

    @property
    def needed(self) -> set[str]:
        """The members that lack something, or have no store yet: that of a share without recordings is made, too."""
        return {m.name for m in self.members if self._lacks[m.name, False] or m.store is None}

    def prepare(self, built: Built) -> int:
        """Deal the recordings into groups; return how many there are to score."""
        self._built = built
        self.seconds = {r.id: stated_seconds_of(r) for r in self.recordings} if built else {}
        self._listed = list(groups(self.recordings, self.seconds)) if built else []
        self._progress = {n: _Progress(len(self.missing(n))) for n in built}
        if self.terms is not None:
            self._left_s = {level: sum(map(self._about_s, rs)) for level, rs in self._lacks.items()}
        return sum(len(self._part(g)) for g in self._listed)

    def _part(self, group: Sequence[Recording]) -> list[Recording]:
        """Return the recordings of a group that a member lacks."""
        lacks = [self.missing(m.name) for m in self.current]
        return [r for r in group if any(r.id in missing for missing in lacks)]

    def _about_s(self, recording: str) -> float:
        return self.seconds.get(recording) or _UNKNOWN_S

    def following(self) -> Group | None:
        """Return what is left of the next group, with the sample rates that its members need; None if none has time.

        The groups are gone through again if shifts were dropped meanwhile: logits with shifts that were saved before
        the run may lack their unshifted ones. Those that are about to be scored are passed over until then.
        """
        for _ in range(0 if self._late else 2):
            if self._dealt_for != self.choice or self._left_behind:
                self._next, self._dealt_for, self._left_behind = 0, self.choice, False
            while self._next < len(self._listed):
                number = self._next
                self._next += 1
                part = self._part(self._listed[number])
                if part and number in self._ahead:
                    self._left_behind = True
                elif part and self.terms is not None and self._decoding_s(part) > self.scoring_left():
                    self._late = True
                    return None
                elif part:
                    self._ahead.add(number)
                    return Group(number, part, self._rates(part), sum(self._about_s(r.id) for r in part))
        return None

    def _decoding_s(self, part: Sequence[Recording]) -> float:
        return self.waiting.calibrated.likely * sum(self._about_s(r.id) for r in part)

    def _rates(self, part: Sequence[Recording]) -> list[int]:
        """Return the rates that members need now, and those that they may need if shifts are dropped before then."""
        own = {r.id for r in part}
        levels = [m.name for m in self.current] if self.terms is None else list(self._built)
        lacks = {n for n, unshifted in self._lacks if not self._lacks[n, unshifted].isdisjoint(own)}
        wanted = [self._built[n] for n in levels if n in lacks and n in self._built]
        return sorted({m.info.rate for m in wanted if isinstance(m, Member)})

    def scored(self, number: int) -> None:
        """Note that a group is not ahead of the models any more."""
        self._ahead.discard(number)

    def pieces(self, prepared: Sequence[Prepared]) -> list[Sequence[Prepared]]:
        """Return the pieces of a group that are scored one after another: the group, or in a hurry its recordings."""
        self._arrived(prepared)
        if self.terms is None:
            return [prepared]
        heard = sum(p.duration_s for p in prepared)
        due = [m for m in self.current if m.name in self.speeds and self.missing(m.name)]
        group_s = sum(m.passes * heard * self.speeds[m.name].per_s.likely for m in due)
        return [[p] for p in prepared] if self.tight or group_s > _HALF * self.scoring_left() else [prepared]

    def stores(self) -> Iterator[LogitStore | None]:
        """Yield every store that is open, also those of members without their shifts."""
        for m in self.members:
            yield m.store
            yield m.unshifted.store if m.unshifted is not None else None

    def untried(self, piece: Sequence[Prepared]) -> list[str]:
        """Return the recordings that are still to come after a piece."""
        now = {p.recording for p in piece}
        return [r.id for group in self._listed for r in self._part(group) if r.id not in now]

    def _arrived(self, prepared: Sequence[Prepared]) -> None:
        """Note what a group cost, and how long the models had to wait for it, which decoding ahead makes short."""
        self.decode_s += sum(p.decode_s for p in prepared)
        self.resample_s += sum(p.resample_s for p in prepared)
        if self._idle_since is not None:
            waited = max(self.now() - self._idle_since, 1e-6)
            self.waiting = self.waiting.measured(waited, sum(p.duration_s for p in prepared))
        self._idle_since = None

    def idle(self) -> None:
        """Note that the models wait for the next group from now on."""
        self._idle_since = self.now()

    def before(self, members: Sequence[AudioMember], prepared: Sequence[Prepared]) -> Before:
        """Return what is to be called before every call of models: it tells how far they are, and stops in time."""
        started, heard = self.now(), sum(p.duration_s for p in prepared)

        def look(done: int, following: int, every: int) -> None:
            share = following / max(every, 1)
            if self.terms is not None:
                needs = sum(self.speeds[m.name].per_s.likely * heard * m.passes for m in members) * share
                if needs > self.scoring_left():
                    raise OutOfTime
            if done:
                self._tell(members, done / max(every, 1) * len(prepared), (self.now() - started) / len(members))

        return look

    def timed(self, members: Sequence[AudioMember], prepared: Sequence[Prepared], seconds: float) -> None:
        """Note that members have scored recordings together, in that many seconds."""
        self._tell(members, 0.0, 0.0, len(prepared), seconds / len(members))
        done = {p.recording for p in prepared}
        for m in members:
            audio_s = sum(p.duration_s for p in prepared)
            if m.name in self.speeds:
                speed = self.speeds[m.name]
                self.speeds[m.name] = speed.measured(seconds / len(members), audio_s * m.passes)
            for level in [(m.name, m.name in self.choice.shifts), *([(m.name, True)] if m.unshifted else [])]:
                if level in self._left_s:
                    self._left_s[level] -= sum(map(self._about_s, done & self._lacks[level]))
                self._lacks.get(level, set()).difference_update(done)

    def _tell(
        self, members: Sequence[AudioMember], more: float, spent_s: float, scored: int = 0, seconds: float = 0.0
    ) -> None:
        """Report how far members are. more, spent_s: of the recordings that they are about; scored, seconds: done."""
        for m in members:
            p = self._progress.setdefault(m.name, _Progress(len(self.missing(m.name))))
            p.scored, p.seconds = p.scored + scored, p.seconds + seconds
            done, spent = p.scored + more, p.seconds + spent_s
            if done and spent > 0:
                told = {"done": done, "of": p.of, "per_s": done / spent, "left_s": max(0.0, p.of - done) * spent / done}
                self.emit("progress", {"name": m.name, **told})

    # --- the time budget -------------------------------------------------------------------------

    def scoring_left(self) -> float:
        """Return the seconds left for scoring; infinity without a budget. The reserve grows as the machine slows."""
        if self.terms is None:
            return float("inf")
        slower = max([1.0, *(s.slowdown for s in self.speeds.values())])
        return self.terms.deadline.left() - self.reserve_s * min(slower, 3.0)

    def allowed(self) -> float:
        """Return the seconds that a call of a model may take. Raises OutOfTime if there are none."""
        left = self.scoring_left()
        if left <= 0:
            raise OutOfTime
        return left

    def works(self) -> list[Work]:
        """Return what is left to do for every member that may have something to do."""
        assert self.terms is not None
        out = []
        for m in (m for m in self.members if m.name in self._built):
            unshifted = m.unshifted is not None
            full_s = self._left_s[m.name, False]
            least_s = self._left_s[m.name, True] if unshifted else full_s
            share, optional = self.terms.shares.get(m.name, 1.0), m.name in self.terms.optional
            out.append(Work(m.name, share, optional, m.passes, full_s, least_s))
        return out

    def needs(self, works: Sequence[Work], choice: Choice) -> Span:
        """Return how long the rest takes: the models, and the waits for decoding, of which the longest counts."""
        audio = [w.heard_s(choice) / (1 if w.name in choice.shifts else w.passes) for w in works]
        models = models_s(works, {n: s.per_s for n, s in self.speeds.items()}, choice)
        return models + self.waiting.per_s.times(max(audio, default=0.0))

    def replan(self, tell: Callable[[Choice, Choice], None]) -> None:
        """Drop what no longer fits; `tell` is called with the choice before and after, if it changes."""
        if self.terms is None:
            return
        works, left = self.works(), self.scoring_left()
        choice, needs = fitting(works, self.choice, left, lambda c: self.needs(works, c).likely * _MARGIN)
        self.tight = needs > _TIGHT * left
        if choice != self.choice:
            before, self.choice = self.choice, choice
            for name in set(choice.shifts) - set(before.shifts):
                self._progress[name] = _Progress(len(self.missing(name)))
            tell(before, choice)
