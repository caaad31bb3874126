"""Files that are audio, or video with audio, although their names do not end as those of recordings do."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path

from blendkit.core import AUDIO_SUFFIXES
from blendkit.errors import counted

_READ = 32  # bytes of a file's beginning
_SUFFIXES = {  # of formats that no decoder of blendkit's is asked to open
    ".avi": "a video", ".dff": "a DSD recording", ".dsf": "a DSD recording", ".flv": "a video", ".m4v": "a video",
    ".mkv": "a video", ".mov": "a video", ".mpeg": "a video", ".mpg": "a video", ".ra": "a RealAudio file",
    ".shn": "a Shorten file", ".tak": "a TAK file", ".voc": "a Creative Voice file", ".wmv": "a video",
    ".wac": "a Wildlife Acoustics file",
}  # fmt: skip
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".lz4")
_UNFINISHED = (  # what browsers and programs that copy call a file that they have not finished
    ".part", ".partial", ".crdownload", ".download", ".opdownload", ".filepart", ".tmp", ".aria2", ".!ut", ".icloud",
)  # fmt: skip
_STARTS = (
    (b"fLaC", "FLAC"), (b"OggS", "Ogg"), (b"ID3", "MP3"), (b"caff", "CAF"), (b".snd", "AU"), (b"wvpk", "WavPack"),
    (b"Creative Voice File\x1a", "Creative Voice"), (b"#!AMR", "AMR"), (b"MAC ", "Monkey's Audio"), (b"TTA1", "TTA"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA"), (b"\x1a\x45\xdf\xa3", "Matroska"),
)  # fmt: skip
_CHUNKED = {
    b"RIFF": {b"WAVE": "WAV", b"AVI ": "AVI"}, b"RIFX": {b"WAVE": "WAV"}, b"RF64": {b"WAVE": "WAV"},
    b"FORM": {b"AIFF": "AIFF", b"AIFC": "AIFF"},
}  # fmt: skip


def looks_unlisted(path: Path) -> str:
    """Return why a file whose suffix is none of audio should not be passed over without a word; "" for any other file.

    Its name ends in a blank behind the suffix, or as those of formats that are not read, or its first bytes are those
    of audio. Sources: the RIFF/WAVE, AIFF-C, FLAC, Ogg, ID3 and ASF specifications; the header of Creative Voice files.
    """
    suffix = path.suffix.lower()
    if suffix.strip() != suffix and suffix.strip() in AUDIO_SUFFIXES:
        return f"its name ends in a blank, so that it has no suffix of audio: rename it to end in {suffix.strip()!r}"
    if packed := _packed(path, suffix):
        return packed
    if known := _SUFFIXES.get(suffix.strip(), ""):
        return f"{known}, which is not read: convert it to WAV or FLAC"
    kind = _kind(path)
    if kind and suffix in _UNFINISHED:
        return f"{kind} by its first bytes, and an unfinished copy by its suffix: copy it again"
    return f"{kind} by its first bytes, with a suffix that is none of audio: rename it" if kind else ""


def _packed(path: Path, suffix: str) -> str:
    """Return why a packed file is named: by its name it is one of audio, or it is an archive that holds some."""
    if suffix in _PACKED and Path(path.stem).suffix.lower() in AUDIO_SUFFIXES:
        return "packed audio, which is not read: unpack it"
    if suffix == ".zip":
        with suppress(OSError, ValueError, NotImplementedError, zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
            if held := sum(Path(n).suffix.lower() in AUDIO_SUFFIXES for n in archive.namelist()):
                return f"an archive of {counted(held, 'file', 'files')} of audio, which is not read: unpack it"
    return ""


def _kind(path: Path) -> str:
    """Return the format that a file's first bytes are of; "" for others, and for what cannot be read."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as handle:
            start = handle.read(_READ)
    except OSError:
        return ""
    form = _CHUNKED.get(start[:4], {}).get(start[8:12], "")
    return form or next((name for sign, name in _STARTS if start.startswith(sign)), "")
