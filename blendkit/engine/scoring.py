"""Recordings through members: one decode for all, bounded memory, saved logits, resume."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from blendkit.audio import (
    Decoded,
    Recording,
    Remainder,
    count_chunks,
    decode,
    fit_duration,
    probe_duration,
    silence,
)
from blendkit.engine.events import Tell
from blendkit.errors import BlendkitError
from blendkit.files import file_hash
from blendkit.member import TTA, Member
from blendkit.rows import NameRule, chunk_rows, natural_key
from blendkit.scores import Scores
from blendkit.store import LogitStore, Stored
from blendkit.windows import Job, at_rate, check_window, score_jobs

GROUP = 8  # recordings in a store part
GROUP_S = 960.0  # and no more than this many seconds of audio
NO_AUDIO_KEY = "silence"
FALLBACK_RATE = 32000


@dataclass(frozen=True)
class Grid:
    """How recordings become chunks. expected_s: durations known beforehand, in seconds."""

    chunk_s: float
    remainder: Remainder
    names: NameRule
    expected_s: dict[str, float] = field(default_factory=dict)


@dataclass
class AudioMember:
    """A member that needs audio, with its store; built only if something is left to score."""

    name: str
    build: Callable[[], Member]
    tta: TTA
    store: LogitStore | None
    open_store: Callable[[Member], LogitStore]
    seconds: float = 0.0
    scored: int = 0


@dataclass(frozen=True)
class Scored:
    """What became of each recording, and the seconds spent decoding."""

    status: dict[str, Stored]
    decode_s: float


def score_recordings(members: Sequence[AudioMember], recordings: Sequence[Recording], grid: Grid, tell: Tell) -> Scored:
    """Fill every member's store with logits of all recordings; what is stored is not scored again.

    Each recording is decoded once for all members that lack it, in a thread ahead of the models.
    A damaged recording gets its status and never stops the rest.
    """
    recordings = sorted(recordings, key=lambda r: natural_key(r.id))  # the order of rows
    keys = _keys(recordings, grid)
    todo = _todo(members, keys)
    built = {m.name: m.build() for m in members if any(m.name in names for names in todo.values())}
    for m in members:
        if m.name in built:
            check_window(m.name, built[m.name].info, grid.chunk_s)
            m.store = m.store or m.open_store(built[m.name])
    groups = [[r for r in g if todo[r.id]] for g in _groups(recordings)] if built else []
    groups = [g for g in groups if g]
    tell("scoring", {"recordings": len(recordings), "to_score": sum(len(g) for g in groups)})
    decode_s = 0.0
    with ThreadPoolExecutor(1) as ahead:
        pending = [ahead.submit(_prepare, g, _rates(g, todo, built), grid) for g in groups[:1]]
        for i in range(len(groups)):
            prepared, spent = pending.pop().result()
            decode_s += spent
            pending = [ahead.submit(_prepare, g, _rates(g, todo, built), grid) for g in groups[i + 1 : i + 2]]
            for m in members:
                own = [p for p in prepared if m.name in todo[p.recording]]
                if own:
                    _score_group(m, built[m.name], own, keys, grid)
            tell("scored", {"recordings": [p.recording for p in prepared], "status": [p.status for p in prepared]})
            del prepared
    return Scored(_status(members, keys), decode_s)


@dataclass(frozen=True, eq=False)
class _Prepared:
    recording: str
    chunks: int
    duration_s: float
    status: str
    note: str
    by_rate: dict[int, Decoded]


def _keys(recordings: Sequence[Recording], grid: Grid) -> dict[str, str]:
    """What a recording's saved logits depend on: its bytes, and the duration it is held against."""

    def key(r: Recording) -> str:
        try:
            content = file_hash(r.path) if r.path.name else NO_AUDIO_KEY
        except OSError as error:
            content = f"unreadable: {error.strerror}"
        return f"{content}:{grid.expected_s.get(r.id, 0):g}"

    with ThreadPoolExecutor(2) as pool:
        return dict(zip([r.id for r in recordings], pool.map(key, recordings), strict=True))


def _todo(members: Sequence[AudioMember], keys: dict[str, str]) -> dict[str, frozenset[str]]:
    lacking: dict[str, set[str]] = {r: set() for r in keys}
    for m in members:
        known = m.store.recordings() if m.store is not None else {}
        for r, key in keys.items():
            if r not in known or known[r].key != key:
                lacking[r].add(m.name)
    return {r: frozenset(names) for r, names in lacking.items()}


def _groups(recordings: Sequence[Recording]) -> Iterator[list[Recording]]:
    """Fixed groups of recordings, whatever is stored already; a batch never crosses one."""
    group: list[Recording] = []
    seconds = 0.0
    for r in recordings:
        length = (probe_duration(r.path) if r.path.name else None) or 0.0
        if group and (len(group) == GROUP or seconds + length > GROUP_S):
            yield group
            group, seconds = [], 0.0
        group.append(r)
        seconds += length
    if group:
        yield group


def _rates(group: Sequence[Recording], todo: dict[str, frozenset[str]], built: dict[str, Member]) -> list[int]:
    """The sample rates that the members which lack something of a group need, each once."""
    return sorted({built[name].info.rate for r in group for name in todo[r.id]})


def _prepare(group: Sequence[Recording], rates: Sequence[int], grid: Grid) -> tuple[list[_Prepared], float]:
    started = time.perf_counter()
    return [prepare(r, rates, grid) for r in group], time.perf_counter() - started


def prepare(recording: Recording, rates: Sequence[int], grid: Grid) -> _Prepared:
    """Decode a recording once, count its chunks, and resample it once per rate."""
    expected = grid.expected_s.get(recording.id, 0.0)
    if not recording.path.name:
        decoded = silence(expected, rates[0] if rates else FALLBACK_RATE, "silent", "no audio file")
    else:
        decoded = decode(recording.path)
    chunks, padded = count_chunks(decoded.duration_s, grid.chunk_s, grid.remainder)
    wanted, _ = count_chunks(expected, grid.chunk_s, grid.remainder)
    decoded = fit_duration(decoded, expected)
    status = "padded" if padded and decoded.status == "ok" else decoded.status
    return _Prepared(
        recording.id, max(chunks, wanted), decoded.duration_s, status, decoded.note, at_rate(decoded, rates)
    )


def _score_group(
    m: AudioMember, member: Member, prepared: Sequence[_Prepared], keys: dict[str, str], grid: Grid
) -> None:
    started = time.perf_counter()
    jobs = [Job(p.recording, p.by_rate[member.info.rate], p.chunks) for p in prepared]
    try:
        values = score_jobs(member, jobs, grid.chunk_s, m.tta)
    except BlendkitError as error:
        raise BlendkitError(f"member {m.name!r}: {error.title}", error.problems) from error
    rows = chunk_rows({j.recording: j.chunks for j in jobs}, grid.chunk_s, grid.names)
    info = member.info
    scores = Scores.build(values, rows, info.classes, "logit", source=f"member {m.name!r}")
    assert m.store is not None
    stored = {
        p.recording: Stored(keys[p.recording], p.chunks, p.status, p.note, round(p.duration_s, 3)) for p in prepared
    }
    m.store.write(scores, stored)
    m.scored += len(jobs)
    m.seconds += time.perf_counter() - started


def _status(members: Sequence[AudioMember], keys: dict[str, str]) -> dict[str, Stored]:
    store = members[0].store if members else None
    known = store.recordings() if store is not None else {}
    return {r: known[r] for r in keys if r in known}
