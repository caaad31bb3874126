"""The index of a compacted store: one Parquet file with a row per recording, which replaces the journals.

Its name holds the hash of its content, as those of parts do, so that an edited index is noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blendkit.core import json_value
from blendkit.errors import BlendkitError
from blendkit.store.files import atomic_path
from blendkit.store.held_entries import CONTENT, EntryColumns, Repeated
from blendkit.store.journal_entries import MOST_CHUNKS, Stored, StoredPart

if TYPE_CHECKING:
    import pyarrow as pa

INDEXES = "index-*.parquet"
_PARTS, _OF = b"blendkit.parts", b"blendkit.of"


@dataclass(frozen=True)
class Index:
    """What an index holds: the parts, and of N recordings the part with their rows ("" without rows) and the entry."""

    path: Path
    of: str
    parts: dict[str, StoredPart]
    recordings: list[str]
    part_of: Repeated
    entries: EntryColumns

    def parts_of(self) -> list[str]:
        """Return the (N,) parts where the recordings' rows are."""
        return [self.part_of.texts[c] for c in self.part_of.codes.tolist()]


def write_index(
    folder: Path, of: str, parts: Mapping[str, StoredPart], entries: Mapping[str, Stored], part_of: Mapping[str, str]
) -> Path:
    """Write the index of these recordings, in their order; equal content gives the same file. Return its path."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(_columns(entries, part_of))
    listed = {n: [p.sha256, p.size] for n, p in sorted(parts.items())}
    table = table.replace_schema_metadata({_OF: of.encode(), _PARTS: json.dumps(listed).encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, use_dictionary=["part", "status", "note"], compression="zstd")
    data = sink.getvalue()
    path = folder / _name(data)
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    return path


def _columns(entries: Mapping[str, Stored], part_of: Mapping[str, str]) -> dict[str, Any]:
    import pyarrow as pa

    found = list(entries.values())
    text = pa.string()
    return {
        "recording": pa.array(list(entries), text),
        "part": pa.array([part_of[r] for r in entries], text),
        "key": pa.array([s.key for s in found], text),
        "chunks": pa.array([s.chunks for s in found], pa.int64()),
        "status": pa.array([s.status for s in found], text),
        "note": pa.array([s.note for s in found], text),
        "duration_s": pa.array([float(s.duration_s) for s in found], pa.float64()),
        **{k: pa.array([s.content and s.content[k] for s in found], text) for k in CONTENT},
        "mix": pa.array([s.mix and json.dumps(s.mix, ensure_ascii=False) for s in found], text),
    }


def read_index(path: Path) -> Index:
    """Read an index. Raises BlendkitError for one that is not as it was written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = path.read_bytes()
    if path.name != _name(data):
        raise _damaged(path, "its content does not match its name")
    try:
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            table = file.read()
        _require_whole(table)
        meta = table.schema.metadata or {}
        listed = json_value(meta[_PARTS])
        parts = {n: StoredPart(n, *of) for n, of in listed.items()}
        recordings, part_of = table["recording"].to_pylist(), Repeated(table["part"])
        if unlisted := set(part_of.texts) - {"", *parts}:
            raise ValueError(f"it does not list {min(unlisted)}")
        if len(set(recordings)) != len(recordings):
            raise ValueError("it lists a recording twice")
        return Index(path, meta[_OF].decode(), parts, recordings, part_of, EntryColumns(table))
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _damaged(path, str(error)) from error


def _require_whole(table: pa.Table) -> None:
    """Raise ValueError for columns of other types, empty cells, and numbers and texts that no store writes."""
    import pyarrow.compute as pc

    wanted = {name: column.type for name, column in _columns({}, {}).items()}
    if {f.name: f.type for f in table.schema} != wanted:
        raise ValueError(f"it has the columns {', '.join(f'{f.name} {f.type}' for f in table.schema)}")
    empty = [n for n in wanted if n not in (*CONTENT, "mix") and table[n].null_count]
    bounds = {"chunks": MOST_CHUNKS, "duration_s": float("inf")}
    odd = [
        n
        for n, most in bounds.items()
        if not pc.all(pc.and_(pc.greater_equal(table[n], 0), pc.less(table[n], most)), min_count=0).as_py()
    ]
    if empty or odd:
        raise ValueError(f"empty cells or impossible numbers in {', '.join([*empty, *odd])}")
    first, *others = (table[n].is_null() for n in CONTENT)
    if not all(first.equals(o) for o in others):
        raise ValueError("contents that lack something")
    if not pc.all(pc.match_substring_regex(table["levels"], "^([0-9a-f]{2})*$"), min_count=0).as_py():
        raise ValueError("levels that are no hex digits")
    table.validate(full=True)  # its texts are read when they are asked for
    for mix in table["mix"].unique().drop_null().to_pylist():
        json_value(mix)


def _name(data: Any) -> str:
    return f"index-{hashlib.sha256(data).hexdigest()[:16]}.parquet"


def _damaged(path: Path, why: str) -> BlendkitError:
    ways = ["remove it: what only it lists is scored again"]
    return BlendkitError(f"{path}: an index that is not as it was written", [why, *ways])
