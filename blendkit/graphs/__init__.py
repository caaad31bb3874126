"""Model graphs in ONNX and TFLite: block taps, slimming, sessions, smaller variants.

Model files go in; graphs cut to the needed outputs and classes come out, checked to give identical logits, and sessions
that run them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.graphs.block_ends import BlockEnd, check_widths, find_blocks
    from blendkit.graphs.grid_cells import check_grid, pool_cells
    from blendkit.graphs.model_blocks import blocks_of, write_tapped
    from blendkit.graphs.onnx_file import (
        Port,
        check_input,
        check_width,
        final_activation,
        load_graph,
        metadata,
        metadata_names,
        metadata_saw,
        metadata_seconds,
        ports,
        require_names,
    )
    from blendkit.graphs.quantise import stamp, to_fp16, to_int8, variant_note
    from blendkit.graphs.session import Provider, best_provider, open_session
    from blendkit.graphs.slimming import GraphNeeds, Slim, graph_bytes, slim
    from blendkit.graphs.taps import CELLS, TAP, named_axis, tensor_names, with_taps, with_whole
    from blendkit.graphs.tflite import (
        TfliteInterpreters,
        discover_tflite_blocks,
        embedding_of,
        read_graph,
        runtime,
        with_outputs,
    )
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "CELLS",
    "TAP",
    "BlockEnd",
    "GraphNeeds",
    "Port",
    "Provider",
    "Slim",
    "TfliteInterpreters",
    "best_provider",
    "blocks_of",
    "check_grid",
    "check_input",
    "check_width",
    "check_widths",
    "discover_tflite_blocks",
    "embedding_of",
    "final_activation",
    "find_blocks",
    "graph_bytes",
    "load_graph",
    "metadata",
    "metadata_names",
    "metadata_saw",
    "metadata_seconds",
    "named_axis",
    "open_session",
    "pool_cells",
    "ports",
    "read_graph",
    "require_names",
    "runtime",
    "slim",
    "stamp",
    "tensor_names",
    "to_fp16",
    "to_int8",
    "variant_note",
    "with_outputs",
    "with_taps",
    "with_whole",
    "write_tapped",
]
