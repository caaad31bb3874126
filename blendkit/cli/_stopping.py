"""Ctrl-C and SIGTERM: the work ends where it is, everything is tidied up, and one line says so."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
import warnings
from contextlib import suppress
from types import FrameType
from typing import Any

AGAIN_S = 1.0  # one wish can come as two signals; a second wish comes later
SOON_S = 0.02


class Stopped(BaseException):
    """Someone wants this process to end. No Exception: nothing may take it for a failure of its own work."""


class Stop:
    """Whether someone wants this process to end: the signal's number (0: nobody does), and when it came."""

    def __init__(self) -> None:
        self.number, self.since = 0, 0.0

    def asked(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: end the work. Who asks a second time does not want to wait for the tidying up."""
        if not self.number:
            self.number, self.since = number, time.monotonic()
            raise Stopped
        if time.monotonic() - self.since > AGAIN_S:
            os._exit(128 + self.number)

    def exit_code(self) -> int:
        """Say that the work was ended, on one line of standard error, and return the exit code."""
        warnings.simplefilter("ignore", ResourceWarning)  # scratch folders go as Python ends, and that is all right
        why = "interrupted" if self.number == signal.SIGINT else f"stopped by {signal.Signals(self.number).name}"
        with suppress(OSError):  # whoever asked for it may be gone
            os.write(2, f"{why}\n".encode())
        return 128 + self.number

    def at_once(self) -> None:
        """From now on, while Python ends, a signal ends the process without a word."""
        for number in _numbers():
            if signal.getsignal(number) == self.asked:
                signal.signal(number, lambda n, _: os._exit(128 + n))


def stops_on_signals() -> Stop:
    """Let Ctrl-C, SIGTERM and the end of the terminal raise `Stopped`, unless they are ignored, as under `nohup`."""
    stop = Stop()
    for number in _numbers():
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, stop.asked)
    _without_noise(stop)
    return stop


def _numbers() -> list[int]:
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # the last two on some systems only
    return [getattr(signal, n) for n in names if hasattr(signal, n)]


def _give(number: signal.Signals) -> None:
    """Give this process a signal, from another thread than its main one."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)  # also ends its waiting
    else:
        _thread.interrupt_main(number)


def _give_again(stop: Stop, number: signal.Signals) -> None:
    """Give a signal once more, unless another one has ended the work meanwhile and everything is being tidied up."""
    if not stop.number:
        _give(number)


def _without_noise(stop: Stop) -> None:
    """Keep what fails because of the stop off the terminal.

    Where Python cannot pass an exception on (in `__del__`, or in a callback of C), it would be shown and then lost: the
    signal is given once more.
    """
    shown, shown_of_thread = sys.unraisablehook, threading.excepthook

    def unraisable(found: Any) -> None:
        if isinstance(found.exc_value, Stopped):
            number, stop.number = signal.Signals(stop.number), 0
            soon = threading.Timer(SOON_S, _give_again, [stop, number])  # for now Python is still in here
            soon.daemon = True
            soon.start()
        elif not stop.number:
            shown(found)

    def of_thread(found: Any) -> None:
        if not stop.number:
            shown_of_thread(found)

    sys.unraisablehook, threading.excepthook = unraisable, of_thread
