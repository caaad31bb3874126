"""What a file is by its bytes, in words where it is no table, and why it cannot be read."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from pathlib import Path
from typing import Literal

from blendkit.errors import BlendkitError, why_no_file

Kind = Literal["folder", "text", "Parquet", "Arrow", "npz", "npy", "sqlite", "unknown"]
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"PAR1", "Parquet"), (b"ARROW1", "Arrow"), (b"FEA1", "Arrow"), (b"\x93NUMPY", "npy"),
    (b"SQLite format 3\x00", "sqlite"),
)  # fmt: skip
_AGAIN = "copy or download it again"
_AS_TABLE = "save the table as CSV or Parquet"
_STRANGE = {
    b"\xd0\xcf\x11\xe0": "a spreadsheet or document of an old Office: save the sheet as CSV",
    b"\xff\xff\xff\xff": "an Arrow stream: write it as a file, as pyarrow.feather.write_feather does",
    b"version https://git-lfs": "a Git LFS pointer, which stands for the file itself: run `git lfs pull`",
    b"\x89HDF": f"an HDF5 file: {_AS_TABLE}",
    b"%PDF": f"a PDF: {_AS_TABLE}",
    b"<?xml": f"an XML file: {_AS_TABLE}",
    **{bytes([0x80, n]): f"a Python pickle, which is never loaded: {_AS_TABLE}" for n in range(2, 6)},
    **dict.fromkeys((b"RIFF", b"OggS", b"fLaC", b"ID3"), "a recording: give its scores or labels"),
}
_PAGES = (b"<!doctype html", b"<html")
_TAR = 257  # byte at which a tar archive says what it is
_START = 1 << 9  # bytes that are looked at


def refuse_pipe(path: Path) -> None:
    """Raise BlendkitError for a pipe or a device: what it gives can be read once, and a file is read more often."""
    if path.exists() and not path.is_file() and not path.is_dir():
        ways = ["what comes out of it can be read once only: write it to a file, and name that"]
        raise BlendkitError(f"{path.name}: is a pipe or a device, and no file", ways)


def file_kind(path: Path) -> Kind:
    """Return what a file or folder is; text for all that says nothing else, also packed. Raises as `FAILURES` do.

    A zip with arrays, and any other file called .npz, is an NPZ.
    """
    if path.is_dir():
        return "folder"
    refuse_pipe(path)
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(b"PK") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(n.endswith(".npy") for n in archive.namelist()):
                return "npz"
    known = next((kind for magic, kind in _MAGIC if start.startswith(magic)), None)
    return known or ("npz" if path.suffix.lower() == ".npz" else "text")


def what_it_is(data: bytes) -> str:
    """Return what a file is that no table can be read from, and the way out, by its first bytes; "" if unknown."""
    start = data[:_START]
    if start[_TAR:].startswith(b"ustar"):
        return "a tar archive: unpack it, and give one of its files"
    if start.lstrip()[: len(_PAGES[0])].lower().startswith(_PAGES):
        return "a web page, not the file itself: download it again, logged in where that is needed"
    return next((said for magic, said in _STRANGE.items() if start.startswith(magic)), "")


def why_unreadable(path: Path, error: Exception) -> str:
    """Return why a file cannot be read, and the way out: missing, cut off, no file, or what the error says."""
    reason = why_no_file(path, error)
    if isinstance(error, (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)) or "truncated" in reason.lower():
        return f"it is cut off or damaged ({reason}): {_AGAIN}"
    return reason


def require_whole(path: Path, kind: Kind) -> None:
    """Raise BlendkitError for a Parquet file without its end, where it says what is in it."""
    if kind != "Parquet":
        return
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        if file.read() not in (b"PAR1", b"PARE"):
            raise BlendkitError(f"{path.name}: cannot read this Parquet file", [f"it is cut off: {_AGAIN}"])
