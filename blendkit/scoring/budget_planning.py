"""Before scoring, with a time budget: what it will cost on this machine, whether it can fit, and what is dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from blendkit.audio import Grid
from blendkit.core import in_words
from blendkit.errors import DeliveryError
from blendkit.member import Member
from blendkit.scoring.audio_members import AudioMember, Built
from blendkit.scoring.budget import Choice, Span, Speed, Terms, Work, least
from blendkit.scoring.pace import Pace
from blendkit.scoring.trial_passes import Score, decoding_speed, member_speed

ScoreOne = Callable[[AudioMember], Score]
_SAMPLE = 2  # recordings that are decoded to see how long that takes


def plan_ahead(pace: Pace, built: Built, grid: Grid, score: ScoreOne) -> None:
    """Calibrate, rehearse, say what everything costs, and drop what does not fit.

    score: returns what puts prepared recordings through a member. Raises DeliveryError if not even the members that
    must be, without their shifts, fit.
    """
    terms = pace.terms
    if terms is None or not built:
        return
    for m in (m for m in pace.members if m.name in built):
        pace.speeds[m.name] = Speed(member_speed(built[m.name], score(m), grid, pace.now))
    rates = sorted({made.info.rate for made in built.values() if isinstance(made, Member)})
    lacking = [r for r in pace.recordings if any(r.id in pace.missing(n) for n in built) and r.path.name]
    pace.waiting = Speed(decoding_speed(lacking[:_SAMPLE], rates, grid))
    reserve = terms.rehearse({n: made.info for n, made in built.items()})
    pace.reserve_s = reserve.high
    works = pace.works()
    smallest = least(works, lambda c: pace.needs(works, c).likely)
    spent = terms.deadline.asked_s - terms.deadline.left()
    fixed = Span(*[spent + reserve.high] * 3)
    minimum = pace.needs(works, smallest) + fixed
    told = _told(pace, works, terms, reserve, spent)
    if terms.deadline.asked_s < minimum.low:
        pace.emit("budget", {**told, "minimum_s": _range(minimum), "fits": False})
        raise _impossible(works, pace, terms, fixed, minimum)
    pace.replan(lambda *_: None)
    drops = {"dropped_members": list(pace.choice.members), "dropped_shifts": list(pace.choice.shifts)}
    pace.emit("budget", {**told, "minimum_s": _range(minimum), "fits": True, **drops})


def _range(span: Span) -> list[float]:
    return [float(f"{span.low:.4g}"), float(f"{span.high:.4g}")]


def _told(pace: Pace, works: list[Work], terms: Terms, reserve: Span, spent: float) -> dict[str, Any]:
    """Return what is said of the costs, in seconds: of every member per shift, of decoding, and of the reserve."""
    shifts = {m.name: list(m.tta.shifts_s) if m.passes > 1 else [0.0] for m in pace.members}
    whole = {w.name: pace.needs([w], Choice()) for w in works}
    decoding = {w.name: pace.waiting.per_s.times(w.full_s) for w in works}
    longest = max(decoding.values(), key=lambda s: s.high, default=Span())
    members = [
        {
            "name": w.name,
            "share": round(w.share, 6),
            "optional": w.optional,
            "shifts_s": shifts[w.name],
            "each_shift_s": _range(pace.speeds[w.name].per_s.times(w.full_s * w.passes / len(shifts[w.name]))),
        }
        for w in works
    ]
    total = sum((pace.speeds[n].per_s.times(w.heard_s(Choice())) for n, w in zip(whole, works, strict=True)), Span())
    return {
        "asked_s": terms.deadline.asked_s,
        "threads": terms.threads,
        "members": members,
        "decoding_s": _range(longest),
        "reserve_s": [float(f"{reserve.low:.4g}"), float(f"{reserve.high:.4g}")],
        "spent_s": float(f"{spent:.4g}"),
        "whole_s": _range(total + longest + Span(*[spent + reserve.high] * 3)),
    }


def _impossible(works: list[Work], pace: Pace, terms: Terms, fixed: Span, minimum: Span) -> DeliveryError:
    """Return the error for a budget that cannot be kept: what would fit, and what to leave out."""

    def cost(w: Work) -> Span:
        return pace.speeds[w.name].per_s.times(w.unshifted_s if w.passes > 1 else w.full_s)

    must = [w for w in works if not w.optional]
    problems = [f"{w.name!r}, unshifted: {_words(cost(w))}" for w in must if cost(w).high > 0]
    decoding = pace.waiting.per_s.times(max((w.full_s for w in must), default=0.0))
    problems.append(f"decoding: {_words(decoding)}")
    problems.append(f"start, post-processing and writing: {in_words(fixed.high)}")
    dear = max(must, key=lambda w: cost(w).likely, default=None)
    ways = [f"give a budget of {in_words(minimum.high)} or more"]
    if len(must) > 1 and dear is not None:
        rest = minimum.high - cost(dear).high
        ways.append(f"`optional: true` on {dear.name!r} lets the run leave it out: then {in_words(rest)} would do")
    optional = [w.name for w in works if w.optional]
    shifted = [w.name for w in must if w.passes > 1]
    counted = [f"without the optional members {', '.join(optional)}"] if optional else []
    counted += [f"without the shifts of {', '.join(shifted)}"] if shifted else []
    counted += ["with what is saved already left out"]
    return DeliveryError(
        f"a time budget of {in_words(terms.deadline.asked_s)} is too short: at least {_words(minimum)} are needed",
        [*problems, f"this is counted {', '.join(counted)}", *ways],
    )


def _words(span: Span) -> str:
    return f"{in_words(span.low)} to {in_words(span.high)}"


def dropped_since(before: Choice, now: Choice) -> dict[str, list[str]]:
    """Return what a choice drops that an earlier one did not."""
    return {
        "members": [n for n in now.members if n not in before.members],
        "shifts": [n for n in now.shifts if n not in before.shifts],
    }


def dropped_words(choice: Choice, shares: Mapping[str, float]) -> list[str]:
    """Return what a choice drops, in words, each thing with the member's share in the output."""
    words = [f"member {n!r} ({shares.get(n, 0.0):.2g} of the output)" for n in choice.members]
    return words + [f"the shifts of {n!r} ({shares.get(n, 0.0):.2g} of the output)" for n in choice.shifts]
