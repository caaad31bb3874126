"""Models of places and weeks, which hear nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from blendkit.core import Float32


@runtime_checkable
class GeoModel(Protocol):
    """A model of where and when classes occur: no audio, only places and weeks.

    Its factory, registered under `blendkit.geo_models`, takes nothing and finds its own files.
    """

    @property
    def labels(self) -> Sequence[str]:
        """The scientific names of its L columns."""
        ...

    def probabilities(self, latitude: float, longitude: float, weeks: Sequence[int]) -> Float32:
        """Return probabilities (len(weeks), L) at a place, in degrees; weeks are 1 to 48, or -1 for the whole year."""
        ...
