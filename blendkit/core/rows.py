"""Row identity: recordings, chunks, and the site, date and hour in a recording's name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import islice, pairwise
from operator import lt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.core.arrays import Bools, Float64, Int64
from blendkit.core.audio_suffixes import composed, recording_id
from blendkit.core.garbage_collection import no_search_for_circles
from blendkit.core.hashes import text_hash
from blendkit.core.names import NameRule
from blendkit.core.natural_order import natural_keys, natural_sorted
from blendkit.core.results_in_notebooks import notebook_view
from blendkit.core.seen_recordings import Contents, copies
from blendkit.errors import BlendkitError, shorten

_DATED = re.compile(r"(^|[_-])\d{8}$")
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3])[0-5]\d[0-5]\d")  # HHMMSS
_TOLERANCE = 1e-6  # of a chunk, by which a decimal end may miss the grid

if TYPE_CHECKING:
    import pandas as pd

ClusterBy = Literal["recording", "site", "date", "site-date"]
# rows that scores lack are an error, or get the median of each class, or the score of a detector that found nothing
MissingRows = Literal["error", "median", "nothing"]
UnknownClasses = Literal["error", "ignore"]
StrArray = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Rows:
    """The chunks that are the rows of a score matrix; every field has shape (N,).

    `recording` and `site` are str objects, `start_s`/`end_s` seconds, `hour` 0-23 or -1, `date` a
    day or NaT. A recording's rows are contiguous and ordered by start time.
    """

    recording: StrArray
    start_s: Float64
    end_s: Float64
    site: StrArray
    hour: NDArray[np.int16]
    date: NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.recording)

    def __repr__(self) -> str:
        return f"Rows({len(self)} chunks of {len(self.recordings())} recordings)"

    @property
    def shape(self) -> tuple[int]:
        """(N,)."""
        return (len(self),)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per chunk: recording, start_s, end_s, site, hour, date."""
        import pandas as pd

        return pd.DataFrame({f.name: getattr(self, f.name) for f in fields(self)})

    def _repr_html_(self) -> str:
        """Show the first rows in a notebook."""
        return notebook_view(repr(self), self.take(slice(0, 10)).to_frame())

    def take(self, index: NDArray[np.integer[Any]] | slice) -> Rows:
        """Return the rows at `index`, in that order."""
        return Rows(*(getattr(self, f.name)[index] for f in fields(self)))

    def ids(self) -> list[str]:
        """Return row ids, `<recording>_<end second>`."""
        ends = {e: format_seconds(e) for e in np.unique(self.end_s).tolist()}
        return [f"{r}_{ends[e]}" for r, e in zip(self.recording, self.end_s.tolist(), strict=True)]

    def offsets(self) -> Int64:
        """Return (R + 1,) row offsets: recording r owns rows offsets[r]:offsets[r + 1]."""
        if not len(self):
            return np.zeros(1, np.int64)
        change = np.flatnonzero(self.recording[1:] != self.recording[:-1]) + 1
        return np.concatenate([[0], change, [len(self)]]).astype(np.int64)

    def recordings(self) -> list[str]:
        """Return the recording ids in row order, each once."""
        return [str(r) for r in self.recording[self.offsets()[:-1]]]


def same_rows(a: Rows, b: Rows) -> bool:
    """Return whether two lists of chunks are equal, in the same order."""
    if a is b:
        return True
    times = len(a) == len(b) and np.array_equal(a.start_s, b.start_s) and np.array_equal(a.end_s, b.end_s)
    return bool(times and (a.recording == b.recording).all())


def make_rows(recordings: Sequence[str], start_s: Float64, end_s: Float64, names: NameRule) -> Rows:
    """Build rows from (N,) recording ids and chunk times in seconds; each name is parsed once."""
    places = {r: i for i, r in enumerate(dict.fromkeys(recordings))}
    codes = np.fromiter(map(places.__getitem__, recordings), np.int64, len(recordings))
    return rows_at(list(places), codes, np.asarray(start_s, np.float64), np.asarray(end_s, np.float64), names)


