"""Lines of row ids and numbers, to text and back, by compiled loops that leave everything unusual to others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float64, few, loop_threads, read_only, side_by_side
from blendkit.io.kernels.number_cells import SLACK, read_rows
from blendkit.io.kernels.number_texts import CELL_BYTES, write_rows
from blendkit.io.kernels.powers import exact_powers, powers_near, powers_up, whole_powers, words_at_bytes

Text = NDArray[np.uint8]
A = TypeVar("A")
B = TypeVar("B")
_FEW = 25  # times the cells from which loops pay elsewhere: pyarrow, which does the same, is compiled already
_CELL_BYTES = 8  # of text, at least
_ESCAPED = ('"', "\n", "\r")  # even in quotes


def loops_pay(cells: int) -> bool:
    """Return whether a table has so many cells that compiled loops should write or read it."""
    return sys.byteorder == "little" and not few(cells // _FEW, write_rows, read_rows)


def loops_pay_for_text(size: int) -> bool:
    """Return whether compiled loops should read a text of `size` bytes."""
    return loops_pay(size // _CELL_BYTES)


def are_plain(texts: Sequence[str]) -> bool:
    """Return whether texts in quotes stand on one line as they are."""
    joined = "".join(texts)
    return not any(sign in joined for sign in _ESCAPED)


def quoted(ids: Sequence[str]) -> list[bytes]:
    """Return plain ids as they stand in a file."""
    return [f'"{i}"'.encode() for i in ids]


def lines_of(ids: Sequence[str], values: Float64, room: Text | None = None) -> tuple[Text, int]:
    """Return the bytes of a line per row of values (N, C): its id in quotes, which must be plain, and its numbers.

    Numbers have the shortest digits that read back as the same float64, as pyarrow writes them, byte for byte. Behind
    the text, whose length is returned too, there is room enough to read it. room: an earlier text that nobody needs.
    """
    cells = quoted(ids)
    ends = np.cumsum([0, *map(len, cells)], dtype=np.int64)
    names = np.frombuffer(b"".join(cells), np.uint8)
    size = CELL_BYTES * values.size + len(names) + len(values) + SLACK
    out = np.empty(size, np.uint8) if room is None or len(room) < size else room
    bits = read_only(np.ascontiguousarray(values).view(np.uint64))
    used = write_rows(bits, read_only(names), read_only(ends), powers_up(), whole_powers(), out, words_at_bytes(out))
    return out, int(used)


def new_room(size: int) -> bytearray:
    """Return room for a text of `size` bytes, with the room behind it that `numbers_in` needs."""
    return bytearray(size + SLACK)


def text_in(room: bytearray) -> memoryview:
    """Return the part of a room that is for text."""
    return memoryview(room)[:-SLACK]


def room_for(text: bytes) -> Text:
    """Return a text with the room behind it that `numbers_in` needs."""
    return np.frombuffer(bytearray(text + bytes(SLACK)), np.uint8)


def numbers_in(text: Text, size: int, texts: Sequence[bool], separator: str) -> tuple[Float64, bytes] | None:
    """Return the numbers (N, C) in whole lines, and lines of their other cells; None if anything in them is unusual.

    text: of `size` bytes, and room behind them, whatever lies in it. texts (K,): which columns are no numbers.
    """
    assert len(text) >= size + SLACK
    data = read_only(text)
    columns = len(texts) - sum(texts)
    rows = size // (columns + len(texts)) + 1  # that there are at most: memory that nothing is written to is not used
    numbers = np.empty((rows, columns))
    others = np.empty(size + rows + 1 if any(texts) else 1, np.uint8)
    found, used = read_rows(
        data, words_at_bytes(data), np.uint64(size), _runs(texts), np.uint8(ord(separator)), numbers, others,
        whole_powers(), exact_powers(), powers_near(),
    )  # fmt: skip
    return None if found < 0 else (numbers[: int(found)], others[: int(used)].tobytes())


def on_threads(work: Callable[[A], B], given: Sequence[A]) -> list[B]:
    """Return the results of work on all that is given, in its order, made side by side."""
    found: dict[int, B] = {}

    def one(i: int) -> None:
        found[i] = work(given[i])

    side_by_side(one, len(given), loop_threads())
    return [found[i] for i in range(len(given))]


def _runs(texts: Sequence[bool]) -> NDArray[Any]:
    """Return (K,) of every column of numbers the place of the next one of texts, of others their own."""
    runs, end = np.arange(len(texts)), len(texts)
    for i in reversed(range(len(texts))):
        end = i if texts[i] else end
        runs[i] = end
    return read_only(runs)
