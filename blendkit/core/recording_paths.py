"""Which recording a path in a table means: the one rule for relative, absolute and foreign paths."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from blendkit.core.audio_suffixes import recording_id
from blendkit.errors import BlendkitError, shorten

_SLASHES = re.compile(r"[/\\]+")
_ABSOLUTE = re.compile(r"[A-Za-z]:[/\\]|[/\\]")  # C:\data, /data, \\server\share
_Parts = tuple[str, ...]  # folders and name
_ITSELF = 1 << 30  # the length of a tail that no other can beat: the path is the id


def match_recordings(paths: Iterable[str], recordings: Iterable[str]) -> dict[str, str]:
    r"""Return the recording of each path that means one.

    A path means the recording whose id it is, else the one that shares the longest tail of folders and name with it,
    audio suffix aside, if there is only one such: `C:\data\site\R1.wav` is `site/R1`, and not `other/R1`. Where two
    paths lead to one recording, the longer tail has it, and the other path means none. Raises BlendkitError for paths
    of equal tails: both files would be one recording.
    """
    known = {r: _parts(r) for r in recordings}
    by_tail = _by_tail(known)
    found: dict[str, list[tuple[int, str]]] = {}  # recording: (length of the tail, path)
    for path in dict.fromkeys(paths):
        tail = next((t for t in _tails(_parts(path)) if t in by_tail), ())
        if path in known or recording_id(path) in known:
            found.setdefault(path if path in known else recording_id(path), []).append((_ITSELF, path))
        elif tail and len(by_tail[tail]) == 1:
            found.setdefault(by_tail[tail][0], []).append((len(tail), path))
    unclear = [f"{r}: {' or '.join(two)}" for r, own in found.items() if (two := _rivals(own))]
    if unclear:
        ways = ["they lie in different folders, which the recordings do not: leave one of them out"]
        raise BlendkitError("several paths mean one recording", [shorten(unclear), *ways])
    return {path: r for r, own in found.items() for path in _kept(own)}


def alike_paths(paths: Iterable[str], recordings: Iterable[str]) -> dict[str, list[str]]:
    """Return for each path the recordings that it may mean, sorted.

    They are named by its last folders and its name, or name more folders before these than it does.
    """
    known = {r: _parts(r) for r in sorted(recordings)}
    by_tail, whole = _by_tail(known), dict[_Parts, list[str]]()
    for r, parts in known.items():
        whole.setdefault(parts, []).append(r)
    found = {}
    for path in paths:
        own, *shorter = _tails(_parts(path))
        found[path] = sorted([*by_tail.get(own, ()), *(r for tail in shorter for r in whole.get(tail, ()))])
    return found


def recordings_in_other_folders(given: Iterable[str], wanted: Iterable[str]) -> dict[str, str]:
    """Return the wanted id of each given recording that goes by another: folders apart, one is the end of the other.

    Only where no other may be meant: `train/R1` is `R1`, but not where `test/R1` or `R1` itself is given, too.
    """
    here, known = dict.fromkeys(given), dict.fromkeys(wanted)
    others = [g for g in here if g not in known]
    if not any("/" in r for names in (others, known) for r in names):
        return {}
    means = {g: found[0] for g, found in alike_paths(others, known).items() if len(found) == 1}
    count = Counter(means.values())
    return {g: r for g, r in means.items() if r not in here and count[r] == 1}


def path_ids(paths: Iterable[str]) -> dict[str, str]:
    r"""Return the recording id of each path, where no recordings are known that it could mean.

    A relative path is its own id, with `/` between its folders. Absolute ones lose the folders that all of them
    share: `/a/b/R1.wav` and `/a/c/R1.wav` are `b/R1` and `c/R1`; one alone is its name.
    """
    distinct = list(dict.fromkeys(paths))
    absolute = {p: _parts(p) for p in distinct if _ABSOLUTE.match(p)}
    folders = [parts[:-1] for parts in absolute.values()]
    shared = 0
    while folders and all(len(f) > shared and f[shared] == folders[0][shared] for f in folders):
        shared += 1
    return {p: "/".join(absolute[p][shared:] if p in absolute else _parts(p)) for p in distinct}


def whole_path(path: str) -> str:
    """Return a path of any system as a recording with all its folders, without drive and audio suffix."""
    return "/".join(_parts(path))


def is_tail(one: str, other: str) -> bool:
    """Return whether one of two recordings is named by the last folders and the name of the other."""
    return _one_file(one, other)


def _parts(path: str) -> _Parts:
    """Return the folders and the name of a path of any system, without drive and audio suffix."""
    plain = recording_id(_SLASHES.sub("/", re.sub(r"^[A-Za-z]:(?=[/\\])", "", path.strip())))
    return tuple(p for p in plain.split("/") if p not in ("", ".")) or ("",)


def _tails(parts: _Parts) -> list[_Parts]:
    """Return the parts with all folders, with one fewer, and so on to the name alone."""
    return [parts[i:] for i in range(len(parts))]


def _by_tail(known: Mapping[str, _Parts]) -> dict[_Parts, list[str]]:
    """Return the recordings that end in each tail, so that many of one name need not be compared with each other."""
    found: dict[_Parts, list[str]] = {}
    for r, parts in known.items():
        for tail in _tails(parts):
            found.setdefault(tail, []).append(r)
    return found


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count


def _rivals(own: Sequence[tuple[int, str]]) -> list[str]:
    """Return the paths of the longest tail, if they are those of several files."""
    most = max(n for n, _ in own)
    best = [p for n, p in own if n == most]
    return [] if all(_one_file(best[0], p) for p in best) else best


def _kept(own: Sequence[tuple[int, str]]) -> list[str]:
    best = max(own)[1]
    return [p for _, p in own if _one_file(best, p)]


def _one_file(one: str, other: str) -> bool:
    """Return whether two paths may be one file: the shorter is a tail of the longer."""
    a, b = _parts(one), _parts(other)
    return _shared(a, b) == min(len(a), len(b))
