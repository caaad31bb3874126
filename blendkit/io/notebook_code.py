"""The code of notebooks and files of Python, parsed and never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from blendkit.core import json_value
from blendkit.errors import BlendkitError, why_no_file

_MAGIC = re.compile(r"\s*[!%]")
_CELL_MAGIC = re.compile(r"\s*%%(\w*)")
_OF_PYTHON = {"time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "debug", "python", "python3", "notify"}
_GOES_ON = re.compile(r"(\s|[)\]}]|(else|elif|except|finally)\b)")  # a line that begins no statement of its own


@dataclass(frozen=True)
class CodeCell:
    """One cell of a notebook, or all of a file.

    where: what messages call it; text: as it stands; body: its statements at the top, without those that do not parse.
    error: why it does not parse as a whole, "" if it does. magic: what makes it no Python (`%%bash`), or "".
    """

    where: str
    text: str
    body: tuple[ast.stmt, ...]
    error: str = ""
    magic: str = ""

    def at(self, line: int) -> str:
        """Return the name of a line."""
        return f"{self.where}:{line}" if ", cell" not in self.where else f"{self.where}, line {line}"


def read_code(path: Path) -> tuple[CodeCell, ...]:
    """Return the cells of code of a notebook (.ipynb), or a file of Python or JSON as one cell.

    Lines for the shell (`!pip ...`) and magics (`%...`) are left out; a cell of another language has no body. Raises
    BlendkitError for a file that cannot be read, and a notebook that is damaged.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BlendkitError(f"{path}: cannot read this file", [why_no_file(path, error)]) from error
    if path.suffix.lower() != ".ipynb" and not (text.lstrip().startswith("{") and '"nbformat"' in text):
        return (_cell(path.name, text),)
    try:
        cells = [(i, c) for i, c in enumerate(json_value(text)["cells"], 1) if c["cell_type"] == "code"]
        sources = [(i, c["source"] if isinstance(c["source"], str) else "".join(c["source"])) for i, c in cells]
    except (ValueError, KeyError, TypeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise BlendkitError(f"{path}: not a notebook", [reason, "download it again as .ipynb"]) from error
    return tuple(_cell(f"{path.name}, cell {i}", s) for i, s in sources)


def _cell(where: str, text: str) -> CodeCell:
    magic = _CELL_MAGIC.match(text)
    if magic and magic[1] not in _OF_PYTHON:
        return CodeCell(where, text, (), magic=f"%%{magic[1]}")
    try:
        return CodeCell(where, text, tuple(_parsed(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    lines = _without_magics(text.splitlines())
    try:
        return CodeCell(where, text, tuple(_parsed("\n".join(lines))))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        why = getattr(error, "msg", None) or str(error)
    cell = CodeCell(where, text, tuple(_what_parses(lines)))
    return CodeCell(where, text, cell.body, f"{cell.at(line)}: neither JSON nor Python: {why}")


def _parsed(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def _without_magics(lines: list[str]) -> list[str]:
    """Return the lines with `pass` in the place of those for the shell, which may go on after a backslash."""
    out: list[str] = []
    goes_on = False
    for line in lines:
        masked = goes_on or _MAGIC.match(line) is not None
        goes_on = masked and line.rstrip().endswith("\\")
        out.append(line[: len(line) - len(line.lstrip())] + "pass" if masked else line)
    return out


def _what_parses(lines: list[str]) -> Iterator[ast.stmt]:
    """Yield the statements at the top of a text that has mistakes elsewhere."""
    starts = [i for i, line in enumerate(lines) if line.strip() and not _GOES_ON.match(line)]
    for first, end in pairwise([*starts, len(lines)]):
        try:
            found = _parsed("\n".join(lines[first:end]))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for statement in found:
            yield ast.increment_lineno(statement, first)
