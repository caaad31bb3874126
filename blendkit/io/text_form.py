"""How a text table is written: packing, encoding, separator and decimal sign, told by its content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blendkit.core import composed
from blendkit.errors import BlendkitError
from blendkit.io.packed_files import FAILURES, open_packed, packing_of
from blendkit.io.text_tables import separator_of

MISSING = ("", "nan", "NaN", "NA", "null")  # cells that hold no number
_HEAD = 1 << 16  # bytes that are looked at
_LONGEST = 1 << 26  # bytes of a line
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class TextForm:
    """The form of a text table. header: the cells of its first line; decimal: `.`, or `,` where numbers say so."""

    packing: str | None
    encoding: str
    separator: str
    decimal: str
    header: tuple[str, ...]
    first: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """What a reader would not expect, in words; an empty list for UTF-8 with commas."""
        parts = [f"packed by {self.packing}"] if self.packing else []
        parts += [f"written in {_ENCODING_NAMES[self.encoding]}"] if self.encoding in _ENCODING_NAMES else []
        parts += [f"separated by {_SEPARATOR_NAMES[self.separator]}"] if self.separator != "," else []
        parts += ["with decimal commas"] if self.decimal == "," else []
        return [", ".join(parts)] if parts else []


_ENCODING_NAMES = {"utf-16": "UTF-16", "latin-1": "Latin-1, for it is not UTF-8"}
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
        raise BlendkitError(f"{path.name}: cannot read this file", [str(error)]) from error
    if not start.strip():
        raise BlendkitError(f"{path.name}: this file is empty")
    encoding, text = _decoded(path, start)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(start) >= _HEAD and len(lines) > 1:
        lines = lines[:-1]  # it may be cut
    separator = separator_of(text)
    decimal = "," if separator in (";", "\t") and _has_decimal_commas(lines, separator) else "."
    cells = [tuple(map(composed, _cells(line, separator))) for line in lines[:2]]
    return TextForm(packing, encoding, separator, decimal, cells[0], cells[1] if len(cells) > 1 else ())


def _decoded(path: Path, start: bytes) -> tuple[str, str]:
    for bom, name in _BOMS:
        if start.startswith(bom):
            return name, start[: len(start) // 2 * 2].decode(name, "ignore")
    if b"\x00" in start:
        raise BlendkitError(f"{path.name}: is no text table", ["it holds zero bytes"])
    try:
        return "utf-8", start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(start) - 4 and len(start) >= _HEAD:  # a letter cut in two
            return "utf-8", start[: error.start].decode("utf-8")
        return "latin-1", start.decode("latin-1")


def _cells(line: str, separator: str) -> list[str]:
    import csv

    return [c.strip() for c in next(csv.reader([line], delimiter=separator), [])]


def _has_decimal_commas(lines: list[str], separator: str) -> bool:
    """Return whether numbers are written 0,5: some cell is so, and none has a decimal point."""
    cells = [c for line in lines[1:20] for c in _cells(line, separator)]
    commas = [c for c in cells if "," in c and is_number(c, ",")]
    return bool(commas) and not any("." in c and is_number(c) for c in cells)


def is_number(text: str, decimal: str = ".") -> bool:
    """Return whether a cell holds a number, or stands for one that is missing."""
    if text in MISSING:
        return True
    try:
        float(text.replace(decimal, "."))
    except ValueError:
        return False
    return True
