"""The cells of a label column: one class, several joined ones, a list, or none."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Sequence

_NONE = frozenset({"", "nocall", "nan"})  # what stands for a chunk without any class, in any case
_JOINERS = (";", "|", ",")
# eBird codes (grekis, chacha1, y00678) and the ids of other classes in competitions (1161364, 47158son01).
_CODE = re.compile(r"[a-z]{6}\d{0,2}|[a-z]\d{5}|[a-z]+\d+|\d+(?:son\d+)?")
_JOINED_STRINGS = re.compile(r"['\"]\s+['\"]")  # numpy's print of an array: Python would join its strings to one


def split_cells(
    cells: Sequence[str], lines: Sequence[int], *, blanks: bool
) -> tuple[list[frozenset[str]], tuple[str, ...], list[str]]:
    """Return the classes of N cells, notes on how they were split, and the lines whose lists cannot be read.

    Classes are joined by `;`, `|` or `,`, the first of these that a cell holds, or are a list as Python and JSON write
    it. blanks: a blank also joins classes; else it does only if all cells with blanks hold nothing but codes, of which
    at least one has a digit or stands alone in another cell. lines (N,) are those of the file.
    """
    blanks = blanks or _blanks_join(cells)
    found, bad = [], []
    used: Counter[str] = Counter()
    for cell, line in zip(cells, lines, strict=True):
        text = cell.strip()
        if text.startswith("[") and text.endswith("]"):
            parts = _listed(text)
            if parts is None:
                bad.append(f"line {line}: {text!r} is no list of labels")
        else:
            joiner = next((j for j in _JOINERS if j in text), " " if blanks and len(text.split()) > 1 else "")
            used[joiner] += 1
            parts = [text] if not joiner else text.split(None if joiner == " " else joiner)
        found.append(frozenset(p.strip() for p in parts or () if p.strip().lower() not in _NONE))
    names = {" ": "blanks", ",": "','", "|": "'|'"}
    return found, tuple(f"labels are split at {names[j]} in {n} rows" for j, n in used.items() if j in names), bad


def _listed(text: str) -> list[str] | None:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    if _JOINED_STRINGS.search(text) or not all(type(v) in (str, int) for v in value):
        return None
    return [str(v) for v in value]


def _blanks_join(cells: Sequence[str]) -> bool:
    plain = [c for c in cells if not c.strip().startswith("[") and not any(j in c for j in _JOINERS)]
    several = [c.split() for c in plain if len(c.split()) > 1]
    if not several or not all(_CODE.fullmatch(p) for parts in several for p in parts):
        return False
    alone = {c.strip() for c in cells}
    return any(p in alone or re.search(r"\d", p) for parts in several for p in parts)
