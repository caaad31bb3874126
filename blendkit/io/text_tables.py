"""Tables in text files, whatever wrote them: compression, encoding, separator and decimal commas.

Every cell stays text. What was found out about a file beyond plain UTF-8 is a note for the user; what cannot be read
is an error with its line.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blendkit.core import composed
from blendkit.errors import BlendkitError, shorten
from blendkit.io.column_words import in_english
from blendkit.io.packed_files import unpack_file
from blendkit.io.plain_table import coded, plain_table
from blendkit.io.text_encodings import encoding_of, is_binary
from blendkit.io.unpacked_size_limits import check_parquet
from blendkit.io.writers.safe_cells import unescaped

if TYPE_CHECKING:
    import pandas as pd

_SEPARATORS = (",", ";", "\t")
_LOOKED_AT = 1 << 16  # letters of the first line
STATED = re.compile(r"sep=([,;\t])\s*(?:\n|$)")  # a line for spreadsheets
_UNITS = {"ms": 0.001, "msec": 0.001, "milliseconds": 0.001, "s": 1.0, "sec": 1.0, "secs": 1.0, "seconds": 1.0}
_TELL_LANGUAGE = {"file", "filename", "recording", "start", "end", "duration"}
_DECIMAL = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_ESCAPED = re.compile(r"'[ \u00a0\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]")  # as `safe_cell` writes a cell
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")


def open_table(
    path: Path | str, what: str = "this table", *, short_lines: bool = False
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a table as a frame of str, and notes on how it was read.

    Reads text with `,`, `;` or tab between its columns, in UTF-8, UTF-16 or Latin-1, also packed (gz, bz2, xz, zstd,
    zip), and Parquet, all told by their content. The index of the frame is the line of the file, or the number of the
    row in a Parquet table. An empty cell is "". what: what the table is called in errors; short_lines: lines may lack
    their last cells. Raises BlendkitError for a file that cannot be read, for columns that are named twice, and for
    lines whose number of fields is not the header's, all at once.
    """
    data = unpack_file(Path(path), what)
    if data.startswith(b"PAR1"):
        return _parquet(data, path, what), ()
    text, notes = decode_text(data, path, what)
    return parse_table(text, path, what, short_lines=short_lines), notes


def decode_text(data: bytes, path: Path | str, what: str = "this table") -> tuple[str, tuple[str, ...]]:
    """Return the text of a file's bytes, and a note unless they are UTF-8. Raises BlendkitError if they are no text."""
    encoding, mark = encoding_of(data)
    try:
        text = data[mark:].decode(encoding, "replace" if encoding == "cp1252" else "strict")
    except UnicodeDecodeError as error:
        raise BlendkitError(f"{path}: cannot read {what}", [f"it starts as {encoding}, but {error}"]) from error
    if is_binary(text):
        raise BlendkitError(f"{path}: cannot read {what}", ["it is a binary file, not a table in text"])
    return composed(text), _note_of(encoding, data)


def read_text_file(path: Path | str, what: str) -> str:
    """Return the text of a file in any encoding and packing that `open_table` reads, and raise what it raises."""
    return decode_text(unpack_file(Path(path), what), path, what)[0]


def parse_table(text: str, path: Path | str, what: str = "this table", *, short_lines: bool = False) -> pd.DataFrame:
    """Return the table in a text as a frame of str; see `open_table`.

    What was written so that no spreadsheet runs it is as it was before: `'=a` is `=a`.
    """
    frame = _parsed(text, path, what, short_lines)
    if not _ESCAPED.search(text):
        return frame
    names = [unescaped(c) for c in frame.columns]
    _require_once(names, path, what)
    return frame.set_axis(names, axis=1).map(unescaped)


def _require_once(names: Sequence[str], path: Path | str, what: str) -> None:
    twice = sorted(n for n, count in Counter(names).items() if n and count > 1)
    if twice:
        raise BlendkitError(f"{path}: cannot read {what}", [f"columns named twice: {shorten(twice)}"])


def _parsed(text: str, path: Path | str, what: str, short_lines: bool) -> pd.DataFrame:
    import pandas as pd

    separator = separator_of(text)
    before = lines_before([line for line in text[:_LOOKED_AT].splitlines() if line.strip()])
    if before and not STATED.match(text):
        separator = separator_of(text.split("\n", before)[-1])
    elif not before and (plain := plain_table(text, separator)) is not None:
        return plain
    lines = _lines(text, separator, path, what)[before:]
    if not lines:
        raise BlendkitError(f"{path}: cannot read {what}", ["the file is empty"])
    header, rows = [c.strip() for c in lines[0][1]], lines[1:]
    _require_once(header, path, what)
    if len(rows) and all(len(row) == len(header) + 1 and row[0].isdigit() for _, row in rows):
        header = ["", *header]  # R writes names of rows under no name
    width = len(header)
    rows = [(n, [*row, *[""] * (width - len(row))]) for n, row in rows] if short_lines else rows
    bad = [(n, len(row)) for n, row in rows if len(row) < width or any(c.strip() for c in row[width:])]
    if bad:
        raise BlendkitError(
            f"{path}: {len(bad)} lines of {what} do not have the {width} fields of its header",
            [
                shorten([f"line {n} has {fields}" for n, fields in bad]),
                f"columns: {shorten(header, 8)}",
                "a field that holds the separator must stand in double quotes",
            ],
        )
    names = [c or f"Unnamed: {i}" for i, c in enumerate(header)]
    return pd.DataFrame([row[:width] for _, row in rows], [n for n, _ in rows], names, dtype=str)


