"""Large text tables of scores read in blocks, where all their cells are plain; others are left to pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float64, loop_threads
from blendkit.io.plain_lines import loops_pay_for_text, numbers_in, on_threads, room_for

_BLOCK = 1 << 22  # bytes of text that one thread reads at a time
_MARK = b"\xef\xbb\xbf"
Columns = dict[str, NDArray[Any]]
Lines = tuple[int, tuple[bytes | memoryview, ...]]


def plain_scores(
    file: IO[bytes], texts: Sequence[bool], separator: str, read_texts: Callable[[bytes], Columns]
) -> tuple[Float64, Columns] | None:
    """Return the numbers (N, M) of a text table, and its other columns; None where it is small or not plain.

    texts (K,): which columns are not numbers. read_texts: reads lines of their cells alone.
    """
    blocks = _blocks(file)
    rows, first = next(blocks, (0, (b"",)))
    start = b"".join(first)
    head, end, _ = start.partition(b"\n")
    if not loops_pay_for_text(len(start)) or not head.removeprefix(_MARK).strip() or head.count(b'"') % 2:
        return None
    found = _read(chain([(rows - 1, (memoryview(start)[len(head + end) :],))], blocks), [*texts], separator)
    texts_alone = b"".join(t for _, t in found or ())
    if found is None or not texts_alone:
        return None
    others = read_texts(texts_alone)
    numbers = _joined([n for n, _ in found])
    return None if any(len(c) != len(numbers) for c in others.values()) else (numbers, others)


def _blocks(file: IO[bytes]) -> Iterator[Lines]:
    """Yield whole lines, a few megabytes at a time: how many, and their text in parts. The last one gets an end."""
    rest = b""
    while data := file.read(_BLOCK):
        cut = data.rfind(b"\n") + 1
        if cut:
            yield data.count(b"\n"), (rest, memoryview(data)[:cut])
        rest = data[cut:] if cut else rest + data
    if rest:
        yield 1, (rest, b"\n")


def _read(blocks: Iterator[Lines], texts: list[bool], separator: str) -> list[tuple[Float64, bytes]] | None:
    """Read blocks on several threads; return the numbers and other cells of each, None if one is not plain."""

    def one(lines: Lines) -> tuple[Float64, bytes] | None:
        rows, parts = lines
        return numbers_in(room_for(*parts), sum(map(len, parts)), rows, texts, separator)

    threads, found = loop_threads(), []
    while group := [*islice(blocks, threads)]:
        for part in on_threads(one, group):
            if part is None:
                return None
            found.append(part)
    return found


def _joined(parts: list[Float64]) -> Float64:
    """Return parts (N, M) as one matrix; each leaves memory as soon as it is copied."""
    out, at = np.empty((sum(map(len, parts)), parts[0].shape[1])), 0
    parts.reverse()
    while parts:
        part = parts.pop()
        out[at : at + len(part)] = part
        at += len(part)
    return out
