"""Natural order of names: digits by value, `a2` before `a10`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from blendkit.core.garbage_collection import no_search_for_circles

_NUMBERS = re.compile(r"(\d+)")
_SHAPE = bytes(ord("0") if chr(b).isdigit() else ord("a") for b in range(128)) + bytes(128)


def natural_key(text: str) -> list[Any]:
    """Sort key that orders digits by value: `a2` before `a10`."""
    pieces: list[Any] = _NUMBERS.split(text)
    pieces[1::2] = [(*_size(p), p) for p in pieces[1::2]]  # the pieces at odd places are numbers
    return pieces


def _size(digits: str) -> tuple[int, str]:
    """Return what orders numbers by value, however long: Python turns no more than 4,300 digits into a number."""
    plain = digits if digits.isascii() else "".join(str(unicodedata.decimal(d)) for d in digits)
    plain = plain.lstrip("0")
    return len(plain), plain


def natural_keys(texts: Sequence[str]) -> Sequence[Any]:
    """Return the sort keys of texts (N) that are compared with one another only.

    Texts that have their digits at the same places, as the names of most recorders have, are their own keys.
    """
    shapes = {t.encode().translate(_SHAPE) if t.isascii() else t for t in texts}
    if len(shapes) <= 1:
        return texts
    with no_search_for_circles():
        return [natural_key(t) for t in texts]


def natural_sorted(texts: Iterable[str]) -> list[str]:
    """Return texts in the order of their natural keys."""
    found = list(texts)
    keys = natural_keys(found)
    return [found[i] for i in sorted(range(len(found)), key=keys.__getitem__)]
