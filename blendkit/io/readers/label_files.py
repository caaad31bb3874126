"""Label files of any form, told by what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from blendkit.core import LabelTable, Saw, json_value, no_search_for_circles, require_path
from blendkit.errors import BlendkitError
from blendkit.io.file_kinds import refuse_pipe
from blendkit.io.packed_files import unpack_file
from blendkit.io.readers.audacity_truth import is_track, rows_of_track
from blendkit.io.readers.label_json import json_table
from blendkit.io.readers.label_matrix import is_npz, rows_of_npz
from blendkit.io.readers.label_places import OWN_NAME
from blendkit.io.readers.label_rows import LabelRows, label_table
from blendkit.io.readers.label_spans import OF_A_TEACHER, rows_of_frame
from blendkit.io.readers.table_names import named_in, table_recording
from blendkit.io.text_tables import decode_text, open_table, parse_table

_WHAT = "these labels"
_FACTS = "pseudo.json"  # beside pseudo-labels
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip"})
_TABLES = frozenset({".csv", ".tsv", ".txt", ".json", ".data", ".parquet"})


def read_labels(path: Path | str, *, column: str | None = None, one_class: str | None = None) -> LabelTable:
    """Read labels: a table of spans, row ids or whole recordings, 0/1 columns or arrays, selections, or label tracks.

    path: a file, `FILE.npz:ARRAY`, `FILE:COLUMN`, or a folder of files. The form is told by the content. A table has
    columns such as filename, start, end, primary_label; times are HH:MM:SS, seconds, or of the unit in the column's
    name; labels are joined by `;`, `|` or `,`. column: the column of labels, if its name is none of the usual.
    one_class: the class of all rows of a table without labels. Rows listed twice count once; equal spans give the union
    of their labels; `notes` of the result say what was taken for granted. Raises BlendkitError naming missing columns,
    or all lines that cannot be read.
    """
    file, named = split_label_source(path)
    column = column or named
    if not file.is_dir():
        refuse_pipe(file)
        with no_search_for_circles():
            table = label_table([_rows(file, column, one_class, _own_name(file))], str(file.name))
        if table.of_teacher or not _is_of_a_teacher(file):
            return table
        return replace(table, notes=(*table.notes, f"these {OF_A_TEACHER}"), of_teacher=True)
    files = [p for p in sorted(file.rglob("*")) if p.is_file() and _is_table(p.relative_to(file))]
    if not files:
        expected = f"expected label files ({', '.join(sorted(_TABLES))})"
        raise BlendkitError(f"{file}: cannot read {_WHAT}", [f"{expected} in this folder"])
    parts, problems = [], []
    tracks = any(_starts_as_track(p) for p in files)
    for each, own in named_in(file, {p: _own_name(p) for p in files}).items():
        try:
            silent = tracks and not each.stat().st_size  # a track without a label is an empty file
            parts.append(rows_of_track("", each, own) if silent else _rows(each, column, one_class, own))
        except BlendkitError as error:
            problems.append(" | ".join([error.title, *error.problems[:1]]))
    if problems:
        raise BlendkitError(f"{file}: {len(problems)} of {len(files)} label files cannot be read", problems[:5])
    return label_table(_without_repeats(parts), str(file.name))


def _without_repeats(parts: Sequence[LabelRows]) -> list[LabelRows]:
    """Return the rows of a folder's tables: tables that name no recordings get one note, not one each."""
    own = [p for p in parts if any(OWN_NAME in n for n in p.notes)]
    if len(own) < 2:
        return list(parts)
    note = f"{OWN_NAME} in {len(own)} tables: their labels belong to the recordings that they are named after"
    plain = [replace(p, notes=tuple(n for n in p.notes if OWN_NAME not in n)) for p in parts]
    return [_noted(plain[0], (note,)), *plain[1:]]


def split_label_source(path: Path | str) -> tuple[Path, str | None]:
    """Return (file, name) of `FILE:NAME`, a file with the array or column of its labels, or (file, None)."""
    require_path(path, "labels", "write a table in memory into a file first")
    head, colon, name = str(path).rpartition(":")
    if colon and name and not Path(path).exists() and (Path(head).exists() or head.lower().endswith(".npz")):
        return Path(head), name
    return Path(path), None


def saw_of_labels(path: Path | str, table: LabelTable) -> Saw:
    """Return what is behind labels that were read from a path: what the teacher of pseudo-labels learned from.

    Labels of people have nothing behind them. Of pseudo-labels away from the facts beside which they were written,
    nobody knows it.
    """
    file = split_label_source(path)[0]
    if not table.of_teacher:
        return Saw()
    if _is_of_a_teacher(file):
        with suppress(OSError, ValueError, AttributeError):
            return Saw.from_json(json_value(file.with_name(_FACTS).read_text(encoding="utf-8")))
    return Saw(known=False)


def _is_of_a_teacher(file: Path) -> bool:
    """Return whether labels are pseudo-labels that blendkit wrote, as the facts beside them say."""
    return file.name == "pseudo_labels.csv" and file.with_name(_FACTS).is_file()


def _is_table(path: Path) -> bool:
    suffixes = [s.lower() for s in path.suffixes]
    last = suffixes[-2:-1] if suffixes and suffixes[-1] in _PACKED else suffixes[-1:]
    return bool(_TABLES & set(last)) and not any(p.startswith((".", "__MACOSX")) for p in path.parts)


def _starts_as_track(path: Path) -> bool:
    with path.open("rb") as file:
        return is_track(file.read(1 << 12).decode("utf-8", "replace"))


def _own_name(path: Path) -> str:
    return table_recording(path.with_suffix("") if path.suffix.lower() in _PACKED else path)


def _rows(path: Path, column: str | None, one_class: str | None, own_name: str) -> LabelRows:
    if is_npz(path):
        return rows_of_npz(path, column)
    data = unpack_file(path, _WHAT)
    if data.startswith(b"PAR1"):
        return rows_of_frame(open_table(path, _WHAT)[0], path, own_name, column=column, one_class=one_class)
    text, notes = decode_text(data, path, _WHAT)
    if text.lstrip().startswith(("[", "{")):
        frame, said = json_table(text, path, _WHAT)
        notes = (*notes, *said)
    elif is_track(text):
        rows = rows_of_track(text, path, own_name)
        return _noted(rows, notes)
    else:
        frame = parse_table(text, path, _WHAT)
    return _noted(rows_of_frame(frame, path, own_name, column=column, one_class=one_class), notes)


def _noted(rows: LabelRows, notes: tuple[str, ...]) -> LabelRows:
    return replace(rows, notes=(*notes, *rows.notes))
