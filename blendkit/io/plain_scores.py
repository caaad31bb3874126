"""Large text tables of scores read in blocks, where all their cells are plain; others are left to pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float64, loop_threads
from blendkit.io.plain_lines import loops_pay_for_text, numbers_in, on_threads, room_for

_BLOCK = 1 << 22  # bytes of text that one thread reads at a time
_MARK = b"\xef\xbb\xbf"
Columns = dict[str, NDArray[Any]]


def plain_scores(
    file: IO[bytes], texts: Sequence[bool], separator: str, read_texts: Callable[[bytes], Columns]
) -> tuple[Float64, Columns] | None:
    """Return the numbers (N, M) of a text table, and its other columns; None where it is small or not plain.

    texts (K,): which columns are not numbers. read_texts: reads lines of their cells alone.
    """
    blocks = _blocks(file)
    first = next(blocks, room_for())
    head = bytes(first[: first.find(b"\n") + 1])
    if not loops_pay_for_text(len(first)) or not head.removeprefix(_MARK).strip() or head.count(b'"') % 2:
        return None
    del first[: len(head)]
    found = _read(_chain(first, blocks), [*texts], separator)
    texts_alone = b"".join(t for _, t in found or ())
    if found is None or not texts_alone:
        return None
    others = read_texts(texts_alone)
    numbers = _joined([n for n, _ in found])
    return None if any(len(c) != len(numbers) for c in others.values()) else (numbers, others)


def _blocks(file: IO[bytes]) -> Iterator[bytearray]:
    """Yield whole lines, a few megabytes at a time; the last line gets an end if it has none."""
    rest = b""
    while data := file.read(_BLOCK):
        cut = data.rfind(b"\n") + 1
        if cut:
            yield room_for(rest, memoryview(data)[:cut])
        rest = data[cut:] if cut else rest + data
    if rest:
        yield room_for(rest, b"\n")


def _chain(first: bytearray, others: Iterator[bytearray]) -> Iterator[bytearray]:
    yield first
    yield from others


def _read(blocks: Iterator[bytearray], texts: list[bool], separator: str) -> list[tuple[Float64, bytes]] | None:
    """Read blocks on several threads; return the numbers and other cells of each, None if one is not plain."""
    threads, found = loop_threads(), []
    while group := [*islice(blocks, threads)]:
        for part in on_threads(lambda text: numbers_in(text, texts, separator), group):
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
