"""A check that torch is installed."""

from __future__ import annotations

from blendkit.errors import BlendkitError

_ADVICE = (
    "pip install 'blendkit[train]'",
    "without a GPU, install torch's CPU build: pip install torch --index-url https://download.pytorch.org/whl/cpu",
)


def need_torch() -> None:
    """Raise BlendkitError, with what to install, unless torch and the exporter to ONNX can be imported."""
    try:
        import onnxscript  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise BlendkitError("training needs torch, and onnxscript to write ONNX", [*_ADVICE, str(error)]) from error
