"""Label tables with a row per span, chunk or recording: label columns, Raven's selections, xeno-canto's metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from blendkit.core import Int64
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.io.answer_words import meaning_of
from blendkit.io.plain_table import coded
from blendkit.io.readers.arbimon_matches import with_times
from blendkit.io.readers.label_cells import split_cells
from blendkit.io.readers.label_matrix import binary_columns, classes_of_cells, holds_0_and_1
from blendkit.io.readers.label_places import PLACES, PlaceColumns, place_columns, places_of, rows_of_places
from blendkit.io.readers.label_rows import LabelRows, silence_between
from blendkit.io.text_tables import find_columns, plain_name

if TYPE_CHECKING:
    import pandas as pd

# Plain names in use; of several the first counts, and a note names the others.
_LABELS = (
    *("primary_label", "label", "labels", "birds", "ebird_code", "species_code", "species", "class", "class_id"),
    *("scientific_name", "annotation", "annotations", "event_label", "tag", "tags", "manual_id", "common_name"),
)
_UNKNOWN = ("mystery", "sonus")  # genera of xeno-canto for unknown species and for whole soundscapes
_PRESENCE = ("val", "present", "presence", "validated", "validation")  # of the class that a row names (Arbimon)
LABELLED_BY, TEACHER = "labelled_by", "teacher"  # a column of pseudo-labels, which they keep in whatever file they end
_CHANCE = "inclusion_probability"  # of a clip that a review drew
_CERTAIN = ("", "1", "1.0")  # every chunk was heard
_DRAWN = (
    f"these labels are of drawn clips (column {_CHANCE}), of high scores more than of others: figures from them are of "
    "this sample, not of all chunks; `blendkit review --read` weighs the answers"
)
OF_A_TEACHER = (
    "are pseudo-labels of a teacher: figures on them say how well scores agree with it, and not how right they are"
)
_SCORED = ("confidence", "score", "probability", "prob")  # of a model's detections
_NUMBER = re.compile(r"-?[\d.:]+")


@dataclass(frozen=True)
class _What:
    """What says the classes: a column of labels, 0/1 columns, columns of genus and species, or one class for all."""

    label: str | None
    classes: tuple[str, ...]
    name: tuple[str, ...]
    one_class: str


def rows_of_frame(
    frame: pd.DataFrame, path: object, own_name: str, *, column: str | None = None, one_class: str | None = None
) -> LabelRows:
    """Return the rows of a table of str: spans, row ids or whole recordings, with labels or 0/1 columns of classes.

    own_name: the recording of a table that names none. column: the column of labels, if its name is none of the usual.
    one_class: the class of every row of a table without labels. Raises BlendkitError naming what is missing, and all
    lines that cannot be read.
    """
    frame = with_times(frame)
    plain = {plain_name(c)[0]: c for c in frame.columns}
    clips = column is None and {"gen", "sp"} <= plain.keys()
    at, problems = _clip_columns(plain) if clips else place_columns(frame)
    frame, unknown = _known_species(frame, plain["gen"]) if clips else (frame, ())
    label, unread = (None, ()) if clips else _label_column(frame, at, column, path)
    frame, absent = _present(frame, plain, path) if label else (frame, ())
    marked = {"selection", "begin_time", "end_time"} <= plain.keys()  # Raven: marks in recordings heard as a whole
    wide = [] if label or clips or marked or one_class else binary_columns(frame, at.used)
    what = _What(label, tuple(wide), (plain["gen"], plain["sp"]) if clips else (), one_class or "")
    if not any((label, wide, clips, one_class)):
        problems.append("no column of labels, and no columns of 0 and 1")
    if problems:
        raise BlendkitError(f"{path}: {'; '.join(problems)}", _ways_out(frame))
    used = [*at.used, *([label] if label else []), *what.classes, *what.name]
    unique = frame.drop_duplicates(used)
    _require_no_other_times(unique, at, used, path)
    rows = _read(unique, path, own_name, at, what)
    drawn = _CHANCE in plain and bool((frame[plain[_CHANCE]].str.strip().isin(_CERTAIN) == 0).any())
    scored = (
        () if absent or not label else _scored(frame, [plain[n] for n in _SCORED if n in plain and plain[n] != label])
    )
    taught = int((frame[plain[LABELLED_BY]].str.strip() == TEACHER).sum()) if LABELLED_BY in plain else 0
    said = [f"{taught} of {len(frame)} rows {OF_A_TEACHER}"] if taught else []
    notes = (*unknown, *absent, *unread, *scored, *rows.notes, *([_DRAWN] if drawn else []), *said)
    rows = replace(rows, duplicates=len(frame) - len(unique), notes=notes, drawn=drawn, of_teacher=taught > 0)
    return silence_between(rows, None if at.file else own_name) if marked else rows


def _known_species(frame: pd.DataFrame, genus: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    known = ~frame[genus].str.strip().str.lower().isin(_UNKNOWN)
    count = int((~known).sum())
    return frame[known], (f"{count} recordings of no known species are left out",) if count else ()


def _scored(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """Return a note where a table has scores below 1: they may be a model's detections, which are no truth."""
    unsure = [c for c in columns if not frame[c].str.strip().isin(_CERTAIN).all()]
    if not unsure:
        return ()
    why = "every line counts as heard, whatever its score: detections of a model are no labels"
    return (f"its column {unsure[0]!r} is not looked at: {why}",)


