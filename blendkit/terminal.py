"""What libraries in C write to the terminal by themselves: known noise is dropped, everything else is passed on."""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

Noise = re.Pattern[bytes]


@contextmanager
def with_own_terminal() -> Iterator[None]:
    """Wait until nothing is held back: a process that is started meanwhile would keep a passing file for its errors."""
    with _TERMINAL.alone():
        yield


@contextmanager
def without_noise(noise: Noise) -> Iterator[None]:
    """Hold back what is written to file descriptor 2, and pass on afterwards all lines that do not start with `noise`.

    A library in C knows nothing of `sys.stderr`, and nobody knows which thread wrote a line: several threads hold back
    together, and what is noise to one of them is dropped. What others write meanwhile comes later, and is not lost.
    """
    with _TERMINAL.held_back(noise):
        yield


class _Terminal:
    """File descriptor 2: held back by any number of threads at once, or free for one that wants it alone."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._inside: Counter[int] = Counter()  # how often each thread holds back
        self._alone: Counter[int] = Counter()  # the thread that has it alone
        self._waiting = 0  # threads that want it alone: nobody new holds back before them
        self._held: _Held | None = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other thread holds back; meanwhile none begins."""
        me = threading.get_ident()
        with self._turn:
            self._waiting += 1
            try:
                self._turn.wait_for(lambda: not (self._inside.keys() | self._alone.keys()) - {me})
            finally:
                self._waiting -= 1
            self._alone[me] += 1
        try:
            yield
        finally:
            self._leave(self._alone)

    @contextmanager
    def held_back(self, noise: Noise) -> Iterator[None]:
        """Hold back together with others; lines that are whole are passed on whenever one of them is done."""
        me = threading.get_ident()
        with self._turn:
            known = self._inside.keys() | self._alone.keys()
            self._turn.wait_for(lambda: me in known or not (self._alone or self._waiting))
            if not self._inside:
                self._held = _held()
            self._inside[me] += 1
            if self._held is not None:
                self._held.noises.add(noise)
        try:
            yield
        finally:
            self._leave(self._inside)

    def _leave(self, those: Counter[int]) -> None:
        me = threading.get_ident()
        with self._turn:
            those[me] -= 1
            if not those[me]:
                del those[me]
            held = self._held if those is self._inside else None
            if not self._inside:
                self._held = None
            self._turn.notify_all()
            if held is not None:
                held.pass_on(last=not self._inside)


class _Held:
    """What was written to file descriptor 2 since it became a passing file. noises: of all who held it back."""

    def __init__(self, terminal: int, file: IO[bytes]) -> None:
        self._terminal, self._file, self._at = terminal, file, 0
        self.noises: set[Noise] = set()

    def pass_on(self, *, last: bool) -> None:
        """Pass on the lines that are whole, or all that is there, and give file descriptor 2 back."""
        if sys.stderr is not None:
            sys.stderr.flush()
        if last:
            os.dup2(self._terminal, 2)
        size = os.fstat(self._file.fileno()).st_size
        text = os.pread(self._file.fileno(), size - self._at, self._at)  # without moving to where others write
        text = text if last else text[: text.rfind(b"\n") + 1]
        self._at += len(text)
        rest = b"".join(line for line in io.BytesIO(text) if self._is_said(line.strip()))
        if rest:
            os.write(self._terminal, rest)
        if last:
            os.close(self._terminal)
            self._file.close()

    def _is_said(self, line: bytes) -> bool:
        return bool(line) and not any(noise.match(line) for noise in self.noises)


def _held() -> _Held | None:
    """Return a passing file in the place of file descriptor 2; None where there is none, so nothing to keep clean."""
    try:
        terminal = os.dup(2)
    except OSError:
        return None
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(file.fileno(), 2)
    except BaseException:
        os.close(terminal)
        raise
    return _Held(terminal, file)


_TERMINAL = _Terminal()
