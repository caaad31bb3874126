"""The sample world that packaged recipes fall back to, made once per user."""

from __future__ import annotations

from pathlib import Path

from blendkit._version import __version__
from blendkit.core import text_hash
from blendkit.sample.config import FORMAT_VERSION, WorldConfig
from blendkit.store import cache_folder


def cached_world_folder() -> Path:
    """Return where the default sample world lies (below BLENDKIT_CACHE or the user's cache), made or not."""
    config = text_hash(repr(WorldConfig()))[:8]
    return cache_folder() / f"sample-{__version__}-{FORMAT_VERSION}-{config}"


def cached_world() -> Path:
    """Return the default sample world; the first call makes it."""
    from blendkit.sample.world import make_world

    folder = cached_world_folder()
    if not (folder / "world.json").exists():
        make_world(folder, WorldConfig())
    return folder
