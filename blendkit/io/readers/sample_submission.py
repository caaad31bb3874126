"""The sample submission of a competition, which fixes the order of rows and classes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from blendkit.errors import BlendkitError, shorten
from blendkit.io.readers.score_table import read_table


@dataclass(frozen=True)
class Template:
    """A sample submission: its row ids and its class columns, in file order."""

    row_ids: tuple[str, ...]
    classes: tuple[str, ...]


def read_template(path: Path) -> Template:
    """Read a sample submission. Raises BlendkitError if it has no row_id column, or lists a row id twice."""
    table = read_table(path)
    twice = [r for r, n in Counter(table.row_ids).items() if n > 1]
    if twice:
        raise BlendkitError(f"{path.name}: duplicate row ids", [shorten(twice)])
    return Template(tuple(table.row_ids), tuple(table.classes))
