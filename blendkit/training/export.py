"""Export torch to ONNX, with the facts that members need as metadata, and a check that both give the same logits."""

from __future__ import annotations

import inspect
import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from blendkit.errors import BlendkitError
from blendkit.store import atomic_path

PARITY = 1e-4  # the largest difference between torch and ONNX that is allowed
OPSET = 18


def exported(module: nn.Module, examples: Sequence[Tensor], inputs: Sequence[str], outputs: Sequence[str]) -> Any:
    """Return a module as an ONNX graph with a free first axis; its weights keep their names.

    examples: inputs (B, ...) of two rows or more.
    """
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it warns that torchvision is missing
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of its own internals
            made = torch.onnx.export(
                module.eval(), tuple(x[:2] for x in examples), None, input_names=list(inputs),
                output_names=list(outputs), dynamic_shapes=_dynamic_axes(module, examples), dynamo=True, verbose=False,
                opset_version=OPSET, optimize=False,
            )  # fmt: skip
    finally:
        logger.setLevel(level)
    assert made is not None
    proto = made.model_proto
    for port in (*proto.graph.input, *proto.graph.output):
        port.type.tensor_type.shape.dim[0].dim_param = "batch"
    return proto


def write_onnx(
    graph: Any, module: nn.Module, examples: Sequence[Tensor], facts: Mapping[str, Any], path: Path
) -> float:
    """Write a graph with the weights of `module`; return the largest difference between torch and ONNX on `examples`.

    graph: as `exported` gives it, of a module of the same shape. facts go into the metadata, as JSON. Raises
    BlendkitError, and writes nothing, if the difference exceeds PARITY of the largest output.
    """
    from onnx import helper, numpy_helper

    proto = type(graph)()
    proto.CopyFrom(graph)
    weights = {n: w.detach().cpu().numpy() for n, w in module.state_dict().items()}
    for held in proto.graph.initializer:
        if held.name in weights:
            held.CopyFrom(numpy_helper.from_array(weights[held.name], held.name))
    helper.set_model_props(proto, {k: v if isinstance(v, str) else json.dumps(v) for k, v in facts.items()})
    data = bytes(proto.SerializeToString())
    drift, largest = _difference(module, examples, data)
    if not drift <= PARITY * max(1.0, largest):
        raise BlendkitError(f"{path.name}: ONNX differs from torch by {drift:g}, more than {PARITY:g}")
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    return drift


def _dynamic_axes(module: nn.Module, examples: Sequence[Tensor]) -> Any:
    """Leave the first axis of every input free; a module with `*blocks` gets its inputs as one tuple."""
    each = tuple({0: torch.export.Dim.DYNAMIC} for _ in examples)
    parameters = inspect.signature(module.forward).parameters.values()
    return (each,) if any(p.kind is p.VAR_POSITIONAL for p in parameters) else each


def _difference(module: nn.Module, examples: Sequence[Tensor], data: bytes) -> tuple[float, float]:
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    found = session.run(None, dict(zip(names, [x.numpy() for x in examples], strict=True)))
    with torch.no_grad():
        wanted = module(*examples)
    each = wanted if isinstance(wanted, tuple) else (wanted,)
    pairs = list(zip(each, found, strict=True))
    return (
        max(float(np.abs(w.numpy() - f).max()) for w, f in pairs),
        max(float(w.abs().max()) for w in each),
    )
