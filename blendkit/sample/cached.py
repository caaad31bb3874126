"""The sample world that packaged recipes fall back to, made once per user."""

from __future__ import annotations

from pathlib import Path


def cached_world() -> Path:
    """Return the default sample world, made once per user (below BLENDKIT_CACHE or the user's cache)."""
    from blendkit._version import __version__
    from blendkit.core import text_hash
    from blendkit.sample.config import FORMAT_VERSION, WorldConfig
    from blendkit.sample.world import make_world
    from blendkit.store import cache_folder

    config = WorldConfig()
    folder = cache_folder() / f"sample-{__version__}-{FORMAT_VERSION}-{text_hash(repr(config))[:8]}"
    if not (folder / "world.json").exists():
        make_world(folder, config)
    return folder
