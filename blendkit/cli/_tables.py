"""Tables for people, and NDJSON events for programs."""

from __future__ import annotations

import json
import math
import re
import sys
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table

SPEC_VERSION = 1
_READABLE = 12  # letters of a name, below which a column of them is no longer read
_UNBOUNDED = 10_000  # letters, to measure what a table would take


def event(name: str, payload: dict[str, Any]) -> None:
    """Print one NDJSON event: {spec_version, timestamp, event, payload}."""
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"spec_version": SPEC_VERSION, "timestamp": stamp, "event": name, "payload": _as_json(payload)}
    click.echo(json.dumps(line, allow_nan=False))


def _as_json(value: Any) -> Any:
    """Return a value that JSON can hold: NaN and infinite figures become null."""
    if isinstance(value, dict):
        return {k: _as_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(v) for v in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


_NUMBER = r"[+-]?(\d[\d,]*(\.\d+)?([eE][+-]?\d+)?|\.\d+|inf|nan)( ?%| x| s| MB)?"
_FIGURES = re.compile(rf"\[?{_NUMBER}( (\.\.|to) |, | \[)?({_NUMBER})?(, )?({_NUMBER})?\]?")


_UNBROKEN = re.compile(r"[^\s.:/_-]{0,16}")  # an id, say, that could only be cut
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # in names of files: a line break, or what colours a terminal


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _is_figure(cell: object) -> bool:
    """True for numbers, and for text that shows a number or an interval: `+0.0012`, `12 %`, `0.1 .. 0.2`."""
    return isinstance(cell, int | float) or cell in ("", None) or _FIGURES.fullmatch(str(cell)) is not None


def interval_cell(estimate: float, low: float, high: float, *, sign: str = "") -> str:
    """Return a figure and its interval as one cell, `0.861313 [.8421, .8803]`. sign: `+` for a change."""
    bounds = ", ".join(f"{v:{sign}.4f}".replace("0.", ".", 1) for v in (low, high))
    return f"{estimate:{sign}.6f}" if math.isnan(low) else f"{estimate:{sign}.6f} [{bounds}]"


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: columns of figures are right-aligned, names (and the first column) left.

    A column without any entry is left out, and figures are never broken over lines: where a terminal is too narrow,
    names are, between words and after the marks inside of long ones (`package.module:name`). Where it is too narrow
    even for that, every row is printed as lines, one for each cell.
    """
    from rich.console import Console

    if title:
        click.echo(title)  # rich would wrap a title at the table's width
    used = [i for i in range(len(header)) if not rows or any(r[i] not in ("", None) for r in rows)]
    header, rows = [header[i] for i in used], [[r[i] for i in used] for r in rows]
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    wide = _table(header, rows, narrow=False)
    fits = console.measure(wide, options=console.options.update(max_width=_UNBOUNDED)).maximum <= console.width
    if fits or not rows or _least_width(header, rows) <= console.width:
        console.print(wide if fits else _table(header, rows, narrow=True))
        return
    for row in rows:
        cells = [(name, _shown(c)) for name, c in zip(header, row, strict=True) if c not in ("", None)]
        for i, (name, cell) in enumerate(cells):
            lines = textwrap.wrap(f"{name}: {cell}", max(console.width - 2, 1), break_long_words=False)
            click.echo("\n".join(f"{'  ' if i or k else ''}{line}" for k, line in enumerate(lines)))


def _least_width(header: Sequence[str], rows: Sequence[Sequence[object]]) -> int:
    """Return the width of a narrow table whose figures are whole, and whose names keep enough letters to be read."""
    width = len(header) - 1  # between the columns
    for i, name in enumerate(header):
        longest = max((len(_shown(r[i])) for r in rows), default=0)
        if _are_figures(i, rows):
            width += max(longest, *map(len, name.split()))
        else:
            width += min(max(longest, *map(len, name.split())), _READABLE)
    return width


def _are_figures(i: int, rows: Sequence[Sequence[object]]) -> bool:
    """Return whether a column holds figures, and not the names of rows."""
    return i > 0 and any(r[i] not in ("", None) for r in rows) and all(_is_figure(r[i]) for r in rows)


def _shown(cell: object) -> str:
    return "" if cell is None else _CONTROL.sub(_escaped, str(cell))


def _table(header: Sequence[str], rows: Sequence[Sequence[object]], *, narrow: bool) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from blendkit.cli._breakable import Breakable

    out = Table(box=SIMPLE_HEAD, pad_edge=False)
    if narrow:
        out = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for i, name in enumerate(header):
        figures = _are_figures(i, rows)
        if figures and narrow:  # rich would break figures sooner than names: it may not, and the header is wrapped here
            longest = max(len(str(r[i])) for r in rows if r[i] is not None)
            wrapped = textwrap.wrap(name, max(longest, *map(len, name.split())))
            out.add_column("\n".join(wrapped), justify="right", no_wrap=True)
        else:
            whole = narrow and all(_UNBROKEN.fullmatch(str(r[i])) for r in rows)
            out.add_column(name, justify="right" if figures else "left", overflow="fold", no_wrap=whole)
    for row in rows:
        cells = [_shown(v) for v in row]
        out.add_row(*(Breakable(c) if narrow and not _is_figure(c) else Text(c) for c in cells))
    return out
