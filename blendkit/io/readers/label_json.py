"""Labels in JSON: exports of Label Studio, files of AvianZ, xeno-canto's metadata and other lists of objects.

Sources: Label Studio's guide to exports (JSON, JSON_MIN), the AvianZ manual (a .data file beside every recording).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from blendkit.core import json_value
from blendkit.errors import BlendkitError, counted, shorten

if TYPE_CHECKING:
    import pandas as pd

_START, _END, _FILE, _LABEL = _MARKS = ("Begin Time (s)", "End Time (s)", "Begin File", "Annotation")
_SELECTION = "Selection"  # with the times Raven's columns: marks in recordings that were looked through as a whole
_UPLOADED = re.compile(r"^[0-9a-f]{8}-(?=.)")  # what Label Studio puts before the name of an uploaded file
_AVIANZ = {"Operator", "Duration"}
_NOBODY_KNOWS = "don't know"  # AvianZ's species of a sound that nobody named
Marks = tuple[list[dict[str, Any]], tuple[str, ...]]


def json_table(text: str, path: Path, what: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the labels of a JSON text as a table of str, and notes. Raises BlendkitError for other JSON."""
    import pandas as pd

    try:
        held = json_value(text)
    except (ValueError, RecursionError) as error:
        raise BlendkitError(f"{path}: cannot read {what}", [f"it starts as JSON, but {error}"]) from error
    if _is_avianz(held) or _is_label_studio(held):
        records, notes = _avianz(held) if _is_avianz(held) else _label_studio(held)
        columns = [_SELECTION, *(c for c in _MARKS if c != _FILE or not _is_avianz(held))]
    else:
        records, notes = _objects(held, path, what), ()
        columns = list(dict.fromkeys(str(k) for r in records for k in r))
    cells = [["" if r.get(c) is None else str(r[c]) for c in columns] for r in records]
    return pd.DataFrame(cells, range(1, len(records) + 1), columns, dtype=str), notes


def _objects(held: Any, path: Path, what: str) -> list[dict[str, Any]]:
    """Return the objects of a list, or of the list `recordings` of an object, as xeno-canto gives it."""
    records = held.get("recordings") if isinstance(held, dict) else held
    if isinstance(records, list) and records and all(isinstance(r, dict) for r in records):
        return records
    has = shorten(held) if isinstance(held, dict) else type(records).__name__
    expected = f"expected a JSON list of objects, or it as `recordings`; has {has}"
    raise BlendkitError(f"{path}: cannot read {what}", [expected])


def _is_avianz(held: Any) -> bool:
    """Return whether JSON is one object on the recording, and segments: start, end, two frequencies and species."""
    if not isinstance(held, list) or not held or not isinstance(held[0], dict) or not held[0].keys() >= _AVIANZ:
        return False
    return all(isinstance(s, list) and len(s) == 5 and isinstance(s[4], list) for s in held[1:])


def _avianz(held: list[Any]) -> Marks:
    marks: list[dict[str, Any]] = []
    unnamed = unsure = 0
    for start, end, _, _, calls in held[1:]:
        for call in calls:
            species = str(call.get("species", "")).strip() if isinstance(call, dict) else ""
            if not species or species.lower() == _NOBODY_KNOWS:
                unnamed += 1
                continue
            certainty = call.get("certainty", 100)
            unsure += isinstance(certainty, (int, float)) and certainty < 100
            marks.append({_SELECTION: len(marks) + 1, _START: start, _END: end, _LABEL: species})
    notes = []
    if unsure:
        notes.append(f"{counted(unsure, 'label has', 'labels have')} a certainty below 100, and count as the others")
    if unnamed:
        notes.append(f"{counted(unnamed, 'segment names', 'segments name')} no species: its time counts as silence")
    return marks, tuple(notes)


def _is_label_studio(held: Any) -> bool:
    """Return whether JSON is a list of tasks with regions, as Label Studio exports them in full or in short."""
    if not isinstance(held, list) or not held or not all(isinstance(t, dict) for t in held):
        return False
    full = all(isinstance(t.get("annotations"), list) and isinstance(t.get("data"), dict) for t in held)
    return full or any(list(_regions_of(t)) for t in held)


def _label_studio(held: list[Any]) -> Marks:
    marks: list[dict[str, Any]] = []
    left = 0
    for task in held:
        regions = list(_regions_of(task))
        left += not regions
        for region in regions:
            labels = next((v for v in region.values() if isinstance(v, list) and v), [])
            marks.append({_SELECTION: len(marks) + 1, _START: region["start"], _END: region["end"],
                          _FILE: _audio_of(task), _LABEL: ";".join(map(str, labels))})  # fmt: skip
    said = f"{counted(left, 'task has', 'tasks have')} no region with a start and an end, and no part in the labels"
    return marks, (said,) if left else ()


def _regions_of(task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the regions of a task: objects with start, end and a list of labels."""
    done = [a for a in task.get("annotations") or () if isinstance(a, dict) and not a.get("was_cancelled")]
    full = [r.get("value") for a in done for r in a.get("result") or () if isinstance(r, dict)]
    short = [v for own in task.values() if isinstance(own, list) for v in own]
    for value in full or short:
        if not isinstance(value, dict) or not {"start", "end"} <= value.keys():
            continue
        if any(isinstance(v, list) and v for v in value.values()):
            yield value


def _audio_of(task: dict[str, Any]) -> str:
    """Return the file of a task: of an upload without the letters in front of its name, of a local file its path."""
    data = task.get("data")
    own = data if isinstance(data, dict) else task
    named = next(
        (str(own[k]) for k in ("audio", "url", "file", "sound") if own.get(k)), str(task.get("file_upload", ""))
    )
    if "?d=" in named:
        return unquote(named.partition("?d=")[2])
    return _UPLOADED.sub("", PurePosixPath(unquote(named)).name)
