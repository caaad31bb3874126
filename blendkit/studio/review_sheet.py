"""The table of a review, answered in place: the probabilities with which its clips were drawn stay beside them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.io import csv_text, open_table
from blendkit.store import write_text

_TABLE = "review.csv"
_NEEDED = ("recording", "start_s", "end_s", "class", "inclusion_probability", "answer")


@dataclass(eq=False)
class ReviewSheet:
    """The lines of a review's table. Nothing but the column of answers is ever changed.

    The table is read anew before an answer is written: somebody may have answered in a spreadsheet meanwhile.
    """

    path: Path
    header: list[str]
    lines: list[list[str]]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clips(self) -> list[dict[str, str]]:
        """Return every line as {column: text}, in the order of the table, as the file has it now."""
        self._look_again()
        return [dict(zip(self.header, line, strict=True)) for line in self.lines]

    def give(self, number: int, answer: str) -> None:
        """Write an answer (y, n, u, or "" to take it back) into a line.

        Raises BlendkitError for others, and for a table whose clips are no longer those that were opened.
        """
        if answer not in ("y", "n", "u", "") or not 0 <= number < len(self.lines):
            raise BlendkitError(f"{self.path}: no answer {answer!r} for clip {number}: it is y, n or u")
        with self._lock:
            self._look_again()
            self.lines[number][self.header.index("answer")] = answer
            write_text(self.path, csv_text(self.header, self.lines))

    def _look_again(self) -> None:
        found = open_review_sheet(self.path)
        place = found.header.index("answer")
        own, theirs = ([[*line[:place], *line[place + 1 :]] for line in lines] for lines in (self.lines, found.lines))
        if found.header != self.header or own != theirs:
            ways = ["open the studio again: more than its answers was changed since"]
            raise BlendkitError(f"{self.path}: not the table that was opened", ways)
        self.lines = found.lines


def open_review_sheet(path: Path) -> ReviewSheet:
    """Return the table of a review, or that of its folder. Raises BlendkitError for one that is none."""
    file = path / _TABLE if path.is_dir() else path
    frame, _ = open_table(file, "this table of a review")
    header = [str(c) for c in frame.columns]
    if lacks := [c for c in _NEEDED if c not in header]:
        ways = ["`blendkit review SOURCE` writes one"]
        raise BlendkitError(f"{file}: not the table of a review", [f"no column {', '.join(lacks)}", *ways])
    return ReviewSheet(file, header, frame.to_numpy().tolist())
