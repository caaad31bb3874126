"""Recordings through members: one decode for all, bounded memory, saved logits, resume."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from blendkit.audio import Batch, Grid, Prepared, Recording, groups, prepare_group
from blendkit.core import Scores, chunk_rows, natural_key
from blendkit.errors import BlendkitError
from blendkit.events import Emit
from blendkit.member import (
    FLOOR,
    TTA,
    FileMember,
    GroupScores,
    Member,
    RecordingAudio,
    check_window,
    same_front_end,
    score_files,
    score_together,
)
from blendkit.scoring.isolation import FAILED, check_some_scored, closing_workers, failed_entries, score_surviving
from blendkit.store import LogitStore, Stored, file_hash

NO_AUDIO_KEY = "silence"
LOST = "windows gave NaN or infinite values"
SILENT = "windows of digital silence were not scored"
NOTED = (LOST, SILENT)  # what a recording's note says although its audio is whole


@dataclass
class AudioMember:
    """A member that needs audio, with its store; built only if something is left to score.

    limit_s: of an isolated member, seconds per recording (None: the default). seconds: spent on it in all; inference_s:
    of those, inside the model; audio_s: duration of the audio it scored.
    """

    name: str
    build: Callable[[], Member | FileMember]
    tta: TTA
    store: LogitStore | None
    open_store: Callable[[Member | FileMember], LogitStore]
    seconds: float = 0.0
    inference_s: float = 0.0
    audio_s: float = 0.0
    scored: int = 0
    limit_s: float | None = None


@dataclass(frozen=True)
class Scored:
    """The status of each recording, and the seconds spent decoding and resampling."""

    status: dict[str, Stored]
    decode_s: float = 0.0
    resample_s: float = 0.0


def score_recordings(members: Sequence[AudioMember], recordings: Sequence[Recording], grid: Grid, emit: Emit) -> Scored:
    """Fill every member's store with logits of all recordings; what is stored is not scored again.

    Each recording is decoded once for all members that lack it, in a thread ahead of the models.
    A damaged recording gets its status and never stops the rest, nor does one on which an isolated member fails.
    """
    recordings = sorted(recordings, key=lambda r: natural_key(r.id))  # the order of rows
    keys = recording_keys(recordings, grid)
    todo = _todo(members, keys)
    built = {m.name: m.build() for m in members if any(m.name in names for names in todo.values())}
    for m in members:
        if m.name in built:
            made = built[m.name]
            if isinstance(made, Member):
                check_window(m.name, made.info, grid.chunk_s)
            m.store = m.store or m.open_store(made)
    waiting = [[r for r in g if todo[r.id]] for g in groups(recordings)] if built else []
    waiting = [g for g in waiting if g]
    emit("scoring", {"recordings": len(recordings), "to_score": sum(len(g) for g in waiting)})
    for name, made in built.items():
        emit("member", {"name": name, "notes": [*made.info.notes, *_unheard(made, grid)]})
    decode_s = resample_s = 0.0
    ahead = _batches([(g, _rates(g, todo, built)) for g in waiting], grid)
    with closing_workers(built.values()), closing(ahead) as batches:
        for batch in batches:
            decode_s += sum(p.decode_s for p in batch.recordings)
            resample_s += sum(p.resample_s for p in batch.recordings)
            failed = _score_batch(members, built, batch, todo, keys, grid)
            states = [FAILED if p.recording in failed else p.status for p in batch.recordings]
            emit("scored", {"recordings": [p.recording for p in batch.recordings], "status": states})
            del batch  # its samples go before the next ones come
        for m in members:
            if m.name in built and m.store is not None:
                check_some_scored(m.name, m.store, last=True)
    return Scored(_status(members, keys), decode_s, resample_s)


def _batches(waiting: Sequence[tuple[Sequence[Recording], Sequence[int]]], grid: Grid) -> Generator[Batch]:
    """Yield the batch of every group and its rates, prepared while the one before is scored.

    A batch's folder goes when the next batch is asked for, or when the caller stops.
    """
    with ThreadPoolExecutor(1) as ahead:
        pending = [ahead.submit(prepare_group, *w, grid) for w in waiting[:1]]
        try:
            for i in range(len(waiting)):
                batch = pending.pop().result()
                pending = [ahead.submit(prepare_group, *w, grid) for w in waiting[i + 1 : i + 2]]
                with batch.scratch:
                    yield batch
                del batch
        finally:
            for unused in pending:
                unused.result().scratch.cleanup()


def _unheard(made: Member | FileMember, grid: Grid) -> list[str]:
    """Return what a run asks of its audio that does not reach a member which reads the files by itself."""
    asked = {"channels": (grid.channels, "mean"), "silence": (grid.silence, "score")}
    given = [f"`{key}: {value}`" for key, (value, default) in asked.items() if value != default]
    own = given and not isinstance(made, Member)
    return [f"reads the files by itself: {' and '.join(given)} has no effect on it"] if own else []


def recording_keys(recordings: Sequence[Recording], grid: Grid) -> dict[str, str]:
    """Return what a recording's saved values depend on: the hash of its file, and the duration expected of it."""

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


