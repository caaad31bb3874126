"""Feature stores of mixed copies, as examples beside those of their clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from blendkit.errors import BlendkitError, shorten
from blendkit.store import FeatureStore, MixedCopy
from blendkit.training.examples import Examples, MixedCopies, check_trainable, stack
from blendkit.training.jobs.padded_tails import read_clips
from blendkit.training.mixed_copies import renamed


def with_mixed_copies(
    examples: Examples, stores: Sequence[FeatureStore], blocks: Sequence[str]
) -> tuple[Examples, list[str]]:
    """Return examples with the mixed copies of these stores beside them, and what to say of them.

    Raises BlendkitError for copies whose clips are not among the examples, naming them.
    """
    if not stores:
        return examples, []
    found = [_copies(examples, s, blocks) for s in stores]
    rows = stack([c.rows for c in found])
    if again := sorted(r for r, n in zip(*np.unique(rows.row_ids, return_counts=True), strict=True) if n > 1):
        raise BlendkitError("mixed copies of the same name in two stores", [shorten(again)])
    check_trainable(rows, fewest=0)
    copies = MixedCopies(rows, np.concatenate([c.background for c in found]))
    note = (
        f"{len(rows)} chunks of mixed copies, of {len(set(rows.recording.tolist()))} clips among "
        f"{len(set(copies.background.tolist()))} backgrounds, are learned from and never judged on"
    )
    return replace(examples, copies=copies), [note]


def require_clips(stores: Sequence[FeatureStore], mixed: Sequence[FeatureStore]) -> None:
    """Raise BlendkitError where there are mixed copies and no store of clips."""
    if mixed and not stores:
        names = ", ".join(str(s.manifest.folder) for s in mixed)
        raise BlendkitError(f"{names}: mixed copies are learned from beside their clips, and judged on these alone",
                            ["name the feature store of the clips, too"])  # fmt: skip


def _copies(examples: Examples, store: FeatureStore, blocks: Sequence[str]) -> MixedCopies:
    mixes, sounds = store.mixes()
    rows, features = read_clips(store, blocks)
    made = [mixes.get(r, MixedCopy(r, "", 0.0)) for r in rows.recording.tolist()]
    clips = np.flatnonzero(examples.kind == "clip")
    at = {r: int(i) for r, i in zip(examples.recording[clips].tolist(), clips.tolist(), strict=True)}
    _require_known(store, {m.clip for m in made}, at)
    row = np.array([at[m.clip] for m in made], np.int64)
    name = renamed({m.background: sounds.get(m.background) for m in made}, examples.contents)
    contents = {name[b]: c for b, c in sounds.items() if b in name}
    own = Examples(
        features,
        examples.targets[row],
        np.array(rows.ids(), np.str_),
        examples.recording[row],
        examples.group[row],
        examples.kind[row],
        examples.classes,
        {**examples.contents, **contents},
        counts=None if examples.counts is None else examples.counts[row],
    )
    return MixedCopies(own, np.array([name[m.background] for m in made], np.str_))


def _require_known(store: FeatureStore, clips: set[str], at: dict[str, int]) -> None:
    lacking = sorted(clips - set(at))
    if lacking:
        raise BlendkitError(
            f"{store.manifest.folder}: mixed copies of {len(lacking)} clips that no other store holds",
            [shorten(lacking), "name the feature store of these clips, too: folds are dealt and judged by clips"],
        )
