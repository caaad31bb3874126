"""The sample world: a small synthetic Pantanal, the same on every machine."""

from blendkit.sample.config import FORMAT_VERSION, WorldConfig
from blendkit.sample.world import make_world

__all__ = ["FORMAT_VERSION", "WorldConfig", "make_world"]
