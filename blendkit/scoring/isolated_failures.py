"""What a failure of an isolated member costs: the recording on which it failed, and no other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from blendkit.audio import Prepared
from blendkit.core import Float32
from blendkit.member import FLOOR, FileMember, FrameError, GroupScores, Member
from blendkit.scoring.isolated_workers import IsolatedFiles, IsolatedMember, Worker, WorkerError
from blendkit.store import Stored, key_to_score_again

FAILED = "failed"
ATTEMPTS = 2
LIMIT_S, LIMIT_PER_S = 120.0, 600 / 3600  # of a recording: 120 s, or 600 s per hour of audio if that is more

FAILURES = (WorkerError, FrameError)  # of a member on the recordings that it was given

Score = Callable[[Sequence[Prepared]], GroupScores]


def worker_of(member: Member | FileMember) -> Worker | None:
    """Return the worker of a member; None if it is not isolated."""
    return member.worker if isinstance(member, IsolatedMember | IsolatedFiles) else None


@contextmanager
def closing_workers(members: Iterable[Member | FileMember]) -> Iterator[None]:
    """End the workers of these members in the end, however it comes."""
    try:
        yield
    finally:
        for member in members:
            worker = worker_of(member)
            if worker is not None:
                worker.close()


def time_limit(prepared: Iterable[Prepared], limit_s: float | None) -> float:
    """Return the seconds that a member may take for recordings: limit_s for each, or the default."""
    return sum(max(LIMIT_S, LIMIT_PER_S * p.duration_s) if limit_s is None else limit_s for p in prepared)


def score_surviving(
    member: Member | FileMember,
    score: Score,
    prepared: Sequence[Prepared],
    limit_s: float | None,
    allowed: Callable[[], float] = lambda: math.inf,
) -> tuple[GroupScores, dict[str, str]]:
    """Score a group of recordings; return its scores, and why which recordings failed.

    If an isolated member fails on several recordings together, or a member of files gives a frame that does not fit
    them, each is scored by itself. One that fails by itself is tried once more, after a crash in a fresh worker. The
    rows of one that fails twice hold `FLOOR`. allowed: the seconds that a call may take whatever the limits; it may
    raise, so that nothing is tried again that has no time any more.
    """
    worker = worker_of(member)
    if worker is None and isinstance(member, Member):
        return score(prepared), {}  # of several members at once; nothing that they raise costs a recording only

    def within(part: Sequence[Prepared]) -> GroupScores:
        if worker is not None:
            worker.allow(min(time_limit(part, limit_s), allowed()))
        return score(part)

    if len(prepared) > 1:
        try:
            return within(prepared), {}
        except FAILURES:
            pass  # on which recording is not known yet
    found: dict[str, GroupScores] = {}
    failed: dict[str, str] = {}
    for p in prepared:
        for _ in range(ATTEMPTS):
            try:
                found[p.recording] = within([p])
                break
            except FAILURES as error:
                failed[p.recording] = "; ".join([error.title, *error.problems])
    failed = {r: why for r, why in failed.items() if r not in found}
    return _joined(found, prepared, len(member.info.classes)), failed


def failed_entries(stored: Mapping[str, Stored], failed: Mapping[str, str]) -> dict[str, Stored]:
    """Return the entries of a store, those of failed recordings with their status, and a key that is scored again."""
    out = dict(stored)
    for r, why in failed.items():
        note = "; ".join(filter(None, [out[r].note, f"the member failed twice: {why}"]))
        out[r] = replace(out[r], key=key_to_score_again(out[r].key, FAILED), status=FAILED, note=note)
    return out


def _joined(found: Mapping[str, GroupScores], prepared: Sequence[Prepared], classes: int) -> GroupScores:
    """Put the scores of single recordings together in the order of their group."""
    parts: list[Float32] = [
        found[p.recording].values[0] if p.recording in found else np.full((p.chunks, classes), FLOOR, np.float32)
        for p in prepared
    ]
    lost = {r: n for s in found.values() for r, n in s.lost[0].items()}
    silent = {r: n for s in found.values() for r, n in s.silent.items()}
    plain = {r: s.unshifted for r, s in found.items() if s.unshifted is not None}
    unshifted = _joined(plain, prepared, classes) if plain else None
    return GroupScores([np.concatenate(parts)], [lost], silent, sum(s.seconds for s in found.values()), unshifted)
