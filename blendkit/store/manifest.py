"""What a folder of Parquet parts holds: its facts, and the union of its index and its journals."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from blendkit.core import AudioContent, Contents, canonical_json, text_hash
from blendkit.errors import BlendkitError
from blendkit.store.entries import Stored, StoredPart
from blendkit.store.files import file_hash, write_json, write_once
from blendkit.store.index import INDEXES, read_index
from blendkit.store.journal import JOURNALS, Journal, append_line, end_journal, new_journal, read_journal

STORE_FORMAT = 2
OLD_MANIFEST = "manifest.json"  # of stores of format 1
STORE_FACTS = "store.json"
CHECKED = "checked.json"  # size and time of parts whose hash was right: it may be lost, it is never relied on alone
KEYS = ("recording", "start_s", "end_s")
OWN_FILES = ("part-", "journal-", "index-", CHECKED, ".")  # beginnings of the names of a store's files, but its facts
_LOOKS = 100  # at a store that others pack meanwhile
_OF = 16  # hex digits of the maker's hash in every line


def is_store(folder: Path) -> bool:
    """Return whether a folder is a store, of logits or of features."""
    return (folder / STORE_FACTS).is_file()


@dataclass
class Manifest:
    """The content of a folder. `made_by` is the hash of what made it; `facts` holds the store's own keys.

    entries: by recording; part_of: the part that holds its rows ("" without rows). packed: the parts that an index
    lists, not a journal; indexes: the files of these. notes: what a person should know of
    the files. A recording belongs to the newest part that lists it.
    """

    folder: Path
    made_by: str
    facts: dict[str, Any]
    entries: dict[str, Stored] = field(default_factory=dict)
    part_of: dict[str, str] = field(default_factory=dict)
    listed: dict[str, StoredPart] = field(default_factory=dict)
    packed: set[str] = field(default_factory=set)
    indexes: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
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
        seen everything.
        """
        for _ in range(_LOOKS):
            before = _listing(self.folder)
            with suppress(FileNotFoundError):
                found = self._look()
                if before <= _listing(self.folder):
                    return found
        raise BlendkitError(f"{self.folder}: other processes change this store all the time", ["try again"])

    def _look(self) -> list[Journal]:
        found = [read_journal(p) for p in sorted(self.folder.glob(JOURNALS))]
        indexes = [read_index(p) for p in sorted(self.folder.glob(INDEXES))]
        there = {p.name for p in self.folder.glob("part-*.parquet")}
        checked = _read_checked(self.folder)
        self.entries, self.part_of, self.listed = {}, {}, {}
        self.indexes = [i.path for i in indexes]
        self.packed = {name for i in indexes for name in i.parts}
        for index in indexes:
            self._require_own(index.path, index.of)
            self.listed |= {n: _with_time(p, checked) for n, p in index.parts.items()}
            for r, entry in index.entries.items():
                self._list(r, entry, index.part_of[r], there)
        lines = [(line, j.path) for j in found for line in j.lines]
        for line, path in sorted(lines, key=lambda pair: _time_of(pair[0])):
            self._add_line(line, path, there)
        self.notes = [f"{j.path}: its last line was cut short by a stop, and does not count" for j in found if j.torn]
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

    def _list(self, recording: str, entry: Stored, part: str, there: set[str]) -> None:
        if part and part not in there:  # removed by hand, or by another process that has replaced it
            return
        self.entries[recording] = entry
        self.part_of[recording] = part

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

    def recordings(self) -> dict[str, Stored]:
        """Return what is stored, per recording id."""
        return self.entries

    def contents(self) -> Contents:
        """Return what the stored recordings sound like, of those whose content is known."""
        return {r: AudioContent.from_json(s.content) for r, s in self.entries.items() if s.content is not None}

    def drop_damaged(self, *, verify: bool = False) -> list[str]:
        """Forget the recordings of parts whose file is missing or changed; return the names of these parts.

        A part of the size and time it had when its hash was right is believed, unless `verify` asks for all hashes.
        """
        parts, bad = self.parts, []
        for name, part in parts.items():
            now = checked_part(self.folder, part, verify=verify)
            if now is None:
                bad.append(name)
            else:
                self.listed[name] = now
        if any(self.listed[n] != p for n, p in parts.items() if n not in bad):
            write_checked(self.folder, [self.listed[n] for n in parts if n not in bad])
        gone = [r for r, p in self.part_of.items() if p in bad]
        for r in gone:
            del self.entries[r], self.part_of[r]
        return bad

    def add(self, part: StoredPart, stored: Mapping[str, Stored]) -> None:
        """List a part that is written, in this process's journal. A recording belongs to its newest part."""
        if self.journal is None or not self.journal.exists():  # removed by hand, or by a clean-up after a day
            self.begin()
        assert self.journal is not None
        facts = {"part": part.name, "sha256": part.sha256, "size": part.size, "changed_ns": part.changed_ns}
        found = {r: s.to_json() for r, s in stored.items()}
        append_line(self.journal, {"of": self.of, **facts, "at": time.time_ns(), "recordings": found})
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
            text = json.dumps({**own, "sha256": _facts_hash(own)}, indent=1, ensure_ascii=False, allow_nan=False)
            write_once(self.folder / STORE_FACTS, text + "\n")
        if facts_of(self.folder, "store").get("made_by") != self.made_by:
            raise BlendkitError(f"{self.folder}: another process fills it with values of another member")
        self.journal = new_journal(self.folder)

    def end(self) -> None:
        """Say in the journal that this process adds no more."""
        if self.journal is not None and self.journal.exists():
            end_journal(self.journal)
        self.journal = None


