"""What a search found, in sentences that a person can repeat."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blendkit.errors import shorten
from blendkit.metrics import Interval
from blendkit.offline.interval_settings import Judging
from blendkit.searching import Judgement, word_for

_USUAL = Judging()


@dataclass(frozen=True)
class Verdict:
    """A judgement of a blend against its best input alone, on recordings that the search did not use.

    gain: of the held-out blend, with its interval; better: the share of redraws with a gain; judgement: what
    `blendkit.searching.word_for` says of it, and `not` for one input alone; text: the sentence. held_out: the macro-AUC
    of what is delivered, where it was searched and measured on recordings held out; else nan.
    """

    judgement: Judgement
    text: str
    best: str
    gain: Interval
    better: float
    held_out: float = math.nan

    def __str__(self) -> str:
        return self.text


def verdict_on(
    weights: Mapping[str, float], best: str, gain: Interval, better: float, judging: Judging = _USUAL,
    seen: Sequence[str] = (),
) -> Verdict:  # fmt: skip
    """Judge searched weights. best: the best input alone; gain: held out, of the blend over it, in macro-AUC.

    better: the share of redraws in which there is a gain; judging: how the interval was made. seen: inputs that learned
    from the labelled recordings themselves: what they add to new ones stays undecided.
    """
    used, none = [n for n, w in weights.items() if w], [n for n, w in weights.items() if not w]
    blend = f"The blend {weights_text(weights)}" + (f" (no share for {shorten(none)})" if none else "")
    by = f"{signed(gain.estimate, gain)} [{signed(gain.low, gain)}, {signed(gain.high, gain)}]"
    if len(used) == 1:
        text = f"{used[0]} alone is best: no share of another makes it better."
        return Verdict("not", text, best, gain, better)
    if any(math.isnan(v) for v in (gain.estimate, gain.low, gain.high, better)):
        return Verdict("undecided", f"{blend} cannot be judged on so few labels: undecided.", best, gain, better)
    judgement = word_for(better)
    maybe = "may be better than" if gain.estimate > 0 else "is not told apart from"
    verb = {"real": "is better than", "undecided": maybe, "not": "is no better than"}[judgement]
    held_out = f"{best} alone: {by} ({judging.level:.0%}) on held-out recordings"
    drawn = f"better in {share_of_redraws(better, judging.redrawn)}"
    if used_seen := [n for n in dict.fromkeys((*used, best)) if n in seen]:
        judgement, end = "undecided", f". But {seen_caution(used_seen)}."
    else:
        end = f": {judgement}.{no_proof(judgement, gain)}"
    return Verdict(judgement, f"{blend} {verb} {held_out}, {drawn}{end}", best, gain, better)


def no_proof(judgement: Judgement, gain: Interval) -> str:
    """Return what to add where a word says more than the interval beside it, which may hold 0; "" for nothing."""
    return " The interval holds 0: enough to choose by, no proof." if judgement == "real" and gain.low <= 0 else ""


def seen_caution(members: Sequence[str]) -> str:
    """Return what members say against a verdict that learned from the recordings on which it was made."""
    which = f"{shorten(members)} learned from labelled recordings that were held out here"
    return f"{which}: what the blend gains on new ones is undecided"


def verdict_meaning(judgement: Judgement, best: str, drawn: str) -> str:
    """Return what the word for a search's gain means, and what to do.

    best: the best input alone; drawn: what was held out (recordings, sites).
    """
    return {
        "real": f"better than the best input alone on {drawn} that the search did not see",
        "undecided": f"too few labelled {drawn} to tell a gain from luck",
        "not": f"no gain on {drawn} that the search did not see; keep {best!r} or the blend you have",
    }[judgement]


def share_of_redraws(better: float, drawn: str) -> str:
    """Return in how many redraws there is a gain, in words; of too few of them nobody knows it."""
    known = f"{100 * better:.0f} of 100 redraws of the {drawn}"
    return f"no redraws of so few {drawn}" if math.isnan(better) else known


def weights_text(weights: Mapping[str, float]) -> str:
    """Return relative weights as shares, `0.6 a + 0.4 b`, without those that are 0."""
    total = math.fsum(weights.values())
    return " + ".join(f"{w / total:.3g} {n}" for n, w in weights.items() if w)


def signed(value: float, beside: Interval) -> str:
    """Return a change as `+.012`, with as many digits as its interval needs to be more than zeros."""
    shown = [abs(v) for v in (beside.estimate, beside.low, beside.high) if v]
    digits = 3 if not shown or min(shown) >= 0.0005 else 4
    return f"{value:+.{digits}f}".replace("0.", ".", 1)
