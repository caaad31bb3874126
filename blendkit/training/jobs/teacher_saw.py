"""A teacher's scores, and the recordings it learned from: as its files say it, and as the user adds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from blendkit.core import FileSpace, Saw, Scores
from blendkit.errors import BlendkitError
from blendkit.io import ColumnNames, Provenance, check_space, read_labels, read_scores


def with_labels(saw: Saw, labels: Path | None) -> Saw:
    """Add the recordings of a label file, by which the user says that all are known; None adds nothing.

    Raises BlendkitError for a file that names none: that a teacher learned from nothing is no answer.
    """
    if labels is None:
        return saw
    named = set(read_labels(labels).recordings)
    if not named:
        raise BlendkitError(f"--saw {labels}: it names no recording", ["name the labels that the teacher learned from"])
    return Saw.of({*saw.recordings, *named}, saw.contents, known=True)


def read_teacher(source: Path | str, space: FileSpace | None, known: Provenance, chunk_s: float = 5.0) -> Scores:
    """Return a teacher's scores in their space: the one its file states, else the one that is given.

    Classes that its file names as uncovered are not covered. chunk_s: the seconds of a chunk, where the file has ends
    of chunks alone, or windows to average onto chunks. Raises BlendkitError where neither says the space, where they
    disagree, and for values that cannot be of that space: a logit of them would be nan.
    """
    if space is not None and known.space not in ("unknown", space):
        raise BlendkitError(f"{source}: its scores are {known.space} values, not {space}", ["leave out --space"])
    stated = known.space if space is None else space
    if stated == "unknown":
        raise BlendkitError(f"{source}: no file says what its values are", ["say --space logit, prob or rank"])
    found = read_scores(source, stated, names=ColumnNames(chunk_s=chunk_s))
    check_space(found.values, stated, str(source))
    covered = found.covered & ~np.isin(found.classes, known.uncovered)
    return replace(found, space=stated, covered=covered)
