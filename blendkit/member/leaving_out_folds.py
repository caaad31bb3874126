"""Ensembles of fold models, which score a recording without the folds that learned from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from blendkit.core import Saw
from blendkit.graphs import load_graph, metadata_saw
from blendkit.member.protocol import Member


@runtime_checkable
class FoldEnsemble(Protocol):
    """A member that is the mean of models trained on different folds, and knows what each of them learned from.

    A recording that some of them learned from is scored by the others: its scores are out-of-fold.
    """

    @property
    def fold_saw(self) -> Sequence[Saw]:
        """What each fold model learned from."""
        ...

    def only(self, folds: Sequence[int]) -> Member:
        """Return the member of these fold models alone, with the same classes."""
        ...


def saw_of_folds(files: Sequence[str], name: str) -> tuple[Saw, ...]:
    """Return what each fold model was trained on, as the metadata of its graph says; `name` is that of the member."""
    return tuple(metadata_saw(load_graph(Path(f), name), Path(f).name, name) for f in files)