def _listing(folder: Path) -> set[str]:
    return {p.name for pattern in (JOURNALS, INDEXES) for p in folder.glob(pattern)}


def checked_part(folder: Path, part: StoredPart, *, verify: bool) -> StoredPart | None:
    """Return a part whose file is whole, with the time of its last change; None if it is missing or changed."""
    path = folder / part.name
    try:
        now = path.stat()
        if now.st_size != part.size:
            return None
        if not verify and now.st_mtime_ns == part.changed_ns:
            return part
        return (
            StoredPart(part.name, part.sha256, part.size, now.st_mtime_ns) if file_hash(path) == part.sha256 else None
        )
    except OSError:
        return None


def write_checked(folder: Path, parts: Sequence[StoredPart]) -> None:
    """Keep the size and time of whole parts; a folder that cannot be written is hashed anew each time."""
    try:
        write_json(folder / CHECKED, {p.name: [p.size, p.changed_ns] for p in parts})
    except OSError:
        return


def _read_checked(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / CHECKED).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _with_time(part: StoredPart, checked: Mapping[str, Any]) -> StoredPart:
    known = checked.get(part.name)
    right = isinstance(known, list) and len(known) == 2 and known[0] == part.size
    return replace(part, changed_ns=known[1]) if isinstance(known, list) and right else part


def facts_of(folder: Path, what: str) -> dict[str, Any]:
    """Return a store's facts. Raises BlendkitError for a folder that is no store, or whose facts were edited."""
    if not is_store(folder) and (folder / OLD_MANIFEST).is_file():
        raise BlendkitError(
            f"{folder}: a store of format 1, this blendkit reads {STORE_FORMAT}",
            ["remove the folder, and score the recordings again"],
        )
    try:
        data = json.loads((folder / STORE_FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BlendkitError(f"{folder}: not a {what}", [str(error)]) from error
    if not isinstance(data, dict) or data.get("format") != STORE_FORMAT or not isinstance(data.get("made_by"), str):
        found = data.get("format") if isinstance(data, dict) else None
        raise BlendkitError(f"{folder}: not a {what}", [f"store format {found}, this blendkit reads {STORE_FORMAT}"])
    stated = data.pop("sha256", None)
    if stated != _facts_hash(data):
        problems = ["its hash does not match its content", "remove the folder, and score the recordings again"]
        raise BlendkitError(f"{folder / STORE_FACTS}: not as it was written", problems)
    return data


def _facts_hash(facts: Mapping[str, Any]) -> str:
    return text_hash(canonical_json(facts))


def _time_of(line: Mapping[str, Any]) -> int:
    at = line.get("at")
    return at if isinstance(at, int) else 0
