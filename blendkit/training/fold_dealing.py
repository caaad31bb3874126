"""Folds of whole groups, with the positives of every class spread over them as far as groups allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blendkit.core import Int64, text_hash
from blendkit.errors import BlendkitError, shorten
from blendkit.training.examples import Examples, Index

_KINDS = (("clip", "clips"), ("chunk", "soundscape chunks"))


def deal_folds(examples: Examples, folds: int) -> Index:
    """Return (N,) a fold per row, -1 for pseudo-labelled ones: whole groups, stratified by class.

    Groups that hold clips and chunks are dealt first, then those of one kind, in the order of their rarest class (the
    one with positives in fewest groups). A group goes to the fold with the fewest positive rows of that class, of
    equal ones to that with the fewest rows, then by a hash; positives of clips and of chunks are counted apart, since
    they are judged apart. Neither the order of rows nor that of classes changes a fold. Raises BlendkitError if a
    kind has fewer groups than folds.
    """
    fold = np.full(len(examples), -1, np.int64)
    held = {kind: set(examples.group[examples.kind == kind].tolist()) for kind, _ in _KINDS}
    _refuse_few(held, folds)
    names = sorted(set().union(*held.values()))
    rows, positives = _tallies(examples, names)
    order = _by_rarest(positives, names, examples.classes)
    both = [g in held["clip"] and g in held["chunk"] for g in names]
    at = np.full(len(names), -1, np.int64)
    fold_rows, fold_positives = (np.zeros((folds, *x.shape[1:]), np.int64) for x in (rows, positives))
    for g, stratum in sorted(order, key=lambda o: not both[o[0]]):  # a stable sort: shared groups come first
        of_class = fold_positives[:, stratum[0], stratum[1]] if stratum else np.zeros(folds, np.int64)
        of_rows = fold_rows[:, rows[g] > 0].sum(axis=1)  # a fold without rows of the kind is always the first choice
        ties = [text_hash(f"{names[g]}\n{f}") for f in range(folds)]
        at[g] = min(zip(of_class.tolist(), of_rows.tolist(), ties, range(folds), strict=True))[-1]
        fold_rows[at[g]] += rows[g]
        fold_positives[at[g]] += positives[g]
    real = examples.kind != "pseudo"
    fold[real] = at[np.searchsorted(names, examples.group[real])] if names else -1
    return fold


def _refuse_few(held: dict[str, set[str]], folds: int) -> None:
    problems = [
        (len(held[kind]), what, f"groups of {what}: {shorten(sorted(held[kind]))}")
        for kind, what in _KINDS
        if held[kind] and len(held[kind]) < folds
    ]
    if problems:
        raise BlendkitError(
            "; ".join(f"{n} groups of {what} cannot make {folds} folds" for n, what, _ in problems),
            [*(told for *_, told in problems), "a group (a recording, a recordist) never lies on both sides of a fold"],
        )


def _tallies(examples: Examples, names: Sequence[str]) -> tuple[Int64, Int64]:
    """Return rows (G, 2) and positive rows (G, 2, C) of every group, of clips and of chunks."""
    rows = np.zeros((len(names), 2), np.int64)
    positives = np.zeros((len(names), 2, len(examples.classes)), np.int64)
    for k, (kind, _) in enumerate(_KINDS):
        own = np.flatnonzero(examples.kind == kind)
        group = np.searchsorted(names, examples.group[own])
        np.add.at(rows[:, k], group, 1)
        np.add.at(positives[:, k], group, examples.targets[own] > 0.5)
    return rows, positives


def _by_rarest(positives: Int64, names: Sequence[str], classes: Sequence[str]) -> list[tuple[int, tuple[int, ...]]]:
    """Return every group with its rarest (kind, class), rarest first; () for groups without positives, which end it."""
    found = []
    in_groups, in_rows = (positives > 0).sum(axis=0), positives.sum(axis=0)
    for g, name in enumerate(names):
        own = [(int(in_groups[k, c]), int(in_rows[k, c]), classes[c], k, c) for k, c in np.argwhere(positives[g])]
        rarest = min(own) if own else (len(names) + 1, 0, "", 0, 0)
        most = -int(positives[g][rarest[3:]].sum()) if own else 0  # large groups first: small ones even them out
        found.append(((*rarest[:4], most, text_hash(name)), g, tuple(map(int, rarest[3:])) if own else ()))
    return [(g, stratum) for _, g, stratum in sorted(found)]


def thin_classes(examples: Examples, fold: Index) -> list[str]:
    """Return notes on classes whose positive rows lie in one fold or in two.

    A fold is scored by a head that neither learned from it nor from the fold it stopped on.
    """
    positive = examples.targets > 0.5
    spread = [len(set(fold[positive[:, c] & (fold >= 0)].tolist())) for c in range(len(examples.classes))]
    named = {n: [c for c, s in zip(examples.classes, spread, strict=True) if s == n] for n in (1, 2)}
    why = {
        1: "no head that is judged on them learned them, so their figures say nothing",
        2: "a head that is judged on them may have only stopped on them, not learned them",
    }
    places = {1: "one fold only", 2: "two folds only"}
    return [
        f"{len(named[n])} classes have positives in {places[n]}: {why[n]}: {shorten(named[n])}"
        for n in (1, 2)
        if named[n]
    ]
