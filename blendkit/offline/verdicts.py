"""What a search of weights found, in one sentence that a person can repeat."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from blendkit.metrics import Interval

Judgement = Literal["real", "undecided", "not"]


@dataclass(frozen=True)
class Verdict:
    """A judgement of a blend against its best input alone, on recordings that the search did not use.

    gain: of the held-out blend, with its interval; judgement: real where the interval lies above 0, not where the blend
    is worse or is one input alone, else undecided; text: the sentence.
    """

    judgement: Judgement
    text: str
    best: str
    gain: Interval

    def __str__(self) -> str:
        return self.text


def verdict_on(weights: Mapping[str, float], best: str, gain: Interval) -> Verdict:
    """Judge searched weights. best: the best input alone; gain: held out, of the blend over it, in macro-AUC."""
    blend, used = f"The blend {weights_text(weights)}", [n for n, w in weights.items() if w > 0]
    by = f"{signed(gain.estimate, gain)} [{signed(gain.low, gain)}, {signed(gain.high, gain)}] on held-out recordings"
    if len(used) == 1:
        return Verdict("not", f"{used[0]} alone is best: no share of another makes it better: not.", best, gain)
    if any(math.isnan(v) for v in (gain.estimate, gain.low, gain.high)):
        return Verdict("undecided", f"{blend} cannot be judged on so few labels: undecided.", best, gain)
    if gain.low > 0:
        return Verdict("real", f"{blend} is better than {best} alone by {by}: real.", best, gain)
    if gain.high <= 0:
        return Verdict("not", f"{blend} is no better than {best} alone: {by}: not.", best, gain)
    seems = "better" if gain.estimate > 0 else "worse"
    return Verdict("undecided", f"{blend} may be {seems} than {best} alone, by {by}: undecided.", best, gain)


def weights_text(weights: Mapping[str, float]) -> str:
    """Return relative weights as shares, `0.6 a + 0.4 b`, without those that are 0."""
    total = math.fsum(weights.values())
    return " + ".join(f"{w / total:.3g} {n}" for n, w in weights.items() if w)


def signed(value: float, beside: Interval) -> str:
    """Return a change as `+.012`, with as many digits as its interval needs to be more than zeros."""
    shown = [abs(v) for v in (beside.estimate, beside.low, beside.high) if v]
    digits = 3 if not shown or min(shown) >= 0.0005 else 4
    return f"{value:+.{digits}f}".replace("0.", ".", 1)
