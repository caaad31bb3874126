"""What a report says: frozen facts of each section, and their form as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from blendkit.core import canonical_json


@dataclass(frozen=True)
class Measured:
    """On what everything was measured: chunks, recordings, classes with positives and negatives, and the intervals."""

    rows: int
    labelled: int
    recordings: int
    classes: int
    scored: int
    clusters: int
    cluster_by: str
    replicates: int
    level: float
    why_not: str = ""


@dataclass(frozen=True)
class Bounds:
    """A figure with its interval; low and high are nan where there is none. p: of a difference."""

    estimate: float
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    holm: float = math.nan


@dataclass(frozen=True)
class StreamFacts:
    """One line of the table of members and streams; macro, ties and cmap are None without labels.

    ties: the mean share of pairs of a positive and a negative that are tied; constant, nearly: classes of one value,
    and those in which 99 of 100 chunks have one; change: to the first stream, which is the output.
    """

    name: str
    role: str
    space: str
    covered: int
    kind: str
    constant: tuple[str, ...]
    nearly: tuple[str, ...]
    macro: Bounds | None = None
    ties: float | None = None
    cmap: float | None = None
    fold_mean: float | None = None
    change: Bounds | None = None


@dataclass(frozen=True)
class Correlation:
    """How alike two streams err: values (K, K), over the classes that were measured."""

    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    classes: int


@dataclass(frozen=True)
class VerdictText:
    """What a reader should take away.

    judgement: of a search, held out: `real`, `undecided` or `not`; else, by these labels alone, whether the interval of
    the difference to the strongest rival lies `above` 0, `below` it, or holds it (`alike`); "" where nothing was
    compared. alarms: what makes the figures doubtful; notes: all else that was said. held_out: the macro-AUC of the
    main stream on recordings that the search of its weights did not use, nan where none was searched.
    """

    headline: str
    sentences: tuple[str, ...]
    judgement: str
    alarms: tuple[str, ...]
    notes: tuple[str, ...]
    held_out: float = math.nan


@dataclass(frozen=True, eq=False)
class ReportData:
    """All that a report says. A section without data is None, and the page has no such section."""

    title: str
    main: str
    classes: int
    verdict: VerdictText
    measured: Measured | None
    graphs: tuple[Any, ...]
    streams: tuple[StreamFacts, ...]
    correlation: Correlation | None
    provenance: Any
    sections: Mapping[str, Any]

    def payload(self) -> dict[str, Any]:
        """Return what JSON can hold; a figure that there is none of (nan) is null."""
        found: dict[str, Any] = plain(self)
        return {**{k: v for k, v in found.items() if k != "sections"}, **found["sections"]}

    def json(self) -> str:
        """Return the payload as JSON that is inert inside HTML: no letter of it opens a tag or ends a script."""
        text = canonical_json(self.payload())
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def plain(value: Any) -> Any:
    """Return dataclasses, arrays and tuples as mappings, lists, texts and numbers."""
    kind = type(value)
    if kind is float:  # by far the most: lists of figures and of whole numbers
        return value if math.isfinite(value) else None
    if kind is int or kind is str or value is None:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value
