"""Members that stay built in a process which is given one group of recordings after another by another process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from blendkit.audio import Grid, Recording
from blendkit.errors import BlendkitError
from blendkit.events import Emit
from blendkit.scoring.audio_members import AudioMember, Built, MemberOrder, build_members, replaced_notes
from blendkit.scoring.broken_members import check_some_scored, ending_journals
from blendkit.scoring.isolated_failures import closing_workers
from blendkit.scoring.opened_members import audio_member
from blendkit.scoring.pace import Pace
from blendkit.scoring.part_writing_thread import part_writer
from blendkit.scoring.recording_keys import recording_keys
from blendkit.scoring.scorer import score_groups
from blendkit.scoring.statuses import joined_status
from blendkit.store import LogitStore, Stored
from blendkit.temporaries import remove_abandoned_scratch

Spent = tuple[int, float, float, float]  # recordings scored, seconds in all, of these in the model, seconds of audio


@dataclass(frozen=True)
class GroupDone:
    """What a process says of a group of recordings when it lies in the stores; never the scores.

    scored: with their statuses, those that were not saved before. lines: per member, the part that holds each
    recording, as the journals have it. spent: per member. notes: of members that were built for this group. threads:
    of each model.
    """

    recordings: tuple[str, ...]
    scored: dict[str, str]
    lines: dict[str, dict[str, str]]
    spent: dict[str, Spent]
    notes: dict[str, list[str]]
    decode_s: float
    resample_s: float
    threads: int


@dataclass
class HeldMembers:
    """Members of one job: built when the first group needs them, with stores that stay open until `close`."""

    orders: Sequence[MemberOrder]
    grid: Grid
    _members: list[AudioMember] = field(default_factory=list)
    _built: Built = field(default_factory=dict)
    _lock: Any = field(default_factory=Lock)
    _closed: bool = False

    def score(self, recordings: Sequence[Recording], expected_s: dict[str, float]) -> GroupDone:
        """Score what the stores lack of a group; a group that lies in them already, from wherever, costs a look.

        expected_s: durations in seconds that are known beforehand. Only one group is scored at a time: a model has all
        threads of its process. Raises BlendkitError as `score_recordings` does.
        """
        with self._lock:
            self._open()
            try:
                return self._score(recordings, replace(self.grid, expected_s=expected_s))
            finally:
                if self._closed:  # meanwhile: the journals that this group began must end, too
                    self._end()

    def close(self) -> None:
        """End the journals, and the members' processes."""
        self._closed = True
        if self._lock.acquire(blocking=False):  # else the group that is scored just now ends them
            try:
                self._end()
            finally:
                self._lock.release()

    def _open(self) -> None:
        if self._closed:
            raise BlendkitError("this job has ended")
        if not self._members:
            remove_abandoned_scratch()
            self._members = [audio_member(order) for order in self.orders]
        for m in self._members:
            if m.store is not None:
                m.store.catch_up()
            m.scored, m.seconds, m.inference_s, m.audio_s = 0, 0.0, 0.0, 0.0

    def _score(self, recordings: Sequence[Recording], grid: Grid) -> GroupDone:
        scored: dict[str, str] = {}

        def heard(event: str, payload: dict[str, Any]) -> None:
            if event == "scored":
                scored.update(zip(payload["recordings"], payload["status"], strict=True))

        stores = [m.store.recordings() for m in self._members if m.store is not None]
        known = [r for r in recordings if any(r.id in entries for entries in stores)]
        keys = recording_keys(known, grid)
        for m, order in zip(self._members, self.orders, strict=True):
            if not order.replaces:
                replaced_notes(m, known, keys)  # it refuses
        pace = Pace(self._members, recordings, keys, heard)
        new, notes = build_members(self._members, pace.needed - set(self._built), grid)
        self._built |= new
        pace.prepare({n: m for n, m in self._built.items() if n in pace.needed})
        threads = self.orders[0].context.threads
        with ending_journals(pace.stores()), part_writer() as writer:
            score_groups(pace, self._built, grid, writer, threads)
        ids = tuple(r.id for r in recordings)
        lines = {m.name: {r: m.store.part_of(r) for r in ids} for m in self._members if m.store is not None}
        spent = {m.name: (m.scored, m.seconds, m.inference_s, m.audio_s) for m in self._members if m.scored}
        return GroupDone(ids, scored, lines, spent, notes, pace.decode_s, pace.resample_s, threads)

    def _end(self) -> None:
        for m in self._members:
            if m.store is not None:
                m.store.manifest.end()
        with closing_workers(self._built.values()):
            self._built = {}


def gathered(members: Sequence[AudioMember], recordings: Sequence[str], emit: Emit) -> dict[str, Stored]:
    """Open the stores that other processes have filled, pack them, and return the status of every recording.

    Raises BlendkitError for a member that failed on all recordings, and for recordings that a store lacks.
    """
    for m in members:
        assert m.order is not None
        if m.store is None:
            m.store = LogitStore.open(m.order.folder)
        m.store.finish()
        if notes := m.store.notes:
            emit("store", {"name": m.name, "notes": notes})
        lacks = [r for r in recordings if r not in m.store.recordings()]
        if lacks:
            raise BlendkitError(
                f"{m.store.folder}: {len(lacks)} recordings that were scored are not to be seen here, {lacks[0]} first",
                ["all machines of a job need one folder that they share", "run the command again: it looks again"],
            )
        check_some_scored(m.name, m.store)
    return joined_status({m.name: m.store for m in members if m.store is not None}, recordings)
