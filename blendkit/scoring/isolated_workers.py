"""Members in a process of their own: a crash, a hang or a lack of memory ends that process, never the run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from blendkit.core import Float32
from blendkit.errors import BlendkitError, broken
from blendkit.member import FileMember, FrameError, Member, MemberInfo
from blendkit.terminal import with_own_terminal

START_S = 900.0  # for imports, and for a model that is loaded from a slow disk
Build = Callable[[], Any]
_LATER = (signal.SIGINT, signal.SIGTERM)


class WorkerError(BlendkitError):
    """A member failed in its worker on the recordings it was given; others may still succeed."""


@dataclass
class Worker:
    """A process that holds one member and answers calls of its methods. It is started again after a failure.

    build: makes the member, in the process; picklable. until: when the answer must be there, on the clock of
    `time.monotonic`.
    """

    name: str
    build: Build
    until: float = float("inf")
    info: MemberInfo | None = None
    scores_files: bool = False
    stop: Callable[[], None] = field(default=lambda: None)
    _end: Connection[Any, Any] | None = None
    _process: BaseProcess | None = None

    def call(self, method: str, argument: Any) -> Any:
        """Return what the member's method gives. Raises WorkerError if the process fails or is late."""
        return self._answer((method, argument), self.until)

    def allow(self, seconds: float) -> None:
        """Give the next calls that long in all, in a process that runs. Raises WorkerError if none starts any more."""
        if self._end is None:
            try:
                self.start()
            except BlendkitError as error:  # it did start before, so the other recordings may still succeed
                raise WorkerError(error.title, error.problems) from error
        self.until = time.monotonic() + seconds

    def start(self) -> None:
        """Start the process and build the member. Raises BlendkitError if that fails."""
        own, other = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(other, self.build), name=f"blendkit member {self.name}", daemon=False
        )  # not a daemon: those may have no processes of their own, which a model's data loader needs
        with _signals_later():  # a process that nobody knows of yet would go on without this one
            try:
                with with_own_terminal():
                    process.start()
            except Exception as error:  # pickle raises exceptions of many kinds
                own.close()
                what = f"member {self.name!r} cannot be sent to a process of its own; give it `isolate: false`"
                raise BlendkitError(what, [f"{type(error).__name__}: {error}"]) from error
            finally:
                other.close()  # so that the end of the process is the end of the pipe
            self._end, self._process = own, process
            # also when nobody holds the worker any more, and at the end before multiprocessing waits for its processes
            self.stop = Finalize(self, _kill, args=(process, own), exitpriority=10)
        try:
            self.info, self.scores_files = self._answer(None, time.monotonic() + START_S)
        except WorkerError as error:
            what = f"member {self.name!r} could not start in a process of its own: {error.title}"
            advice = "a script that starts workers needs `if __name__ == '__main__':` around its own calls"
            raise BlendkitError(what, [*error.problems, advice]) from error

    def close(self) -> None:
        """End the process."""
        self.stop()
        self._end = self._process = None

    def _answer(self, question: tuple[str, Any] | None, until: float) -> Any:
        assert self._end is not None
        assert self._process is not None
        started = time.monotonic()
        try:
            if question is not None:
                self._end.send(question)
            waiting = None if until == float("inf") else max(0.0, until - started)
            if not wait([self._end], waiting):
                raise self._failed(f"no answer after {time.monotonic() - started:.0f} s, more than its time limit")
            kind, value, problems = self._end.recv()
        except (OSError, EOFError) as error:
            self._process.join(5)
            raise self._failed(_how_it_ended(self._process.exitcode)) from error
        except BaseException:  # Ctrl-C: the answer would be taken for that of the next question
            self.close()
            raise
        if kind == "refused":
            raise BlendkitError(value, problems)
        if kind == "raised":
            raise self._failed(value, problems)
        if kind == "unfit":
            raise FrameError(value, problems)
        return value

    def _failed(self, title: str, problems: Sequence[str] = ()) -> WorkerError:
        self.close()
        return WorkerError(title, problems)


@dataclass(frozen=True)
class IsolatedMember:
    """A member of windows of audio, in a worker."""

    worker: Worker
    info: MemberInfo

    def predict(self, windows: Float32) -> Float32:
        """Return the member's logits of windows. Raises WorkerError if its process fails."""
        found: Float32 = self.worker.call("predict", windows)
        return found


@dataclass(frozen=True)
class IsolatedFiles:
    """A member of whole files, in a worker."""

    worker: Worker
    info: MemberInfo

    def predict_files(self, files: Sequence[Path]) -> Any:
        """Return the member's frame of files. Raises WorkerError if its process fails."""
        return self.worker.call("predict_files", list(files))


def isolated_member(name: str, build: Build) -> IsolatedMember | IsolatedFiles:
    """Build a member in a process of its own and return what stands for it here. Raises BlendkitError if it fails."""
    worker = Worker(name, build)
    worker.start()
    assert worker.info is not None
    return (IsolatedFiles if worker.scores_files else IsolatedMember)(worker, worker.info)


def _serve(end: Connection[Any, Any], build: Build) -> None:
    """In the worker: build the member, then answer until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent ends this one
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _LATER)  # it was started without them
    threading.Thread(target=_end_with_parent, daemon=True).start()
    made: Any = None
    first = True
    while True:
        try:
            if first:
                made, first = build(), False
                answer: tuple[str, Any, Sequence[str]] = "ok", (made.info, not isinstance(made, Member)), ()
            else:
                method, argument = end.recv()
                answer = _called(made, method, argument)
        except EOFError:
            return
        except BlendkitError as error:
            answer = "refused", error.title, error.problems
        end.send(answer)


def _called(made: Member | FileMember, method: str, argument: Any) -> tuple[str, Any, Sequence[str]]:
    """Call a method: what a member refuses is a user's mistake; a frame that is unfit, and anything else that the
    member raises, costs these recordings.
    """
    try:
        return "ok", getattr(made, method)(argument), ()
    except FrameError as error:
        return "unfit", error.title, error.problems
    except BlendkitError:
        raise
    except Exception as error:
        found = broken(method, type(made), error)
        return "raised", found.title, found.problems


def _end_with_parent() -> None:
    """Wait for the parent's end, then end at once, whatever the member is doing."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _signals_later() -> Iterator[None]:
    """Let signals wait, here and in a process that is started inside: it could not handle them in its imports."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # else it would be started inside, and let the signals in
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _LATER)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _kill(process: BaseProcess, end: Connection[Any, Any]) -> None:
    end.close()
    process.kill()  # it may hang, and it holds nothing that needs an orderly end
    process.join(5)


def _how_it_ended(code: int | None) -> str:
    if code is None or code >= 0:
        return f"its process ended with code {code}"
    name = signal.Signals(-code).name if -code in list(signal.Signals) else f"signal {-code}"
    hint = ", often for want of memory" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{hint}"
