"""The interpreter's search for garbage in circles, and when it only costs time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search_for_circles() -> Iterator[None]:
    """Make many small objects that last, none of them in a circle, without searching all of them again and again.

    For a table of 10^5 labels these searches took a third of the time. What is in no circle is freed all the same.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()