def rows_at(ids: Sequence[str], codes: Int64, start_s: Float64, end_s: Float64, names: NameRule) -> Rows:
    """Build rows from recording ids, each once, and the (N,) place of every row's id among them, in the given order."""
    with no_search_for_circles():
        parsed = [names.parse(r) for r in ids]
    # one str object per recording, shared by its rows; names that are equal to the eye are equal
    return Rows(
        recording=_objects([composed(r) for r in ids])[codes],
        start_s=start_s,
        end_s=end_s,
        site=_objects([p[0] for p in parsed])[codes],
        hour=np.array([p[2] for p in parsed], np.int16)[codes],
        date=np.array([p[1] for p in parsed], "datetime64[D]")[codes],
    )


def chunk_rows(chunks: dict[str, int], chunk_s: float, names: NameRule) -> Rows:
    """Return the expected rows of recordings with the given number of chunks, in natural order."""
    order = natural_sorted(chunks)
    index = np.concatenate([np.arange(chunks[r]) for r in order] or [np.empty(0, np.int64)])
    recordings = [r for r in order for _ in range(chunks[r])]
    return make_rows(recordings, index * chunk_s, (index + 1) * chunk_s, names)


def fold_of(recordings: Sequence[str], folds: int) -> dict[str, int]:
    """Deal recordings, in the order of the hashes of their names, into folds of near-equal size."""
    order = sorted(recordings, key=text_hash)
    return {r: i % folds for i, r in enumerate(order)}


def cluster_labels(rows: Rows, by: ClusterBy, used: Bools, contents: Contents | None = None) -> list[str]:
    """Return the (N,) clusters of the rows: their recordings, sites, dates, or sites and dates.

    used (N,): the rows that matter; the others may lack a site or a date. contents: what recordings sound like;
    copies and cuts of one another, under whatever names, are one cluster then, for they are no independent
    observations. Raises BlendkitError naming recordings whose names give none.
    """
    site = [str(s) for s in rows.site]
    date = ["" if np.isnat(d) else str(d) for d in rows.date]
    if by == "recording":
        same = copies(dict.fromkeys(map(str, rows.recording[used])), contents) if contents else {}
        return [same.get(r, r) for r in map(str, rows.recording)]
    parts = {"site": [site], "date": [date], "site-date": [site, date]}[by]
    lacking = [str(rows.recording[i]) for i in np.flatnonzero(used).tolist() if not all(p[i] for p in parts)]
    lacking = list(dict.fromkeys(lacking))
    if lacking:
        raise BlendkitError(
            f"clusters by {by}: {len(lacking)} recordings give no {by.replace('-', ' and ')} in their name",
            [
                shorten(lacking),
                "names are read by the preset that most of them fit, unless a recipe's `names:` says otherwise",
            ],
        )
    return [" ".join(p[i] for p in parts) for i in range(len(rows))]


def rows_from_ids(ids: Sequence[str], chunk_s: float, names: NameRule) -> Rows:
    """Parse row ids `<recording>_<end second>`; rows stay in the order of `ids`.

    Raises BlendkitError listing the ids that do not end in `_<number>`, and those whose chunk would start before the
    recording or off the grid of chunks of `chunk_s` seconds; and for ids that all end in a time of day or milliseconds.
    """
    parts = [_posix(str(row_id)).rpartition("_") for row_id in ids]
    stems, texts = [stem for stem, _, _ in parts], [end for *_, end in parts]
    known = {end: _number(end) for end in dict.fromkeys(texts)}
    ends = np.array([known[end] for end in texts], np.float64)
    if not np.isfinite(ends).all() or not all(stems):
        bad = [f"row {i + 1}: {ids[i]!r}" for i, stem in enumerate(stems) if not stem or not np.isfinite(ends[i])]
        raise BlendkitError("row ids must have the form <recording>_<end second>", [shorten(bad)])
    if why := _no_second(stems, texts, ends, chunk_s):
        raise BlendkitError("row ids must have the form <recording>_<end second>", [f"such as {ids[0]!r}", why])
    count = ends / chunk_s
    off = np.flatnonzero((count < 1 - _TOLERANCE) | (np.abs(count - np.round(count)) > _TOLERANCE)).tolist()
    if off:
        problems = [f"{len(off)} of {len(ids)} do not, such as {shorten([repr(ids[i]) for i in off])}"]
        hint = _likely(stems, ends, chunk_s)
        raise BlendkitError(
            f"row ids must end in multiples of {chunk_s:g} s, the chunk", [*problems, *filter(None, [hint])]
        )
    return make_rows(stems, ends - chunk_s, ends, names)


