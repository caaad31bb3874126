"""What the decoding of a recording gives: its samples, its rate, and a status with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from blendkit.core import Float32

Samples = Float32
Status = Literal["ok", "padded", "short", "holed", "partial", "unreadable", "empty", "silent"]


@dataclass(frozen=True, eq=False)
class Decoded:
    """Mono float32 samples of a whole recording at `rate` Hz, and its decoding status.

    status: `ok`; `padded` (its last chunk is zero-padded); `short` (the file is cut off, or gives less
    than the expected duration); `partial` (decoding failed before the end: what comes before is there);
    `holed` (damaged inside: lost stretches are silence, nothing shifts in time); `unreadable`; `empty` (no whole
    second); `silent` (digital silence, all or nearly all of it, or rows without a file). note: what is remarkable.
    duration_s is the real length in seconds.
    """

    samples: Samples
    rate: int
    duration_s: float
    status: Status
    note: str = ""


def unreadable(why: str, rate: int = 0) -> Decoded:
    """Return a recording without samples, and why; rate: in Hz, where the header could be read."""
    return Decoded(np.zeros(0, np.float32), rate, 0.0, "unreadable", why)


def silence(duration_s: float, rate: int, status: Status, note: str) -> Decoded:
    """Return digital silence in place of missing audio."""
    return Decoded(np.zeros(round(duration_s * rate), np.float32), rate, duration_s, status, note)


def fit_duration(decoded: Decoded, expected_s: float) -> Decoded:
    """Return a recording that lacks at least half a second of its expected duration with the status `short`.

    Its missing chunks are silence. One that is `holed`, `unreadable` or `silent` keeps its status.
    """
    missing = expected_s - decoded.duration_s
    if missing < 0.5 or decoded.status in ("unreadable", "silent"):
        return decoded
    status: Status = "short" if decoded.status in ("ok", "padded", "empty") else decoded.status
    note = "; ".join(filter(None, [decoded.note, f"{decoded.duration_s:.3f} s of the expected {expected_s:g} s"]))
    return Decoded(decoded.samples, decoded.rate, decoded.duration_s, status, note)
