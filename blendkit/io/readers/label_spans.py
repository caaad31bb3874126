"""Label tables with a row per span, chunk or recording: label columns, Raven's selections, xeno-canto's metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.io.readers.label_cells import split_cells
from blendkit.io.readers.label_matrix import class_columns, classes_of_cells
from blendkit.io.readers.label_places import PLACES, PlaceColumns, place_columns, places_of
from blendkit.io.readers.label_rows import LabelRows, silence_between
from blendkit.io.text_tables import find_columns, plain_name

if TYPE_CHECKING:
    import pandas as pd

# Plain names in use; of several the first counts, and a note names the others.
_LABELS = ("primary_label", "label", "labels", "birds", "ebird_code", "species_code", "species", "class", "class_id")
_LABELS += ("scientific_name", "annotation", "annotations", "event_label", "tag", "tags", "manual_id", "common_name")
_UNKNOWN = ("mystery", "sonus")  # genera of xeno-canto for unknown species and for whole soundscapes
_NUMBER = re.compile(r"-?[\d.:]+")


def rows_of_frame(
    frame: pd.DataFrame, path: object, own_name: str, *, column: str | None = None, one_class: str | None = None
) -> LabelRows:
    """Return the rows of a table of str: spans, row ids or whole recordings, with labels or 0/1 columns of classes.

    own_name: the recording of a table that names none. column: the column of labels, if its name is none of the usual.
    one_class: the class of every row of a table without labels. Raises BlendkitError naming what is missing, and all
    lines that cannot be read.
    """
    plain = {plain_name(c)[0]: c for c in frame.columns}
    clips = column is None and {"gen", "sp"} <= plain.keys()
    at, problems = _clip_columns(plain) if clips else place_columns(list(frame.columns))
    if clips:
        known = ~frame[plain["gen"]].str.strip().str.lower().isin(_UNKNOWN)
        frame, unknown = frame[known], int((~known).sum())
        label, notes = None, (f"{unknown} recordings of no known species are left out",) if unknown else ()
    else:
        label, notes = _label_column(frame, at, column, path)
    wide = [] if label or clips or one_class or problems else class_columns(frame, at.used)
    if not label and not clips and not wide and one_class is None:
        problems.append("no column of labels")
    if problems:
        raise BlendkitError(f"{path}: {'; '.join(problems)}", _ways_out(frame))
    used = [*at.used, *([label] if label else [plain["gen"], plain["sp"]] if clips else wide)]
    unique = frame.drop_duplicates(used)
    _require_no_other_times(unique, at, used, path)
    rows = _read(unique, at, own_name, path, label, wide, one_class, clips)
    rows = replace(rows, duplicates=len(frame) - len(unique), notes=(*notes, *rows.notes))
    return silence_between(rows, None if at.file else own_name) if _is_selections(plain) else rows


def _read(
    frame: pd.DataFrame, at: PlaceColumns, own_name: str, path: object, label: str | None, wide: Sequence[str],
    one_class: str | None, clips: bool,
) -> LabelRows:  # fmt: skip
    places = places_of(frame, at, own_name, path)
    lines, bad, notes = list(frame.index), [], ()
    if label is not None:
        blanks = plain_name(label)[0] == "birds"  # BirdCLEF 2021
        classes, notes, bad = split_cells(list(frame[label]), lines, blanks=blanks)
    elif wide:
        classes, bad = classes_of_cells(frame, wide)
    elif clips:
        plain = {plain_name(c)[0]: c for c in frame.columns}
        classes = [frozenset({f"{g.strip()} {s.strip()}"}) for g, s in zip(frame[plain["gen"]], frame[plain["sp"]],
                                                                       strict=True)]  # fmt: skip
    else:
        classes = [frozenset({str(one_class)})] * len(frame)
    problems = []
    if places.bad:
        wanted = "a filename, and times as HH:MM:SS or seconds, start before end"
        problems += [f"rows need {wanted}", shorten(places.bad)] if at.row_id is None else [shorten(places.bad)]
    problems += [shorten(bad)] if bad else []
    if problems:
        count = len(places.bad) + len(bad)
        raise BlendkitError(f"{path}: {count} rows of these labels cannot be read", problems)
    return LabelRows(places.recordings, places.spans, classes, notes=(*places.notes, *notes))


def _label_column(
    frame: pd.DataFrame, at: PlaceColumns, given: str | None, path: object
) -> tuple[str | None, tuple[str, ...]]:
    """Return the column of labels, None if there is none, and notes on columns that might be meant instead."""
    others = [c for c in frame.columns if c not in at.used]
    if given is not None:
        found = [c for c in frame.columns if c == given] or [c for c in others if c.lower() == given.strip().lower()]
        if len(found) != 1:
            hint = did_you_mean(given, frame.columns)
            raise BlendkitError(f"{path}: no column {given!r}{hint}", [f"has {shorten(frame.columns, 8)}"])
        return found[0], ()
    found = find_columns(others, _LABELS)
    if found and len(class_columns(frame, at.used)) > len(found):
        return None, ()  # a 0/1 table may have a class named `bird` or `label`
    notes = []
    if len(found) > 1:
        notes.append(f"labels are read from {found[0]!r}, not from {shorten(found[1:])}; FILE:COLUMN names another")
    if secondary := find_columns(others, ("secondary_label", "secondary_labels", "also")):
        notes.append(f"{shorten(secondary)} are not read: only primary labels count")
    return (found[0] if found else None), tuple(notes)


def _clip_columns(plain: dict[str, str]) -> tuple[PlaceColumns, list[str]]:
    """Return the columns of xeno-canto's metadata, whose `file` is an address and no name."""
    named = next((plain[n] for n in ("file_name", "filename", "id") if n in plain), None)
    return PlaceColumns(file=named), [] if named else ["no column file-name or id"]


def _require_no_other_times(frame: pd.DataFrame, at: PlaceColumns, used: Sequence[str], path: object) -> None:
    """Raise BlendkitError if labels of whole recordings come from a table that may hold times under other names."""
    if at.start is not None or at.row_id is not None or at.file is None or frame[at.file].is_unique:
        return
    numbers = [c for c in frame.columns if c not in used and len(frame) and frame[c].str.fullmatch(_NUMBER).all()]
    times = [c for c in numbers if frame.groupby(at.file)[c].nunique().max() > 1]
    if len(times) > 1:
        raise BlendkitError(
            f"{path}: several rows per recording, but no columns of start and end times",
            [f"has {shorten(frame.columns, 8)}", f"name two of {shorten(times)} start and end, or drop them"],
        )


def _is_selections(plain: dict[str, str]) -> bool:
    """Whether the table is one of Raven's, in which people mark what they find in a whole recording."""
    return {"selection", "begin_time", "end_time"} <= plain.keys()


def _ways_out(frame: pd.DataFrame) -> list[str]:
    return [
        f"has {shorten(frame.columns, 8)}",
        PLACES,
        "FILE:COLUMN names a column of labels; in Python, read_labels(one_class=...) labels a table that has none",
    ]
