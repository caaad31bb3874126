"""Errors meant for people: what, where, expected, got, and the nearest right answer."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class BlendkitError(Exception):
    """A user's mistake or an unusable input; the command line prints it and exits with 2.

    `problems` holds every problem found in one pass, one line each.
    """

    exit_code = 2

    def __init__(self, title: str, problems: Sequence[str] = ()) -> None:
        self.title = title
        self.problems = tuple(problems)
        super().__init__("\n".join([title, *(f"  {p}" for p in self.problems)]))


class DeliveryError(BlendkitError):
    """Nothing valid could be delivered (an I/O failure, say); exit code 3."""

    exit_code = 3


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the closest known name, or an empty string."""
    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    close = [n for n in names if n.casefold() == str(name).casefold()][:1] or close
    return f" (did you mean '{close[0]}'?)" if close else ""


def shorten(items: Iterable[object], most: int = 5) -> str:
    """Join the first few items and count the rest: `a, b, c (+12 more)`."""
    listed = [str(i) for i in items]
    text = ", ".join(listed[:most])
    return text if len(listed) <= most else f"{text} (+{len(listed) - most} more)"


def broken(what: str, code: object, error: Exception) -> BlendkitError:
    """Return the error for code of a plugin that failed: what it is, where it lives, what it raised."""
    place = f"{getattr(code, '__module__', '?')}:{getattr(code, '__qualname__', type(code).__name__)}"
    return BlendkitError(f"{what} failed in {place}", [f"{type(error).__name__}: {error}"])
