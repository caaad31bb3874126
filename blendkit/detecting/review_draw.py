"""Which clips to listen to: a stratified draw for each class of a source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from blendkit.core import Bools, Float64, Int64, Naming, format_seconds, named_classes, require_choice, text_hash
from blendkit.detecting.opened_source import OpenedSource, file_lengths
from blendkit.detecting.review_streams import open_streams
from blendkit.detecting.review_table import ReviewClips
from blendkit.detecting.thresholds_of_source import ThresholdRule, class_thresholds
from blendkit.errors import BlendkitError, shorten
from blendkit.io import ColumnNames, file_stems
from blendkit.metrics import StratifiedDraw, chunk_keys, disagreement, draw_strata, uncertainty

ValueOf = Callable[[int], Float64]
By = Literal["score", "disagreement", "uncertainty"]


@dataclass(frozen=True)
class DrawRule:
    """How clips are drawn: so many of each class, by what, in how many strata, by which seed.

    by: the score; `disagreement` between several models; `uncertainty`, the distance from a threshold (default: a
    probability of 0.5).
    """

    per_class: int = 96
    by: By = "score"
    strata: int = 8
    seed: int = 0
    thresholds: ThresholdRule | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown order, and thresholds without a use."""
        require_choice(self.by, get_args(By), "what clips are drawn by")
        if self.thresholds is not None and self.by != "uncertainty":
            raise BlendkitError(f"a threshold serves --by uncertainty alone, not --by {self.by}")


@dataclass(frozen=True, eq=False)
class DrawnClips:
    """Drawn clips (n,), by class and within it in the order of chance; where each lies; and what was assumed.

    row, class_at: places among the rows and classes of the source.
    """

    clips: ReviewClips
    row: Int64
    class_at: Int64
    notes: tuple[str, ...]


def draw_clips(
    opened: OpenedSource, others: Sequence[Path | str], rule: DrawRule, naming: Naming, columns: ColumnNames | None
) -> DrawnClips:
    """Draw clips of every class of a source. Raises BlendkitError where nothing can be drawn."""
    scores = opened.scores
    open_rows, notes = _audible(opened)
    value_of, said = _values(opened, others, rule, columns)
    keys = chunk_keys([str(r) for r in scores.rows.recording], scores.rows.start_s, rule.seed)
    drawn: dict[int, tuple[StratifiedDraw, Float64]] = {}
    left_out = []
    for c, name in enumerate(scores.classes):
        value = np.where(open_rows, value_of(c), np.nan) if scores.covered[c] else np.full(len(keys), np.nan)
        if np.isnan(value).all():
            left_out.append(name)
            continue
        drawn[c] = draw_strata(value, keys, name, rule.per_class, rule.strata), value
    if not drawn:
        raise BlendkitError(f"{opened.name}: no chunk can be drawn", [*notes, *said])
    some = any((draw.drawn < draw.size).any() for draw, _ in drawn.values())  # else all are drawn
    if some and rule.strata > 1 and all(draw.stratum.max(initial=1) == 1 for draw, _ in drawn.values()):
        few = f"so few clips of a class ({rule.per_class}) come from one stratum"
        notes.append(f"{few}: any chunk is as likely as another, whatever they are drawn by")
    if left_out:
        few = "fewer than two sources score them" if rule.by == "disagreement" else "nothing scores them"
        notes.append(f"no clip of {len(left_out)} classes is drawn, for {few}: {shorten(left_out)}")
    clips, row, class_at = _clips(opened, drawn, rule, naming)
    return DrawnClips(clips, row, class_at, (*notes, *said))


def _audible(opened: OpenedSource) -> tuple[Bools, list[str]]:
    """Return the rows (N,) that can be listened to, and a note on the others."""
    rows = opened.scores.rows
    own = np.array([r not in opened.lacking for r in rows.recordings()], bool)
    there = np.repeat(own, np.diff(rows.offsets()))
    lost, note = int((~there).sum()), "the audio folder lacks them; figures will be of the others alone"
    if not lost:
        return there, []
    return there, [f"{lost} of {len(there)} chunks, of {int((~own).sum())} recordings, cannot be drawn: {note}"]


