"""A text table of row ids and numbers, written in blocks and read back block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from blendkit.core import Float64, loop_threads
from blendkit.io.plain_lines import Text, lines_of, numbers_in, on_threads, quoted

Part = Callable[[slice], Float64]  # the values (M, C) of some rows
_BLOCK_CELLS = 100_000  # 0.8 MB of numbers and 2 MB of text: a block stays in cache until it is read back


@dataclass(frozen=True, eq=False)
class _Block:
    """Rows of a table: their ids (M,), values (M, C) and text, of `size` bytes."""

    ids: Sequence[str]
    values: Float64
    text: Text
    size: int


def write_number_table(path: Path, header: bytes, ids: Sequence[str], width: int, part: Part) -> bool:
    """Write the header and a line per row of `width` numbers; return whether all of it was read back equal.

    ids: N plain texts. part: the values of some of the rows, which are asked for once. False may also
    mean that a number is too unusual for the compiled reader, such as 1e-310.
    """
    rows = max(_BLOCK_CELLS // max(width, 1), 1)
    parts = [slice(low, min(low + rows, len(ids))) for low in range(0, len(ids), rows)]
    threads, equal = loop_threads(), True
    rooms: list[Text | None] = [None] * threads
    with path.open("wb") as handle:
        handle.write(header)
        for first in range(0, len(parts), threads):
            given = list(zip(parts[first : first + threads], rooms, strict=False))
            blocks = on_threads(partial(_made, ids, part), given)
            rooms[: len(blocks)] = [b.text for b in blocks]
            places = [(handle.tell(), handle.write(b.text[: b.size].data)) for b in blocks]
            handle.flush()
            found = on_threads(partial(_reads_back, path), [(b, at) for b, (at, _) in zip(blocks, places, strict=True)])
            equal = equal and all(found)
    return equal


def _made(ids: Sequence[str], part: Part, given: tuple[slice, Text | None]) -> _Block:
    """Return the block of some rows, its text in the room of an earlier one."""
    rows, room = given
    values = part(rows)
    return _Block(ids[rows], values, *lines_of(ids[rows], values, room))


def _reads_back(path: Path, placed: tuple[_Block, int]) -> bool:
    """Return whether a block is in the file from a byte on: its row ids, and its values to the last bit.

    The file's text takes the place of the one that was written.
    """
    block, at = placed
    with path.open("rb") as handle:
        handle.seek(at)
        whole = handle.readinto(block.text[: block.size].data) == block.size
    width = block.values.shape[1]
    found = numbers_in(block.text, block.size, [True] + [False] * width, ",") if whole else None
    if found is None or found[1] != b"".join(i + b"\n" for i in quoted(block.ids)):
        return False
    return np.array_equal(found[0].view(np.uint64), block.values.view(np.uint64))
