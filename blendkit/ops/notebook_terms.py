"""The table from a notebook's words to a recipe's, made of what ops say they are also called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from blendkit.ops.declare import OpInfo

_SECTIONS = (
    "Blends",
    "Along time",
    "Over a recording or a chunk",
    "Priors, places and taxonomy",
    "Calibration and scales",
    "Gates",
)


@dataclass(frozen=True)
class NotebookWords:
    """What one step or blend is called in notebooks, and how a recipe writes it."""

    section: str
    words: str
    op: str
    written: str


def notebook_words(infos: Iterable[OpInfo]) -> list[NotebookWords]:
    """Return a row for everything that these ops are also called, section by section."""
    rows = [
        NotebookWords(_section(i), words, i.name, _written(i, params)) for i in infos for words, params in i.also_called
    ]
    return sorted(rows, key=lambda r: _SECTIONS.index(r.section))


def words_as_markdown(rows: Sequence[NotebookWords]) -> str:
    """Return the rows as Markdown: a heading and a table for each section."""
    return "\n".join(_lines(rows)) + "\n"


def _lines(rows: Sequence[NotebookWords]) -> Iterator[str]:
    for section in dict.fromkeys(r.section for r in rows):
        yield from (f"## {section}", "", "| in notebooks | in a recipe |", "|---|---|")
        yield from (f"| {r.words} | `{r.written}` |" for r in rows if r.section == section)
        yield ""


def _written(info: OpInfo, params: str) -> str:
    if info.kind == "blend":
        return f"by: {info.name}" + (f", params: {params}" if params else "")
    return f"{info.name}: {params}" if params else info.name


def _section(info: OpInfo) -> str:
    if info.kind != "step":
        return "Blends" if info.kind == "blend" else "Gates"
    if info.effect == "smooth":
        return "Along time"
    if info.taxonomic or info.needs or "taxonomic" in info.function.__module__ or "ranges" in info.function.__module__:
        return "Priors, places and taxonomy"
    return "Calibration and scales" if info.scope in ("chunk", "set") or info.load else "Over a recording or a chunk"
