"""The sample submission of a competition, which fixes the order of rows and classes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from blendkit.core import composed
from blendkit.errors import BlendkitError, shorten
from blendkit.io.readers.score_table import read_table


@dataclass(frozen=True)
class Template:
    """A sample submission: its row ids and its class columns, in file order.

    row_ids are composed Unicode, as all ids are; spelled: as the file has them, which is what its reader expects back.
    """

    row_ids: tuple[str, ...]
    classes: tuple[str, ...]
    spelled: tuple[str, ...]


def read_template(path: Path) -> Template:
    """Read a sample submission. Raises BlendkitError if it has no row_id column, or lists a row id twice."""
    table = read_table(path)
    ids = tuple(map(composed, table.row_ids))
    twice = [r for r, n in Counter(ids).items() if n > 1]
    if twice:
        raise BlendkitError(f"{path.name}: duplicate row ids", [shorten(twice)])
    return Template(ids, tuple(table.classes), tuple(table.row_ids))
