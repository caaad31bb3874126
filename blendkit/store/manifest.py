"""What a folder of Parquet parts holds: its facts, and the union of its index and its journals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from blendkit.core import Contents, natural_sorted, no_search_for_circles
from blendkit.errors import BlendkitError, counted, shorten
from blendkit.store.files import write_once
from blendkit.store.held_entries import Entries, HeldContents
from blendkit.store.index import INDEXES, Index, read_index
from blendkit.store.journal import JOURNALS, Journal, append_line, end_journal, new_journal, read_journal
from blendkit.store.journal_entries import Stored, StoredPart
from blendkit.store.part_checks import CHECKED, checked_part, read_checked, with_time, write_checked
from blendkit.store.store_facts import STORE_FACTS, STORE_FORMAT, facts_of, facts_text, is_store

KEYS = ("recording", "start_s", "end_s")
OWN_FILES = ("part-", "journal-", "index-", CHECKED, ".")  # beginnings of the names of a store's files, but its facts
T = TypeVar("T")
LOOKS = 100  # at a store that others pack meanwhile
_LOOKS_FOR_LOST = 10  # after which a part that is not there counts as lost, though files are still added
_OF = 16  # hex digits of the maker's hash in every line


@dataclass
class Manifest:
    """The content of a folder. `made_by` is the hash of what made it; `facts` holds the store's own keys.

    entries: by recording; part_of: the part that holds its rows ("" without rows). packed: the parts that an index
    lists, not a journal; indexes: the files of these. lost: recordings that are listed, but whose part is not there.
    latest: the time of the newest line, in ns. notes: what a person should know of the files; lasting: those
    that stay true after packing. A recording belongs to the newest part that lists it.
    """

    folder: Path
    made_by: str
    facts: dict[str, Any]
    entries: Entries = field(default_factory=Entries)
    part_of: dict[str, str] = field(default_factory=dict)
    listed: dict[str, StoredPart] = field(default_factory=dict)
    packed: set[str] = field(default_factory=set)
    indexes: list[Path] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    latest: int = 0
    notes: list[str] = field(default_factory=list)
    lasting: set[str] = field(default_factory=set)
    journal: Path | None = None

    @classmethod
    def read(cls, folder: Path, what: str, facts: Sequence[str]) -> Manifest:
        """Read a store with the keys `facts`. Raises BlendkitError if it is missing, edited or of another kind."""
        data = facts_of(folder, what)
        lacks = {"made_by", *facts} - set(data)
        if lacks:
            raise BlendkitError(f"{folder}: not a {what}", [f"its {STORE_FACTS} lacks {', '.join(sorted(lacks))}"])
        found = cls(folder, data["made_by"], {k: data[k] for k in facts})
        found.load()
        return found

    def load(self) -> list[Journal]:
        """Read what the folder lists now; return its journals. Raises BlendkitError for what another member made.

        Whoever packs a store writes the new index before the old files go: a look during which none of them went has
        seen everything, but where a part is gone whose recordings are in an index that came during the look.
        """
        for look in range(LOOKS):
            before = _listing(self.folder)
            with suppress(FileNotFoundError), no_search_for_circles():
                found = self._look()
                after = _listing(self.folder)
                if before == after or (before <= after and (not self.lost or look > _LOOKS_FOR_LOST)):
                    return found
        raise changing(self.folder)

    def _look(self) -> list[Journal]:
        found = [read_journal(p) for p in sorted(self.folder.glob(JOURNALS))]
        indexes = [read_index(p) for p in sorted(self.folder.glob(INDEXES))]
        there = {p.name for p in self.folder.glob("part-*.parquet")}
        checked = read_checked(self.folder)
        self.entries, self.part_of, self.listed, self.lost = Entries(), {}, {}, set()
        self.indexes = [i.path for i in indexes]
        self.packed = {name for i in indexes for name in i.parts}
        for index in indexes:
            self._require_own(index.path, index.of)
            self.listed |= {n: with_time(p, checked) for n, p in index.parts.items()}
            self._list_index(index, there)
        lines = [(line, j.path) for j in found for line in j.lines]
        for line, path in sorted(lines, key=lambda pair: _time_of(pair[0])):
            self._add_line(line, path, there)
        self.latest = max([0, *(_time_of(line) for line, _ in lines)])
        self.lost -= set(self.entries)
        torn = {f"{j.path}: its last line was cut short by a stop, and does not count": j for j in found if j.torn}
        # packing removes the journal of a process that has ended before anybody can say it
        self.lasting |= {note for note, j in torn.items() if j.ended}
        self.notes = [*sorted(self.lasting - torn.keys()), *torn]
        return found

    def _add_line(self, line: Mapping[str, Any], path: Path, there: set[str]) -> None:
        self._require_own(path, line.get("of"))
        try:
            part = StoredPart(line["part"], line["sha256"], line["size"], line["changed_ns"])
            found = {r: Stored.from_json(s) for r, s in line["recordings"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problems = [str(error), "remove the journal: what only it lists is scored again"]
            raise BlendkitError(f"{path}: a line that no store writes", problems) from error
        self.listed[part.name] = part
        for r, entry in found.items():
            self._list(r, entry, part.name if entry.chunks else "", there)

    def take_in(self, lines: Iterable[Mapping[str, Any]], path: Path) -> None:
        """List what lines of another process's journal list, if their parts are there."""
        found = sorted(lines, key=_time_of)
        there = {name for line in found if (self.folder / (name := str(line.get("part")))).exists()}
        for line in found:
            self._add_line(line, path, there)
        self.latest = max([self.latest, *map(_time_of, found)])

    def _list(self, recording: str, entry: Stored, part: str, there: set[str]) -> None:
        if part and part not in there:  # removed by hand, or by another process that has replaced it
            self.lost.add(recording)
            return
        self.entries[recording] = entry
        self.part_of[recording] = part

    def _list_index(self, index: Index, there: set[str]) -> None:
        """List an index's recordings, but those whose part was removed by hand, or replaced by another process."""
        parts = index.parts_of()
        at: Sequence[int] = range(len(parts))
        if set(parts) - {"", *there}:
            at = [i for i in at if not parts[i] or parts[i] in there]
            self.lost |= {r for r, p in zip(index.recordings, parts, strict=True) if p and p not in there}
        kept = [index.recordings[i] for i in at]
        self.entries.list_all(kept, index.entries, at)
        self.part_of.update(zip(kept, [parts[i] for i in at], strict=True))

    def _require_own(self, path: Path, of: object) -> None:
        if of != self.of:
            raise BlendkitError(f"{path}: belongs to the store of another member", [f"remove it from {self.folder}"])

    @property
    def of(self) -> str:
        """The beginning of the maker's hash, which every line and index holds."""
        return self.made_by[:_OF]

    @property
    def parts(self) -> dict[str, StoredPart]:
        """The parts that hold rows of a recording, by file name."""
        used = dict.fromkeys(filter(None, self.part_of.values()))
        return {n: self.listed[n] for n in used}

    def recordings_of_parts(self, recordings: Iterable[str] | None = None) -> dict[str, set[str]]:
        """Return, per part, the recordings whose rows it holds, of the given ones (default: all)."""
        out: dict[str, set[str]] = {}
        for r in self.part_of if recordings is None else recordings:
            if part := self.part_of[r]:
                out.setdefault(part, set()).add(r)
        return out

    @property
    def lost_note(self) -> str:
        """What is lacking, for its parts are not there any more; "" if nothing is."""
        lost = natural_sorted(self.lost - set(self.entries)) if self.lost else []
        many = counted(len(lost), "recording", "recordings")
        return f"{self.folder}: parts of {many} are missing, which are left out: {shorten(lost)}" if lost else ""

    def recordings(self) -> Mapping[str, Stored]:
        """Return what is stored, per recording id."""
        return self.entries

    def contents(self) -> Contents:
        """Return what the stored recordings sound like, of those whose content is known."""
        return HeldContents(self.entries)

    def reading(self, read: Callable[[], T]) -> T:
        """Return what `read` reads of the parts, once more where another process has packed them meanwhile."""
        for _ in range(LOOKS):
            with suppress(FileNotFoundError):
                return read()
            self.load()
        raise changing(self.folder)

    def drop_damaged(self, *, verify: bool = False) -> list[str]:
        """Forget the recordings of parts whose file is missing or changed; return the names of these parts.

        A part of the size and time it had when its hash was right is believed, unless `verify` asks for all hashes.
        Raises OSError where a file cannot be read: that is no damage, and may be over in a moment.
        """
        parts = self._parts_there()
        now = {name: checked_part(self.folder, part, verify=verify) for name, part in parts.items()}
        whole = [p for p in now.values() if p is not None]
        bad = [name for name, p in now.items() if p is None]
        if any(p != parts[p.name] for p in whole):
            write_checked(self.folder, whole)
        self.listed |= {p.name: p for p in whole}
        gone = [r for r, p in self.part_of.items() if p in bad]
        for r in gone:
            del self.entries[r], self.part_of[r]
        return bad

    def _parts_there(self) -> dict[str, StoredPart]:
        """Return the parts; where another process has replaced some of them since the last look, look again."""
        for _ in range(LOOKS):
            if all((self.folder / name).exists() for name in self.parts):
                break
            self.load()
        return self.parts

    def add(self, part: StoredPart, stored: Mapping[str, Stored]) -> None:
        """List a part that is written, in this process's journal. A recording belongs to its newest part."""
        if self.journal is None or not self.journal.exists():  # removed by hand, or by a clean-up after a day
            self.begin()
        assert self.journal is not None
        facts = {"part": part.name, "sha256": part.sha256, "size": part.size, "changed_ns": part.changed_ns}
        found = {r: s.to_json() for r, s in stored.items()}
        self.latest = max(time.time_ns(), self.latest + 1)  # newer than all it knows of, also if a clock was set back
        append_line(self.journal, {"of": self.of, **facts, "at": self.latest, "recordings": found})
        self.listed[part.name] = part
        for r, entry in stored.items():
            self.entries[r] = entry
            self.part_of[r] = part.name if entry.chunks else ""

    def begin(self) -> None:
        """Write the facts, if nobody has yet, and begin a journal: before the first part is written.

        Raises BlendkitError if another process has meanwhile filled the folder with another member's values.
        """
        own = {"format": STORE_FORMAT, "made_by": self.made_by, **self.facts}
        if not is_store(self.folder):
            write_once(self.folder / STORE_FACTS, facts_text(own))
        if facts_of(self.folder, "store").get("made_by") != self.made_by:
            raise BlendkitError(f"{self.folder}: another process fills it with values of another member")
        self.journal = new_journal(self.folder)

    def end(self) -> None:
        """Say in the journal that this process adds no more."""
        if self.journal is not None and self.journal.exists():
            end_journal(self.journal)
        self.journal = None


def changing(folder: Path) -> BlendkitError:
    """Return the error for a store that others pack faster than it can be read."""
    return BlendkitError(f"{folder}: other processes change this store all the time", ["try again"])


def _listing(folder: Path) -> set[str]:
    return {p.name for pattern in (JOURNALS, INDEXES) for p in folder.glob(pattern)}


def _time_of(line: Mapping[str, Any]) -> int:
    at = line.get("at")
    return at if type(at) is int else 0
