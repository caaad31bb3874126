"""Draws of chunks to listen to: more of the high scores, some of every stratum, and how likely each chunk was drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float64, Int64
from blendkit.errors import BlendkitError

Keys = NDArray[np.uint64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_TIES, _DRAWS = np.uint64(1), np.uint64(2)  # numbers of the two independent orders
_FEWEST_PER_STRATUM = 6  # fewer tell too little of a stratum that stands for thousands
_FEWEST_OF_TWO = 4  # so that each gives two, whose spread can be told


@dataclass(frozen=True, eq=False)
class StratifiedDraw:
    """Drawn rows (n,), their strata from 1 (highest) on, and how many rows each one's stratum holds and gave."""

    row: Int64
    stratum: Int64
    size: Int64
    drawn: Int64

    @property
    def probability(self) -> Float64:
        """The probability (n,) with which each row was to be drawn: that of all rows of its stratum."""
        return self.drawn / self.size


def chunk_keys(recording: Sequence[str], start_s: Float64, seed: int) -> Keys:
    """Return a key (N,) of each chunk that depends on its recording, start and a seed alone, not on its row."""
    names, code = np.unique(np.array(recording, str), return_inverse=True)
    own = np.array([_text_key(f"{seed}/{n}") for n in names.tolist()], np.uint64)
    return _mixed(own[code] ^ _mixed(np.round(start_s * 1000).astype(np.uint64)))


def strata_sizes(rows: int, count: int, strata: int) -> tuple[Int64, Int64]:
    """Return the sizes (H,) of strata from the highest to the lowest, and how many rows each gives (H,).

    Every stratum gives as many, up to one. The highest is given whole, and each further one is larger by about the same
    factor, so that high rows are far likelier to be drawn and no row is impossible. Fewer strata where each would give
    less than six, but two from four rows on: half of these are then the highest. Raises BlendkitError for a count or a
    number of strata below 1.
    """
    if count < 1 or strata < 1:
        raise BlendkitError(f"at least 1 clip of 1 stratum is drawn, got {count} of {strata}")
    count = min(count, rows)
    strata = min(strata, max(count // _FEWEST_PER_STRATUM, 2 if count >= _FEWEST_OF_TWO else 1))
    drawn = np.full(strata, count // strata, np.int64)
    drawn[: count % strata] += 1
    if not count or strata == 1:
        return np.array([rows], np.int64), np.array([count], np.int64)
    ends = np.round(np.geomspace(drawn[0], rows, strata)).astype(np.int64)
    given = np.cumsum(drawn)
    for h in range(1, strata):
        ends[h] = max(ends[h], ends[h - 1] + drawn[h])
    ends = np.minimum(ends, rows - (count - given))  # room for what the lower strata give
    return np.diff(ends, prepend=0), drawn


def draw_strata(value: Float64, keys: Keys, name: str, count: int, strata: int) -> StratifiedDraw:
    """Draw rows of one class (name) by strata of a value (N,), highest first; the draw does not depend on their order.

    keys (N,): see `chunk_keys`. NaN: a row that cannot be drawn. Tied rows come into strata by chance, and within a
    stratum every row is as likely as any other: simple random sampling without replacement.
    """
    there = np.flatnonzero(~np.isnan(value))
    own = _mixed(keys[there] ^ np.uint64(_text_key(name)))
    tie, draw = _mixed(own + _TIES), _mixed(own + _DRAWS)
    order = np.lexsort((tie, -value[there]))
    size, drawn = strata_sizes(len(there), count, strata)
    ends = np.cumsum(size)
    rows, number = [], []
    for h, (end, n, k) in enumerate(zip(ends.tolist(), size.tolist(), drawn.tolist(), strict=True)):
        inside = order[end - n : end]
        rows.append(there[inside[np.argsort(draw[inside], kind="stable")[:k]]])
        number.append(np.full(k, h, np.int64))
    at = np.concatenate(number)
    return StratifiedDraw(np.concatenate(rows).astype(np.int64), at + 1, size[at], drawn[at])


def _text_key(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _mixed(keys: Keys) -> Keys:
    """Return well mixed bits of keys (N,): the generator SplitMix64 of Steele, Lea and Flood (2014)."""
    z = keys + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
