"""Keep coverage's tracer out of libraries: it would follow every call in them, and drop what it saw.

numba's compiler is written in Python and takes half as long again with a tracer; so do the imports of large libraries.
torch's exporter to ONNX takes twice as long.
Without a tracer nothing changes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from numba.core.dispatcher import Dispatcher

P = ParamSpec("P")
R = TypeVar("R")


def untraced(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function as one during which this thread has no tracer; afterwards it has its own again."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        tracer = sys.gettrace()
        if tracer is None:
            return function(*args, **kwargs)
        sys.settrace(None)
        try:
            return function(*args, **kwargs)
        finally:
            sys.settrace(tracer)

    return call


def compile_untraced() -> None:
    """Let numba compile, and load what it compiled, without the tracer."""
    if not hasattr(Dispatcher.compile, "__wrapped__"):
        Dispatcher.compile = untraced(Dispatcher.compile)  # type: ignore[method-assign]


def export_untraced() -> None:
    """Let torch write ONNX graphs without the tracer."""
    import torch

    if not hasattr(torch.onnx.export, "__wrapped__"):
        torch.onnx.export = untraced(torch.onnx.export)
