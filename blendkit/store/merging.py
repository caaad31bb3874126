"""Stores of one member made into one: the shards of a long job, or the parts of an archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from blendkit.core import natural_sorted
from blendkit.errors import BlendkitError, counted, shorten
from blendkit.store.compaction import compact, require_same_audio
from blendkit.store.fact_differences import differing_facts
from blendkit.store.features import FeatureStore
from blendkit.store.logits import LogitStore
from blendkit.store.manifest import Manifest
from blendkit.store.store_facts import STORE_FACTS, facts_of

Store = LogitStore | FeatureStore


@dataclass(frozen=True)
class Merged:
    """A merged store: its recordings and parts, and what a person should know of it."""

    folder: Path
    recordings: int
    parts: int
    notes: tuple[str, ...]


def open_store(folder: Path) -> Store:
    """Open a store of logits or of features. Raises BlendkitError if the folder is neither."""
    return FeatureStore.open(folder) if "features" in facts_of(folder, "store") else LogitStore.open(folder)


def merge_stores(sources: Sequence[Path], out: Path) -> Merged:
    """Put the recordings of stores into the store `out`, which may be one of them; the others stay as they are.

    All parts are written anew, in natural order, so that equal recordings give equal files however they were split.
    Recordings that `out` holds already stay. Raises BlendkitError for stores of different members or settings, and for
    a recording that two of them hold of other audio.
    """
    stores = [open_store(s) for s in sources]
    first = stores[0]
    for store, folder in zip(stores[1:], sources[1:], strict=True):
        if type(store) is not type(first) or _facts(store) != _facts(first):
            what = f"{folder}: holds values of another member, or made with other settings, than {sources[0]}"
            differ = [
                f"{k.removeprefix('facts.')}: {a} there, {b} here"
                for k, a, b in differing_facts(_facts(first), _facts(store))
                if k != "made_by"  # the hash of all of these
            ]
            raise BlendkitError(what, [*differ[:5], f"the {STORE_FACTS} of both say what they hold"])
    target = _at(out, first)
    others = [s.manifest for s in stores if s.manifest.folder.resolve() != out.resolve()]
    require_same_audio(target.manifest, others)  # before anything is written
    further = _further(target.manifest, others) if len(others) == len(stores) else []
    target.manifest.begin()
    target.manifest.end()
    notes = [n for m in (*others, target.manifest) for n in _damaged(m)]
    compact(target.manifest, target.layout, whole=True, others=others)
    manifest = target.manifest
    said = dict.fromkeys(n for m in (*others, manifest) for n in m.notes)
    return Merged(out, len(manifest.entries), len(manifest.parts), (*further, *notes, *said))


def _further(target: Manifest, others: Sequence[Manifest]) -> list[str]:
    """Return a note on recordings that the merged store held before, and that none of the merged ones has."""
    new = {r for m in others for r in m.entries}
    held = natural_sorted(r for r in target.entries if r not in new)
    return [f"{target.folder} held {counted(len(held), 'other recording', 'other recordings')}, which stay: "
            f"{shorten(held)}"] if held else []  # fmt: skip


def _damaged(manifest: Manifest) -> list[str]:
    of = manifest.recordings_of_parts()
    damaged = [
        f"{manifest.folder}: {n} is damaged: its recordings are left out: {shorten(natural_sorted(of.get(n, ())))}"
        for n in manifest.drop_damaged()
    ]
    return [*damaged, *filter(None, [manifest.lost_note])]


def _facts(store: Store) -> dict[str, object]:
    facts = dict(store.manifest.facts)
    about = {k: v for k, v in facts.pop("about").items() if k != "notes"}
    return {**facts, **about, "made_by": store.manifest.made_by}


def _at(out: Path, like: Store) -> Store:
    manifest, about = like.manifest, like.manifest.facts["about"]
    if isinstance(like, LogitStore):
        return LogitStore.create(out, manifest.made_by, like.classes, like.covered, about)
    return FeatureStore.create(out, manifest.made_by, like.shapes, about)
