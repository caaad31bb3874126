"""What libraries in C write to the terminal by themselves: known noise is dropped, everything else is passed on."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def with_own_terminal() -> Iterator[None]:
    """Wait until nothing is held back: a process that is started meanwhile would keep a passing file for its errors."""
    with _ONE_AT_A_TIME:
        yield


@contextmanager
def without_noise(noise: re.Pattern[bytes]) -> Iterator[None]:
    """Hold back what is written to file descriptor 2, and pass on afterwards all lines that do not start with `noise`.

    A library in C knows nothing of `sys.stderr`. What others write meanwhile comes later, and is not lost.
    """
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as held:
        try:
            terminal = os.dup(2)
        except OSError:  # a process without a standard error has no terminal to keep clean
            yield
            return
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            rest = b"".join(line for line in held if line.strip() and not noise.match(line.strip()))
            if rest:
                os.write(2, rest)
