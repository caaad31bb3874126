"""How much a small file may become when it is read: enough for any table of scores, too little to fill the memory."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from blendkit.errors import BlendkitError

TEXT = 1 << 28  # bytes that any packed text may unpack to, however small its file is
CELLS = 1 << 26  # cells that any Parquet or Arrow file may have, however small it is
FOLD = 100  # a larger text may have so many times its packed size, and a table so many cells per byte of its file
COLUMNS = 100_000


class BoundedFile:
    """A binary file that is read up to a limit. Reading on raises ValueError: it unpacks to far more than it holds."""

    def __init__(self, file: IO[bytes], packed: int) -> None:
        self._file, self._packed = file, packed
        self._most = max(TEXT, FOLD * packed)
        self._read = 0
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, or all that follow. Raises ValueError beyond the limit."""
        left = self._most + 1 - self._read
        data = self._all(left) if size is None or size < 0 else self._file.read(min(size, left))
        self._read += len(data)
        if self._read > self._most:
            raise ValueError(
                f"its {self._packed} bytes unpack to more than {self._most}; if that is right, unpack it first"
            )
        return data

    def _all(self, most: int) -> bytes:
        parts = []
        while most > 0 and (part := self._file.read(min(most, 1 << 24))):
            parts.append(part)
            most -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self.closed = True

    def readable(self) -> bool:
        """Return True, as pyarrow asks."""
        return True

    def __enter__(self) -> BoundedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def require_sized(path: Path, size: int, rows: int, columns: int) -> None:
    """Raise BlendkitError for a table of more cells or columns than a file of `size` bytes is trusted with."""
    most = max(CELLS, FOLD * size)
    claims = f"it says that it has {rows} rows and {columns} columns"
    if columns > COLUMNS:
        raise BlendkitError(f"{path.name}: too many columns", [f"{claims}; at most {COLUMNS} columns are read"])
    if rows * columns > most:
        raise BlendkitError(
            f"{path.name}: too large for its {size} bytes",
            [f"{claims}, {rows * columns} cells; at most {most} are read", "split it, or check what wrote it"],
        )


def check_parquet(file: Any, path: Path, size: int) -> None:
    """Raise BlendkitError for a Parquet file (`pyarrow.parquet.ParquetFile`) whose header claims too much."""
    facts = file.metadata
    require_sized(path, size, facts.num_rows, facts.num_columns)
    unpacked = sum(facts.row_group(i).total_byte_size for i in range(facts.num_row_groups))
    if unpacked > max(4 * TEXT, FOLD * size):
        raise BlendkitError(
            f"{path.name}: too large for its {size} bytes",
            [f"it says that it unpacks to {unpacked} bytes; at most {max(4 * TEXT, FOLD * size)} are read"],
        )


def check_arrow(path: Path) -> None:
    """Raise BlendkitError for an Arrow file whose parts claim too many rows. Raises as pyarrow for what is none."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        if source.read(4) == b"FEA1":
            return  # version 1 packs nothing: its columns are as long as their bytes
        columns, size = len(pa.ipc.open_file(source).schema), path.stat().st_size
        rows = sum(_length(_message(source, at)) for at in _places(source, size))
        require_sized(path, size, rows, columns)


def _places(source: Any, size: int) -> list[int]:
    """Return where the parts of an Arrow file lie, by its footer, which readers go by: some write no stream before it.

    Raises ValueError for a footer that is none.
    """
    source.seek(size - 10)  # the footer's length and the mark of a file are the last bytes
    length = int.from_bytes(source.read(4), "little")
    source.seek(max(size - 10 - length, 0))
    footer = source.read(length)
    places = list[int]()
    for number in (2, 3):  # of Footer: version, schema, dictionaries, recordBatches
        if at := _field(footer, _offset(footer, 0), number):
            at += _offset(footer, at)
            first, count = at + 4, _offset(footer, at)
            if first + 24 * count > len(footer):
                raise ValueError("its footer names more parts than it has room for")
            places += [int.from_bytes(footer[first + 24 * i : first + 24 * i + 8], "little") for i in range(count)]
    return places


def _message(source: Any, at: int) -> bytes:
    """Return the header of a part; before it stands its length, behind four bytes 255 since Arrow 0.15."""
    source.seek(at)
    start = source.read(4)
    length = int.from_bytes(source.read(4) if start == b"\xff" * 4 else start, "little")
    header: bytes = source.read(length)
    return header


def _length(header: bytes) -> int:
    """Return the rows that the header of an Arrow message claims (a flatbuffer, whose fields have fixed places)."""
    message = _field(header, _offset(header, 0), 2)  # of Message: version, header_type, header
    kind = _field(header, _offset(header, 0), 1)
    if not message or not kind or header[kind] not in (2, 3):  # a dictionary's or a batch's
        return 0
    batch = message + _offset(header, message)
    if header[kind] == 2:  # DictionaryBatch: id, data
        data = _field(header, batch, 1)
        batch = data + _offset(header, data)
    length = _field(header, batch, 0)
    return int.from_bytes(header[length : length + 8], "little", signed=True) if length else 0


def _offset(header: bytes, at: int) -> int:
    return int.from_bytes(header[at : at + 4], "little")


def _field(header: bytes, table: int, number: int) -> int:
    """Return where a field of a flatbuffer's table lies; 0 for one that is left out."""
    places = table - int.from_bytes(header[table : table + 4], "little", signed=True)
    if 4 + 2 * number >= int.from_bytes(header[places : places + 2], "little"):
        return 0
    place = int.from_bytes(header[places + 4 + 2 * number : places + 6 + 2 * number], "little")
    return table + place if place else 0
