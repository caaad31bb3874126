"""Which encoding a text is in, told by its first bytes."""

from __future__ import annotations

import re

_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f]")  # control characters that no text table holds
_LOOKED_AT = 200  # bytes, of which in UTF-16 without a mark every other one is 0 for plain letters
_CUT = 3  # bytes that may lack their last one, for a letter has at most four
ENCODING_NAMES = {
    "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "latin-1": "Latin-1, for it is not UTF-8",
    "cp1252": "Latin-1, for it is not UTF-8",
}  # fmt: skip


def encoding_of(data: bytes, *, cut: bool = False) -> tuple[str, int]:
    """Return the encoding of a text by its bytes, and how many of them at its start are a mark of it.

    Encodings are utf-8, utf-16-le and -be, with a mark or without, and cp1252 and latin-1 for what is none of these.
    cut: the text goes on after `data`, so that the last letter may lack some bytes.
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return encoding, len(mark)
    zeros = data[:_LOOKED_AT].count(0)
    if zeros and zeros >= len(data[:_LOOKED_AT]) // 3:
        return ("utf-16-le" if data[1:2] == b"\0" else "utf-16-be"), 0
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if not (cut and error.start >= len(data) - _CUT):
            return ("cp1252" if re.search(rb"[\x80-\x9f]", data) else "latin-1"), 0
    return "utf-8", 0


def is_binary(text: str) -> bool:
    """Return whether a text holds control characters that no table has."""
    return bool(_NO_TEXT.search(text))
