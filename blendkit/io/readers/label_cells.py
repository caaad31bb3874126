"""The cells of a label column: one class, several joined ones, a list, or none."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from blendkit.core import Int64, json_value

# What stands for a chunk without any class, in any case.
_NONE = frozenset({"", "nocall", "no call", "no_call", "no-call", "nan", "n/a", "none", "null", "<na>", "set()", "()"})
LABEL_JOINERS = (";", "|", ",")
_NOTED = {" ": "blanks", ",": "','", "|": "'|'"}  # joiners that a reader may not expect
# eBird codes (grekis, chacha1, y00678) and the ids of other classes in competitions (1161364, 47158son01).
_CODE = re.compile(r"[a-z]{6}\d{0,2}|[a-z]\d{5}|[a-z]+\d+|\d+(?:son\d+)?")
_FLOAT_ID = re.compile(r"\d+\.0")
_READ_WHOLE = "all labels are numbers such as {}, and are read as whole ones: pandas writes ids so beside empty cells"
_TUPLE_OR_SET = re.compile(r"""\(\s*(?:['"].*['"]|\d[\d\s,]*)\s*,?\s*\)|\{\s*(?:['"].*['"]|\d[\d\s,]*)\s*\}""")
_ONE_STRING = r"""'[^']*'|"[^"]*\""""
_JOINED_STRINGS = re.compile(rf"\[\s*(?:{_ONE_STRING})(?:\s+(?:{_ONE_STRING}))+\s*\]")  # numpy's print of an array


def split_cells(
    cells: Sequence[str], at: Int64, lines: Sequence[int], *, blanks: bool
) -> tuple[list[frozenset[str]], tuple[str, ...], list[str]]:
    """Return the classes of M different cells, notes on how they were split, and the lines that cannot be read.

    Classes are joined by `;`, `|` or `,`, the first of these that a cell holds, or are a list as Python and JSON write
    it. blanks: a blank also joins classes; else it does only if all cells with blanks hold nothing but codes, of which
    at least one has a digit or stands alone in another cell. at (N,): the cell of each row; lines (N,): of the file.
    Where all classes are numbers such as `22961.0`, as pandas writes ids beside empty cells, they are the whole ones.
    """
    whole = _whole_numbers(cells)
    given, cells = cells, whole or cells
    blanks = blanks or _blanks_join(cells)
    used: Counter[str] = Counter()
    classes, unread, plain = list[frozenset[str]](), set[int](), set[str]()  # plain: need no more looking at
    for i, (cell, count) in enumerate(zip(cells, np.bincount(at, minlength=len(cells)).tolist(), strict=True)):
        joiner, parts = _parts(cell.strip(), blanks=blanks)
        if joiner in _NOTED:
            used[joiner] += count
        if parts is None:
            unread.add(i)
        found = frozenset(parts or ())
        if not found <= plain:
            found = frozenset([s for p in found if (s := p.strip()).lower() not in _NONE])
            plain |= found
        classes.append(found)
    bad = [
        f"line {line}: {cells[i].strip()!r} is no list of labels"
        for i, line in zip(at.tolist(), lines, strict=True)
        if i in unread
    ] if unread else []  # fmt: skip
    notes = [f"labels are split at {_NOTED[j]} in {n} rows" for j, n in used.items()]
    notes += [_READ_WHOLE.format(next(c.strip() for c in given if c.strip().endswith(".0")))] if whole else []
    return classes, tuple(notes), bad


def _whole_numbers(cells: Sequence[str]) -> list[str] | None:
    """Return cells without the `.0` of whole numbers, if all classes among them are such; else None."""
    named = [c for c in cells if c.strip().lower() not in _NONE]
    if not named or not all(_FLOAT_ID.fullmatch(c.strip()) for c in named):
        return None
    return [c.strip().removesuffix(".0") for c in cells]


def _parts(text: str, *, blanks: bool) -> tuple[str, list[str] | None]:
    """Return what joins the labels of a cell, and these; None for a list that cannot be read."""
    if text.lower() in _NONE:
        return "", []
    if (text.startswith("[") and text.endswith("]")) or _TUPLE_OR_SET.fullmatch(text):
        return "[", _listed(text)
    for joiner in LABEL_JOINERS:
        if joiner in text:
            return joiner, text.split(joiner)
    return (" ", text.split()) if blanks and len(text.split()) > 1 else ("", [text])


def _listed(text: str) -> list[str] | None:
    with suppress(ValueError, RecursionError):  # JSON joins no strings, so that quotes inside of them are their own
        listed = json_value(text)
        if isinstance(listed, list) and all(type(v) in (str, int) for v in listed):
            return [str(v) for v in listed]
    if _JOINED_STRINGS.fullmatch(text):  # Python would join its strings to one
        return [found[1:-1] for found in re.findall(_ONE_STRING, text)]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    listed = [value] if isinstance(value, str | int) else value  # brackets around one class are no tuple
    if isinstance(listed, dict) or re.search(r"['\"]\s+['\"]", text) or not all(type(v) in (str, int) for v in listed):
        return None
    return [str(v) for v in listed]


def _blanks_join(cells: Sequence[str]) -> bool:
    named = [c for c in cells if c.strip().lower() not in _NONE]
    blank = [c for c in named if len(c.split()) > 1 and not any(j in c for j in LABEL_JOINERS)]
    several = [c.split() for c in blank if not c.strip().startswith("[")]
    if not several or not all(_CODE.fullmatch(p) for parts in several for p in parts):
        return False
    alone = {c.strip() for c in cells}
    return any(p in alone or re.search(r"\d", p) for parts in several for p in parts)
