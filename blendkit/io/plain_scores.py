"""Large text tables of scores read in blocks, where all their cells are plain; others are left to pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float64, loop_threads
from blendkit.io.plain_lines import loops_pay_for_text, new_room, numbers_in, on_threads, text_in

_BLOCK = 1 << 20  # bytes of text that one thread reads at a time: they stay in its cache
_MARK = b"\xef\xbb\xbf"
_MORE = 1.02  # times the rows that the text read so far lets expect
Columns = dict[str, NDArray[Any]]
Lines = tuple[bytearray, int, int]  # text, and where whole lines begin and end in it


def plain_scores(
    file: IO[bytes], size: int, texts: Sequence[bool], separator: str, read_texts: Callable[[bytes], Columns]
) -> tuple[Float64, Columns] | None:
    """Return the numbers (N, M) of a text table, and its other columns; None where it is small or not plain.

    size: about how long the text is. texts (K,): which columns are not numbers. read_texts: reads lines of their cells
    alone.
    """
    if not loops_pay_for_text(size):
        return None
    blocks = _blocks(file, loop_threads())
    first = next(blocks, None)
    if first is None:
        return None
    text, _, end = first[0]
    start = text.find(b"\n", 0, end) + 1
    head = bytes(text[:start])
    if not head.removeprefix(_MARK).strip() or head.count(b'"') % 2:
        return None
    first[0] = (text, start, end)
    found = _read(first, blocks, size, [*texts], separator)
    if found is None or not found[1]:
        return None
    numbers, lines = found
    others = read_texts(lines)
    return None if any(len(c) != len(numbers) for c in others.values()) else (numbers, others)


def _blocks(file: IO[bytes], threads: int) -> Iterator[list[Lines]]:
    """Yield whole lines for each thread, until they are asked for the next; the last line gets an end."""
    rooms, rest = [new_room(_BLOCK) for _ in range(threads)], b""
    while True:
        group = list[Lines]()
        for i in range(threads):
            rooms[i], cut, rest = _fill(file, rooms[i], rest)
            if cut:
                group.append((rooms[i], 0, cut))
        if not group:
            return
        yield group


def _fill(file: IO[bytes], room: bytearray, rest: bytes) -> tuple[bytearray, int, bytes]:
    """Read on behind the rest of a line; return the room, a larger one if need be, the end of its lines, and the rest.

    At the end of the file the last line gets an end.
    """
    while True:
        text, used = text_in(room), len(rest)
        text[:used] = rest
        while used < len(text) and (n := _read_into(file, text[used:])):
            used += n
        if used < len(text):
            if used and room[used - 1 : used] != b"\n":
                room[used : used + 1] = b"\n"
                used += 1
            return room, used, b""
        if cut := room.rfind(b"\n", 0, used) + 1:
            return room, cut, bytes(text[cut:used])
        rest, room = bytes(text), new_room(2 * len(text))


def _read_into(file: IO[bytes], text: memoryview) -> int:
    """Read some bytes into a text; return how many, 0 at the end of the file."""
    if (into := getattr(file, "readinto", None)) is not None:
        return int(into(text))
    data = file.read(len(text))  # packed files
    text[: len(data)] = data
    return len(data)


def _read(
    group: list[Lines], blocks: Iterator[list[Lines]], size: int, texts: list[bool], separator: str
) -> tuple[Float64, bytes] | None:
    """Read groups of blocks on several threads; return the numbers and other cells, None if one is not plain."""

    def one(lines: Lines) -> tuple[Float64, bytes] | None:
        text, start, end = lines
        return numbers_in(np.frombuffer(text, np.uint8)[start:], end - start, texts, separator)

    out, rows, read, others = np.empty((0, len(texts) - sum(texts))), 0, 0, list[bytes]()
    while True:
        for (_, start, end), part in zip(group, on_threads(one, group), strict=True):
            if part is None:
                return None
            read += end - start
            numbers, cells = part
            out = _with_room(out, rows, rows + len(numbers), size / max(read, 1))
            out[rows : rows + len(numbers)] = numbers
            rows += len(numbers)
            others.append(cells)
        if (following := next(blocks, None)) is None:
            break
        group = following
    out.resize((rows, out.shape[1]), refcheck=False)  # gives back what was too much, without a copy
    return out, b"".join(others)


def _with_room(out: Float64, used: int, needed: int, share: float) -> Float64:
    """Return `used` rows of out with room for `needed` ones, and for `share` times as many where that is more."""
    if needed <= len(out):
        return out
    larger = np.empty((max(round(needed * max(share, 1.0) * _MORE), 2 * used), out.shape[1]))
    larger[:used] = out[:used]
    return larger
