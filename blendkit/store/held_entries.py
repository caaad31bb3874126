"""The entries of a store's recordings: those of an index stay in its columns until one is asked for.

An entry takes some 500 bytes in columns, and four times as much as an object of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING

from blendkit.core import AudioContent, Int64, json_value
from blendkit.store.journal_entries import Stored

if TYPE_CHECKING:
    import pyarrow as pa

CONTENT = ("whole", "levels", "marks")


class EntryColumns:
    """The entries of an index (N), one column per fact; the table was checked when it was read."""

    def __init__(self, table: pa.Table) -> None:
        self._texts = {n: _Texts(table[n]) for n in ("key", *CONTENT)}
        self._few = {n: Repeated(table[n]) for n in ("status", "note")}
        self._numbers = {n: table[n].to_numpy() for n in ("chunks", "duration_s")}
        self._has_content = table[CONTENT[0]].is_valid().to_numpy()
        mixed = table["mix"].is_valid().to_numpy().nonzero()[0].tolist()
        self._mixes = dict(zip(mixed, table["mix"].drop_null().to_pylist(), strict=True))

    def __len__(self) -> int:
        return len(self._has_content)

    def has_content(self, i: int) -> bool:
        """Return whether the entry of row i says what its recording sounds like."""
        return bool(self._has_content[i])

    def __getitem__(self, i: int) -> Stored:
        """Return the entry of row i."""
        content = {n: self._texts[n][i] for n in CONTENT} if self._has_content[i] else None
        mix = json_value(self._mixes[i]) if i in self._mixes else None
        status, note = (self._few[n][i] for n in ("status", "note"))
        chunks, duration_s = (self._numbers[n][i].item() for n in ("chunks", "duration_s"))
        return Stored(self._texts["key"][i], chunks, status, note, duration_s, content, mix)


class _Texts:
    """A column of texts, as bytes and the places where they end."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        import pyarrow as pa

        array = pa.chunked_array(column, pa.string()).cast(pa.large_string()).combine_chunks()
        _, ends, data = array.buffers()
        self._ends = memoryview(ends).cast("q")[array.offset :]
        self._data = memoryview(data or b"")

    def __getitem__(self, i: int) -> str:
        return str(self._data[self._ends[i] : self._ends[i + 1]], "utf-8")


class Repeated:
    """A column of few different texts, each of them one object."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        coded = column.dictionary_encode().combine_chunks()
        self.texts: list[str] = coded.dictionary.to_pylist()
        self.codes: Int64 = coded.indices.to_numpy()

    def __getitem__(self, i: int) -> str:
        return self.texts[int(self.codes[i])]


class Entries(MutableMapping[str, Stored]):
    """{recording: its entry}, in the order in which they were listed."""

    def __init__(self) -> None:
        self._held: dict[str, Stored | int] = {}
        self._columns: list[EntryColumns] = []
        self._starts: list[int] = []
        self._rows = 0

    def list_all(self, recordings: Iterable[str], columns: EntryColumns, rows: Iterable[int]) -> None:
        """Take in some of the entries of an index: these recordings, which are at these rows."""
        first = self._rows
        self._columns.append(columns)
        self._starts.append(first)
        self._rows += len(columns)
        self._held.update(zip(recordings, (first + i for i in rows), strict=True))

    def __getitem__(self, recording: str) -> Stored:
        found = self._held[recording]
        if isinstance(found, Stored):
            return found
        of = bisect_right(self._starts, found) - 1
        return self._columns[of][found - self._starts[of]]

    def has_content(self, recording: object) -> bool:
        """Return whether the entry of a recording says what it sounds like; False without an entry."""
        found = self._held.get(recording)  # type: ignore[call-overload]
        if not isinstance(found, int):
            return found is not None and found.content is not None
        of = bisect_right(self._starts, found) - 1
        return self._columns[of].has_content(found - self._starts[of])

    def __setitem__(self, recording: str, entry: Stored) -> None:
        self._held[recording] = entry

    def __delitem__(self, recording: str) -> None:
        del self._held[recording]

    def __contains__(self, recording: object) -> bool:
        return recording in self._held

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)


class HeldContents(Mapping[str, AudioContent]):
    """{recording: what it sounds like} of the entries that say it."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    def __getitem__(self, recording: str) -> AudioContent:
        content = self._entries[recording].content
        if content is None:
            raise KeyError(recording)
        return AudioContent.from_json(content)

    def __contains__(self, recording: object) -> bool:
        return self._entries.has_content(recording)

    def __iter__(self) -> Iterator[str]:
        return filter(self._entries.has_content, self._entries)

    def __len__(self) -> int:
        return sum(1 for _ in self)
