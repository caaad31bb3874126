"""The files beside an ONNX graph that hold its weights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_EXTERNAL = 1  # of onnx.TensorProto.DataLocation


def weight_files(graph: Any) -> Iterator[str]:
    """Yield the name of the file of every tensor of a GraphProto that is stored in one, inner graphs included."""
    for tensor in graph.initializer:
        yield from _file_of(tensor)
    for node in graph.node:
        for attribute in node.attribute:
            for tensor in (attribute.t, *attribute.tensors):
                yield from _file_of(tensor)
            for inner in (attribute.g, *attribute.graphs):
                yield from weight_files(inner)


def is_inside(folder: Path, name: str) -> bool:
    """Return whether a name lies in a folder or below it; links there, as in caches of downloads, are not followed."""
    return bool(name) and Path(os.path.normpath(folder / name)).is_relative_to(os.path.normpath(folder))


def _file_of(tensor: Any) -> Iterator[str]:
    if tensor.data_location == _EXTERNAL:
        yield next((e.value for e in tensor.external_data if e.key == "location"), "")
