"""A model's class list as people publish it: text, or CSV with a column for each kind of name."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.io import read_text_file

ClassBy = Literal["id", "scientific_name", "ebird", "common_name"]
CODE = ("ebird", "ebird_code", "species_code", *(f"ebird{year}" for year in range(2016, 2036)))
COLUMNS: dict[ClassBy, tuple[str, ...]] = {  # headers in use, the most telling first
    "id": ("primary_label", "class_id", "label", "labels", "id", "name", *CODE, "class"),
    "scientific_name": ("scientific_name", "sci_name", "scientificname", "latin_name", "species", "inat2024_fsd50k"),
    "ebird": CODE,
    "common_name": ("common_name", "com_name", "primary_com_name", "english_name"),
}
KNOWN = {name for names in COLUMNS.values() for name in names}
NUMBERS = ("idx", "index", "class_idx", "class_index", "label_index")  # columns that restate the order of the rows
_OTHER_ORDERS = ("rank", "fold", "taxon_order", "count")  # numbers of the classes themselves
_BY_CHANCE = 2  # rows: a flag of two may be 1 and 0
SEPARATORS = {",": "`,`", ";": "`;`", "\t": "tab"}

_BRACKETS = re.compile(r"([A-Z][a-z-]+(?: [a-z.-]+)+) \(([^()\d]+)\)")  # no underscore, no year


@dataclass(frozen=True)
class ClassNames:
    """The names of a model's columns, in their order; note: where they were found."""

    names: tuple[str, ...]
    note: str


def read_class_names(path: Path, by: ClassBy = "id", column: str | int | None = None) -> ClassNames:
    """Read a model's class list from text (one name a line) or from a CSV separated by `,`, `;` or tab.

    by: the kind of name wanted. It finds the column by its header; column names it, or counts from 1 where the file
    has no header. Lines `Genus species_Common Name` or `Genus species (Common Name)` give the part that is wanted.
    Raises BlendkitError for a column that cannot be found, rows of another length, names listed twice, and rows that
    are not in the columns' order.
    """
    separator, rows = _rows(path)
    if len(rows[0]) == 1:
        names = [row[0] for row in rows]
        if column is not None and _key(str(column)) not in (_key(names[0]), "1"):
            raise BlendkitError(f"{path}: has one column, so there is no {column!r}", [f"its first line is {names[0]}"])
        named = column is not None and str(column) != "1"
        names, found = names[1:] if named or _key(names[0]) in KNOWN else names, "one a line"
    else:
        at, headed = _place(path, rows, by, column)
        found = f"column {rows[0][at] if headed else at + 1}, separator {SEPARATORS[separator]}"
        rows = rows[1:] if headed else rows
        names = [row[at] for row in rows]
    names, how = _part(names, by)
    _check(path, names, by)
    return ClassNames(tuple(names), f"{len(names)} names from {path.name} ({found}{how})")


def _rows(path: Path) -> tuple[str, list[list[str]]]:
    """Return the separator and the rows that are not blank; all have the same number of fields."""
    text = read_text_file(path, "this class list").replace("\u00a0", " ")  # a blank that does not break a line
    text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("# "))
    tables = {s: _parsed(text, s) for s in SEPARATORS}
    if not tables[","]:
        raise BlendkitError(f"{path}: no classes")
    headed = {s: sum(_key(f) in KNOWN for f in rows[0]) for s, rows in tables.items()}
    even = {s: len(rows[0]) for s, rows in tables.items() if len({len(r) for r in rows}) == 1}
    wide = [s for s, width in even.items() if width > 1]
    if wide:
        best = max(wide, key=lambda s: (headed[s], even[s]))
        return best, tables[best]
    for s, rows in tables.items():
        if len(rows[0]) > 1 and headed[s]:
            bad = [f"row {i} has {len(r)}: {s.join(r)}" for i, r in enumerate(rows, 1) if len(r) != len(rows[0])]
            raise BlendkitError(f"{path}: the header has {len(rows[0])} fields, {len(bad)} rows have not", bad[:5])
    if "," in even:
        return ",", tables[","]
    return ",", [[line.strip()] for line in text.splitlines() if line.strip()]  # names with a comma inside


def _parsed(text: str, separator: str) -> list[list[str]]:
    rows = [[f.strip() for f in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator)]
    rows = [row for row in rows if any(row)]
    while rows and len(rows[0]) > 1 and not any(len(r) != len(rows[0]) or r[-1] for r in rows):
        rows = [row[:-1] for row in rows]  # a separator at the end of every line
    return rows


def _key(header: str) -> str:
    return re.sub(r"[\s-]+", "_", header.strip().lower())


