"""Files of members at addresses of other machines (`https://`, `s3://`, `gs://`), kept in blendkit's cache."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from blendkit.core import text_hash
from blendkit.errors import BlendkitError
from blendkit.remote import RemoteError, check_address, describe, fetch
from blendkit.store import atomic_path, cache_folder, file_hash

_CACHE = "fetched"


def address_file(url: str, stated: Collection[str]) -> Path:
    """Return the path of a file in the cache, into which it is fetched unless it is there with a stated hash.

    stated: the hashes that the recipe states for the member, without which nothing is fetched. Raises BlendkitError
    with the way out on one line.
    """
    check_address(url)
    if not stated:
        raise BlendkitError(f"{url!r}: state its `sha256:`, so that nobody can put another file in its place")
    folder = cache_folder() / _CACHE / text_hash(url)[:16]
    kept = next((p for p in folder.glob("*") if file_hash(p) in stated), None) if folder.is_dir() else None
    if kept is not None:
        return kept
    try:
        file = describe(url)
        with atomic_path(folder / file.name) as target:
            fetch(file, target)
    except RemoteError as error:
        raise BlendkitError(f"{url!r} is neither in the cache nor could it be fetched: {error}") from error
    return folder / file.name
