"""JSON of files that others may have written: whatever cannot be used later is refused when it is read."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

_LONGEST = 1 << 63
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # it may be one of the two of a letter above U+FFFF


def json_value(text: str | bytes) -> Any:
    """Return what a JSON text says.

    Raises ValueError for a text that is not JSON or is nested too deeply, a whole number beyond 64 bits, and half a
    letter (a lone surrogate), which no file can hold.
    """
    try:
        words = text.removeprefix(codecs.BOM_UTF8).decode() if isinstance(text, bytes) else text
        found = json.loads(words, parse_int=_whole)
        if not isinstance(text, bytes):
            words.encode()
        if "\\u" in words and _HALF.search(words):
            json.dumps(found, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError(f"it holds half a letter: {error.object[error.start : error.end]!r}") from error
    return found


def _whole(digits: str) -> int:
    number = int(digits) if len(digits) <= 20 else _LONGEST
    if not -_LONGEST <= number < _LONGEST:
        raise ValueError(f"a whole number beyond 64 bits: {digits[:20]}")
    return number
