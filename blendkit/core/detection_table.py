"""Detections as blendkit hands them to writers: which class, in which recording, from when to when, how high."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.core.arrays import Float64, Int64
from blendkit.core.clocks import later_times
from blendkit.core.names import NO_MOMENT
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError, shorten

Naming = Literal["id", "scientific", "common"]


@dataclass(frozen=True, slots=True)
class ScoredRecording:
    """A recording that was listened to, with or without detections.

    file: its path below the audio folder, with suffix; length_s: its length in seconds; site: "" unknown; start: date
    and time of its first sample, NaT unknown; found: whether the audio folder holds the file. zone: that of the start,
    which is offset_s ahead of UTC ("": unknown). to_the_end: whether also the rest that is shorter than a chunk was
    listened to.
    """

    id: str
    file: str
    length_s: float
    site: str = ""
    start: np.datetime64 = NO_MOMENT
    found: bool = False
    zone: str = ""
    offset_s: float = 0.0
    to_the_end: bool = False

    def times(self, seconds: Float64) -> NDArray[np.datetime64]:
        """Return the local times (N,) so many seconds (N,) after its first sample, to the millisecond; NaT unknown."""
        return later_times(self.start, self.offset_s, seconds, self.zone)


@dataclass(frozen=True, slots=True)
class NamedClass:
    """The names of a class. label: the one that was asked for; scientific and common: never empty, else the id."""

    id: str
    label: str
    scientific: str
    common: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DetectionTable:
    """Detections (D,), by recording, start and class.

    recordings (R,): all that were listened to; classes (C,): those that had a threshold; recording and class_at (D,):
    places in these; start_s, end_s: seconds from the start of the recording; score: the highest of the `chunks`
    that a detection is made of. audio: the folder of the recordings, "" unknown. Raises BlendkitError where lengths or
    places do not fit together.
    """

    recordings: tuple[ScoredRecording, ...]
    classes: tuple[NamedClass, ...]
    recording: Int64
    class_at: Int64
    start_s: Float64
    end_s: Float64
    score: Float64
    chunks: Int64
    audio: str = ""

    def __post_init__(self) -> None:
        """Check the lengths and places, and make the arrays read-only."""
        names = ("recording", "class_at", "start_s", "end_s", "score", "chunks")
        arrays = {n: np.array(getattr(self, n)) for n in names}
        sizes = {n: a.shape for n, a in arrays.items()}
        problems = [f"lengths differ: {sizes}"] if len(set(sizes.values())) > 1 else []
        for name, among in (("recording", self.recordings), ("class_at", self.classes)):
            if arrays[name].size and not (arrays[name].min() >= 0 and arrays[name].max() < len(among)):
                problems.append(f"{name} names places outside its {len(among)}")
        if not problems and (np.diff(arrays["recording"]) < 0).any():
            problems.append("detections of one recording do not stand together, in the order of the recordings")
        if problems:
            raise BlendkitError("these detections do not fit together", problems)
        for name, array in arrays.items():
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.score)

    def __repr__(self) -> str:
        found = len(np.unique(self.class_at))
        return f"DetectionTable({len(self)} detections of {found} classes in {len(self.recordings)} recordings)"

    def of(self, recording: int) -> Int64:
        """Return the places (D',) of the detections of the recording at a place in `recordings`."""
        first, last = np.searchsorted(self.recording, [recording, recording + 1])
        return np.arange(first, last, dtype=np.int64)

    def clock(self) -> NDArray[np.datetime64]:
        """Return the date and time (D,) at which each detection starts, to the millisecond; NaT unknown."""
        parts = [self.recordings[r].times(self.start_s[self.of(r)]) for r in np.unique(self.recording).tolist()]
        return np.concatenate([np.zeros(0, "datetime64[ms]"), *parts])


def named_classes(
    classes: Sequence[str], taxonomy: Taxonomy, naming: Naming
) -> tuple[tuple[NamedClass, ...], tuple[str, ...]]:
    """Return the names of classes (C,), called as `naming` says, and notes.

    Raises BlendkitError for names without a taxonomy.
    """
    if naming != "id" and not taxonomy.table:
        raise BlendkitError(f"names: {naming} names need a taxonomy", ["give --taxonomy taxonomy.csv, or --names id"])
    out, lacking = [], []
    for c in classes:
        scientific = taxonomy.scientific_name(c) or c
        common = taxonomy.common_name(c) or scientific
        label = {"id": c, "scientific": taxonomy.scientific_name(c), "common": taxonomy.common_name(c)}[naming]
        lacking += [] if label else [c]
        own = (c, c) if naming == "id" else (scientific, common)
        out.append(NamedClass(c, label or scientific, *own))
    note = f"{len(lacking)} classes have no {naming} name in the taxonomy, and keep another: {shorten(lacking)}"
    return tuple(out), (note,) if lacking else ()