def _rates(
    group: Sequence[Recording], todo: dict[str, frozenset[str]], built: dict[str, Member | FileMember]
) -> list[int]:
    """The sample rates that the members which lack something of a group need, each once."""
    wanted = [built[name] for r in group for name in todo[r.id]]
    return sorted({m.info.rate for m in wanted if isinstance(m, Member)})


def _score_batch(
    members: Sequence[AudioMember],
    built: dict[str, Member | FileMember],
    batch: Batch,
    todo: dict[str, frozenset[str]],
    keys: dict[str, str],
    grid: Grid,
) -> set[str]:
    """Score a group with every member that lacks it; members with the same front end share its computation.

    Returns the recordings on which an isolated member failed.
    """
    alike: dict[object, tuple[list[Prepared], list[AudioMember]]] = {}
    for m in members:
        own = [p for p in batch.recordings if m.name in todo[p.recording]]
        if own:
            made = built[m.name]
            like = same_front_end(made) if isinstance(made, Member) else m.name
            key = (tuple(p.recording for p in own), m.tta, like)
            alike.setdefault(key, (own, []))[1].append(m)
    failed = [
        _score_alike(together, [built[m.name] for m in together], own, keys, grid) for own, together in alike.values()
    ]
    return set().union(*failed)


def _score_alike(
    members: Sequence[AudioMember],
    models: Sequence[Member | FileMember],
    prepared: Sequence[Prepared],
    keys: dict[str, str],
    grid: Grid,
) -> set[str]:
    started = time.perf_counter()
    names = " and ".join(repr(m.name) for m in members)
    try:
        score = partial(_values, models, grid=grid, tta=members[0].tta)
        scores, failed = score_surviving(models[0], score, prepared, members[0].limit_s)
    except BlendkitError as error:
        raise BlendkitError(f"member {names}: {error.title}", error.problems) from error
    rows = chunk_rows({p.recording: p.chunks for p in prepared}, grid.chunk_s, grid.names)
    for m, model, logits, lost in zip(members, models, scores.values, scores.lost, strict=True):
        status = {
            p.recording: stored(p, keys[p.recording], lost.get(p.recording, 0), scores.silent.get(p.recording, 0))
            for p in prepared
        }
        assert m.store is not None
        table = Scores.build(logits, rows, model.info.classes, "logit", source=f"member {m.name!r}")
        m.store.write(table, failed_entries(status, failed))
        if failed:
            check_some_scored(m.name, m.store, last=False)
    seconds = time.perf_counter() - started
    for m in members:
        m.scored += len(prepared)
        m.seconds += seconds / len(members)
        m.inference_s += scores.seconds / len(members)
        m.audio_s += sum(p.duration_s for p in prepared)
    return set(failed)


def _values(models: Sequence[Member | FileMember], prepared: Sequence[Prepared], grid: Grid, tta: TTA) -> GroupScores:
    """Return the logits of every model for the group's chunks."""
    first = models[0]
    if not isinstance(first, Member):
        started = time.perf_counter()
        files = {p.recording: p.path for p in prepared if p.path.name and p.status != "unreadable"}
        values = score_files(first, files, {p.recording: p.chunks for p in prepared}, grid.chunk_s, grid.names, tta)
        return GroupScores([values], [{}], {}, time.perf_counter() - started)
    jobs = [RecordingAudio(p.recording, p.by_rate[first.info.rate], p.chunks) for p in prepared]
    return score_together([m for m in models if isinstance(m, Member)], jobs, grid.chunk_s, tta, grid.silence)


def stored(prepared: Prepared, key: str, lost: int = 0, silent: int = 0) -> Stored:
    """Return the entry that a store holds of a recording.

    lost: windows on which the member gave no finite value; silent: windows that it was not given.
    """
    window = f"{lost} {LOST}; the recording's median stands in" if lost else ""
    quiet = f"{silent} {SILENT}: their logits are {FLOOR:g}" if silent else ""
    note = "; ".join(filter(None, [prepared.note, window, quiet]))
    if prepared.status == "unreadable" and prepared.path.name and not prepared.path.exists():
        key = f"vanished: {key}"  # once the file is back, its key is another one, and it is scored
    return Stored(key, prepared.chunks, prepared.status, note, round(prepared.duration_s, 3))


def _status(members: Sequence[AudioMember], keys: dict[str, str]) -> dict[str, Stored]:
    """Return every recording's entry: the first member's, with what the others' entries add."""
    known = [(m.name, m.store.recordings()) for m in members if m.store is not None]
    out: dict[str, Stored] = {}
    for i, (name, entries) in enumerate(known):
        for r in keys:
            if r not in entries or (i and r not in out):
                continue
            entry = entries[r]
            tells = entry.status == FAILED or any(mark in entry.note for mark in NOTED)  # this member's own
            note = f"{name}: {entry.note}" if tells and len(known) > 1 else entry.note
            if not i:
                out[r] = replace(entry, note=note)
            elif tells:
                status = FAILED if entry.status == FAILED else out[r].status
                out[r] = replace(out[r], status=status, note="; ".join(filter(None, [out[r].note, note])))
    return out
