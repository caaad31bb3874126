"""Rows of many recordings, from wherever they lie, written as parts of about a thousand recordings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from blendkit.store.journal_entries import Stored, StoredPart
from blendkit.store.parts import naming_part, read_part, rows_of, write_part

if TYPE_CHECKING:
    import pyarrow as pa

RECORDINGS = 1000  # in a part
LARGE_BYTES = 1 << 26  # a part of this size is not small, however few its recordings are
_RAW_BYTES = 1 << 27  # of a part before compression: the features of 1,000 recordings may be far more
_HELD_BYTES = 1 << 29  # of parts that are held while they are taken apart


Layout: TypeAlias = "Callable[[pa.Table], pa.Table]"


@dataclass(frozen=True)
class RowPlace:
    """Where a recording's rows are: in a part of a folder."""

    folder: Path
    part: StoredPart

    @property
    def path(self) -> Path:
        """The part's file."""
        return self.folder / self.part.name


def write_packed(
    folder: Path, places: Mapping[str, RowPlace], entries: Mapping[str, Stored], layout: Layout
) -> Iterator[tuple[StoredPart, list[str]]]:
    """Write the rows of recordings, in their order, as parts in `folder`; yield each part and its recordings.

    layout: turns a part's table into the form that packed parts have.
    """
    tables = _Tables(layout)
    recordings = list(places)
    while recordings:
        row_bytes = _row_bytes(tables.read(places[recordings[0]].path))
        n = _fitting(recordings, entries, row_bytes)
        block, recordings = recordings[:n], recordings[n:]
        yield write_part(folder, _rows(block, places, tables)), block


def _fitting(recordings: Sequence[str], entries: Mapping[str, Stored], row_bytes: int) -> int:
    """Return how many recordings fit into one part, at least one."""
    chunks = np.array([entries[r].chunks for r in recordings[:RECORDINGS]])
    return max(1, int(np.searchsorted(np.cumsum(chunks) * row_bytes, _RAW_BYTES, side="right")))


def _row_bytes(table: pa.Table) -> int:
    """Return the bytes of one row's values; the same for every part of a store."""
    import pyarrow as pa

    lists = [t.list_size if pa.types.is_fixed_size_list(t) else 1 for t in table.schema.types]
    return 4 * sum(lists)


def _rows(recordings: Sequence[str], places: Mapping[str, RowPlace], tables: _Tables) -> pa.Table:
    """Return the rows of recordings in their order, each recording's rows as they were."""
    import pyarrow as pa

    wanted: dict[Path, set[str]] = {}
    for r in recordings:
        wanted.setdefault(places[r].path, set()).add(r)
    found = [rows_of(tables.read(path), own) for path, own in wanted.items()]
    plain = [t.set_column(0, "recording", t["recording"].cast(pa.string())) for t in found]
    table = pa.concat_tables(plain).combine_chunks()
    rank = {r: i for i, r in enumerate(recordings)}
    order = np.array([rank[r] for r in table["recording"].to_pylist()])
    if (order[1:] < order[:-1]).any():
        table = table.take(pa.array(np.argsort(order, kind="stable")))
    return table


class _Tables:
    """Parts as they are needed; the latest stay in memory."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._held: OrderedDict[Path, pa.Table] = OrderedDict()
        self._bytes = 0

    def read(self, path: Path) -> pa.Table:
        """Return a part. Raises as `read_part` does."""
        if path not in self._held:
            with naming_part(path):
                self._held[path] = self._layout(read_part(path))
            self._bytes += self._held[path].nbytes
        self._held.move_to_end(path)
        while len(self._held) > 1 and self._bytes > _HELD_BYTES:
            self._bytes -= self._held.popitem(last=False)[1].nbytes
        return self._held[path]
