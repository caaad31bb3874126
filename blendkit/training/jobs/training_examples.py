"""Stored features and labels to training examples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path

import numpy as np

from blendkit.core import Contents, Float32, LabelTable, NameRule, Rows, Saw, Taxonomy, compare_names
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.io import read_labels
from blendkit.store import FeatureStore, differing_facts, require_features
from blendkit.training.examples import Examples
from blendkit.training.jobs.padded_tails import read_clips


def open_features(folders: Sequence[Path]) -> list[FeatureStore]:
    """Open feature stores that belong together. Raises BlendkitError if another model made one of them."""
    stores = [FeatureStore.open(f) for f in folders]
    first = stores[0]
    bad = [
        f"{folder}: {_differing(first, s)}"
        for folder, s in zip(folders, stores, strict=True)
        if s.manifest.made_by != first.manifest.made_by
    ]
    if bad:
        what = f"features of differing models or settings cannot be mixed; {folders[0]} against"
        raise BlendkitError(what, bad)
    return stores


def learned_of(stores: Sequence[FeatureStore]) -> Saw:
    """Return what the models behind feature stores learned from; nothing where the stores do not say."""
    return reduce(Saw.joined, (s.saw for s in stores), Saw())


def _differing(a: FeatureStore, b: FeatureStore) -> str:
    """What of the facts behind two stores differs."""
    found = differing_facts(*(s.manifest.facts["about"]["facts"] for s in (a, b)))
    found = found or differing_facts(*({"hash of what made them": s.manifest.made_by} for s in (a, b)))
    return "; ".join(f"{k} {x} against {y}" for k, x, y in found)


def clip_examples(store: FeatureStore, blocks: Sequence[str], classes: Sequence[str]) -> Examples:
    """Return the chunks of every clip but for tails of padding, labelled by its folder; every clip is a group.

    Raises BlendkitError for clips outside a class folder, and for folders that are no class, with the nearest.
    """
    rows, features = read_clips(store, blocks)
    of = [r.split("/")[0] if "/" in r else "" for r in rows.recording.tolist()]
    unknown = sorted(set(of) - set(classes))
    if unknown:
        hints = [f"{u!r}{did_you_mean(u, classes)}" if u else "clips outside a class folder" for u in unknown]
        raise BlendkitError(f"{store.manifest.folder}: folders that are none of the classes", [shorten(hints)])
    at = {c: i for i, c in enumerate(classes)}
    targets = np.zeros((len(rows), len(classes)), np.float32)
    targets[np.arange(len(rows)), [at[c] for c in of]] = 1
    return _examples(rows, features, targets, "clip", classes, store.contents())


def labels_of_people(labels: Path, *ways: str) -> LabelTable:
    """Return labels to learn from, or to measure on. Raises BlendkitError, with the ways out, for pseudo-labels."""
    table = read_labels(labels)
    if table.of_teacher:
        raise BlendkitError(f"{labels}: these are pseudo-labels of a teacher, and no truth", ways)
    return table


def chunk_examples(
    store: FeatureStore, blocks: Sequence[str], classes: Sequence[str], labels: Path, taxonomy: Taxonomy
) -> Examples:
    """Return the labelled chunks of soundscapes. Raises BlendkitError for unknown labels, and if none matches.

    labels: see `read_labels`.
    """
    table = labels_of_people(labels, "--pseudo FOLDER keeps what the teacher learned from, and which chunks are unsure")
    rows, features = _read(store, blocks)
    table = table.named_as(rows.recordings())
    table.require_in_reach(rows, str(store.manifest.folder))
    truth, labelled = table.only(rows.recordings()).matrix(rows, classes, taxonomy.classes)
    if not labelled.any():
        first = compare_names(table.recordings, rows.recordings(), "the labels", "the features")
        first = first or "the labels name these recordings, but cover no whole chunk of them"
        raise BlendkitError(f"{labels}: no label matches a chunk of {store.manifest.folder}", [first])
    keep = np.flatnonzero(labelled)
    part = rows.take(keep)
    values = {n: x[keep] for n, x in features.items()}
    return _examples(part, values, truth[keep].astype(np.float32), "chunk", classes, store.contents())


def unlabelled_examples(store: FeatureStore, blocks: Sequence[str], classes: Sequence[str]) -> Examples:
    """Return all chunks of a store with targets of 0, to be labelled by a model."""
    rows, features = _read(store, blocks)
    targets = np.zeros((len(rows), len(classes)), np.float32)
    return _examples(rows, features, targets, "pseudo", classes, store.contents())


def classes_of(stores: Sequence[FeatureStore], labels: Path | None, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the taxonomy's classes, or else the clip folders and the labels' classes, sorted."""
    if taxonomy.classes:
        return taxonomy.classes
    found = {r.split("/")[0] for s in stores for r in s.manifest.recordings() if "/" in r}
    found |= read_labels(labels).classes if labels is not None else set()
    return tuple(sorted(found))


def _read(store: FeatureStore, blocks: Sequence[str]) -> tuple[Rows, dict[str, Float32]]:
    require_features(str(store.manifest.folder), blocks, store.shapes)
    read = {b: store.read(b, NameRule()) for b in dict.fromkeys(blocks)}
    return next(iter(read.values()))[0], {b: values for b, (_, values) in read.items()}


def _examples(
    rows: Rows,
    features: dict[str, Float32],
    targets: Float32,
    kind: str,
    classes: Sequence[str],
    contents: Contents,
) -> Examples:
    ids, recording = (np.array([str(t) for t in c], np.str_) for c in (rows.ids(), rows.recording))
    return Examples(features, targets, ids, recording, recording, np.full(len(rows), kind), tuple(classes), contents)
