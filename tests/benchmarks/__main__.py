"""The table of kernels and whole commands: ours against a plain notebook, each in one process.

    python -m tests.benchmarks             measures, prints the table, and names what became slower than in table.json
    python -m tests.benchmarks --write     also writes the table: table.json and table.md
    python -m tests.benchmarks kernels     measures some parts only: kernels, tables, scoring

A ratio is ours divided by the best of the others, so that a slow or busy machine moves both; below 1 we are ahead.
"""

from __future__ import annotations

import json
import math
import os
import platform
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TABLE, PAGE = HERE / "table.json", HERE / "table.md"
PARTS = ("kernels", "tables", "scoring")
SLOWER = 1.15  # a ratio that rose by more than this is named
Row = dict[str, Any]


def measured(parts: list[str]) -> list[Row]:
    """Return the rows of some parts, each with its part's name."""
    found = []
    for part in parts:
        rows: Callable[[], list[Row]] = import_module(f"tests.benchmarks.bench_{part}").rows
        found += [{"part": part, **row} for row in rows()]
    return found


def others(row: Row) -> dict[str, float]:
    """Return what the other ways took."""
    return {k: row[k] for k in ("plain", "pandas", "polars") if k in row}


def lines(rows: list[Row]) -> list[str]:
    """Return the table in Markdown."""
    head = ["| part | work | ours | others | ours / best other |", "| --- | --- | ---: | ---: | ---: |"]
    body = [
        f"| {r['part']} | {r['work']}, {r.get('unit', 'CPU s')} | {r['ours']:.3g} | "
        f"{', '.join(f'{k} {v:.3g}' for k, v in others(r).items())} | {r['ratio']:.3g} |"
        for r in rows
    ]
    return head + body


def slower(rows: list[Row], before: list[Row]) -> list[str]:
    """Return a line for every ratio that rose by more than 15 % since the table."""
    was = {_named(r): r["ratio"] for r in before}
    return [
        f"slower: {', '.join(_named(r))}: {was[_named(r)]:.3g} -> {r['ratio']:.3g}"
        for r in rows
        if r["ratio"] > SLOWER * was.get(_named(r), math.inf)
    ]


def _named(row: Row) -> tuple[str, str, str]:
    """Return the part, work and unit of a row, of which there is one in a table."""
    return row["part"], row["work"], row.get("unit", "CPU s")


def machine() -> str:
    """Return what the table was measured on."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main(arguments: list[str]) -> None:
    """Measure, print, compare, and write if that is asked for."""
    parts = [a for a in arguments if not a.startswith("--")] or list(PARTS)
    rows = measured(parts)
    print("\n".join(lines(rows)))
    before: list[Row] = json.loads(TABLE.read_text(encoding="utf-8"))["rows"] if TABLE.is_file() else []
    print("\n".join(slower(rows, before)))
    if "--write" in arguments:
        rows = [r for p in PARTS for r in (rows if p in parts else before) if r["part"] == p]
        TABLE.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n", encoding="utf-8")
        about = (
            f"# Benchmarks\n\n{machine()}. CPU seconds unless a row says otherwise; `python -m tests.benchmarks`.\n\n"
        )
        PAGE.write_text(about + "\n".join(lines(rows)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