def lines_before(lines: Sequence[str]) -> int:
    """Return how many lines come before the header of a table: comments (`# `), and what spreadsheets note there.

    A comment of as many cells as the next line is the header itself.
    """
    found = next((i for i, line in enumerate(lines) if not (line.startswith("# ") or STATED.match(line))), 0)
    if not found or STATED.match(lines[0]):
        return found
    separator = separator_of(lines[found])
    cells = [len(next(csv.reader([line], delimiter=separator), [])) for line in (lines[0], lines[found])]
    return 0 if cells[0] == cells[1] > 1 else found


def separator_of(text: str) -> str:
    """Return the separator of a table: what a first line `sep=;` says, else the one of `,`, `;` and tab that gives the
    first line most fields, and a bar only where none of these splits it.
    """
    if stated := STATED.match(text):
        return stated[1]
    first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    first = first[:_LOOKED_AT]  # a field of the wrong separator would hold all of a very long line
    fields = {s: len(next(csv.reader([first], delimiter=s), [])) for s in (*_SEPARATORS, "|")}
    usual = max(_SEPARATORS, key=lambda s: fields[s])
    return "|" if fields[usual] == 1 and fields["|"] > 1 else usual


def plain_name(column: str) -> tuple[str, float | None]:
    """Return a column's name in its plainest form, and how many seconds its unit has (None: it names no unit).

    `Begin Time (s)` is (begin_time, 1), `start_ms` is (start, 0.001), `File-Name` is (file_name, None), `Datei` is
    (file, None).
    """
    words, unit = _words(column)
    return in_english("_".join(words)), _UNITS.get(unit)


def english_columns(columns: Iterable[str]) -> dict[str, str]:
    """Return {column: its name in lower case}, in English in tables of another language: `Początek (s)` is `start (s)`.

    A table is of another language if its file or its times are named in one: `art` beside `start` is a class. Of two
    columns of one meaning the first is renamed, and neither if one has that name in English.
    """
    given = [str(c) for c in columns]
    lower = {c: c.strip().lower() for c in given}
    plain = {c: "_".join(_words(c)[0]) for c in given}
    english = {c: in_english(name) for c, name in plain.items()}
    if not any(english[c] != plain[c] and english[c] in _TELL_LANGUAGE for c in given):
        return lower
    owned = {english[c] for c in given if english[c] == plain[c]}
    for c in given:
        if english[c] not in owned:
            owned.add(english[c])
            unit = _words(c)[1]
            lower[c] = f"{english[c]} ({unit})" if unit else english[c]
    return lower


def columns_by_name(columns: Iterable[str]) -> dict[str, str]:
    """Return {plain English name: column}; of several the one of that very name, else the first."""
    given = list(columns)
    found = {plain_name(c)[0]: c for c in reversed(given)}
    return found | {c.strip().lower(): c for c in reversed(given) if c.strip().lower() in found}


def _words(column: str) -> tuple[list[str], str]:
    """Return the words of a column's name in lower case, and the unit that ends them, "" if none does."""
    words = re.findall(r"[^\W_]+", composed(column).lower())
    unit = words.pop() if len(words) > 1 and words[-1] in _UNITS else ""
    return words, unit


def find_columns(columns: Iterable[str], names: Sequence[str]) -> list[str]:
    """Return the columns that have one of the plain names, in the order of the names."""
    plain = [(plain_name(c)[0], c) for c in columns]
    return [c for name in names for p, c in plain if p == name]


def decimal_points(frame: pd.DataFrame, columns: Iterable[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a frame whose number columns have decimal points in place of decimal commas, and a note if any had.

    Only columns in which every number with a comma can be read so are changed: `1,234` may also be a thousand, and if
    all of a column's commas are like that, it is left as it is, and is no number to whoever reads it.
    """
    changed = [c for c in columns if _has_decimal_commas(frame[c])]
    if not changed:
        return frame, ()
    new = {c: frame[c].str.replace(",", ".", regex=False) for c in changed}
    return frame.assign(**new), (f"decimal commas are read as points: {shorten(changed)}",)


def _has_decimal_commas(column: pd.Series[Any]) -> bool:
    found = [v.strip() for v in coded(column)[1] if "," in v]
    return bool(found) and all(map(_DECIMAL.fullmatch, found)) and not all(map(THOUSANDS.fullmatch, found))


def _lines(text: str, separator: str, path: Path | str, what: str) -> list[tuple[int, list[str]]]:
    """Return (line number, fields) of every line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found, last = [], 0
    try:
        for row in reader:
            if any(c.strip() for c in row):
                found.append((last + 1, row))
            last = reader.line_num
    except csv.Error as error:
        reason = f"line {last + 1}: {error}; is a double quote missing?"
        raise BlendkitError(f"{path}: cannot read {what}", [reason]) from error
    return found


def _note_of(encoding: str, data: bytes) -> tuple[str, ...]:
    if encoding == "utf-8":
        return ()
    if encoding.startswith("utf-16"):
        return ("the file is read as UTF-16",)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return (f"line {data.count(bytes([10]), 0, error.start) + 1} is not UTF-8: the file is read as Latin-1",)
    return ()


def _parquet(data: bytes, path: Path | str, what: str) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(io.BytesIO(data)) as file:
            check_parquet(file, Path(path), len(data))
        frame = pd.read_parquet(io.BytesIO(data))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise BlendkitError(f"{path}: cannot read {what}", [str(error).splitlines()[0]]) from error
    named = [n for n in frame.index.names if n is not None]
    frame = frame.reset_index(level=named) if named else frame
    frame.columns = [str(c) for c in frame.columns]
    cells = {c: [_cell(v) for v in frame[c].tolist()] for c in frame.columns}
    return pd.DataFrame(cells, range(1, len(frame) + 1), dtype=str)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    listed = getattr(value, "tolist", None)
    return str(value if listed is None else listed())
