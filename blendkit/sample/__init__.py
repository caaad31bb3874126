"""The sample world: a small synthetic Pantanal, the same on every machine.

In goes a configuration; out comes a folder of recordings, labels, score files and small models with the contracts of
the real ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.sample.cached import cached_world, cached_world_folder
    from blendkit.sample.config import FORMAT_VERSION, WorldConfig
    from blendkit.sample.world import make_world
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = ["FORMAT_VERSION", "WorldConfig", "cached_world", "cached_world_folder", "make_world"]
