"""The blocks of a model file, ONNX or TFLite."""

from __future__ import annotations

from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.graphs.block_ends import find_blocks
from blendkit.graphs.onnx_file import load_graph
from blendkit.graphs.taps import with_taps
from blendkit.graphs.tflite import discover_tflite_blocks, read_graph, with_outputs
from blendkit.store import atomic_path


def blocks_of(path: Path) -> dict[str, int]:
    """Return the channels of every MBConv block by name, in graph order (0 where the graph does not say).

    Raises BlendkitError if the file is not a model, has no such blocks, or if their ends cannot be told.
    """
    if not path.is_file():
        raise BlendkitError(f"{path}: no such model")
    if path.suffix.lower() == ".tflite":
        model = read_graph(path, "taps")
        tensors = model.subgraphs[0].tensors
        found = {n: int(tensors[t].shape[-1]) for n, t in discover_tflite_blocks(model).items()}
    else:
        found = {b.end: b.width for b in find_blocks(load_graph(path, "taps"), path.name)}
    if not found:
        raise BlendkitError(f"{path.name}: no MBConv blocks", ["blocks are recognised by their depthwise convolutions"])
    return found


def write_tapped(path: Path, out: Path) -> None:
    """Write the model with its own outputs and the blocks: as means in ONNX, unchanged in TFLite."""
    if path.suffix.lower() == ".tflite":
        model = read_graph(path, "taps")
        data = with_outputs(model, list(discover_tflite_blocks(model).values()))
    else:
        graph = load_graph(path, "taps")
        outputs = [o.name for o in graph.graph.output]
        tapped = with_taps(graph, [b.end for b in find_blocks(graph, path.name)], outputs, "taps", cut=False)
        data = bytes(tapped.SerializeToString())
    with atomic_path(out) as temporary:
        temporary.write_bytes(data)
