"""`blendkit members`, `blendkit ops`, `blendkit recipes`: each `list` and `show NAME`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from blendkit.cli._completion import complete_members, complete_ops, complete_recipe_names
from blendkit.cli._new_plugin import add_new
from blendkit.cli._options import json_option
from blendkit.cli._show import event, print_table


def _describe(group: str) -> list[tuple[str, str, str]]:
    """Return (name, first line of the docstring or the reason why it cannot load, source)."""
    from blendkit.errors import BlendkitError
    from blendkit.registry import registry

    found = registry(group)
    rows = []
    for name in found.names():
        try:
            text = (inspect.getdoc(found.get(name)) or "").splitlines()[0:1]
            rows.append((name, text[0] if text else "", found.source(name)))
        except BlendkitError as error:
            rows.append((name, f"BROKEN: {error.problems[0]}", found.source(name)))
    return rows


def _list(group: str, json_out: bool) -> None:
    rows = _describe(group)
    if json_out:
        for name, text, source in rows:
            event("entry", {"name": name, "summary": text, "source": source})
    else:
        print_table("", ["name", "what it does", "from"], rows)
    show_blocked(group, json_out)


def show_blocked(group: str, json_out: bool) -> None:
    """Print the plugins of a group that `BLENDKIT_PLUGINS` does not allow."""
    from blendkit.registry import ALLOWED, registry

    found = registry(group)
    if json_out:
        for name, entries in found.blocked.items():
            event("blocked", {"name": name, "sources": [e.value for e in entries], "by": ALLOWED})
        return
    for line in found.blocked_lines():
        click.echo(f"blocked by {ALLOWED}: {line}")


def _show_parameters(function: Callable[..., Any], extra: Callable[..., Any] | None = None) -> None:
    from blendkit.recipe import parameters_in_words

    rows = [(p.name, p.type, p.default) for f in filter(None, (function, extra)) for p in parameters_in_words(f)]
    if rows:
        print_table("parameters", ["name", "type", "default"], rows)


@click.group()
def members() -> None:
    """List the installed members, show one, or write your own."""


@members.command("list")
@json_option
def members_list(json_out: bool) -> None:
    """List every member with its source; a broken plugin shows why it cannot load."""
    from blendkit.registry import MEMBERS

    _list(MEMBERS, json_out)


@members.command("show")
@click.argument("name", shell_complete=complete_members)
def members_show(name: str) -> None:
    """Show a member's page and its parameters."""
    from blendkit.registry import MEMBERS, registry

    factory = registry(MEMBERS).get(name)
    click.echo(f"{name}  ({registry(MEMBERS).source(name)})\n\n{inspect.getdoc(factory)}\n")
    _show_parameters(factory)
    page = _page(factory)
    if page:
        click.echo(page)


def _page(factory: Callable[..., Any]) -> str:
    """Return the Markdown page beside a member's module, "" if there is none."""
    path = Path(inspect.getfile(factory)).with_suffix(".md")
    return path.read_text(encoding="utf-8") if path.is_file() else ""


@click.group()
def ops() -> None:
    """List the installed ops, show one, or write your own."""


@ops.command("list")
@json_option
def ops_list(json_out: bool) -> None:
    """List every step, gate and blend with its source."""
    from blendkit.registry import OPS

    _list(OPS, json_out)


@ops.command("show")
@click.argument("name", shell_complete=complete_ops)
def ops_show(name: str) -> None:
    """Show an op's formula, its scope and its parameters."""
    from blendkit.errors import BlendkitError
    from blendkit.ops import info_of
    from blendkit.registry import OPS, registry

    function = registry(OPS).get(name)
    info = info_of(function)
    if info is None:
        raise BlendkitError(f"{name}: {registry(OPS).source(name)} is not declared with @op")
    spaces = "" if info.kind == "blend" else f", spaces {'/'.join(info.spaces)}"
    classwise = "classwise" if info.classwise else "couples classes"
    gives = f", gives {info.gives}" if info.gives else ""
    affine = ", affine" if info.affine else ""
    click.echo(
        f"{name}: {info.kind}, scope {info.scope}, {classwise}{spaces}{gives}, monotone {info.monotone}{affine}  "
        f"({registry(OPS).source(name)})\n\n{inspect.getdoc(function)}\n"
    )
    for words, params in info.also_called:
        click.echo(f"also called: {words}{f'  ({params})' if params else ''}")
    inside = info.fit_in_recipe
    _show_parameters(function, inside)
    if info.load is not None:
        crossed = ", or `fit: {labels: FILE, folds: 5}`" if inside else ""
        made = f"; `blendkit fit step {name}` makes one" if info.fit else ""
        click.echo(f"applies a fitted file: `artefact: FILE`{crossed}{made}")


add_new(members, "member")
add_new(ops, "op")


@ops.command("words")
@click.option("--markdown", is_flag=True, help="Print the table as Markdown.")
@json_option
def ops_words(markdown: bool, json_out: bool) -> None:
    """List what notebooks call the ops, and how a recipe writes each."""
    from blendkit.ops import info_of, notebook_words, words_as_markdown
    from blendkit.registry import OPS, registry

    found = registry(OPS)
    infos = [info for n in found.names() if found.loads(n) and (info := info_of(found.get(n))) is not None]
    rows = notebook_words(infos)
    if json_out:
        for row in rows:
            event("words", {"section": row.section, "words": row.words, "op": row.op, "written": row.written})
    elif markdown:
        click.echo(words_as_markdown(rows), nl=False)
    else:
        for section in dict.fromkeys(r.section for r in rows):
            own = [(r.words, r.written) for r in rows if r.section == section]
            print_table(section, ["in notebooks", "in a recipe"], own)


@click.group()
def recipes() -> None:
    """List the packaged recipes, or show one."""


@recipes.command("list")
@json_option
def recipes_list(json_out: bool) -> None:
    """List the packaged recipes."""
    from blendkit.recipe import packaged_recipes, parse_recipe

    rows = [(n, parse_recipe(t, n).model.description) for n, t in packaged_recipes().items()]
    if json_out:
        for name, text in rows:
            event("entry", {"name": name, "summary": text})
        return
    print_table("", ["name", "what it is"], rows)


@recipes.command("show")
@click.argument("name", shell_complete=complete_recipe_names)
def recipes_show(name: str) -> None:
    """Print a packaged recipe with its comments."""
    from blendkit.errors import BlendkitError, did_you_mean
    from blendkit.recipe import packaged_recipes

    found = packaged_recipes()
    if name not in found:
        raise BlendkitError(
            f"no packaged recipe {name!r}{did_you_mean(name, found)}", [f"packaged: {', '.join(found)}"]
        )
    click.echo(found[name], nl=False)
