"""Recordings that a time budget cut off: their status, and how many chunks they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from blendkit.audio import Grid, Recording, prepare_group, probe_duration
from blendkit.core import count_chunks
from blendkit.errors import DeliveryError
from blendkit.scoring.audio_members import AudioMember
from blendkit.scoring.statuses import joined_status
from blendkit.store import Stored

CUT = "cut"


def status_with_cut(
    members: Sequence[AudioMember],
    recordings: Sequence[Recording],
    keys: Mapping[str, str],
    cut: Mapping[str, frozenset[str]],
    grid: Grid,
) -> dict[str, Stored]:
    """Return every recording's entry, those that a member did not hear in time with the status `cut`.

    keys: of the recordings whose file was read; cut: per member, the recordings that it did not hear. Raises
    DeliveryError if a member heard none with a chunk.
    """
    if not members:
        return {}
    stores = {m.name: m.store for m in members if m.store is not None}
    known = {n: s.recordings() for n, s in stores.items()}
    lost = frozenset().union(*cut.values())
    by_id = {r.id: r for r in recordings}
    status = joined_status(stores, [r for r in by_id if r not in lost])
    for r in lost:
        lacks = [n for n, rs in cut.items() if r in rs]
        heard = next((entries[r] for n, entries in known.items() if n not in lacks), None)
        status[r] = _entry(by_id[r], keys.get(r, ""), lacks, heard, grid)
    for m in members:
        heard_any = any(status[r].chunks for r in by_id if r not in cut.get(m.name, ()))
        if cut.get(m.name) and not heard_any:
            what = f"the time budget ended before member {m.name!r} had scored a recording: nothing can be delivered"
            raise DeliveryError(what, ["give more time; what was scored is saved, and is not scored again"])
    return {r: status[r] for r in by_id}


def _entry(recording: Recording, key: str, lacks: Sequence[str], heard: Stored | None, grid: Grid) -> Stored:
    note = f"not scored in time by {', '.join(map(repr, lacks))}: its rows hold the median of each class"
    if heard is not None:
        return replace(heard, status=CUT, note="; ".join(filter(None, [heard.note, note])))
    expected = grid.expected_s.get(recording.id, 0.0)
    stated = probe_duration(recording.path) if recording.path.name and not recording.problem else None
    if stated is None:  # only decoding tells
        batch = prepare_group([recording], [], grid)
        with batch.scratch:
            (p,) = batch.recordings
            return Stored(f"{CUT}:{key}", p.chunks, CUT, note, round(p.duration_s, 3))
    chunks = max(count_chunks(s, grid.chunk_s, grid.remainder)[0] for s in (stated, expected))
    return Stored(f"{CUT}:{key}", chunks, CUT, f"{note}; its length is that of its header", round(stated, 3))
