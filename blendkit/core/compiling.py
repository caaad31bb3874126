"""Compiled functions (numba): cached on disk where that is possible, else compiled in every process.

numba is imported at the first call of one of them, not before: its import takes half a second of CPU time, and many
commands, and all work on few cells, call none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, update_wrapper
from pathlib import Path
from threading import RLock
from types import FunctionType
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

_PLACES: list[Path] = []  # of the machine code of every function that was called
_LISTENERS: list[Callable[[], None]] = []  # to be called when numba begins to compile
_ONE_AT_A_TIME = RLock()  # loops are called on several threads
_COMPILED_ONLY = ContextVar("compiled_only", default=False)
_FEW_CELLS = 20_000  # plain numpy needs some milliseconds for them, and compiling a loop takes seconds
_SOME_CELLS = 1_000_000  # numpy needs tenths of a second for them
_WORTH_COMPILING = 20_000_000  # cells of one loop; numpy needs as long for them as compiling takes
_LEFT_TO_NUMPY: dict[str, int] = {}  # cells of this process, by loop


def few(cells: int, *loops: Loop) -> bool:
    """Return whether so few cells are better left to plain numpy than to loops that may have to be compiled first.

    Both give the same bits, but of many cells the compiled loops are much faster. Some more cells are left to numpy
    where none of the loops, those that would work on the cells, was ever compiled on this machine, until numpy has
    worked on them for about as long as compiling takes: then a first command that counts once is over before it would
    be compiled, and one that counts a thousand times is never more than twice as slow as it could be.
    """
    if _COMPILED_ONLY.get():
        return False
    return cells <= _FEW_CELLS or (bool(loops) and cells <= _SOME_CELLS and _not_worth_compiling(cells, loops))


def _not_worth_compiling(cells: int, loops: Sequence[Loop]) -> bool:
    """Return whether numpy is to work on so many cells in place of some loops, and count them."""
    name = loops[0].name
    spent = _LEFT_TO_NUMPY.get(name, 0) + cells
    if spent > _WORTH_COMPILING or any(loop.is_made for loop in loops):
        _LEFT_TO_NUMPY[name] = _WORTH_COMPILING  # from now on the loops are there
        return False
    _LEFT_TO_NUMPY[name] = spent
    return True


@contextmanager
def compiled_only() -> Iterator[None]:
    """Use compiled loops inside the block, however few the cells are: to compile them beforehand, or to test them."""
    token = _COMPILED_ONLY.set(True)
    try:
        yield
    finally:
        _COMPILED_ONLY.reset(token)


@contextmanager
def while_compiling(listener: Callable[[], None]) -> Iterator[None]:
    """Call the listener whenever numba begins to compile inside the block; to load machine code is not to compile."""
    _LISTENERS.append(listener)
    try:
        yield
    finally:
        _LISTENERS.remove(listener)


def loop_threads() -> int:
    """Return on how many threads compiled loops work: numba's number, by default the CPUs that may be used."""
    return int(_numba().get_num_threads())


class Loop:
    """A function of arrays and numbers that numba compiles when it is first called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function, self._dispatcher = function, None
        update_wrapper(self, function)

    def __call__(self, *args: Any) -> Any:
        """Call the machine code; compile or load it first where there is none yet."""
        return (self._dispatcher or self.dispatcher)(*args)

    @property
    def name(self) -> str:
        """Where it stands, and what it is called."""
        return f"{self._function.__module__}.{self._function.__qualname__}"

    @property
    def is_made(self) -> bool:
        """Whether there is machine code of it, in this process or in the cache on disk."""
        made = self.dispatcher
        index = getattr(getattr(made._cache, "_cache_file", None), "_index_path", None)
        return bool(made.signatures) or (index is not None and Path(index).exists())

    @property
    def dispatcher(self) -> Any:
        """What numba makes of the function: it holds one piece of machine code for each types of arguments."""
        with _ONE_AT_A_TIME:
            if self._dispatcher is None:
                self._dispatcher = _dispatcher(self._function)
            return self._dispatcher


def compiled() -> Callable[[Callable[..., Any]], Loop]:
    """Compile a function of arrays and numbers, without the interpreter's lock: `side_by_side` runs it on threads.

    numba's own threads would double the time that a first command spends on compiling.

    The machine code is cached beside the source, or in the user's cache folder. Where neither can be
    written (a read-only install under a read-only home) every process compiles for itself.
    """
    return Loop


def _dispatcher(function: Callable[..., Any]) -> Any:
    assert isinstance(function, FunctionType)
    # machine code calls machine code: the loops that this one calls by name, as numba knows them
    called = {n: v.dispatcher for n in function.__code__.co_names if isinstance(v := function.__globals__.get(n), Loop)}
    own = FunctionType(function.__code__, {**function.__globals__, **called}, function.__name__, function.__defaults__)
    own.__qualname__ = function.__qualname__  # part of the names of its files
    try:
        dispatcher = _with_own_files(_numba().njit(cache=True, nogil=True)(own))
    except RuntimeError:  # numba raises it if no folder can hold the cache
        return _numba().njit(nogil=True)(own)
    _PLACES.append(Path(dispatcher.stats.cache_path))
    return dispatcher


@cache
def _numba() -> Any:
    """Import numba, and let it tell the listeners when it compiles."""
    import numba
    from numba.core import event

    class Compilation(event.Listener):
        def on_start(self, happened: object) -> None:
            for listener in tuple(_LISTENERS):
                listener()

        def on_end(self, happened: object) -> None:
            pass

    event.register("numba:compile", Compilation())  # type: ignore[no-untyped-call]
    return numba


def cache_places() -> tuple[Path, ...]:
    """Return the folders in which the machine code of the compiled functions called so far is kept, sorted."""
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
