"""The sample world that packaged recipes fall back to, made once per user."""

from __future__ import annotations

from pathlib import Path

from blendkit._version import __version__
from blendkit.core import text_hash
from blendkit.sample.config import FORMAT_VERSION, WorldConfig
from blendkit.store import cache_folder
from blendkit.temporaries import temporary_beside


def cached_world_folder() -> Path:
    """Return where the default sample world lies (below BLENDKIT_CACHE or the user's cache), made or not."""
    config = text_hash(repr(WorldConfig()))[:8]
    return cache_folder() / f"sample-{__version__}-{FORMAT_VERSION}-{config}"


def cached_world() -> Path:
    """Return the default sample world; the first call makes it, and so does one that finds files missing.

    Raises OSError that names the folder, if it cannot be written.
    """
    from blendkit.sample.world import is_whole, make_world

    folder = cached_world_folder()
    if is_whole(folder):
        return folder
    if folder.exists():
        with temporary_beside(folder) as aside:  # in one step, for another process may look at it
            folder.rename(aside)
    try:
        make_world(folder, WorldConfig())
    except OSError:
        if not is_whole(folder):  # else another process has made it meanwhile
            raise
    return folder
