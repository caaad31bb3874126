"""Files unpacked by what they hold, not by their suffix: gzip, bzip2, xz, Zstandard and zip."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

from blendkit.errors import BlendkitError, shorten
from blendkit.io.file_kinds import refuse_pipe, what_it_is, why_unreadable
from blendkit.io.unpacked_size_limits import BoundedFile

_PACKED_TO = 2  # times the size of a packed table of numbers
FAILURES = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError)


def packing_of(path: Path) -> str | None:
    """Return how a file is packed (gzip, bzip2, xz, zstd, zip), by its first bytes; None if it is not."""
    refuse_pipe(path)
    with path.open("rb") as file:
        start = file.read(6)
    return next((name for magic, (name, _) in _PACKED.items() if start.startswith(magic)), None)


def open_packed(path: Path) -> IO[bytes]:
    """Open a file to read its content, unpacked if it is packed. Raises one of FAILURES if it cannot be read.

    So does reading on where a packed file has unpacked to more than 256 MiB and more than a hundred times its size.
    """
    kind = packing_of(path)
    for name, opener in _PACKED.values():
        if name == kind:
            opened: Any = BoundedFile(opener(path), path.stat().st_size)
            return cast(IO[bytes], opened)
    return path.open("rb")


def text_size(path: Path) -> int:
    """Return about how many bytes of text a file holds: those of a packed one are rarely fewer."""
    return path.stat().st_size * (1 if packing_of(path) is None else _PACKED_TO)


def unpack_file(path: Path, what: str = "this table") -> bytes:
    """Return the content of a file, unpacked if it is packed.

    what: what the file is called in errors. Raises BlendkitError for a file that cannot be read, is damaged, or packs
    several files.
    """
    try:
        with open_packed(path) as file:
            data = file.read()
    except FAILURES as error:
        raise BlendkitError(f"{path}: cannot read {what}", [why_unreadable(path, error)]) from error
    if strange := what_it_is(data):
        raise BlendkitError(f"{path}: cannot read {what}", [f"it is {strange}"])
    return data


def _unzip(path: Path) -> IO[bytes]:
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if not n.endswith("/") and not n.startswith(("__MACOSX/", "."))]
        if "xl/workbook.xml" in names or "content.xml" in names:
            raise ValueError("it is a spreadsheet: save the sheet as CSV")
        if len(names) != 1:
            found = f"{len(names)} files: {shorten(names)}" if names else "no file"
            raise ValueError(f"expected one table in this zip, found {found}; unpack it, and give one of them")
        return archive.open(names[0])  # stays readable: the entry holds the archive's file open


def _unzstd(path: Path) -> Any:
    import pyarrow as pa  # it has Zstandard in it, so that no further package is needed

    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")


_PACKED: dict[bytes, tuple[str, Callable[[Path], Any]]] = {
    b"\x1f\x8b": ("gzip", gzip.open),
    b"BZh": ("bzip2", bz2.open),
    b"\xfd7zXZ\x00": ("xz", lzma.open),
    b"\x28\xb5\x2f\xfd": ("zstd", _unzstd),
    b"PK\x03\x04": ("zip", _unzip),
}
