"""Why the names of two sides do not match: one name of each, and what sets them apart."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence

from blendkit.core.audio_suffixes import AUDIO_SUFFIXES, composed
from blendkit.core.natural_order import natural_key
from blendkit.core.rows import Rows

_ANY_SUFFIX = "|".join(map(re.escape, sorted(AUDIO_SUFFIXES, reverse=True)))  # .wave before .wav
_SUFFIX = re.compile(rf"(?:{_ANY_SUFFIX})(?=_[\d.]+$|$)", re.IGNORECASE)
_SPACES = re.compile(r"\s+")
# What a program leaves of a name that it took for a number: 59000012.0 of 59000012, 5.00E+05 of 5E05, inf of 5E900000.
_NUMBER = re.compile(r"(?:\d+\.\d*|\d+(?:\.\d*)?e[+-]?\d+|inf)(?=_[\d.]+$|$)", re.IGNORECASE)
_ZEROS = re.compile(r"(?<![\d.])0+(?=\d)")

# What makes two names one to the eye, in the order in which messages list it; each takes one difference away.
_SAME: dict[str, Callable[[str], str]] = {
    "Unicode form (composed or not)": composed,
    "blanks": lambda name: _SPACES.sub("", name),
    "folder": lambda name: re.split(r"[/\\]", name)[-1],
    "audio suffix": lambda name: _SUFFIX.sub("", name),
    "letter case": str.casefold,
    "being read as a number (a spreadsheet, or pandas without dtype=str)": lambda name: _as_number(name),
    "leading zeros": lambda name: _ZEROS.sub("", name),
}


def compare_names(wanted: Iterable[str], given: Iterable[str], wanted_in: str, given_in: str) -> str:
    """Return one name of each side and what sets them apart, as a clause for a message.

    wanted: names that were looked for; given: those that are there; wanted_in, given_in: what the sides are called,
    as in `the recordings`. The two names are a pair that differs in letter case, blanks, folder, audio suffix,
    Unicode form or leading zeros alone, if there is one; else the first names of the sides in natural order that the
    other lacks. Empty where one side lacks nothing: then no name is written in another way.
    """
    asked, there = dict.fromkeys(map(str, wanted)), dict.fromkeys(map(str, given))
    ours, theirs = [n for n in asked if n not in there], [n for n in there if n not in asked]
    if not asked or not there:
        empty, full, one = (given_in, wanted_in, ours) if ours else (wanted_in, given_in, theirs)
        return f"no name in {empty}" + (f", and {_first(one)!r} in {full}" if one else f" and none in {full}")
    if not ours or not theirs:
        return ""
    pair = near_names(ours, theirs)
    if pair is not None:
        what = " and ".join(_apart(*pair))
        return f"{pair[0]!r} in {wanted_in} and {pair[1]!r} in {given_in} differ in {what}"
    return f"such as {_first(ours)!r} in {wanted_in} and {_first(theirs)!r} in {given_in}"


def near_names(wanted: Iterable[str], given: Iterable[str]) -> tuple[str, str] | None:
    """Return the first wanted name and a given one that are one name written in two ways; None if there are none."""
    bare = {_without(name, _SAME): name for name in reversed(list(given))}
    pairs = ((name, bare.get(_without(name, _SAME))) for name in wanted)
    return next(((name, other) for name, other in pairs if other is not None and other != name), None)


def unused_names(labels: Iterable[str], rows: Iterable[str], source: str) -> str:
    """Return a text if labels match no row because their recordings are written in another way; "" otherwise."""
    named, wanted = dict.fromkeys(map(str, labels)), dict.fromkeys(map(str, rows))
    unused, free = [n for n in named if n not in wanted], [n for n in wanted if n not in named]
    pair = near_names(unused, free)
    if pair is None:
        return ""
    apart = compare_names([pair[0]], [pair[1]], source, "the rows")
    some = (
        "no label matches a row"
        if len(unused) == len(named)
        else f"{len(unused)} of {len(named)} labelled recordings match no row"
    )
    return f"{some}: {apart}"


def compare_rows(wanted: Rows, given: Rows, wanted_in: str, given_in: str) -> str:
    """Return what `compare_names` says of the recordings of two sides; of their rows, where the recordings agree."""
    ours, theirs = wanted.recordings(), given.recordings()
    if set(ours) - set(theirs) and set(theirs) - set(ours):
        return compare_names(ours, theirs, wanted_in, given_in)
    return compare_names(wanted.ids(), given.ids(), wanted_in, given_in)


def _without(name: str, what: Iterable[str]) -> str:
    for each in what:
        name = _SAME[each](name)
    return name


def _apart(one: str, other: str) -> list[str]:
    """Return the differences that must all be taken away before the names are equal."""
    needed = [w for w in _SAME if _without(one, _but(w)) != _without(other, _but(w))]
    return needed or [w for w in _SAME if _without(one, [w]) == _without(other, [w])][:1] or list(_SAME)


def _as_number(name: str) -> str:
    """Return a name without folder as the number it looks like, such as `500000` for `5E05`."""
    found = _NUMBER.match(name)
    if not found:
        return name
    value = float(found[0])
    return ("inf" if math.isinf(value) else f"{value:.15g}") + name[found.end() :]


def _but(left_out: str) -> list[str]:
    return [w for w in _SAME if w != left_out]


def _first(names: Sequence[str]) -> str:
    return min(names, key=natural_key)
