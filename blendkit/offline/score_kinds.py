"""What a figure says of the scores behind it: out-of-fold, in-sample, or of recordings nobody knows were unseen."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from blendkit.core import ScoreKind
from blendkit.errors import BlendkitError, shorten
from blendkit.io import NOT_KNOWN, Provenance, split_source


def score_kind(known: Provenance, recordings: Iterable[str]) -> tuple[ScoreKind, list[str]]:
    """Return what a file's scores of these recordings are, and in words what a reader of their figure must know.

    known: what is known of the file. Nothing needs to be said of recordings that are known to be unseen.
    """
    labelled = list(dict.fromkeys(recordings))
    kind = known.kind_on(labelled)
    if kind == "in-sample":
        seen = known.in_sample(labelled)
        what = f"what made these scores learned from {len(seen)} of the {len(labelled)} labelled recordings"
        return kind, [f"in-sample: {what}: {shorten(seen, 3)}"]
    if kind == "oof" and known.kind != "oof":
        held_out = len(set(known.held_out) & set(labelled))
        who = "by the fold models that did not learn from them"
        return kind, [f"{held_out} of the {len(labelled)} labelled recordings are scored out of fold: {who}"]
    unknown = f"{NOT_KNOWN}: the file was changed after it was written" if known.edited else NOT_KNOWN
    notes = {"oof": "these scores are out-of-fold, as their file says", "unknown": unknown}
    return kind, [notes[kind]] if kind in notes else []


def refuse_labels(source: Path | str, labels: object) -> None:
    """Raise BlendkitError where a source is the file of the labels themselves, which are right by definition."""
    path, array = split_source(source)
    given = isinstance(labels, Path | str) and path.is_file() and path.resolve() == Path(labels).resolve()
    if given and array is None:
        raise BlendkitError(
            f"{source} is given as the scores and as the labels: it would be measured against itself",
            ["give the scores of a model, and the labels in a file of their own"],
        )


def unlike_kinds(kinds: dict[str, ScoreKind]) -> list[str]:
    """Say it where scores are compared that are not of one kind: what was seen wins without being better."""
    seen = [n for n, k in kinds.items() if k == "in-sample"]
    others = [n for n, k in kinds.items() if k in ("oof", "unseen")]
    if not seen or not others:
        return []
    return [f"{shorten(seen)} learned from labelled recordings and {shorten(others)} did not: they cannot be compared"]
