"""Compaction: many small parts become parts of about a thousand recordings, and the journals one index.

Any number of processes may compact one store while others fill it: nothing is removed before what replaces it is on
disk, and nothing that a process at work has listed is touched.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blendkit.core import natural_sorted
from blendkit.errors import BlendkitError, shorten
from blendkit.store.index import write_index
from blendkit.store.journal import JOURNALS, Journal, new_journal
from blendkit.store.journal_entries import Stored
from blendkit.store.manifest import LOOKS, Manifest, changing
from blendkit.store.packing import LARGE_BYTES, RECORDINGS, Layout, RowPlace, write_packed
from blendkit.store.part_checks import write_checked
from blendkit.store.store_facts import is_store


@dataclass(frozen=True)
class _Content:
    """Recordings in natural order, where the rows of each are, and which parts are packed already."""

    entries: dict[str, Stored]
    places: dict[str, RowPlace]
    packed: set[str]


def finish(manifest: Manifest, layout: Layout) -> None:
    """Say that this process adds no more, and pack the small parts if there are journals of ended processes.

    Where they cannot be packed, as on a full disk, they stay as they are, and a note says why: nothing is lost by it.
    """
    folder = manifest.folder
    if not is_store(folder):  # nothing was to be saved, as of an empty share: that is a store, too
        manifest.begin()
    wrote = manifest.journal is not None
    manifest.end()
    if wrote or (any(folder.glob(JOURNALS)) and os.access(folder, os.W_OK)):
        try:
            compact(manifest, layout)
        except OSError as error:
            manifest.notes.append(f"{folder}: its small parts stay as they are ({error.strerror or error})")


def compact(manifest: Manifest, layout: Layout, *, whole: bool = False, others: Sequence[Manifest] = ()) -> None:
    """Rewrite the small parts of a store, or with `whole` all of them, and replace its ended journals by an index.

    layout: turns a part's table into the form of packed parts. others: stores of the same member whose recordings are
    added (then all parts are rewritten; these stores stay as they are). A process that is still adding to the store
    keeps its journal and parts; so does a journal whose writer, on another machine, may still be at work. Equal
    recordings give equal files, however they came into the store. `manifest` holds the new state afterwards. Raises
    BlendkitError for a recording that two stores hold of other audio.
    """
    marker = new_journal(manifest.folder)  # tells others that a process is at work here, whose parts nobody lists yet
    try:
        for _ in range(LOOKS):
            with suppress(FileNotFoundError):  # another process has packed what this one was about to read
                _pack(manifest, layout, marker, whole=whole, others=others)
                return
            for other in others:
                other.load()
        raise changing(manifest.folder)
    finally:
        marker.unlink(missing_ok=True)


def _pack(manifest: Manifest, layout: Layout, marker: Path, *, whole: bool, others: Sequence[Manifest]) -> None:
    found = manifest.load()
    indexes = manifest.indexes
    manifest.drop_damaged()
    stays = _staying(found)
    ended = [j.path for j in found if j not in stays]
    content = _content(manifest, stays, others)
    if not (whole or others or ended) and len(indexes) == 1:
        return
    before = set(manifest.listed)
    index = _write(manifest.folder, manifest.of, content, layout, whole=whole or bool(others))
    _remove(p for p in [*ended, *indexes] if p != index)
    _remove_unlisted(manifest, before, marker)


def _staying(found: Sequence[Journal]) -> list[Journal]:
    """Return the journals that are not packed yet: of processes at work, and those with newer lines of the same.

    Lines of a journal count as newer than the index. If the new entry of a recording went into the index while an old
    one is still in the journal of a process at work, the old one would come back.
    """
    stays = [j for j in found if not j.ended]
    rest = [j for j in found if j.ended]
    said = {(r, str(s)) for j in stays for r, s in _said(j)}
    while True:
        names = {r for r, _ in said}
        more = [j for j in rest if any(r in names and (r, str(s)) not in said for r, s in _said(j))]
        if not more:
            return stays
        stays, rest = [*stays, *more], [j for j in rest if j not in more]
        said |= {(r, str(s)) for j in more for r, s in _said(j)}


def _said(journal: Journal) -> Iterator[tuple[str, Any]]:
    for line in journal.lines:
        yield from line["recordings"].items()


def _content(manifest: Manifest, stays: Sequence[Journal], others: Sequence[Manifest]) -> _Content:
    """Return what is to be packed: all but what the journals that stay list."""
    listed = {line["part"] for j in stays for line in j.lines}
    known = dict(manifest.entries)
    at = {r: p for r, p in manifest.part_of.items() if p not in listed}
    places = _places(manifest, at)
    own = {r: known[r] for r in at}
    for other in others:
        new = _news(known, other)
        known |= new
        own |= new
        places |= _places(other, new)
    order = natural_sorted(own)
    return _Content({r: own[r] for r in order}, {r: places[r] for r in order if r in places}, manifest.packed)


def require_same_audio(manifest: Manifest, others: Sequence[Manifest]) -> None:
    """Raise BlendkitError for a recording that two of these stores hold of other audio."""
    known = dict(manifest.entries)
    for other in others:
        known |= _news(known, other)


def _news(known: Mapping[str, Stored], other: Manifest) -> dict[str, Stored]:
    """Return the entries of a store that are not known, or were only known to be scored again.

    Raises BlendkitError for recordings of other audio than is known.
    """
    new = {r: s for r, s in other.entries.items() if r not in known or _is_better(s, known[r])}
    clash = [r for r, s in other.entries.items() if r not in new and s.is_final and known[r].key != s.key]
    if clash:
        problems = [shorten(clash), "the audio of these recordings differs: score them again in one of the two"]
        raise BlendkitError(f"{other.folder}: {len(clash)} recordings of other audio than elsewhere", problems)
    return new


def _is_better(one: Stored, known: Stored) -> bool:
    """Return whether an entry takes the place of a known one; the same of two, whichever is known."""
    return not known.is_final and (one.is_final or one.key < known.key)


def _places(manifest: Manifest, recordings: Iterable[str]) -> dict[str, RowPlace]:
    at = {r: manifest.part_of[r] for r in recordings}
    return {r: RowPlace(manifest.folder, manifest.listed[p]) for r, p in at.items() if p}


def _write(folder: Path, of: str, content: _Content, layout: Layout, *, whole: bool) -> Path:
    """Write the parts and the index of recordings; parts that are large enough stay, unless `whole`."""
    large = set() if whole else _large(content.places) & content.packed
    kept = {r: p for r, p in content.places.items() if p.part.name in large}
    moved = {r: content.places[r] for r in content.entries if r in content.places and r not in kept}
    parts = {p.part.name: p.part for p in kept.values()}
    part_of = {r: kept[r].part.name if r in kept else "" for r in content.entries}
    for part, recordings in write_packed(folder, moved, content.entries, layout):
        parts[part.name] = part
        part_of |= dict.fromkeys(recordings, part.name)
    index = write_index(folder, of, parts, content.entries, part_of)
    write_checked(folder, list(parts.values()))
    return index


def _large(places: Mapping[str, RowPlace]) -> set[str]:
    held = Counter(p.part for p in places.values())
    return {p.name for p, n in held.items() if n >= RECORDINGS // 2 or p.size >= LARGE_BYTES}


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):  # gone already, or open in another process of Windows: the next compaction takes it
            path.unlink()


def _remove_unlisted(manifest: Manifest, before: set[str], marker: Path) -> None:
    """Remove parts that nothing lists any more; where no other process is at work, also those that nothing ever did.

    A process at work has its journal before its first part, so that the order of the two looks counts.
    """
    there = {p.name for p in manifest.folder.glob("part-*.parquet")}
    found = manifest.load()
    alone = all(j.ended or j.path == marker for j in found)
    gone = sorted(there - set(manifest.listed))
    _remove(manifest.folder / n for n in gone if alone or n in before)
