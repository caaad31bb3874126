"""A look at the hash of every part: what a disk has damaged without changing a file's size or time."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from blendkit.store.manifest import Manifest
from blendkit.store.store_facts import facts_of


def verify_store(folder: Path) -> list[str]:
    """Compare every part of a store with its hash, and remove those that differ: their recordings are scored again.

    Return what there is to say. Raises BlendkitError for a folder that is no store, or whose lists were edited.
    """
    facts = facts_of(folder, "store")
    manifest = Manifest(folder, facts["made_by"], facts)
    manifest.load()
    recordings = manifest.recordings_of_parts()
    damaged = manifest.drop_damaged(verify=True)
    for name in damaged:
        with suppress(OSError):
            (folder / name).unlink()
    return [f"{folder / n}: damaged, {len(recordings.get(n, ()))} recordings are to be scored again" for n in damaged]
