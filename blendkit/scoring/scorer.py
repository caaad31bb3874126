"""Recordings through members: one decode for all, bounded memory, saved logits, resume."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from blendkit.audio import Batch, Grid, Prepared, Recording, groups, prepare_group
from blendkit.core import Scores, chunk_rows, natural_key
from blendkit.errors import BlendkitError
from blendkit.events import Emit
from blendkit.member import (
    TTA,
    FileMember,
    GroupScores,
    Member,
    RecordingAudio,
    check_window,
    same_front_end,
    score_files,
    score_together,
    shift_notes,
)
from blendkit.scoring.broken_members import (
    check_on_noise,
    check_on_silence,
    check_some_scored,
    ending_journals,
    lacks_finite,
    looks_broken,
    naming_untried,
    unproven_entries,
)
from blendkit.scoring.fold_models import by_unseen_folds
from blendkit.scoring.isolation import FAILED, closing_workers, failed_entries, score_surviving
from blendkit.scoring.statuses import joined_status, stored, to_do
from blendkit.store import LogitStore, Stored, file_hash
from blendkit.temporaries import remove_abandoned_scratch

NO_AUDIO_KEY = "silence"


@dataclass
class AudioMember:
    """A member that needs audio, with its store; built only if something is left to score.

    limit_s: of an isolated member, seconds per recording (None: the default). seconds: spent on it in all; inference_s:
    of those, inside the model; audio_s: duration of the audio it scored; tried: whether it had to score made sounds.
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
    tried: bool = False


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
    remove_abandoned_scratch()  # also where nothing is left to score
    recordings = sorted(recordings, key=lambda r: natural_key(r.id))  # the order of rows
    keys = recording_keys(recordings, grid)
    todo = _todo(members, keys)
    built, notes = _build(members, {name for names in todo.values() for name in names}, grid)
    waiting = [w for g in groups(recordings) if (w := [r for r in g if todo[r.id]])] if built else []
    emit("scoring", to_do(len(recordings), sum(len(g) for g in waiting)))
    for name, said in notes.items():
        emit("member", {"name": name, "notes": said})
    decode_s = resample_s = 0.0
    ahead = _batches([(g, _rates(g, todo, built)) for g in waiting], grid)
    with ending_journals(m.store for m in members), closing_workers(built.values()), closing(ahead) as batches:
        for k, batch in enumerate(batches, 1):
            decode_s += sum(p.decode_s for p in batch.recordings)
            resample_s += sum(p.resample_s for p in batch.recordings)
            with naming_untried([r.id for g in waiting[k:] for r in g], emit):
                failed = _score_batch(members, built, batch, todo, keys, grid)
            states = [FAILED if p.recording in failed else p.status for p in batch.recordings]
            emit("scored", {"recordings": [p.recording for p in batch.recordings], "status": states})
            del batch  # its samples go before the next ones come
        for m in members:
            if m.name in built and m.store is not None:
                check_some_scored(m.name, m.store)
    _finish(members, emit)
    stores = {m.name: m.store for m in members if m.store is not None}
    return Scored(joined_status(stores, keys), decode_s, resample_s)


def _finish(members: Sequence[AudioMember], emit: Emit) -> None:
    """Pack the stores' small parts, and say what is to be known of their files."""
    for m in members:
        if m.store is not None:
            m.store.finish()
            if notes := m.store.notes:
                emit("store", {"name": m.name, "notes": notes})


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


def _build(
    members: Sequence[AudioMember], needed: Container[str], grid: Grid
) -> tuple[dict[str, Member | FileMember], dict[str, list[str]]]:
    """Build the members that are needed and open their stores; return them, and what there is to say of each.

    Raises BlendkitError, with the member's name, for windows and shifts that cannot be.
    """
    built = {m.name: m.build() for m in members if m.name in needed}
    notes = {}
    for m in (m for m in members if m.name in built):
        made = built[m.name]
        if isinstance(made, Member):
            check_window(m.name, made.info, grid.chunk_s)
        try:
            notes[m.name] = [*made.info.notes, *shift_notes(made.info, m.tta), *_unheard(made, grid)]
        except BlendkitError as error:
            raise BlendkitError(f"member {m.name!r}: {error.title}", error.problems) from error
        m.store = m.store or m.open_store(made)
    return built, notes


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
    alike: dict[object, tuple[list[Prepared], list[AudioMember], list[Member | FileMember]]] = {}
    for m in members:
        lacking = [p for p in batch.recordings if m.name in todo[p.recording]]
        for made, own in by_unseen_folds(built[m.name], lacking) if lacking else ():
            like = same_front_end(made) if isinstance(made, Member) else m.name
            key = (tuple(p.recording for p in own), m.tta, like)
            _, together, models = alike.setdefault(key, (own, [], []))
            together.append(m)
            models.append(made)
    failed = [_score_alike(together, models, own, keys, grid) for own, together, models in alike.values()]
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
            p.recording: stored(p, keys[p.recording], lost.get(p.recording), scores.silent.get(p.recording, 0))
            for p in prepared
        }
        assert m.store is not None
        unproven = lacks_finite(m.store, [p for p in prepared if p.recording not in failed], lost)
        table = Scores.build(logits, rows, model.info.classes, "logit", source=f"member {m.name!r}")
        m.store.write(table, failed_entries(unproven_entries(status, unproven), failed))
        one = partial(_values, [model], grid=grid, tta=m.tta)
        if unproven and not m.tried:
            m.tried = True
            check_on_noise(m.name, model, one, grid, m.limit_s, unproven)
        if failed and not m.tried and looks_broken(m.store):
            m.tried = True
            check_on_silence(m.name, model, one, grid, m.limit_s)
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
        values, lost = score_files(
            first, files, {p.recording: p.chunks for p in prepared}, grid.chunk_s, grid.names, tta
        )
        return GroupScores([values], [lost], {}, time.perf_counter() - started)
    jobs = [RecordingAudio(p.recording, p.by_rate[first.info.rate], p.chunks) for p in prepared]
    return score_together([m for m in models if isinstance(m, Member)], jobs, grid.chunk_s, tta, grid.silence)
