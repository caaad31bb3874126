"""Detections and windows of a file on the run's recordings, classes and chunks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from blendkit.audio import WindowPool
from blendkit.core import Float64, Scores, Space, compare_names, composed, match_recordings, path_ids, recording_id
from blendkit.errors import BlendkitError, shorten
from blendkit.io import Detections, Windowed, late_windows, without_rows
from blendkit.member.names_by_synonym import classes_by_name
from blendkit.member.protocol import MemberContext
from blendkit.member.windows_of_other_tools import known_chunks, on_grid


def detections_on_grid(
    found: Detections,
    scores: Float64,
    context: MemberContext,
    space: Space,
    pool: WindowPool,
    source: str,
    *,
    empty: float,
    synonyms: Path | None = None,
) -> tuple[Scores, list[str]]:
    """Return detections with scores (N,) on the run's chunks, and what there is to say about them.

    A detection belongs to the recording that its path means (`match_recordings`) and to the class that its label names
    by id, scientific name or synonym; those of other classes are left out and counted. empty: the score of a chunk and
    class without a detection. A table without detections gives `empty` everywhere. Raises BlendkitError if no path
    means a recording of the run, or no label is one of its classes.
    """
    classes = context.classes or tuple(sorted(set(found.label)))
    at = {c: i for i, c in enumerate(classes)}
    of_label = classes_by_name(found.label, replace(context, classes=classes), synonyms)
    known = [i for i, text in enumerate(found.label) if text in of_label]
    if found.label and not known:
        raise BlendkitError(
            f"{source}: none of its labels is one of the run's classes", [shorten(sorted(set(found.label)))]
        )
    strange = Counter(text for text in found.label if text not in of_label)
    said = list(found.notes)
    if strange:
        listed = shorten([f"{n} ({c})" for n, c in strange.most_common()])
        said.append(f"{sum(strange.values())} detections of other classes left out: {listed}")
    ids, notes = recording_ids(found.recording, context, source)
    said += notes
    rows: dict[tuple[str, float, float], int] = {}
    row = [rows.setdefault((ids[found.recording[i]], found.start_s[i], found.end_s[i]), len(rows)) for i in known]
    values = np.full((len(rows), len(classes)), empty)
    np.maximum.at(values, (row, [at[of_label[found.label[i]]] for i in known]), scores[known])
    recording, start, end = zip(*rows, strict=True) if rows else ((), (), ())
    windowed = Windowed(recording, np.array(start, np.float64), np.array(end, np.float64), values, classes)
    chunks = known_chunks(context)
    said += late_windows(windowed, chunks, context.chunk_s)
    return on_grid(windowed, context, space, pool, source, empty=empty, chunks=chunks), said


def windows_on_grid(
    windowed: Windowed, context: MemberContext, space: Space, pool: WindowPool, source: str
) -> tuple[Scores, list[str]]:
    """Return scores of windows on the run's chunks, and what there is to say about them.

    Columns get the class that they name by id, scientific name or synonym; others keep their names. Chunks without a
    window have no row. Raises BlendkitError for two columns of one class, and if no path means a recording.
    """
    ids, notes = recording_ids(windowed.recording, context, source)
    named = classes_by_name(windowed.classes, context, None) if context.classes else {}
    classes = tuple(named.get(c, composed(c)) for c in windowed.classes)
    twice = [c for c, n in Counter(classes).items() if n > 1]
    if twice:
        pairs = [f"{c}: {' and '.join(n for n in windowed.classes if named.get(n, n) == c)}" for c in twice]
        raise BlendkitError(f"{source}: several columns are one class of the run", [shorten(pairs)])
    renamed = [f"{n} as {c}" for n, c in zip(windowed.classes, classes, strict=True) if n != c]
    said = [*windowed.notes, *notes, *([f"classes by name: {shorten(renamed)}"] if renamed else [])]
    own = replace(windowed, recording=[ids[r] for r in windowed.recording], classes=classes)
    chunks = known_chunks(context)
    said += late_windows(own, chunks, context.chunk_s)
    made = on_grid(own, context, space, pool, source, chunks=chunks)
    return made, [*said, *without_rows(made, chunks, context.chunk_s)]


def recording_ids(paths: Sequence[str], context: MemberContext, source: str) -> tuple[dict[str, str], list[str]]:
    """Return the id of each path's recording, the run's that it means, else its own; and notes.

    A note lists the paths that end otherwise than the id of their recording: their folders differ. Raises
    BlendkitError if the run has recordings and no path means one of them.
    """
    distinct = list(dict.fromkeys(paths))
    known = [r.id for r in context.recordings]
    found = match_recordings(distinct, known)
    if known and distinct and not found:
        pair = compare_names(known, distinct, "the recordings of this run", source)
        rule = "a path means a recording by its id, or by the longest tail of folders and name that only one has"
        raise BlendkitError(f"{source}: none of its paths means one of the run's recordings", [pair, rule])
    plain = {p: "/" + recording_id(p.replace("\\", "/")) for p in found}
    other = [f"{p} as {r}" for p, r in found.items() if not plain[p].endswith(f"/{r}")]
    notes = [f"{len(other)} paths are in other folders than their recordings: {shorten(other)}"] if other else []
    return path_ids(p for p in distinct if p not in found) | found, notes
