"""How long the part of a run that follows scoring takes: it is done once, with made-up scores, before scoring."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from blendkit.audio import probe_duration
from blendkit.core import Rows, Scores, chunk_rows, count_chunks
from blendkit.engine.blending_and_writing import streams_of, write_streams
from blendkit.engine.run_inputs import Inputs
from blendkit.engine.run_provenance import Behind
from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.member import MemberInfo
from blendkit.recipe import Plan, RecipeFiles
from blendkit.scoring import AudioMember, Opened, Span
from blendkit.store import LogitStore, Stored

_MOST_ROWS = 3000
_GUESS_S = 2e-6  # per row and class, where a rehearsal fails; a rehearsal of whole chains takes less
_END_S = 1.0  # that the command needs beside all that is measured, at its end
_UNKNOWN_S = 60.0


def rehearse(
    plan: Plan,
    inputs: Inputs,
    opened: Opened,
    files: RecipeFiles,
    emit: Emit,
    starting_s: float,
    infos: Mapping[str, MemberInfo],
    now: Callable[[], float] = time.monotonic,
) -> Span:
    """Return how long it takes to blend and write all rows, judged by a rehearsal on some of them.

    starting_s: that the command took to start, which a loaded machine makes long, as it does its end. infos: of the
    members that are yet to score. What fails on made-up scores need not fail on real ones: then an event
    `rehearsal_failed` says so, and the time is a guess on the safe side.
    """
    chunks = _expected_chunks(plan, inputs)
    every = sum(chunks.values())
    took = 0.0
    try:
        rows = _some(chunks, min(every, _MOST_ROWS), plan, inputs)
        for _ in range(2):  # the first time compiles what so many rows need and is not compiled yet
            with tempfile.TemporaryDirectory(prefix="blendkit-") as folder:
                started = now()
                _deliver(plan, inputs, opened, files, rows, infos, Path(folder))
                took = (now() - started) * every / max(len(rows), 1)
    except BlendkitError as error:
        emit("rehearsal_failed", {"text": "; ".join([error.title, *error.problems])})
        width = max([len(inputs.classes), *(len(i.classes) for i in infos.values())])
        took = _GUESS_S * every * width * len(plan.streams) + 5.0
    end = _END_S + starting_s
    return Span(end + took, end + 1.5 * took, end + 3 * took)


def _expected_chunks(plan: Plan, inputs: Inputs) -> dict[str, int]:
    model = plan.recipe.model
    out = {}
    for r in inputs.to_score:
        stated = inputs.expected_s.get(r.id) or (probe_duration(r.path) if r.path.name else None) or _UNKNOWN_S
        out[r.id] = count_chunks(stated, model.chunk_s, model.remainder)[0]
    return {r: n for r, n in out.items() if n}


def _some(chunks: dict[str, int], most: int, plan: Plan, inputs: Inputs) -> Rows:
    """Return the rows of recordings that are spread over all, up to about so many rows."""
    step = max(1, round(sum(chunks.values()) / max(most, 1)))
    some = dict(list(chunks.items())[::step]) or chunks
    return chunk_rows(some, plan.recipe.model.chunk_s, inputs.names)


def _deliver(
    plan: Plan,
    inputs: Inputs,
    opened: Opened,
    files: RecipeFiles,
    rows: Rows,
    infos: Mapping[str, MemberInfo],
    folder: Path,
) -> None:
    made = tuple(_pretend(m, infos.get(m.name), rows, folder / m.name) for m in opened.audio)
    short = replace(inputs, rehearsal=True)  # score files need not have a part of the rows alone
    opened = replace(opened, audio=made)
    streams, _, _ = streams_of(plan, short, opened, Behind.of(opened, files), rows, files, silent, keep=True)
    write_streams(plan, short, folder, streams)


def _pretend(member: AudioMember, info: MemberInfo | None, rows: Rows, folder: Path) -> AudioMember:
    """Return a member with a store of made-up logits for the rows."""
    store = member.store
    classes, covered = (
        (info.classes, info.covered) if info is not None else (store.classes, store.covered) if store else ((), ())
    )
    values = np.random.default_rng(0).standard_normal((len(rows), len(classes))).astype(np.float32)
    made = LogitStore.create(folder, "rehearsal", classes, covered, {"facts": {}, "notes": []})
    counts = dict(zip(rows.recordings(), np.diff(rows.offsets()).tolist(), strict=True))
    made.write(
        Scores.build(values, rows, classes, "logit"), {r: Stored("", n, "ok", "", 0.0) for r, n in counts.items()}
    )
    return replace(member, store=made)
