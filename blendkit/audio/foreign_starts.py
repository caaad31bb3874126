"""Files that are no sound as they are: packed ones, and copies as text; and what others put in front of a sound.

Sources: RFC 959 (FTP, type ASCII), the MacBinary II standard, the first bytes that archives are known by.
"""

from __future__ import annotations

import re
from pathlib import Path

from blendkit.audio.mapped import Bytes, places

_PACKED = {
    b"\x1f\x8b\x08": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"(\xb5/\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
}
_SOUND = re.compile(rb"(?:RIFF|RF64)....WAVE|fLaC\0\0\0\x22|OggS\0\x02|FORM....AIF[FC]", re.DOTALL)
_KNOWN = re.compile(rb"RIFF|RF64|riff|fLaC|OggS|FORM|caff|\.snd")
_FRONT = 4096  # bytes in front of a sound that are looked through
_ZEROS = 512  # bytes, a block of a disk
_TEXT = bytes([*range(0x20, 0x7F), *b"\t\r\n", *b"\xef\xbb\xbf"])  # with the mark of UTF-8
_MACBINARY = 128
_LOOKED_AT, _STRETCHES, _LINES = 1 << 24, 16, 16  # bytes, and where line feeds must lie to tell how a file was copied


def why_no_sound(data: Bytes) -> str:
    """Return why a file cannot be a sound as it is, and the way out; "" where nothing says so."""
    packed = next((name for start, name in _PACKED.items() if data[: len(start)] == start), "")
    if packed:
        return f"it is packed ({packed}): unpack it"
    if _is_copied_as_text(data):
        return "it was copied as text (a carriage return before every line feed): copy it again, as binary"
    if data[4:8] == b"ftyp" and next(places(data, b"moov", 0), None) is None:
        return (
            "it is an MP4 or m4a without its index (moov), which recorders write last: the recording was not finished"
        )
    return ""


def lost_start(path: Path) -> str:
    """Return what may be lost of a file that starts with zeros and has no whole sound right behind them; else ""."""
    with path.open("rb") as handle:
        head = handle.read(_FRONT + 16)
    if len(head) < _ZEROS or any(head[:_ZEROS]) or _SOUND.search(head):
        return ""
    return "its first bytes are zeros: if sound was there, it is lost, and what follows stands too early"


def sound_start(data: Bytes) -> int:
    """Return where a sound starts behind text (a header of HTTP, a blank line), zeros or MacBinary; else 0."""
    front = data[: _FRONT + 16]
    found = None if _KNOWN.match(front) else _SOUND.search(front)
    if found is None:
        return 0
    at = found.start()
    is_text = not front[:at].translate(None, _TEXT) or not front[:at].strip(b"\0")
    is_mac = at == _MACBINARY and front[0] == 0 and 0 < front[1] < 64 and front[74] == front[82] == 0
    return at if is_text or is_mac else 0


def _is_copied_as_text(data: Bytes) -> bool:
    """Return whether line feeds all over a file follow carriage returns: one in 256 of a sound would do so."""
    size = min(len(data), _LOOKED_AT)
    seen: set[int] = set()
    count, at = 0, data.find(b"\n", 0, size)
    while at >= 0 and (count < _LINES or len(seen) < _STRETCHES // 2):
        if data[at - 1 : at] != b"\r":
            return False
        seen.add(_STRETCHES * at // size)
        count += 1
        at = data.find(b"\n", at + 1, size)
    return at >= 0
