"""The documents of the project and their code blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)(?:[ ]title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST = ("README.md", "docs/tutorials/blend_two_csvs.md", "docs/tutorials/first_recipe.md", "docs/recipes.md")


@dataclass(frozen=True)
class Block:
    """A fenced block. title: the file that the reader saves it as, or ""."""

    language: str
    title: str
    text: str


def documents() -> list[Path]:
    """Every document, in the order in which a reader may meet them: each page may use what those before it made."""
    found = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("members/*.md"),
        *ROOT.glob("examples/**/*.md"),
    ]

    def place(path: Path) -> tuple[int, str]:
        name = path.relative_to(ROOT).as_posix()
        return FIRST.index(name) if name in FIRST else len(FIRST), name

    return sorted(found, key=place)


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a document."""
    return [Block(*found) for found in FENCE.findall(path.read_text(encoding="utf-8"))]
