"""Compiled functions (numba): cached on disk where that is possible, else compiled in every process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(*, parallel: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function of arrays and numbers, without the interpreter's lock.

    The machine code is cached beside the source, or in the user's cache folder. Where neither can be
    written (a read-only install under a read-only home) every process compiles for itself.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            return njit(cache=True, nogil=True, parallel=parallel)(function)
        except RuntimeError:  # numba raises it if no folder can hold the cache
            return njit(nogil=True, parallel=parallel)(function)

    return decorate
