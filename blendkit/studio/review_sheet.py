"""The table of a review, answered in place: the probabilities with which its clips were drawn stay beside them."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.io import csv_text, parse_table, read_text_file, separator_of, text_cell
from blendkit.store import write_text

_TABLE = "review.csv"
_NEEDED = ("recording", "start_s", "end_s", "class", "inclusion_probability", "answer")


@dataclass(eq=False)
class ReviewSheet:
    """The lines of a review's table. Nothing but the column of answers is ever changed, and no cell becomes a formula.

    The table is read anew before an answer is written: somebody may have answered in a spreadsheet meanwhile, sorted
    the lines, or written 0.0 as 0. A clip is known by its recording, start and class.
    """

    path: Path
    header: list[str]
    lines: list[list[str]]
    separator: str = ","
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clips(self) -> list[dict[str, str]]:
        """Return every line as {column: text}, in the order of the table as it was opened, with the answers of now."""
        with self._lock:
            self._look_again()
            return [dict(zip(self.header, line, strict=True)) for line in self.lines]

    def give(self, number: int, answer: str) -> None:
        """Write an answer (y, n, u, or "" to take it back) into a line, counted as the table was opened.

        Raises BlendkitError for others, and for a table whose clips are no longer those that were opened.
        """
        if answer not in ("y", "n", "u", "") or not 0 <= number < len(self.lines):
            raise BlendkitError(f"{self.path}: no answer {answer!r} for clip {number}: it is y, n or u")
        with self._lock:
            found = self._look_again()
            self.lines[number][self.answer_at] = answer
            found.by_clip()[self.key(self.lines[number])][found.answer_at] = answer
            cells = [[text_cell(cell) for cell in line] for line in found.lines]
            names = ["" if name.startswith("Unnamed: ") else name for name in found.header]
            write_text(self.path, csv_text(names, cells, found.separator))

    @property
    def answer_at(self) -> int:
        """The place of the column of answers."""
        return self.header.index("answer")

    def key(self, line: Sequence[str]) -> tuple[str, float, str]:
        """Return the recording, start in seconds and class of a line; NaN for a start that is none."""
        recording, start, name = (line[self.header.index(c)].strip() for c in ("recording", "start_s", "class"))
        return recording, _seconds(start), name

    def by_clip(self) -> dict[tuple[str, float, str], list[str]]:
        """Return every line by its clip."""
        return {self.key(line): line for line in self.lines}

    def _look_again(self) -> ReviewSheet:
        found = open_review_sheet(self.path)
        theirs = found.by_clip()
        if theirs.keys() != self.by_clip().keys():
            ways = ["open the studio again: its clips were changed since"]
            raise BlendkitError(f"{self.path}: not the table that was opened", ways)
        for line in self.lines:
            line[self.answer_at] = theirs[self.key(line)][found.answer_at]
        return found


def open_review_sheet(path: Path) -> ReviewSheet:
    """Return the table of a review, or that of its folder. Raises BlendkitError for one that is none."""
    file = path / _TABLE if path.is_dir() else path
    text = read_text_file(file, "this table of a review")
    frame = parse_table(text, file, "this table of a review")
    header = [str(c) for c in frame.columns]
    if lacks := [c for c in _NEEDED if c not in header]:
        ways = ["`blendkit review SOURCE` writes one"]
        raise BlendkitError(f"{file}: not the table of a review", [f"no column {', '.join(lacks)}", *ways])
    found = ReviewSheet(file, header, frame.to_numpy().tolist(), separator_of(text))
    wrong = [str(n) for n, start in zip(frame.index, frame["start_s"], strict=True) if math.isnan(_seconds(start))]
    if wrong:
        raise BlendkitError(f"{file}: not the table of a review", [f"no start in lines {', '.join(wrong[:5])}"])
    return found


def _seconds(text: str) -> float:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return math.nan
