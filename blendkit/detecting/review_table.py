"""The table of a review: one line per clip and class to listen to, written with an empty answer and read with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import Bools, Float64, Int64
from blendkit.errors import BlendkitError, shorten
from blendkit.io import csv_text, decimal_points, meaning_of, open_table, score_cell, seconds_cell, text_cell
from blendkit.store import write_text

if TYPE_CHECKING:
    import pandas as pd

TABLE, RAVEN, SEAL = "review.csv", "raven", "review.json"
ANSWER, CLIP = "Answer", "Clip"  # columns of the Raven tables
_NUMBERS = ("start_s", "end_s", "score", "stratum", "stratum_chunks", "inclusion_probability")
_COLUMNS = ("clip", "recording", "start_s", "end_s", "class", "name", "score", "stratum", "stratum_chunks",
            "inclusion_probability", "answer")  # fmt: skip
_SAME = 1e-6  # of probabilities that went through a spreadsheet


@dataclass(frozen=True, eq=False)
class ReviewClips:
    """Clips to listen to (n,): a name, a recording, times in seconds, a class and its score there.

    stratum, chunks: the number of the stratum, from 1 (highest), and how many chunks it holds; probability: with which
    the clip was drawn; answer: y, n, u (unsure) or "" (none yet). value: what it was drawn by, where that is no score.
    """

    clip: tuple[str, ...]
    recording: tuple[str, ...]
    start_s: Float64
    end_s: Float64
    class_id: tuple[str, ...]
    name: tuple[str, ...]
    score: Float64
    stratum: Int64
    chunks: Int64
    probability: Float64
    answer: tuple[str, ...]
    value: tuple[str, Float64] | None = None

    def __len__(self) -> int:
        return len(self.clip)

    def of(self, class_id: str) -> Bools:
        """Return which clips (n,) were drawn for a class."""
        return np.array([c == class_id for c in self.class_id], bool)


def write_clips_table(path: Path, clips: ReviewClips) -> None:
    """Write the table, in the order of the clips."""
    header = [*_COLUMNS[:-1], *([clips.value[0]] if clips.value else []), _COLUMNS[-1]]
    rows = []
    for i in range(len(clips)):
        more = [score_cell(clips.value[1][i])] if clips.value else []
        rows.append([
            text_cell(clips.clip[i]), text_cell(clips.recording[i]), seconds_cell(clips.start_s[i]),
            seconds_cell(clips.end_s[i]), text_cell(clips.class_id[i]), text_cell(clips.name[i]),
            score_cell(clips.score[i]), str(int(clips.stratum[i])), str(int(clips.chunks[i])),
            score_cell(clips.probability[i]), *more, clips.answer[i],
        ])  # fmt: skip
    write_text(path, csv_text(header, rows))


def read_clips_table(path: Path) -> tuple[ReviewClips, tuple[str, ...]]:
    """Return the clips of a table with their answers, and notes on how it was read.

    Answers are y, n or u (also yes, no, 1, 0, true, false, unsure, ?), in any case. Raises BlendkitError naming missing
    columns, every line that cannot be read, clips that are listed twice, and strata of which lines were removed or
    added: the probabilities hold for all of them together.
    """
    frame, notes = open_table(path, "this table of a review")
    frame = frame.rename(columns={c: str(c).strip().lower() for c in frame.columns})
    lacks = [c for c in _COLUMNS if c not in frame.columns and c != "name"]
    if lacks:
        ways = [f"has {shorten(frame.columns, 12)}", f"`blendkit review` writes {TABLE}; fill its column answer"]
        raise BlendkitError(f"{path}: no column {', '.join(lacks)}", ways)
    frame, said = decimal_points(frame, _NUMBERS)
    numbers = {n: [_number(t) for t in frame[n]] for n in _NUMBERS}
    answers = [meaning_of(t) for t in frame["answer"]]
    problems = [
        f"line {line}: {n} {frame.at[line, n]!r} is no number"
        for n, own in numbers.items()
        for line, v in zip(frame.index, own, strict=True)
        if math.isnan(v)
    ]
    given = zip(frame.index, frame["answer"], answers, strict=True)
    problems += [f"line {line}: answer {text!r}, expected y, n or u" for line, text, a in given if a is None]
    twice = frame["clip"][frame["clip"].duplicated()].tolist()
    problems += [f"clips listed twice: {shorten(twice)}"] if twice else []
    if problems or frame.empty:
        raise BlendkitError(f"{path}: {len(problems)} problems in this table of a review", problems or ["it is empty"])
    clips = _clips(frame, numbers, [a or "" for a in answers])
    _require_whole_strata(path, clips)
    return clips, (*notes, *said)


def _clips(frame: pd.DataFrame, numbers: dict[str, list[float]], answers: list[str]) -> ReviewClips:
    texts = {c: tuple(t.strip() for t in frame[c if c in frame else "class"])
             for c in ("clip", "recording", "class", "name")}  # fmt: skip
    start, end, score, stratum, chunks, probability = (np.array(numbers[n], np.float64) for n in _NUMBERS)
    return ReviewClips(
        texts["clip"], texts["recording"], start, end, texts["class"], texts["name"], score,
        np.round(stratum).astype(np.int64), np.round(chunks).astype(np.int64), probability, tuple(answers),
    )  # fmt: skip


def _require_whole_strata(path: Path, clips: ReviewClips) -> None:
    """Raise BlendkitError unless each stratum has as many lines as its probability says."""
    own: dict[tuple[str, int], list[int]] = {}
    for i, key in enumerate(zip(clips.class_id, clips.stratum.tolist(), strict=True)):
        own.setdefault(key, []).append(i)
    bad = []
    for (name, stratum), at in own.items():
        n, p = clips.chunks[at], clips.probability[at]
        drawn = float(n[0] * p[0])
        if np.ptp(n) or np.ptp(p) > _SAME or not 0 < p[0] <= 1 + _SAME or abs(drawn - len(at)) > 0.5:
            bad.append(f"{name}, stratum {stratum}: {len(at)} lines, {drawn:g} of {int(n[0])} chunks were drawn")
    if bad:
        ways = "keep every line, also those without an answer: they say how many chunks the others stand for"
        raise BlendkitError(f"{path}: {len(bad)} strata have lost or gained lines", [shorten(bad), ways])


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def drawn_facts(clips: ReviewClips) -> dict[str, list[Any]]:
    """Return what was drawn, by column: what no answer may change."""
    numbers = (clips.start_s, clips.end_s, clips.score, clips.stratum, clips.chunks, clips.probability)
    texts = {"clip": list(clips.clip), "recording": list(clips.recording), "class": list(clips.class_id)}
    return {**texts, **{n: own.tolist() for n, own in zip(_NUMBERS, numbers, strict=True)}}


def edited_cells(clips: ReviewClips, drawn: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return every cell of clips (n,) that is not what `drawn_facts` said, and clips that were not drawn."""
    now = drawn_facts(clips)
    at = {str(c): i for i, c in enumerate(drawn["clip"])}
    problems = [f"clip {c!r} was not drawn" for c in clips.clip if c not in at]
    for name in (n for n in now if n != "clip"):
        for clip, value in zip(clips.clip, now[name], strict=True):
            before = drawn[name][at[clip]] if clip in at else value
            same = (
                value == before if isinstance(value, str) else math.isclose(value, before, rel_tol=_SAME, abs_tol=_SAME)
            )
            problems += [] if same else [f"clip {clip!r}: {name} is {value}, and was drawn as {before}"]
    return problems
