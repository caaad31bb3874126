"""Clips of known classes: found, drawn, and their features from a member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from blendkit.audio import Recording, find_recordings
from blendkit.core import Contents, Float32, NameRule, further_copies, linked_groups, user_pattern
from blendkit.errors import BlendkitError, shorten
from blendkit.events import Emit, silent
from blendkit.scoring import Scorer, save_features
from blendkit.store import FeatureStore


@dataclass(frozen=True)
class Clips:
    """Recordings of one class each. groups: clips of one group (recordist, source) do not vote on each other.

    copies: {clip: the one of which it is a copy or cut}, of those whose audio was read.
    """

    recordings: tuple[Recording, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...] | None
    copies: Mapping[str, str] = field(default_factory=dict)


def find_clips(folder: Path, group: str | None = None) -> Clips:
    """Return the clips of a folder with one folder per class, as BirdCLEF's train_audio and ESC-10 have it.

    group: a regular expression searched in a clip's file name; its first parenthesis is the clip's
    group. Raises BlendkitError for clips outside a class folder, and as `grouped`.
    """
    inside = find_recordings(folder)
    found = [r for r in inside.recordings if not r.problem]
    loose = [r.id for r in found if "/" not in r.id]
    if not found or loose:
        what = f"clips outside a class folder: {shorten(loose)}" if loose else "no audio files"
        raise BlendkitError(f"{folder}: expected one folder of clips per class", [what, *inside.left_out[:5]])
    labels = tuple(r.id.split("/")[0] for r in found)
    if group is None:
        return Clips(tuple(found), labels, None)
    return Clips(tuple(found), labels, tuple(grouped([r.path.name for r in found], group)))


def grouped(names: Sequence[str], group: str, option: str = "--group") -> list[str]:
    """Return the group of every name: what the expression's first parenthesis holds.

    option: what the user gave the expression to. Raises BlendkitError for what is not a regular expression or has no
    parenthesis, for names without a match or with an empty one, and where all names have one group.
    """
    pattern = user_pattern(group, option)
    if not pattern.groups:
        way = f"such as '({group})': its first parenthesis is the group"
        raise BlendkitError(f"{option}: {group!r} has no part in parentheses", [way])
    found = [pattern.search(n) for n in names]
    texts = [m[1] if m else None for m in found]
    strange = [n for n, m in zip(names, found, strict=True) if m is None]
    empty = [n for n, m, t in zip(names, found, texts, strict=True) if m and not t]
    way = "put the part of a name that names the group (the recordist, the site) in parentheses"
    if strange:
        raise BlendkitError(f"{option}: {group!r} is not in {len(strange)} names", [shorten(strange)])
    if empty:
        raise BlendkitError(f"{option}: {group!r} gives {len(empty)} names an empty group", [shorten(empty), way])
    if len(set(names)) > 1 and len(set(texts)) == 1:
        what = f"{option}: {group!r} gives all {len(names)} names one group, {texts[0]!r}"
        raise BlendkitError(what, [f"names: {shorten(dict.fromkeys(names), 3)}", way])
    return [t for t in texts if t]


def sample_clips(clips: Clips, classes: int, per_class: int, seed: int) -> Clips:
    """Return `per_class` clips of each of `classes` classes, drawn with a seed; all of them where there are fewer.

    Raises BlendkitError naming classes with too few clips, where the others cannot fill the number.
    """
    rng = np.random.default_rng(seed)
    by_class: dict[str, list[int]] = {}
    for i, label in enumerate(clips.labels):
        by_class.setdefault(label, []).append(i)
    enough = sorted(c for c, own in by_class.items() if len(own) >= min(per_class, 2))
    thin = sorted(set(by_class) - set(enough))
    if len(enough) < 2:
        raise BlendkitError("too few classes with two clips or more", [f"with one: {shorten(thin)}"] if thin else [])
    chosen = sorted(rng.choice(enough, min(classes, len(enough)), replace=False).tolist())
    chosen_clips = [i for c in chosen for i in sorted(rng.permutation(by_class[c])[:per_class].tolist())]
    groups = None if clips.groups is None else tuple(clips.groups[i] for i in chosen_clips)
    return Clips(tuple(clips.recordings[i] for i in chosen_clips), tuple(clips.labels[i] for i in chosen_clips), groups)


def clip_features(
    scorer: Scorer, clips: Clips, names: Sequence[str], store: Path, *, emit: Emit = silent
) -> tuple[dict[str, Float32], Clips]:
    """Return features (n, D), one row per clip (the mean of its chunks), and the clips that could be read.

    Clips that are copies or cuts of each other share a group from then on. Features are saved in `store`; what it holds
    is not computed again. Raises BlendkitError if no clip of a class can be read.
    """
    status = save_features(replace(scorer, recordings=list(clips.recordings)), names, store, emit=emit)
    readable = [
        i for i, r in enumerate(clips.recordings) if status[r.id].chunks and status[r.id].status != "unreadable"
    ]
    usable = Clips(
        tuple(clips.recordings[i] for i in readable),
        tuple(clips.labels[i] for i in readable),
        None if clips.groups is None else tuple(clips.groups[i] for i in readable),
    )
    lost = sorted(set(clips.labels) - set(usable.labels))
    if lost:
        raise BlendkitError("classes without a clip that can be read", [shorten(lost)])
    saved = FeatureStore.open(store)
    means = {n: _means(saved, n, [r.id for r in usable.recordings]) for n in saved.shapes}
    return means, _with_copies_together(usable, saved.contents())


def _with_copies_together(clips: Clips, contents: Contents) -> Clips:
    ids = [r.id for r in clips.recordings]
    further = further_copies(ids, contents)
    if not further:
        return clips
    own = dict(zip(ids, clips.groups or ids, strict=True))
    linked = linked_groups((own[r], own[first]) for r, first in further.items())
    return replace(clips, groups=tuple(linked.get(own[r], own[r]) for r in ids), copies=further)


def _means(saved: FeatureStore, name: str, ids: Sequence[str]) -> Float32:
    rows, values = saved.read(name, NameRule())
    flat = values.reshape(len(values), -1).astype(np.float64)
    at = {r: i for i, r in enumerate(rows.recordings())}
    sums = np.add.reduceat(flat, rows.offsets()[:-1], axis=0) / np.diff(rows.offsets())[:, None]
    return sums[[at[i] for i in ids]].astype(np.float32)
