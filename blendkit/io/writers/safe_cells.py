"""Texts in CSV files that spreadsheets would run as formulas, made neutral."""

from __future__ import annotations

import re

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # wide forms count for spreadsheets, too
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def safe_cell(text: str) -> str:
    """Return a text that a spreadsheet shows and never runs: `'=cmd` for `=cmd`; numbers stay as they are.

    Blanks before the sign do not help: they are skipped by spreadsheets. The apostrophe stays in the file, so that an
    id with one no longer equals the id without.
    """
    bare = text.lstrip(" \u00a0\ufeff")
    return f"'{text}" if bare.startswith(_STARTS) and not _NUMBER.fullmatch(bare) else text


def unescaped(cell: str) -> str:
    """Return a text as it was before `safe_cell` kept a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and safe_cell(cell[1:]) == cell else cell
