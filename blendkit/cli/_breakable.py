"""Cells of tables that break between words, and long words only after a mark such as a dot, a colon or a slash."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.measure import Measurement
    from rich.text import Text

_WORD, _PART = re.compile(r"\S+\s*"), re.compile(r"[^.:/]*[.:/]*\s*")
_PIECE = re.compile(r"[^\s.:/_-]*[.:/_-]*\s*")
_SHORTEST = 8  # letters that a column keeps, whatever the words are


@dataclass(frozen=True)
class Breakable:
    """A text as a cell; rich alone would cut a long word wherever the column ends."""

    text: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the lines that fit the column."""
        from rich.text import Text

        for line in broken_lines(self.text, options.max_width):
            yield Text(line)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Return the width of the longest piece, and that of all of it."""
        from rich.cells import cell_len
        from rich.measure import Measurement

        widest = max((cell_len(p.rstrip()) for p in _PIECE.findall(self.text)), default=0)
        whole = cell_len(self.text)
        return Measurement(min(max(widest, _SHORTEST), whole), whole).with_maximum(options.max_width)


def broken_lines(text: str, width: int) -> list[str]:
    """Return a text as lines of at most `width` cells, broken between words.

    A word that is longer than a line is broken after a dot, colon or slash, what is still longer after _ and -, and
    only what has none of them anywhere.
    """
    lines = [""]
    for word in _WORD.findall(text):
        _add(lines, word, width, (_PART, _PIECE))
    return [line.rstrip() for line in lines if line.strip()] or [""]


def _add(lines: list[str], word: str, width: int, finer: tuple[re.Pattern[str], ...]) -> None:
    from rich.cells import cell_len, chop_cells

    length = cell_len(word.rstrip())
    if cell_len(lines[-1]) + length <= width:
        lines[-1] += word
    elif length <= width:
        lines.append(word)
    elif finer:
        lines.append("")
        for piece in filter(None, finer[0].findall(word)):
            _add(lines, piece, width, finer[1:])
    else:
        lines += chop_cells(word, width)
