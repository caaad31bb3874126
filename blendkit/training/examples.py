"""Training examples of a head: features of rows, their targets, and the groups that must stay together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Contents, Float32, Int64, Saw, further_copies, linked_groups
from blendkit.errors import BlendkitError, shorten

ExampleKind = Literal["clip", "chunk", "pseudo"]
Index = Int64


@dataclass(frozen=True, eq=False)
class Examples:
    """Training examples, one per row.

    features {name: (N, ...)} float32; targets (N, C) in [0, 1]; row_ids (N,); recording (N,); group (N,): what
    must never lie on both sides of a fold (a recording, a recordist, a source); kind (N,): `clip` (one class
    each, clean), `chunk` (of a labelled soundscape) or `pseudo` (labelled by a model, never judged on).
    contents: what the recordings sound like, where known: copies and cuts of one are found by it.
    copies: mixed copies of the clips, which a fit learns from beside these rows. counts (N, C): the cells whose target
    is known; the others are in no loss and no figure (None: all are known).
    """

    features: Mapping[str, Float32]
    targets: Float32
    row_ids: NDArray[np.str_]
    recording: NDArray[np.str_]
    group: NDArray[np.str_]
    kind: NDArray[np.str_]
    classes: tuple[str, ...]
    contents: Contents = field(default_factory=dict, repr=False)
    copies: MixedCopies | None = field(default=None, repr=False)
    counts: Bools | None = None

    def __len__(self) -> int:
        """N."""
        return len(self.targets)

    def take(self, index: Index) -> Examples:
        """Return the rows at `index`, in that order."""
        return replace(
            self,
            features={n: x[index] for n, x in self.features.items()},
            counts=None if self.counts is None else self.counts[index],
            **{f: getattr(self, f)[index] for f in ("targets", "row_ids", "recording", "group", "kind")},
        )

    def of_classes(self, index: Sequence[int]) -> Examples:
        """Return the examples with the classes at `index`, in that order."""
        counts = None if self.counts is None else self.counts[:, index].copy()
        return replace(
            self, targets=self.targets[:, index].copy(), counts=counts, classes=tuple(self.classes[i] for i in index)
        )

    def saw(self, *, known: bool = True) -> Saw:
        """Return what a fit on these rows sees."""
        return Saw.of(self.recording.tolist(), self.contents, known=known)

    def seen(self, *, known: bool = True) -> Saw:
        """Return what a fit on these rows hears: what it sees, and the backgrounds of the mixed copies."""
        return self.saw(known=known) if self.copies is None else self.saw(known=known).joined(self.copies.saw())

    def of_kind(self, *kinds: ExampleKind) -> Index:
        """Return which rows are of these kinds."""
        return np.flatnonzero(np.isin(self.kind, kinds))


@dataclass(frozen=True, eq=False)
class MixedCopies:
    """Mixed copies of clips.

    rows: one per chunk, of the kind `clip`; a row's recording and group are its clip's. background (N,): the recording
    that is mixed in; rows.contents holds what both sound like.
    """

    rows: Examples
    background: NDArray[np.str_]

    def saw(self, index: Int64 | None = None) -> Saw:
        """Return the backgrounds that a fit on these rows (default: all) hears."""
        own = self.background if index is None else self.background[index]
        return Saw.of(own.tolist(), self.rows.contents)

    def beside(self, learn: Examples, unheard: Examples) -> Int64:
        """Return the copies to learn from in a fold: those of the clips it learns from.

        A copy stays out if its background is one of the unheard recordings, on which the fold stops or is judged.
        """
        known = np.isin(self.rows.recording, learn.recording)
        names = sorted(set(self.background.tolist()))
        apart = Saw.of(unheard.recording.tolist(), unheard.contents).among(names, self.rows.contents)
        return np.flatnonzero(known & ~np.isin(self.background, apart))


def stack(parts: Sequence[Examples]) -> Examples:
    """Put examples under each other. Raises BlendkitError for other classes, or features of other shapes."""
    first = parts[0]
    if len(parts) == 1:
        return first  # nothing is copied
    for other in parts[1:]:
        if other.classes != first.classes:
            raise BlendkitError("examples of different classes cannot be stacked")
        shapes = {n: (x.shape[1:], other.features[n].shape[1:]) for n, x in first.features.items()}
        bad = [f"{n}: {a} and {b}" for n, (a, b) in shapes.items() if a != b]
        if bad:
            raise BlendkitError("features of different shapes cannot be stacked", bad)
    joined: dict[str, Any] = {
        f: np.concatenate([getattr(p, f) for p in parts]) for f in ("targets", "row_ids", "recording", "group", "kind")
    }
    features = {n: np.concatenate([p.features[n] for p in parts]) for n in first.features}
    contents = {r: c for p in reversed(parts) for r, c in p.contents.items()}
    counts = None
    if any(p.counts is not None for p in parts):
        counts = np.concatenate([np.ones(p.targets.shape, bool) if p.counts is None else p.counts for p in parts])
    return replace(first, features=features, contents=contents, counts=counts, **joined)


def with_copies_together(examples: Examples) -> tuple[Examples, list[str]]:
    """Return examples whose groups also hold the copies and cuts of their recordings, and what was joined.

    Groups that share a recording's audio become one, so that no fold is judged on what another learned from.
    """
    further = further_copies(examples.recording.tolist(), examples.contents)
    if not further:
        return examples, []
    group_of = dict(zip(examples.recording.tolist(), examples.group.tolist(), strict=True))
    linked = linked_groups((group_of[r], group_of[first]) for r, first in further.items())
    joined = np.array([linked.get(g, g) for g in examples.group.tolist()], np.str_)
    named = shorten([f"{r} of {first}" for r, first in further.items()], 3)
    return replace(examples, group=joined), [
        f"{len(further)} recordings are copies or cuts of others and share their fold: {named}"
    ]


def check_trainable(examples: Examples, fewest: int = 2) -> list[str]:
    """Return the classes without a positive; they cannot be learned.

    Raises BlendkitError if no class has `fewest` positives, for features that are not finite, and for labelled rows
    that come twice.
    """
    bad = [n for n, x in examples.features.items() if not np.isfinite(x).all()]
    if bad:
        raise BlendkitError(f"features hold values that are not finite: {shorten(bad)}")
    real = np.isin(examples.kind, ["clip", "chunk"])
    ids, times = np.unique(examples.row_ids[real], return_counts=True)
    if twice := ids[times > 1].tolist():
        way_out = "name each store once; recordings of different folders need different names"
        raise BlendkitError(f"{len(twice)} labelled chunks come more than once", [shorten(twice), way_out])
    positives = (examples.targets[real] > 0.5).sum(axis=0)
    if not (positives >= fewest).any():
        raise BlendkitError(
            f"no class has {fewest} positive rows: nothing can be learned",
            [f"{real.sum()} labelled rows of {len(examples.classes)} classes"],
        )
    return [c for c, p in zip(examples.classes, positives, strict=True) if not p]