def _no_second(recordings: Sequence[str], texts: Sequence[str], ends: Float64, chunk_s: float) -> str:
    """Return what ids (N) end in, if not in a second alone: time of day, milliseconds, start and end; else ""."""
    if ends.size and all(
        _DATED.search(r) and _TIME_OF_DAY.fullmatch(t) for r, t in zip(recordings, texts, strict=True)
    ):
        return "they end in the time of day of a recording's name: add `_` and the second in which the chunk ends"
    steps = ends / (1000 * chunk_s)
    if ends.size > 1 and ends.min() >= 1000 * chunk_s and not (steps % 1).any() and steps.min() == 1:
        return f"they end in multiples of {1000 * chunk_s:g}: are these milliseconds? divide them by 1000"
    starts = (_number(r.rpartition("_")[2]) for r in recordings)  # mostly only the first is read
    if ends.size > 1 and ends.min() < ends.max() and all(a + chunk_s == b for a, b in zip(starts, ends, strict=True)):
        return "they end in the start and the end of the chunk: leave out the start"
    return ""


def _posix(row_id: str) -> str:
    """Return a row id whose recording is a path of Windows as its path anywhere else; other ids as they are."""
    if "\\" not in row_id:
        return row_id
    stem, _, end = row_id.replace("\\", "/").rpartition("_")
    return f"{recording_id(stem)}_{end}"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _likely(recordings: Sequence[str], ends: Float64, chunk_s: float) -> str:
    """Return what ends that fit no grid of chunks may be instead, "" if nothing suggests itself."""
    own: dict[str, list[float]] = {}
    for recording, end in zip(recordings, ends.tolist(), strict=True):
        own.setdefault(recording, []).append(end)
    series = [sorted(e) for e in own.values()]
    counts = [e == [k + e[0] for k in range(len(e))] and e[0] in (0, 1) for e in series]
    if all(counts):
        first, end = (0, "(k + 1)") if series[0][0] == 0 else (1, "k")
        return f"do they number the chunks from {first}? chunk k ends at {end} x {chunk_s:g} s"
    if all(e[0] == 0 and len(e) > 1 for e in series):
        return "are they starts? a row id names the second in which its chunk ends"
    steps = {round(b - a, 6) for e in series for a, b in pairwise(e)}
    if len(steps) == 1 and steps != {chunk_s}:
        return f"their step is {steps.pop():g} s: are these chunks of another length? say `chunk_s:` or --chunk-s"
    return ""


def in_canonical_order(rows: Rows) -> bool:
    """Return whether rows (N) are grouped by recording in natural order, and each recording's times rise.

    Then no row is there twice; this costs far less than to look at every row's id.
    """
    offsets = rows.offsets()
    keys = natural_keys(rows.recording[offsets[:-1]].tolist()) if len(rows) else []
    within = np.ones(max(len(rows) - 1, 0), bool)
    within[offsets[1:-1] - 1] = False
    rising = (np.diff(rows.start_s) > 0) & (np.diff(rows.end_s) > 0)
    return bool(rising[within].all()) and all(map(lt, keys, islice(keys, 1, None)))


def canonical_order(rows: Rows) -> Int64:
    """Return the (N,) order by recording (natural order), then by start time.

    Row ids are never sorted as text, because `_10` would come before `_5`.
    """
    rank = {r: i for i, r in enumerate(natural_sorted(set(rows.recording)))}
    codes = np.fromiter((rank[r] for r in rows.recording), np.int64, len(rows))
    return np.lexsort((rows.start_s, codes)).astype(np.int64)


def format_seconds(seconds: float) -> str:
    """Return seconds without needless decimals: 5 rather than 5.0."""
    rounded = round(seconds, 6)
    return str(int(rounded)) if rounded == int(rounded) else repr(rounded)


def _objects(values: Sequence[str]) -> StrArray:
    out = np.empty(len(values), object)
    out[:] = values
    return out
