"""The first words of a report: what the figures say, how sure that is, and what makes it doubtful."""

from __future__ import annotations

import math

from blendkit.blending import MOSTLY_FILLED
from blendkit.engine import OVER_BUDGET
from blendkit.io import CONSTANT, NOT_KNOWN
from blendkit.offline import Verdict
from blendkit.reporting.report_data import Bounds, Measured, StreamFacts, VerdictText
from blendkit.reporting.report_sources import Material

_IN_SAMPLE = "in-sample"
_MARKS = (_IN_SAMPLE, CONSTANT, MOSTLY_FILLED, OVER_BUDGET)
_UNMEASURED = "No labels: nothing was measured"


def verdict_text(
    material: Material, streams: tuple[StreamFacts, ...], measured: Measured | None, rival: str | None,
    given: Verdict | None,
) -> VerdictText:  # fmt: skip
    """Return the verdict. given: of a search that was judged on recordings held out; it takes the place of our own."""
    notes = list(dict.fromkeys(material.notes))
    alarms = [n for n in notes if any(mark in n for mark in _MARKS)]
    others = tuple(n for n in notes if n not in alarms)
    if measured is None:
        return VerdictText(*_unmeasured(material, streams[0]), "", tuple(alarms), others)
    main = streams[0]
    sentences = [_scope(measured)]
    judgement = ""
    if given is not None:
        judgement = given.judgement
        sentences.insert(0, given.text)
    elif rival is not None:
        text, judgement = _against(material, main, next(s for s in streams if s.name == rival), measured)
        if any(_IN_SAMPLE in a and NOT_KNOWN not in a for a in alarms):
            text, judgement = f"On recordings behind the scores or weights themselves: {text[0].lower()}{text[1:]}", ""
        sentences.insert(0, text)
        sentences.append(_CAUTION if material.recipe is not None else _PAIRED)
    held_out = math.nan if given is None else given.held_out
    return VerdictText(_headline(main, held_out), tuple(sentences), judgement, tuple(alarms), others, held_out)


_CAUTION = (
    "The same labels say which member is best alone, and they may have chosen the weights: such a gain is in-sample. "
    "The command blendkit search measures what the choice is worth on recordings held out."
)
_PAIRED = "All sources are measured on the same redrawn recordings, so that differences are paired."


def _unmeasured(material: Material, main: StreamFacts) -> tuple[str, tuple[str, ...]]:
    scores = material.scores[material.main]
    size = f"{len(scores)} chunks of {len(scores.rows.recordings())} recordings, {len(scores.classes)} classes"
    if main.macro is not None:
        rows = material.facts["labels"]["labelled_rows"]
        said = f"The run measured this on {rows} labelled chunks; it kept no interval."
        return _headline(main), (f"{said} The report describes {size}. Give labels (--labels) for all else.",)
    return _UNMEASURED, (f"The report describes {size}. Give labels (--labels) for figures.",)


def _headline(main: StreamFacts, held_out: float = math.nan) -> str:
    if main.macro is None or math.isnan(main.macro.estimate):
        return f"{main.name}: no class can be measured"
    figure = f"{main.macro.estimate:.4f}{_bounds(main.macro)}"
    if not math.isnan(held_out):
        return f"{main.name}: macro-AUC {held_out:.4f} held out, {figure} on the labels that chose its weights"
    return f"{main.name}: macro-AUC {figure}"


def _bounds(b: Bounds) -> str:
    return "" if math.isnan(b.low) else f" [{b.low:.4f}, {b.high:.4f}]"


def _scope(m: Measured) -> str:
    scope = f"Measured on {m.labelled} labelled chunks of {m.recordings} recordings, {m.scored} of {m.classes} classes"
    if m.why_not:
        return f"{scope} with positives and negatives. There is no interval: {m.why_not}."
    redrawn = f"{m.level:.0%} intervals redraw {m.clusters} clusters ({m.cluster_by}) {m.replicates} times"
    return f"{scope} with positives and negatives; {redrawn}."


def _against(material: Material, main: StreamFacts, rival: StreamFacts, m: Measured) -> tuple[str, str]:
    """The difference to the strongest rival, in words that no held-out judgement uses: here the labels are the same."""
    what = "its best member" if material.recipe is not None else "the strongest other source"
    if rival.change is None:
        if rival.macro is None or main.macro is None or math.isnan(main.macro.estimate - rival.macro.estimate):
            return f"Nothing can be said against {what}, {rival.name}.", ""
        gap = main.macro.estimate - rival.macro.estimate
        return f"Against {what}, {rival.name}: {_signed(gap)}; whether that is more than chance is not known.", ""
    c = rival.change
    low, high = -c.high, -c.low
    by = f"{_signed(-c.estimate)} [{_signed(low)}, {_signed(high)}] ({m.level:.0%})"
    alone = f"{rival.name} ({rival.macro.estimate:.4f})" if rival.macro is not None else rival.name
    if low > 0:
        return f"Better than {what}, {alone}, by {by}.", "above"
    if high < 0:
        return f"Worse than {what}, {alone}: {by}.", "below"
    return f"It cannot be told from {what}, {alone}: {by}.", "alike"


def _signed(value: float) -> str:
    """Four decimals with a sign; there is no minus nothing."""
    text = f"{value:+.4f}"
    return text.replace("-", "+") if float(text) == 0 else text