def _present(frame: pd.DataFrame, plain: Mapping[str, str], path: object) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows whose class is there, where a column says of each row whether it is, and a note on the others.

    Raises BlendkitError for such a column that also holds words which are no answer.
    """
    unread: list[str] = []
    for column in (plain[n] for n in _PRESENCE if n in plain):
        at, cells = coded(frame[column])
        meant = [meaning_of(c, in_tables=True) for c in cells]
        if "n" in meant:  # counts of calls, of which 0 is none
            meant = ["y" if m is None and c.strip().isdecimal() else m for c, m in zip(cells, meant, strict=True)]
        strange = [c for c, m in zip(cells, meant, strict=True) if m is None]
        if strange:
            unread += _strange_presence(column, strange, absent="n" in meant, path=path)
            continue
        own = np.array([m or "" for m in meant], "U1")[at]
        absent, unheard = own == "n", (own == "u") | ((own == "") & (own != "").any())
        counts = {f"rows whose {column!r} says that their class is absent are left out": int(absent.sum()),
                  f"rows whose {column!r} does not say that it is there are left out": int(unheard.sum())}  # fmt: skip
        if len(own) and (absent | unheard).all():
            raise BlendkitError(f"{path}: its column {column!r} says of no row that its class is there")
        if any(counts.values()):
            return frame[~absent & ~unheard], tuple(f"{n} {what}" for what, n in counts.items() if n)
    return frame, tuple(unread)


def _strange_presence(column: str, strange: Sequence[str], *, absent: bool, path: object) -> list[str]:
    """Return a note on a column of answers that holds other words, too. Raises BlendkitError if some say no."""
    words = shorten(repr(c) for c in strange)
    if absent and not all(_NUMBER.fullmatch(c.strip()) for c in strange):
        ways = ["write yes or no (1 or 0, true or false) in every row, or call the column something else"]
        what = f"{words} in its column {column!r} says neither that the class is there nor that it is not"
        raise BlendkitError(f"{path}: {what}", ways)
    return [f"its column {column!r} is not looked at: {words} is neither yes nor no"]


def _read(frame: pd.DataFrame, path: object, own_name: str, at: PlaceColumns, what: _What) -> LabelRows:
    places = places_of(frame, at, own_name, path)
    sets, which, notes, bad = _classes(frame, what)
    problems = []
    if places.bad:
        wanted = "rows need a filename, and times as HH:MM:SS or seconds, start before end"
        problems += [*([wanted] if at.row_id is None else []), shorten(places.bad)]
    problems += [shorten(bad)] if bad else []
    if problems:
        count = len(places.bad) + len(bad)
        raise BlendkitError(f"{path}: {count} rows of these labels cannot be read", problems)
    rows = rows_of_places(places, sets, which)
    return replace(rows, notes=(*rows.notes, *notes))


def _classes(frame: pd.DataFrame, what: _What) -> tuple[list[frozenset[str]], Int64, tuple[str, ...], list[str]]:
    """Return sets of classes, which one each of N rows has, notes, and what cannot be read, a text per line or cell."""
    if what.label is not None:
        blanks = plain_name(what.label)[0] == "birds"  # BirdCLEF 2021
        at, cells = coded(frame[what.label])
        sets, notes, bad = split_cells(cells, at, frame.index.tolist(), blanks=blanks)
        return sets, at, notes, bad
    if what.classes:
        return classes_of_cells(frame, what.classes)
    if what.name:
        genus, species = (frame[c].str.strip() for c in what.name)
        at, names = coded(genus + " " + species)
        return [frozenset({n}) for n in names], at, (), []
    return [frozenset({what.one_class})], np.zeros(len(frame), np.int64), (), []


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
    if len(binary_columns(frame, at.used)) > len(found) and all(holds_0_and_1(frame, c) for c in found):
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


def _ways_out(frame: pd.DataFrame) -> list[str]:
    return [
        f"has {shorten(frame.columns, 8)}",
        PLACES,
        "FILE:COLUMN names a column of labels; in Python, read_labels(one_class=...) labels a table that has none",
    ]
