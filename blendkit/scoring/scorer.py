"""Recordings through members: one decode for all, bounded memory, saved logits, resume."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial

from blendkit.audio import Grid, Prepared, Recording
from blendkit.core import Scores, chunk_rows, natural_key
from blendkit.errors import BlendkitError
from blendkit.events import Emit
from blendkit.member import (
    TTA,
    Before,
    FileMember,
    GroupScores,
    Member,
    RecordingAudio,
    same_front_end,
    score_files,
    score_together,
)
from blendkit.scoring.audio_members import AudioMember, Built, build_members, known_recordings, replaced_notes
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
from blendkit.scoring.budget import Choice, OutOfTime, Terms
from blendkit.scoring.budget_planning import dropped_since, plan_ahead
from blendkit.scoring.cpus import cpu_count
from blendkit.scoring.cut_by_budget import status_with_cut
from blendkit.scoring.decoding_ahead import DecodedGroup, decoded_groups
from blendkit.scoring.fold_models import by_unseen_folds
from blendkit.scoring.isolated_failures import FAILED, closing_workers, failed_entries, score_surviving
from blendkit.scoring.pace import Pace
from blendkit.scoring.part_writing_thread import PartWriter, part_writer
from blendkit.scoring.recording_keys import recording_keys
from blendkit.scoring.statuses import stored, to_do
from blendkit.store import Stored
from blendkit.temporaries import remove_abandoned_scratch

_PACKING_S, _PACKING_EACH_S = 10.0, 0.02  # that must be left to pack a store's parts, in all and per recording


@dataclass(frozen=True)
class Scored:
    """The status of each recording, and the seconds spent decoding and resampling.

    Of a run with a time budget: choice, what it dropped; cut, per member the recordings that it did not hear in time;
    reserve_s: what was kept for the rest. threads: of each model, where they are not those of this process.
    """

    status: dict[str, Stored]
    decode_s: float = 0.0
    resample_s: float = 0.0
    choice: Choice = Choice()
    cut: dict[str, frozenset[str]] = field(default_factory=dict)
    reserve_s: float = 0.0
    threads: int | None = None


Executor = Callable[[Sequence[AudioMember], Sequence[Recording], Grid, Emit, Terms | None], Scored]
"""What fills the stores of members: this process (`score_recordings`), or others that it gives the work to."""


def score_recordings(
    members: Sequence[AudioMember],
    recordings: Sequence[Recording],
    grid: Grid,
    emit: Emit,
    terms: Terms | None = None,
) -> Scored:
    """Fill every member's store with logits of all recordings; what is stored is not scored again.

    Each recording is decoded once for all members that lack it, by threads ahead of the models; a file that no store
    knows is hashed by the same thread, just before. Parts are written while the next group is scored.
    A damaged recording gets its status and never stops the rest, nor does one on which an isolated member fails.
    terms: of a time budget, for which members, shifts, and in the end recordings are left out. Raises DeliveryError for
    one that cannot be kept, and BlendkitError for saved logits of other audio that are not to be replaced.
    """
    remove_abandoned_scratch()  # also where nothing is left to score
    recordings = sorted(recordings, key=lambda r: natural_key(r.id))  # the order of rows
    known = known_recordings(members)
    keys = recording_keys([r for r in recordings if r.id in known], grid)
    replaced = {m.name: replaced_notes(m, recordings, keys) for m in members}
    pace = Pace(members, recordings, keys, emit, terms)
    built, notes = build_members(members, pace.needed, grid)
    emit("scoring", to_do(len(recordings), pace.prepare(built)))
    for name, said in notes.items():
        emit("member", {"name": name, "notes": said})
    for name, said in replaced.items():
        if said:
            emit("store", {"name": name, "notes": said})
    with ending_journals(pace.stores()), closing_workers(built.values()), part_writer() as writer:
        plan_ahead(pace, built, grid, lambda m: _trial(m, built[m.name], grid))
        with suppress(OutOfTime):
            score_groups(pace, built, grid, writer, cpu_count())
        writer.wait()
        for m in pace.current:
            if m.name in built and m.store is not None:
                check_some_scored(m.name, m.store)
    _finish(pace, emit)
    cut = {m.name: frozenset(pace.missing(m.name)) for m in pace.current if pace.missing(m.name)}
    status = status_with_cut(pace.current, recordings, keys, cut, grid)
    return Scored(status, pace.decode_s, pace.resample_s, pace.choice, cut, pace.reserve_s)


def score_groups(pace: Pace, built: Built, grid: Grid, writer: PartWriter, threads: int) -> None:
    """Score what is left of every group, decoded by threads ahead, and let it be written.

    Raises OutOfTime where a time budget ends before.
    """
    with closing(decoded_groups(pace.following, pace.keys, grid, threads)) as coming:
        for heard in coming:
            pace.keys |= heard.keys
            _score_group(pace, built, heard, grid, writer)
            del heard  # its samples go before the next ones come
            pace.idle()


def _finish(pace: Pace, emit: Emit) -> None:
    """Pack the stores' small parts if there is time for it, and say what is to be known of their files."""
    spare = pace.scoring_left() > _PACKING_S + _PACKING_EACH_S * len(pace.recordings)
    for store in pace.stores():
        if store is not None and spare:
            store.finish()
    for m in pace.members:
        if m.store is not None and (notes := m.store.notes):
            emit("store", {"name": m.name, "notes": notes})