def _place(path: Path, rows: list[list[str]], by: ClassBy, column: str | int | None) -> tuple[int, bool]:
    """Return the place of the wanted column, and whether the first row is a header."""
    keys = [_key(f) for f in rows[0]]
    headed = any(k in KNOWN for k in keys)
    listed = f"the first row is {', '.join(f'{i}: {f}' for i, f in enumerate(rows[0], 1))}"
    numbered = [[str(i) for i in range(1, len(keys) + 1)], *rows]
    _check_order(
        path, rows if headed else numbered, keys if headed else numbered[0], chosen=headed and column is not None
    )
    if column is not None and _key(str(column)) in keys:
        return keys.index(_key(str(column))), True
    if column is not None:
        if str(column).isdigit() and 1 <= int(column) <= len(keys):
            return int(column) - 1, headed
        raise BlendkitError(f"{path}: no column {column!r}{did_you_mean(column, rows[0])}", [listed])
    found = next((keys.index(k) for k in COLUMNS[by] if k in keys), None)
    if found is None:
        others = [kind for kind, names in COLUMNS.items() if set(names) & set(keys)]
        ways = ["name the column, or give its number: `class_column: 1`"]
        ways += [f"or match by what it has: `class_by: {' | '.join(others)}`"] if others else []
        raise BlendkitError(f"{path}: no column is known to hold `class_by: {by}`", [listed, *ways])
    return found, True


def _check_order(path: Path, rows: list[list[str]], keys: Sequence[str], *, chosen: bool) -> None:
    """Raise BlendkitError where a column that numbers the model's columns says that the rows are not in their order.

    It is one by its header, or because its numbers are all those from 0 or 1 on, each once. chosen: whether the column
    of names was named, so that others were looked at.
    """
    for at, key in enumerate(keys):
        if key not in NUMBERS and (chosen or key in _OTHER_ORDERS):
            continue
        numbers = [row[at] for row in rows[1:]]
        if not numbers or not all(n.isdecimal() for n in numbers):
            continue
        first = min(map(int, numbers))
        each_once = len(numbers) > _BY_CHANCE and sorted(map(int, numbers)) == list(range(first, first + len(numbers)))
        first = int(numbers[0]) if key in NUMBERS else first
        if key not in NUMBERS and not (each_once and first <= 1):
            continue
        other = (
            [] if key in NUMBERS else ["or name the column of the names (`class_column:`), if it says something else"]
        )
        wrong = [f"row {i} has {n}" for i, n in enumerate(numbers, 1) if int(n) != first + i - 1]
        if wrong or first > 1:
            problems = [*wrong[:5], "sort the rows by it: they must be in the order of the model's columns", *other]
            raise BlendkitError(f"{path}: column {rows[0][at]!r} does not count up from 0 or 1", problems)


def _part(names: list[str], by: ClassBy) -> tuple[list[str], str]:
    """Return the wanted part of `Genus species_Common Name`, and spaces for the underscores of `Genus_species`.

    Brackets hold the common name: `Genus species (Common Name)`; fewer than half of the lines may lack them.
    """
    if by not in ("scientific_name", "common_name"):
        return names, ""
    pairs = [name.partition("_") for name in names]
    if not all(left and right for left, _, right in pairs):
        return _beside_brackets(names, by)
    if 2 * sum(" " in left for left, _, _ in pairs) >= len(pairs):
        which = 0 if by == "scientific_name" else 2
        return [pair[which].strip() for pair in pairs], f", the part {'before' if which == 0 else 'after'} `_`"
    if not any(" " in name for name in names):
        return [name.replace("_", " ") for name in names], ", `_` read as a space"
    return names, ""


def _beside_brackets(names: list[str], by: ClassBy) -> tuple[list[str], str]:
    """Return the wanted part of `Genus species (Common Name)`, if most lines are so; no author and year in brackets."""
    found = [_BRACKETS.fullmatch(name) for name in names]
    if 2 * sum(b is not None for b in found) <= len(names):
        return names, ""
    which = 1 if by == "scientific_name" else 2
    parts = [b.group(which).strip() if b else name for b, name in zip(found, names, strict=True)]
    return parts, f", the part {'before' if which == 1 else 'in'} brackets"


def _check(path: Path, names: Sequence[str], by: ClassBy) -> None:
    given = [n for n in names if n]  # an empty cell keeps its place and matches nothing
    twice = sorted(n for n, count in Counter(given).items() if count > 1)
    if not given:
        raise BlendkitError(f"{path}: no classes")
    if twice:
        way = f"`class_by: {by}` needs names that occur once: choose another kind, or another `class_column:`"
        raise BlendkitError(f"{path}: classes listed twice", [shorten(twice), way])
