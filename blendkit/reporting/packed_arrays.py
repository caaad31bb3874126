"""Arrays inside a page: columns one after the other, deflated, as base64 text."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Packed:
    """An array (N,) or (N, C) as text. type: `uint8`, `uint16`, `uint32` or `float64`, little-endian, by columns."""

    type: str
    shape: tuple[int, ...]
    data: str


def packed(values: NDArray[Any]) -> Packed:
    """Pack an array. Whole numbers that are not negative take the fewest bytes; all others are float64.

    The bytes of all values are laid apart (first all lowest, then the next), which deflates better.
    """
    flat = np.asarray(values).ravel(order="F")
    kind = _smallest(flat)
    raw = np.ascontiguousarray(flat.astype(kind)).view(np.uint8).reshape(len(flat), kind.itemsize)
    text = base64.b64encode(zlib.compress(np.ascontiguousarray(raw.T).tobytes(), 6)).decode("ascii")
    return Packed(kind.name, tuple(values.shape), text)


def _smallest(flat: NDArray[Any]) -> np.dtype[Any]:
    if len(flat) and not (np.asarray(flat >= 0).all() and np.array_equal(flat, np.rint(flat))):
        return np.dtype("<f8")
    highest = flat.max(initial=0)
    fits = (k for k in ("<u1", "<u2", "<u4") if highest <= np.iinfo(k).max)
    return np.dtype(next(fits, "<f8"))
