"""How a text table is written: compression, encoding, separator and decimal sign, told by its content."""

from __future__ import annotations

import bz2
import gzip
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from blendkit.errors import BlendkitError, shorten

MISSING = ("", "nan", "NaN", "NA", "null")  # cells that hold no number
_HEAD = 1 << 16  # bytes that are looked at
_SEPARATORS = (",", ";", "\t", "|")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"PK\x03\x04", "zip"), (b"\x28\xb5\x2f\xfd", "zstd"))


@dataclass(frozen=True)
class TextForm:
    """The form of a text table. header: the cells of its first line; decimal: `.`, or `,` where numbers say so."""

    compression: str | None
    encoding: str
    separator: str
    decimal: str
    header: tuple[str, ...]
    first: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """What a reader would not expect, in words; an empty list for UTF-8 with commas."""
        parts = [f"compressed by {self.compression}"] if self.compression else []
        parts += [f"written in {_ENCODING_NAMES[self.encoding]}"] if self.encoding in _ENCODING_NAMES else []
        parts += [f"separated by {_SEPARATOR_NAMES[self.separator]}"] if self.separator != "," else []
        parts += ["with decimal commas"] if self.decimal == "," else []
        return [", ".join(parts)] if parts else []


_ENCODING_NAMES = {"utf-16": "UTF-16", "latin-1": "Latin-1, for it is not UTF-8"}
_SEPARATOR_NAMES = {";": "semicolons", "\t": "tabs", "|": "bars"}


def compression_of(path: Path) -> str | None:
    """Return how a file is compressed, by its first bytes; None if it is not."""
    with path.open("rb") as file:
        start = file.read(4)
    return next((name for magic, name in _MAGIC if start.startswith(magic)), None)


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, decompressed if it is compressed. Raises BlendkitError for a zip of several files."""
    kind = compression_of(path)
    openers: dict[str | None, Callable[[Path], Any]] = {
        None: lambda p: p.open("rb"),
        "gzip": gzip.open,
        "bzip2": bz2.open,
        "zip": _only_member,
        "zstd": _zstd,
    }
    opened: IO[bytes] = openers[kind](path)
    return opened


def text_form(path: Path) -> TextForm:
    """Return the form of a text table. Raises BlendkitError if it is empty, no text, or cannot be decompressed."""
    try:
        with open_bytes(path) as file:
            start = file.read(_HEAD)
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise BlendkitError(f"{path.name}: cannot read this file", [str(error)]) from error
    if not start.strip():
        raise BlendkitError(f"{path.name}: this file is empty")
    encoding, text = _decoded(path, start)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(start) == _HEAD and len(lines) > 1:
        lines = lines[:-1]  # it may be cut
    separator = _separator(lines)
    decimal = "," if separator in (";", "\t") and _has_decimal_commas(lines, separator) else "."
    cells = [tuple(_cells(line, separator)) for line in lines[:2]]
    return TextForm(compression_of(path), encoding, separator, decimal, cells[0], cells[1] if len(cells) > 1 else ())


def _decoded(path: Path, start: bytes) -> tuple[str, str]:
    for bom, name in _BOMS:
        if start.startswith(bom):
            return name, start[: len(start) // 2 * 2].decode(name, "ignore")
    if b"\x00" in start:
        raise BlendkitError(f"{path.name}: is no text table", ["it holds zero bytes"])
    try:
        return "utf-8", start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(start) - 4 and len(start) == _HEAD:  # a letter cut in two
            return "utf-8", start[: error.start].decode("utf-8")
        return "latin-1", start.decode("latin-1")


def _separator(lines: list[str]) -> str:
    """Return the separator that splits the first line most often, and the others as often."""
    head = lines[0]
    counts = {s: len(_cells(head, s)) for s in _SEPARATORS}
    same = {s: sum(len(_cells(line, s)) == n for line in lines[1:20]) for s, n in counts.items()}
    return max(_SEPARATORS, key=lambda s: (counts[s] > 1, same[s], counts[s]))


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


def _only_member(path: Path) -> IO[bytes]:
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if not n.endswith("/") and not n.startswith("__MACOSX/")]
    if len(names) != 1:
        raise BlendkitError(
            f"{path.name}: a zip of {len(names)} files, expected one", [shorten(names)] if names else []
        )
    return zipfile.ZipFile(path).open(names[0])


def _zstd(path: Path) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
