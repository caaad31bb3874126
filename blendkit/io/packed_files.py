"""Files unpacked by what they hold, not by their suffix: gzip, bzip2, xz, Zstandard and zip."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from blendkit.errors import BlendkitError, shorten


def unpack_file(path: Path, what: str = "this table") -> bytes:
    """Return the content of a file, unpacked if it is packed.

    what: what the file is called in errors. Raises BlendkitError for a file that cannot be read, is damaged, or packs
    several files.
    """
    try:
        data = path.read_bytes()
        unpack = next((u for magic, u in _PACKED.items() if data.startswith(magic)), bytes)
        return unpack(data)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError) as error:
        raise BlendkitError(f"{path}: cannot read {what}", [str(error)]) from error


def _unzip(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [n for n in archive.namelist() if not n.endswith("/") and not n.startswith(("__MACOSX/", "."))]
        if "xl/workbook.xml" in names:
            raise ValueError("it is a workbook of a spreadsheet; save the sheet as CSV")
        if len(names) != 1:
            raise ValueError(f"expected one table in this archive, found {shorten(names) or 'none'}")
        return archive.read(names[0])


def _unzstd(data: bytes) -> bytes:
    import pyarrow as pa  # it has Zstandard in it, so that no further package is needed

    with pa.CompressedInputStream(io.BytesIO(data), "zstd") as stream:
        return bytes(stream.read())


_PACKED: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\x00": lzma.decompress,
    b"\x28\xb5\x2f\xfd": _unzstd,
    b"PK\x03\x04": _unzip,
}