def _score_group(pace: Pace, built: Built, heard: DecodedGroup, grid: Grid, writer: PartWriter) -> None:
    """Score a group that is decoded, and say so: as a whole, or in a hurry one recording after another."""
    for piece in pace.pieces(heard.recordings):
        with naming_untried(partial(pace.untried, piece), pace.emit):
            failed = _score_batch(pace, built, piece, grid, writer)
        states = [FAILED if p.recording in failed else p.status for p in piece]
        pace.emit("scored", {"recordings": [p.recording for p in piece], "status": states})
        pace.replan(lambda before, now: pace.emit("dropped", dropped_since(before, now)))
    pace.scored(heard.number)


def _score_batch(pace: Pace, built: Built, prepared: Sequence[Prepared], grid: Grid, writer: PartWriter) -> set[str]:
    """Score a group with every member that lacks it; members with the same front end share its computation.

    Returns the recordings on which an isolated member failed.
    """
    alike: dict[object, tuple[list[Prepared], list[AudioMember], list[Member | FileMember]]] = {}
    for m in pace.current:
        missing = pace.missing(m.name)
        lacking = [p for p in prepared if p.recording in missing]
        for made, own in by_unseen_folds(built[m.name], lacking) if lacking else ():
            like = same_front_end(made) if isinstance(made, Member) else m.name
            key = (tuple(p.recording for p in own), m.tta, like)
            _, together, models = alike.setdefault(key, (own, [], []))
            together.append(m)
            models.append(made)
    failed = [_score_alike(pace, together, models, own, grid, writer) for own, together, models in alike.values()]
    return set().union(*failed)


def _score_alike(
    pace: Pace,
    members: Sequence[AudioMember],
    models: Sequence[Member | FileMember],
    prepared: Sequence[Prepared],
    grid: Grid,
    writer: PartWriter,
) -> set[str]:
    started = pace.now()
    names = " and ".join(repr(m.name) for m in members)
    try:
        score = partial(_values, models, grid=grid, member=members[0], before=pace.before(members, prepared))
        scores, failed = score_surviving(models[0], score, prepared, members[0].limit_s, pace.allowed)
    except BlendkitError as error:
        raise BlendkitError(f"member {names}: {error.title}", error.problems) from error
    _save(members, models, scores, prepared, failed, pace.keys, grid, writer)
    if scores.unshifted is not None:
        alone = [m.unshifted or m for m in members]
        _save(alone, models, scores.unshifted, prepared, failed, pace.keys, grid, writer)
    seconds = pace.now() - started
    for m in members:
        m.scored += len(prepared)
        m.seconds += seconds / len(members)
        m.inference_s += scores.seconds / len(members)
        m.audio_s += sum(p.duration_s for p in prepared)
    pace.timed(members, prepared, seconds)
    return set(failed)


def _save(
    members: Sequence[AudioMember],
    models: Sequence[Member | FileMember],
    scores: GroupScores,
    prepared: Sequence[Prepared],
    failed: Mapping[str, str],
    keys: Mapping[str, str],
    grid: Grid,
    writer: PartWriter,
) -> None:
    """Let the logits of a group be written into each member's store.

    Raises BlendkitError for a member that is broken, whatever the recordings.
    """
    rows = chunk_rows({p.recording: p.chunks for p in prepared}, grid.chunk_s, grid.names)
    writer.wait()  # what the stores hold so far tells whether a member is broken
    for m, model, logits, lost in zip(members, models, scores.values, scores.lost, strict=True):
        status = {
            p.recording: stored(p, keys[p.recording], lost.get(p.recording), scores.silent.get(p.recording, 0))
            for p in prepared
        }
        assert m.store is not None
        unproven = lacks_finite(m.store, [p for p in prepared if p.recording not in failed], lost)
        table = Scores.build(logits, rows, model.info.classes, "logit", source=f"member {m.name!r}")
        writer.write(partial(m.store.write, table, failed_entries(unproven_entries(status, unproven), failed)))
        one = partial(_values, [model], grid=grid, member=m)
        if unproven and not m.tried:
            m.tried = True
            check_on_noise(m.name, model, one, grid, m.limit_s, unproven)
        if failed:
            writer.wait()
        if failed and not m.tried and looks_broken(m.store):
            m.tried = True
            check_on_silence(m.name, model, one, grid, m.limit_s)


def _trial(member: AudioMember, made: Member | FileMember, grid: Grid) -> Callable[[Sequence[Prepared]], object]:
    """Return what puts prepared recordings through a member once, without shifts, and forgets the scores."""
    score = partial(_values, [made], grid=grid, member=replace(member, tta=TTA(), unshifted=None))
    return lambda prepared: score_surviving(made, score, prepared, member.limit_s)


def _values(
    models: Sequence[Member | FileMember],
    prepared: Sequence[Prepared],
    grid: Grid,
    member: AudioMember,
    before: Before | None = None,
) -> GroupScores:
    """Return the logits of every model for the group's chunks, with the shifts of `member`."""
    first = models[0]
    if not isinstance(first, Member):
        started = time.perf_counter()
        if before is not None:
            before(0, 1, 1)
        files = {p.recording: p.path for p in prepared if p.path.name and p.status != "unreadable"}
        values, lost = score_files(
            first, files, {p.recording: p.chunks for p in prepared}, grid.chunk_s, grid.names, member.tta
        )
        return GroupScores([values], [lost], {}, time.perf_counter() - started)
    jobs = [RecordingAudio(p.recording, p.by_rate[first.info.rate], p.chunks) for p in prepared]
    return score_together(
        [m for m in models if isinstance(m, Member)],
        jobs,
        grid.chunk_s,
        member.tta,
        grid.silence,
        unshifted=None if member.unshifted is None else member.unshifted.tta,
        before=before,
    )
