"""Which fold models of an ensemble score which recordings: those that did not learn from them."""

from __future__ import annotations

from collections.abc import Sequence

from blendkit.audio import Prepared
from blendkit.core import unseen_folds
from blendkit.member import FileMember, FoldEnsemble, Member

AnyMember = Member | FileMember


def by_unseen_folds(made: AnyMember, prepared: Sequence[Prepared]) -> list[tuple[AnyMember, list[Prepared]]]:
    """Return what is to score which recordings: the member all of them, or its folds those that they never saw.

    A recording that all folds learned from is scored by all of them.
    """
    whole: list[tuple[AnyMember, list[Prepared]]] = [(made, list(prepared))]
    if not isinstance(made, FoldEnsemble) or not any(len(saw) for saw in made.fold_saw):
        return whole
    contents = {p.recording: p.content for p in prepared if p.content is not None}
    folds = unseen_folds(made.fold_saw, [p.recording for p in prepared], contents)
    parts: dict[tuple[int, ...], list[Prepared]] = {}
    for p in prepared:
        parts.setdefault(folds[p.recording], []).append(p)
    every = tuple(range(len(made.fold_saw)))
    return [(made if own == every else made.only(own), found) for own, found in parts.items()]
