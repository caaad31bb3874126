"""Which suffixes of file names mean audio, and the recording ids that file names give."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

# What libsndfile opens, and what only a second decoder does.
SNDFILE_SUFFIXES = frozenset({".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus"})
SNDFILE_SUFFIXES |= {".rf64", ".snd", ".w64", ".wav", ".wave"}
OTHER_SUFFIXES = frozenset({".3gp", ".aac", ".ac3", ".amr", ".ape", ".m4a", ".m4b", ".mka", ".mp2", ".mp4", ".mpc"})
OTHER_SUFFIXES |= {".tta", ".webm", ".wma", ".wv"}
_ODD = re.compile(r"[\\:]|//|/$|(?:^|/)\.")  # in a path that is not as it stands, or not in every system
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
AUDIO_SUFFIXES = SNDFILE_SUFFIXES | OTHER_SUFFIXES


def _without_suffix(file: str) -> PurePath:
    """Return a file's path without its audio suffix; any other dot is part of the name."""
    path = PurePath(file)
    return path.with_suffix("") if path.suffix.lower() in AUDIO_SUFFIXES else path


def recording_id(file: str, *, whole: bool = False) -> str:
    """Return the recording id of a file's path: without its audio suffix (unless `whole`), as composed Unicode (NFC).

    Names that are equal to the eye give equal ids, whatever the file system makes of them. Bytes that are no UTF-8 and
    control characters become `%NN`, as in addresses, so that an id can be written into any file and read again.
    """
    if whole:
        stem = file
    elif not file or _ODD.search(file):
        stem = _without_suffix(file).as_posix()
    else:  # the same, without the path's object
        head, dot, suffix = file.rpartition(".")
        stem = head if f"{dot}{suffix.lower()}" in AUDIO_SUFFIXES else file
    return composed(printable(stem))


def composed(text: str) -> str:
    """Return a text as composed Unicode (NFC): ids that are equal to the eye are equal wherever they enter."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def without_accents(text: str) -> str:
    """Return a text with its letters bare of accents, as words of several languages are looked up: `début` is debut."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def printable(text: str) -> str:
    """Return a text that any file can hold on one line: control characters and bytes that are no UTF-8 become `%NN`."""
    return text if text.isprintable() else _UNWRITABLE.sub(_percent, text)


def file_id(below: PurePath) -> str:
    """Return the recording id of a file on disk: as `recording_id`, but a backslash in a name separates no folders."""
    return recording_id(below.as_posix().replace("\\", "%5C"))


def _percent(found: re.Match[str]) -> str:
    how = "surrogateescape" if "\udc80" <= found[0] <= "\udcff" else "surrogatepass"
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", how))
