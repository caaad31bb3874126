"""Compiled functions (numba): cached on disk where that is possible, else compiled in every process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numba import njit
from numpy.typing import NDArray

_PLACES: list[Path] = []  # of the machine code of every function that was decorated
_COMPILED_ONLY = ContextVar("compiled_only", default=False)
_FEW_CELLS = 20_000  # plain numpy needs some milliseconds for them, and compiling a loop takes seconds


def few(cells: int) -> bool:
    """Return whether so few cells are better left to plain numpy than to loops that may have to be compiled first.

    Both give the same bits; above this number the compiled loops are much faster.
    """
    return cells <= _FEW_CELLS and not _COMPILED_ONLY.get()


@contextmanager
def compiled_only() -> Iterator[None]:
    """Use compiled loops inside the block, however few the cells are: to compile them beforehand, or to test them."""
    token = _COMPILED_ONLY.set(True)
    try:
        yield
    finally:
        _COMPILED_ONLY.reset(token)


def compiled() -> Callable[[Callable[..., Any]], Any]:
    """Compile a function of arrays and numbers, without the interpreter's lock: `side_by_side` runs it on threads.

    numba's own threads would double the time that a first command spends on compiling.

    The machine code is cached beside the source, or in the user's cache folder. Where neither can be
    written (a read-only install under a read-only home) every process compiles for itself.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            dispatcher = _with_own_files(njit(cache=True, nogil=True)(function))
        except RuntimeError:  # numba raises it if no folder can hold the cache
            return njit(nogil=True)(function)
        _PLACES.append(Path(dispatcher.stats.cache_path))
        return dispatcher

    return decorate


def cache_places() -> tuple[Path, ...]:
    """Return the folders in which the machine code of the compiled functions imported so far is kept, sorted."""
    return tuple(sorted(set(_PLACES)))


def read_only(x: NDArray[Any]) -> NDArray[Any]:
    """Return x as a C-contiguous array that cannot be written, without a copy where x is contiguous.

    Loops are compiled anew, for seconds, for every layout of their arrays, and for read-only and writable ones.
    """
    view = np.ascontiguousarray(x).view()
    view.setflags(write=False)
    return view


def _with_own_files(dispatcher: Any) -> Any:
    """Give every piece of machine code a file name of its own, and return the dispatcher.

    numba numbers the files, and lists a file before it writes it. Where several processes compile at once, or
    just after an upgrade, one could load another signature's code, or an older version's, and crash.
    """
    files = dispatcher._cache._cache_file
    prefix, _, _ = files._data_name_pattern.partition("{number")
    files._data_name = lambda number: f"{prefix}{uuid4().hex[:16]}.nbc"
    return dispatcher
