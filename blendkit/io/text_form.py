"""How a text table is written: packing, encoding, separator and decimal sign, told by its content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blendkit.core import composed
from blendkit.errors import BlendkitError
from blendkit.io.file_kinds import what_it_is, why_unreadable
from blendkit.io.packed_files import FAILURES, open_packed, packing_of
from blendkit.io.text_encodings import ENCODING_NAMES, encoding_of, is_binary
from blendkit.io.text_tables import STATED, THOUSANDS, lines_before, separator_of

MISSING = ("", "nan", "NaN", "NA", "null")  # cells that hold no number
_HEAD = 1 << 16  # bytes that are looked at
_LONGEST = 1 << 26  # bytes of a line


@dataclass(frozen=True)
class TextForm:
    """The form of a text table. header: its columns; decimal: `.`, or `,` where numbers say so.

    before: lines before the header, comments (`# `) and what spreadsheets note there (`sep=;`). A column that only the
    header lacks, as R writes names of rows, is called "".
    """

    packing: str | None
    encoding: str
    separator: str
    decimal: str
    header: tuple[str, ...]
    first: tuple[str, ...] = ()
    before: int = 0

    @property
    def notes(self) -> list[str]:
        """What a reader would not expect, in words; an empty list for UTF-8 with commas."""
        parts = [f"packed by {self.packing}"] if self.packing else []
        parts += [f"written in {ENCODING_NAMES[self.encoding]}"] if self.encoding in ENCODING_NAMES else []
        parts += [f"separated by {_SEPARATOR_NAMES[self.separator]}"] if self.separator != "," else []
        parts += ["with decimal commas"] if self.decimal == "," else []
        parts += [f"with {self.before} lines before its header"] if self.before else []
        return [", ".join(parts)] if parts else []


_SEPARATOR_NAMES = {";": "semicolons", "\t": "tabs", "|": "bars"}


def text_form(path: Path) -> TextForm:
    """Return the form of a text table. Raises BlendkitError if it is empty, no text, or cannot be decompressed."""
    try:
        with open_packed(path) as file:
            start = file.read(_HEAD)
            while b"\n" not in start and b"\r" not in start and (more := file.read(_HEAD)) and len(start) < _LONGEST:
                start += more  # a header of very many columns
        packing = packing_of(path)
    except FAILURES as error:
        raise BlendkitError(f"{path.name}: cannot read this file", [why_unreadable(path, error)]) from error
    if strange := what_it_is(start):
        raise BlendkitError(f"{path.name}: cannot read this file", [f"it is {strange}"])
    if not start.strip():
        raise BlendkitError(f"{path.name}: this file is empty")
    encoding, text = _decoded(path, start)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:  # a mark of the encoding alone, or blanks that are no ASCII
        raise BlendkitError(f"{path.name}: this file is empty")
    if len(start) >= _HEAD and len(lines) > 1:
        lines = lines[:-1]  # it may be cut
    before = lines_before(lines)
    separator = separator_of(text if not before or STATED.match(text) else lines[before])
    decimal = "," if _has_decimal_commas(lines[before:], separator) else "."
    cells = [tuple(map(composed, _cells(line, separator))) for line in lines[before : before + 2]]
    header, first = cells[0], cells[1] if len(cells) > 1 else ()
    header = ("", *header) if len(first) == len(header) + 1 and first[0].isdigit() else header
    return TextForm(packing, encoding, separator, decimal, header, first, before)


def _decoded(path: Path, start: bytes) -> tuple[str, str]:
    encoding, mark = encoding_of(start, cut=len(start) >= _HEAD)
    text = start[mark:].decode(encoding, "ignore")  # the last letter may be cut
    if is_binary(text):
        raise BlendkitError(f"{path.name}: is no text table", ["it holds characters that no text has"])
    return encoding, text


def _cells(line: str, separator: str) -> list[str]:
    import csv

    try:
        return [c.strip() for c in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error as error:  # a cell of more than 131,072 letters
        raise BlendkitError("a line of this table cannot be read", [str(error)]) from error


def _has_decimal_commas(lines: list[str], separator: str) -> bool:
    """Return whether numbers are written 0,5: some cell is so, and none has a decimal point."""
    cells = [c for line in lines[1:20] for c in _cells(line, separator)]
    commas = [c for c in cells if "," in c and is_number(c, ",")]
    thousands = separator == "," and all(map(THOUSANDS.fullmatch, commas))
    return bool(commas) and not thousands and not any("." in c and is_number(c) for c in cells)


def is_number(text: str, decimal: str = ".") -> bool:
    """Return whether a cell holds a number, or stands for one that is missing."""
    if text in MISSING:
        return True
    try:
        float(text.replace(decimal, "."))
    except ValueError:
        return False
    return True
