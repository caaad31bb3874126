"""Which classes a student can learn: those that its teacher covers, and those of which its labels have a positive."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from blendkit.core import Bools, Int64, Scores
from blendkit.errors import BlendkitError, shorten
from blendkit.training.student import StudentRows


@dataclass(frozen=True, eq=False)
class LearnableClasses:
    """A teacher and the rows of its student on the classes that can be learned.

    labels_alone: classes that the teacher does not cover, learned from labels; left_out: those that nothing teaches.
    """

    teacher: Scores
    examples: StudentRows
    labels_alone: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def facts(self) -> dict[str, list[str]]:
        """What student.json says of them."""
        return {"labels_alone": list(self.labels_alone), "left_out": list(self.left_out)}


def learnable_classes(teacher: Scores, examples: StudentRows, learn: Int64) -> LearnableClasses:
    """Return the teacher and the rows (N, C) on the classes that the rows `learn` can teach.

    What a teacher says of a class that it does not cover is a filler and means nothing. Raises BlendkitError if it
    covers no class.
    """
    if not teacher.covered.any():
        way_out = "name scores of classes that the student is to learn"
        raise BlendkitError("the teacher covers none of its classes", [shorten(teacher.classes), way_out])
    counted = examples.labelled[learn] > 0
    named: Bools = np.asarray((examples.truth[learn][counted] > 0.5).any(axis=0), bool)
    keep = np.flatnonzero(teacher.covered | named)
    labels_alone = tuple(teacher.classes[i] for i in np.flatnonzero(named & ~teacher.covered))
    left_out = tuple(teacher.classes[i] for i in np.flatnonzero(~named & ~teacher.covered))
    kept = teacher.align(teacher.rows, [teacher.classes[i] for i in keep], unknown_classes="ignore")
    own = replace(examples, teacher=examples.teacher[:, keep], truth=examples.truth[:, keep], covered=kept.covered)
    return LearnableClasses(kept, own, labels_alone, left_out)