def _values(
    opened: OpenedSource, others: Sequence[Path | str], rule: DrawRule, columns: ColumnNames | None
) -> tuple[ValueOf, tuple[str, ...]]:
    """Return a function from the place of a class to what its rows (N,) are drawn by, and notes."""
    x = opened.scores.values
    if rule.by == "disagreement":
        streams = open_streams(opened, others, columns)
        every = tuple(streams.scores.values())
        return lambda c: disagreement([s.values[:, [c]] for s in every], [s.covered[[c]] for s in every])[:, 0], (
            f"models: {', '.join(streams.scores)}", *streams.notes)  # fmt: skip
    if others:
        raise BlendkitError(f"--by {rule.by} takes one source; several are for --by disagreement")
    if rule.by == "score":
        return lambda c: x[:, c].astype(np.float64), ()
    edges = _edges(opened, rule)
    return lambda c: uncertainty(x[:, [c]], edges[[c]])[:, 0], ()


def _edges(opened: OpenedSource, rule: DrawRule) -> Float64:
    """Return the scores (C,) at which an answer is least sure; nan for classes without a threshold."""
    if rule.thresholds is not None:
        chosen = class_thresholds(opened, rule.thresholds).values
        return np.where(np.isfinite(chosen), chosen, np.nan)
    if opened.space not in ("prob", "logit"):
        raise BlendkitError(
            f"{opened.name}: nobody knows at which score it is least sure, for its space is {opened.space}",
            ["give --threshold or --thresholds, or --space where the scores are probabilities or logits"],
        )
    return np.full(len(opened.scores.classes), 0.5 if opened.space == "prob" else 0.0)


def _clips(
    opened: OpenedSource, drawn: dict[int, tuple[StratifiedDraw, Float64]], rule: DrawRule, naming: Naming
) -> tuple[ReviewClips, Int64, Int64]:
    scores, rows = opened.scores, opened.scores.rows
    names, _ = named_classes(scores.classes, opened.taxonomy, naming)
    parts = []
    for c, (draw, value) in drawn.items():
        order = _by_chance(rows.recording[draw.row].tolist(), rows.start_s[draw.row], rule.seed)
        cells = (draw.row, np.full(len(draw.row), c), draw.stratum, draw.size, draw.probability, value[draw.row])
        parts.append([a[order] for a in cells])
    row, class_at, stratum, size, probability, value = (np.concatenate(p) for p in zip(*parts, strict=True))
    start = rows.start_s[row]
    length = file_lengths(opened.recordings, rows)[row]
    end = np.where(length > start, np.minimum(rows.end_s[row], length), rows.end_s[row])
    classes = [scores.classes[c] for c in class_at]
    recording = [str(r) for r in rows.recording[row]]
    clips = ReviewClips(
        tuple(_clip_names(classes, recording, start)), tuple(recording), start, end, tuple(classes),
        tuple(names[c].label for c in class_at), scores.values[row, class_at].astype(np.float64), stratum, size,
        probability, ("",) * len(row), None if rule.by == "score" else (rule.by, value),
    )  # fmt: skip
    return clips, row.astype(np.int64), class_at.astype(np.int64)


def _by_chance(recording: Sequence[str], start_s: Float64, seed: int) -> list[int]:
    """Return an order of clips that says nothing of their scores, so that listeners cannot guess answers."""
    texts = [f"{seed}/{r}/{s}" for r, s in zip(recording, start_s.tolist(), strict=True)]
    return sorted(range(len(texts)), key=lambda i: text_hash(texts[i]))


def _clip_names(classes: Sequence[str], recording: Sequence[str], start_s: Float64) -> list[str]:
    """Return a name (n,) for each clip, `class/recording_start`, that is also a path on any system."""
    flat = [r.replace("/", "_").replace("\\", "_") for r in recording]
    return file_stems([f"{c}/{r}_{format_seconds(s)}" for c, r, s in zip(classes, flat, start_s.tolist(), strict=True)])
