"""Whether what is named as a teacher's out-of-fold scores can be that, as the files say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from blendkit.core import Saw
from blendkit.errors import BlendkitError, shorten
from blendkit.io import Provenance, Truth, read_provenance

_WAY_OUT = "name scores by models that did not learn from the recording, such as oof.npz of `blendkit fit seqhead`"


@dataclass(frozen=True)
class ClaimedOutOfFold:
    """A file of --oof: what it says of its scores, and whether that holds of its labelled recordings."""

    source: str
    said: Provenance
    unknown: bool

    def notes(self, teacher: Saw) -> list[str]:
        """Return what a reader of thresholds or of an inflation from these scores must know."""
        if self.unknown:
            what = "nothing says that these scores are out-of-fold: thresholds and inflation may be too low"
            return [f"--oof {self.source}: {what}"]
        strange = set(teacher.recordings) - set(self.said.saw.among(teacher.recordings, teacher.contents))
        if not (teacher.known and self.said.saw.known and strange):
            return []
        what = f"{len(strange)} of the {len(teacher)} recordings that the teacher learned from are not behind them"
        return [f"--oof {self.source}: {what}: thresholds of another model's scores do not hold for this teacher"]


def claimed_out_of_fold(source: str, recordings: Sequence[str], truth: Truth) -> ClaimedOutOfFold:
    """Return what a file of --oof says. recordings (N,): of the rows of `truth`.

    Raises BlendkitError if its scores are in-sample on a labelled recording: a threshold there has no precision.
    """
    said = read_provenance(source)
    of = zip(recordings, truth.labelled.tolist(), strict=True)
    labelled = list(dict.fromkeys(r for r, known in of if known))
    if seen := said.in_sample(labelled):
        what = f"what made these scores learned from {len(seen)} of the {len(labelled)} labelled recordings"
        raise BlendkitError(f"--oof {source}: not out-of-fold: {what}", [shorten(seen), _WAY_OUT])
    return ClaimedOutOfFold(source, said, said.kind_on(labelled) == "unknown")
