"""OpenVINO behind the interface of an onnxruntime session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float32
from blendkit.errors import BlendkitError


@dataclass(frozen=True)
class _Port:
    name: str
    shape: list[int | str]
    type: str = "tensor(float)"


class OpenVinoSession:
    """A compiled model with `run`, `get_inputs` and `get_outputs`. Float32 throughout, unless the graph is narrower."""

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self.request = compiled.create_infer_request()
        self.outputs = {o.get_any_name(): i for i, o in enumerate(compiled.outputs)}

    def get_inputs(self) -> list[_Port]:
        """Return the inputs."""
        return [_port(i) for i in self.compiled.inputs]

    def get_outputs(self) -> list[_Port]:
        """Return the outputs."""
        return [_port(o) for o in self.compiled.outputs]

    def run(self, names: Sequence[str] | None, feeds: Mapping[str, NDArray[Any]]) -> list[Float32]:
        """Return copies of the named outputs (None: all), as onnxruntime does."""
        found = self.request.infer(dict(feeds), share_outputs=False)
        return [np.array(found[self.compiled.outputs[self.outputs[n]]]) for n in names or self.outputs]


def open_openvino(model: Path | bytes, threads: int, name: str) -> OpenVinoSession:
    """Return a CPU session. Raises BlendkitError if OpenVINO is not installed or refuses the model."""
    try:
        import openvino
    except ImportError as error:
        raise BlendkitError(f"{name}: OpenVINO is not installed", ["pip install 'blendkit[openvino]'"]) from error
    core = openvino.Core()
    # bfloat16 would be faster where the CPU has it, but changes logits by about 1 %: stay with float32
    config = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    try:
        read = core.read_model(model if isinstance(model, bytes) else str(model))
        return OpenVinoSession(core.compile_model(read, "CPU", config))
    except Exception as error:  # the runtime raises its own family of exceptions
        what = "graph" if isinstance(model, bytes) else model.name
        raise BlendkitError(f"{name}: OpenVINO cannot load {what}", [str(error).splitlines()[0]]) from error


def _port(node: Any) -> _Port:
    shape = [d.get_length() if d.is_static else "batch" for d in node.get_partial_shape()]
    return _Port(node.get_any_name(), shape)
