"""Detections of one tool as a table that the writers of others take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blendkit.core import (
    DetectionTable,
    Int64,
    NamedClass,
    NameRule,
    Naming,
    Taxonomy,
    fitting_names,
    named_classes,
    natural_sorted,
)
from blendkit.errors import BlendkitError
from blendkit.io.audio_places import UNSEEN, AudioFolder, scored_recordings
from blendkit.io.file_reader import ReadFile
from blendkit.io.readers.detection_tables import NO_SCORES, Detections
from blendkit.io.readers.taxonomy_csv import read_taxonomy

_BOTH = re.compile(r"([A-Z][a-z-]+ [a-z][^_]*)_(.+)")  # BirdNET's `Scientific name_Common name`


@dataclass(frozen=True)
class Carried:
    """What detections get beside what their file says.

    audio: the folder of the recordings, which gives the names and lengths of their files. taxonomy: of the classes.
    naming: what classes are called; names come from the taxonomy.
    """

    audio: Path | str | None = None
    taxonomy: Path | str | None = None
    naming: Naming = "id"


def detection_table(read: ReadFile, source: Path, carried: Carried) -> tuple[DetectionTable, tuple[str, ...]]:
    """Return detections by recording, start and class, and notes on what is lost.

    Raises BlendkitError for detections without scores, and as `scored_recordings` and `named_classes` do.
    """
    found = read.found
    assert isinstance(found, Detections)
    lacking = int(np.isnan(found.score).sum())
    if lacking:
        raise BlendkitError(f"{source}: {lacking} of {len(found.score)} detections have no score", [NO_SCORES])
    labels = natural_sorted(set(found.label))
    names, notes = _names(labels, carried, str(source))
    folder = AudioFolder.of(carried.audio)
    if folder is not None:
        ids = folder.ids_of([*found.recording, *found.quiet])
        found = replace(found, recording=[ids[r] for r in found.recording], quiet=tuple(ids[r] for r in found.quiet))
    recordings = natural_sorted({*found.recording, *found.quiet})
    ends = dict.fromkeys(recordings, 0.0)
    for r, end in zip(found.recording, found.end_s.tolist(), strict=True):
        ends[r] = max(ends[r], end)
    rule = fitting_names(recordings, NameRule()).rule
    heard, audio, said = scored_recordings(recordings, ends, rule, folder)
    lost = ["times, label and score of each detection are carried over, no other columns"]
    lost += [] if audio else [f"{UNSEEN}; a recording is as long as its last detection"]
    lost += [] if found.quiet or not source.is_dir() else ["recordings without a detection are not carried over"]
    order, recording, class_at = _ordered(found, recordings, labels)
    table = DetectionTable(
        heard, names, recording[order], class_at[order], found.start_s[order], found.end_s[order], found.score[order],
        np.ones(len(order), np.int64), audio,
    )  # fmt: skip
    return table, (*notes, *said, *lost)


def _ordered(found: Detections, recordings: Sequence[str], labels: Sequence[str]) -> tuple[Int64, Int64, Int64]:
    """Return the order (D,) of recordings, starts and classes; of equal ones, that of the file; and their places."""
    at, class_of = ({n: i for i, n in enumerate(names)} for names in (recordings, labels))
    recording = np.array([at[r] for r in found.recording], np.int64)
    class_at = np.array([class_of[c] for c in found.label], np.int64)
    return np.lexsort((class_at, found.start_s, recording)), recording, class_at


def _names(
    labels: Sequence[str], carried: Carried, source: str
) -> tuple[tuple[NamedClass, ...], tuple[str, ...]]:  # fmt: skip
    if carried.taxonomy is None and carried.naming == "id":
        parts = [_BOTH.fullmatch(n) for n in labels]
        both = [(m[1], m[2]) if m else (n, n) for m, n in zip(parts, labels, strict=True)]
        return tuple(NamedClass(n, n, *b) for n, b in zip(labels, both, strict=True)), ()
    taxonomy = Taxonomy({}) if carried.taxonomy is None else read_taxonomy(carried.taxonomy)
    ids, notes = taxonomy.as_ids(labels, source=source)
    names, said = named_classes(ids, taxonomy, carried.naming)
    return names, (*notes, *said)
