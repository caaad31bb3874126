"""Sessions of the runtimes that run an ONNX graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from blendkit.errors import BlendkitError

Provider = Literal["cpu", "cuda", "openvino"]


def open_session(model: Path | bytes, threads: int, name: str, provider: Provider = "cpu") -> Any:
    """Return a session with an explicit number of threads: onnxruntime's, or OpenVINO's with the same interface.

    Raises BlendkitError naming `name` and the file if the runtime refuses the model, or if the provider is
    missing: onnxruntime alone would fall back to the CPU without a message.
    """
    if provider == "openvino":
        from blendkit.graphs.openvino import open_openvino

        return open_openvino(model, threads, name)
    import onnxruntime as ort

    wanted = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}[provider]
    if wanted not in ort.get_available_providers():
        found = ", ".join(ort.get_available_providers())
        ways = ["for cuda, install onnxruntime-gpu in place of onnxruntime"] if provider == "cuda" else []
        raise BlendkitError(f"{name}: the installed onnxruntime has no {wanted}", [f"it has {found}", *ways])
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        source = model if isinstance(model, bytes) else str(model)
        session = ort.InferenceSession(source, options, providers=[wanted])
    except Exception as error:  # the runtime raises its own family of exceptions
        what = "graph" if isinstance(model, bytes) else model.name
        raise BlendkitError(f"{name}: onnxruntime cannot load {what}", [str(error).splitlines()[0]]) from error
    if wanted not in session.get_providers():
        raise BlendkitError(f"{name}: {wanted} could not be started", ["its libraries or its device are missing"])
    return session


def best_provider() -> Provider:
    """Return `cuda` where onnxruntime has it, else `cpu`."""
    import onnxruntime as ort

    return "cuda" if "CUDAExecutionProvider" in ort.get_available_providers() else "cpu"
