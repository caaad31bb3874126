"""How many chunks a recording has, and what becomes of its remainder."""

from __future__ import annotations

from typing import Literal

MIN_REMAINDER_S = 1.0  # seconds; a shorter rest of a recording is dropped
SHORTEST_CHUNK_S, LONGEST_CHUNK_S = 0.1, 3600.0  # what recipes and commands accept
Remainder = Literal["pad", "drop"]


def count_chunks(duration_s: float, chunk_s: float, remainder: Remainder = "pad") -> tuple[int, bool]:
    """Return the number of chunks of a recording, and whether the last one is zero-padded.

    Full chunks, plus a remainder of at least one second unless `remainder` is "drop": 60.001 s is
    12 chunks of 5 s, 37 s is 8.
    """
    full = int((duration_s + 1e-9) // chunk_s)
    rest = duration_s - full * chunk_s
    padded = remainder == "pad" and rest >= MIN_REMAINDER_S
    return full + padded, padded
