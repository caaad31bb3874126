"""How far apart the rows of recordings lie, and what that says of the length of their chunks."""

from __future__ import annotations

from blendkit.core.rows import Rows

_TOLERANCE_S = 1e-6


def longer_chunks(rows: Rows) -> float | None:
    """Return the length in seconds that chunks may have in truth, from row ids alone; None if nothing suggests one.

    So it is where every recording's rows end one step after the other, from the first step on, and a step is a
    multiple of the length that was assumed: `r_10, r_20, r_30` for chunks of 5 s.
    """
    step = float(rows.end_s.min(initial=float("inf")))
    if not len(rows) or step <= rows.end_s[0] - rows.start_s[0] + _TOLERANCE_S:
        return None  # nearly always, and at once
    own: dict[str, list[float]] = {}
    for recording, end in zip(rows.recording.tolist(), rows.end_s.tolist(), strict=True):
        own.setdefault(recording, []).append(end)
    whole = all(sorted(e) == [step * (k + 1) for k in range(len(e))] for e in own.values())
    return step if whole and max(map(len, own.values())) > 1 else None
