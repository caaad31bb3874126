"""Errors meant for people: what, where, expected, got, and the nearest right answer."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Sequence
from pathlib import Path

_ITEM = 120  # letters of a name or cell that a message shows
_LIST = 300  # letters of a list that a message shows
_PROBLEMS = 50  # problems that a message shows
_LISTED = 10_000  # names of a folder among which a missing file is looked for
_LINE = 1000  # letters of a line of a message; reasons that libraries give have 700 with the path of a file


class BlendkitError(Exception):
    """A user's mistake or an unusable input; the command line prints it and exits with 2.

    `problems` holds every problem found in one pass, one line each; the message shows the first 50 and counts the
    rest. What a file holds may be of any length: a title or line above 1000 letters is cut in its middle.
    """

    exit_code = 2

    def __init__(self, title: str, problems: Sequence[str] = ()) -> None:
        self.title: str = brief(title, _LINE)
        self.problems: tuple[str, ...] = tuple(brief(p, _LINE) for p in problems)
        super().__init__("\n".join([self.title, *(f"  {p}" for p in first_of(self.problems, _PROBLEMS))]))

    def __reduce__(self) -> tuple[type[BlendkitError], tuple[str, tuple[str, ...]]]:
        """Let another process raise it as it is: what makes an exception anew knows its whole message only."""
        return type(self), (self.title, self.problems)


class DeliveryError(BlendkitError):
    """Nothing valid could be delivered (an I/O failure, say); exit code 3."""

    exit_code = 3


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the closest known name, or an empty string."""
    names = list(known)
    close = difflib.get_close_matches(str(name)[:_ITEM], names, n=1, cutoff=0.6)
    close = [n for n in names if n.casefold() == str(name).casefold()][:1] or close
    return f" (did you mean '{brief(close[0])}'?)" if close else ""


def brief(text: object, most: int = _ITEM) -> str:
    """Return a text of a file, cut in its middle to so many letters, so that a message stays one that people read."""
    whole = str(text)
    if len(whole) <= most:
        return whole
    end = most // 4
    return f"{whole[: most - end - 1]}…{whole[len(whole) - end :]}"


def first_of(lines: Sequence[str], most: int) -> list[str]:
    """Return the lines; of more than `most` the first, a count of the others, and the last, often the way out."""
    if len(lines) <= most:
        return list(lines)
    return [*lines[: most - 1], f"(+{len(lines) - most} more)", lines[-1]]


def shorten(items: Iterable[object], most: int = 5) -> str:
    """Join the first few items and count the rest: `a, b, c (+12 more)`. Long items are cut, and all stay below 300."""
    listed = [str(i) for i in items]
    shown: list[str] = []
    for item in listed[:most]:
        if shown and sum(map(len, shown)) + len(item) > _LIST:
            break
        shown.append(brief(item, _LIST if not shown else _ITEM))
    text = ", ".join(shown)
    return text if len(listed) == len(shown) else f"{text} (+{len(listed) - len(shown)} more)"


def counted(count: int, one: str, many: str) -> str:
    """Return a count with its noun: `1 class`, `3 classes`."""
    return f"{count} {one if count == 1 else many}"


def why_no_file(path: Path | str, error: Exception) -> str:
    """Return why a file cannot be read or opened, in plain words and with the nearest name if it is missing."""
    if isinstance(error, FileNotFoundError):
        return _missing(Path(path))
    if isinstance(error, IsADirectoryError):
        return "it is a folder, expected a file"
    if isinstance(error, NotADirectoryError):
        return "it lies below a file, which is no folder"
    if isinstance(error, PermissionError):
        return "it may not be read by this user: change its permissions, or copy it"
    if isinstance(error, UnicodeDecodeError):
        return f"it is no text in UTF-8 (byte {error.start}): save it as UTF-8"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _missing(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    names = [p.name for _, p in zip(range(_LISTED), folder.iterdir(), strict=False)]
    cased = [n for n in names if n.casefold() == path.name.casefold()]
    if cased:
        return f"there is no file {path.name!r}, but {cased[0]!r}: they differ in letter case"
    return f"there is no file {path.name!r}{did_you_mean(path.name, names)}"


def broken(what: str, code: object, error: Exception) -> BlendkitError:
    """Return the error for code of a plugin that failed: what it is, where it lives, what it raised."""
    place = f"{getattr(code, '__module__', '?')}:{getattr(code, '__qualname__', type(code).__name__)}"
    return BlendkitError(f"{what} failed in {place}", [f"{type(error).__name__}: {error}"])


_MEMORY = "the memory ran out: close other programs, or give this one more (`ulimit -v`, the limit of a container)"
_FILES = "too many files are open at once: allow more (`ulimit -n 1024`)"
_SPACE = "no space is left on the disk: make room there, or name another place (--out, --store, TMPDIR)"
_BY_NUMBER = {
    errno.ENOMEM: _MEMORY, errno.EMFILE: _FILES, errno.ENFILE: _FILES, errno.ENOSPC: _SPACE, errno.EDQUOT: _SPACE,
    errno.EFBIG: _SPACE,
}  # fmt: skip
_BY_WORDS = {  # libraries in C++ hand on no number
    "allocate memory": _MEMORY, "bad_alloc": _MEMORY, "malloc of size": _MEMORY, "out of memory": _MEMORY,
    "start new thread": _MEMORY, "launch worker thread": _MEMORY, "failed to map segment": _MEMORY,
    "Too many open files": _FILES,
    "No space left on device": _SPACE, "No usable temporary directory": _SPACE,
}  # fmt: skip


def exhausted(error: BaseException | None) -> str:
    """Return which of the machine's means ran out, with the way out, if that is behind an error; "" if it is not.

    Memory, open files and space on the disk; the errors that an error was raised from are looked at, too.
    """
    for _ in range(20):
        if error is None:
            break
        if isinstance(error, MemoryError):
            return _MEMORY
        if isinstance(error, OSError) and error.errno in _BY_NUMBER:
            return _BY_NUMBER[error.errno]
        said = "" if isinstance(error, BlendkitError) else str(error)
        found = next((what for words, what in _BY_WORDS.items() if words in said), "")
        if found:
            return found
        error = error.__cause__ or error.__context__
    return ""


def machine_is_full(error: BaseException) -> bool:
    """Return whether open files or the disk's space ran out: no fault of the file that was read, and so for all."""
    return exhausted(error) in (_FILES, _SPACE)
