"""Reference pages of ops and members, made from what is installed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blendkit.ops import OpInfo, info_of
from blendkit.recipe import ParameterWords, parameters_in_words
from blendkit.registry import MEMBERS, OPS, registry

KINDS = {
    "step": ("Steps", "A step changes one stream: `steps: [- NAME: {parameter: value}]`."),
    "gate": ("Gates", "A gate edits the cells of a stream in which other streams show a pattern."),
    "blend": ("Blends", "A blend makes one stream of several: `by: NAME`."),
}


INPUTS = {
    "any": "takes streams of one space",
    "logit": "takes logits: probabilities are converted",
    "prob": "takes probabilities: logits are converted",
    "doubled_ranks": "takes ranks: each stream is ranked over all rows",
}


def pages() -> dict[str, str]:
    """Return {path in the site: Markdown}."""
    made = {f"reference/{kind}s.md": _ops_page(kind) for kind in KINDS}
    made |= {f"reference/members/{name}.md": _member_page(name) for name in registry(MEMBERS).names()}
    return made | {"reference/members/index.md": _members_index()}


def infos(kind: str) -> list[OpInfo]:
    """Return the installed ops of one kind."""
    found = [info_of(registry(OPS).get(name)) for name in registry(OPS).names()]
    return [info for info in found if info is not None and info.kind == kind]


def _ops_page(kind: str) -> str:
    title, text = KINDS[kind]
    ops = infos(kind)
    listed = [f"| [{i.name}](#{anchor(i.name)}) | {first_line(i.function)} |" for i in ops]
    return "\n".join(
        [f"# {title}", "", text, "", "| name | what it does |", "|---|---|", *listed, "", *(_op(i) for i in ops)]
    )


def _op(info: OpInfo) -> str:
    spaces = [INPUTS[info.inputs_as] if info.kind == "blend" else f"takes {', '.join(info.spaces)}"]
    facts = [
        f"needs {'one chunk' if info.scope == 'chunk' else 'one recording' if info.scope == 'file' else 'all rows'} "
        f"at once (scope `{info.scope}`)",
        "classes do not influence each other" if info.classwise else "classes influence each other",
        *spaces,
        f"gives {info.gives}" if info.gives else "keeps the space",
        {"strict": "keeps the order of a column", "weak": "may make ties in a column", "no": "may reorder a column"}[
            info.monotone
        ],
    ]
    if info.load is not None:
        fit = "`fit: {labels: FILE, folds: 5}` or " if info.fit and info.fit_on != "reference" else ""
        facts.append(f"fitted: {fit}`artefact: FILE`")
    return "\n".join(
        [f"## {info.name}", "", document(info.function), "", f"*{'; '.join(facts)}.*", "", _table(info.function)]
        + ([_table(info.fit, "Of its fit:")] if info.fit is not None and info.fit_on != "reference" else [])
    )


def _members_index() -> str:
    lines = [f"| [{n}]({n}.md) | {first_line(registry(MEMBERS).get(n))} |" for n in registry(MEMBERS).names()]
    return "\n".join(
        ["# Members", "", "What a recipe may `use:`.", "", "| name | what it is |", "|---|---|", *lines, ""]
    )


def _member_page(name: str) -> str:
    factory = registry(MEMBERS).get(name)
    page = Path(inspect.getfile(factory)).with_suffix(".md")
    own = page.read_text(encoding="utf-8") if page.is_file() else ""
    body = own.partition("\n")[2] if own.startswith("# ") else own
    return f"# {name}\n\n{document(factory)}\n\n{_table(factory)}\n{body}"


def _table(function: Callable[..., Any], title: str = "") -> str:
    rows = [_row(p) for p in parameters_in_words(function)]
    if not rows:
        return ""
    head = [title, ""] if title else []
    return "\n".join([*head, "| parameter | what it takes | default | |", "|---|---|---|---|", *rows, ""])


def _row(p: ParameterWords) -> str:
    shown = p.default if p.default == "required" else f"`{p.default}`"
    return f"| `{p.name}` | {_cell(p.type)} | {_cell(shown)} | {_cell(p.note)} |"


def _cell(text: str) -> str:
    """Return a text for a table, in which a bar outside code would end the cell."""
    parts = text.replace("\n", " ").split("`")
    return "`".join(p if i % 2 else p.replace("|", "\\|") for i, p in enumerate(parts))


def document(thing: object) -> str:
    """Return a docstring as Markdown in which nothing but code marks is taken for markup."""
    return plain(inspect.getdoc(thing) or "")


def plain(text: str) -> str:
    """Return a text as Markdown in which nothing but code marks is taken for markup."""
    marks = str.maketrans({"<": "&lt;", **{c: f"\\{c}" for c in "*_[]"}})
    return "`".join(p if i % 2 else p.translate(marks) for i, p in enumerate(text.split("`")))


def first_line(thing: object) -> str:
    """Return the first line of a docstring for a table."""
    return _cell(document(thing).split("\n")[0])


def anchor(name: str) -> str:
    """Return the anchor of a heading."""
    return name.lower().replace(" ", "-")
