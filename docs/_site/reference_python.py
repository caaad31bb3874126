"""Reference pages of the Python face, made from signatures and docstrings."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reference_ops import document, first_line

PACKAGES = ("metrics", "ops", "searching", "core", "io", "member", "testing")


_OF_RESULTS = ("offline", "searching", "metrics", "detecting", "reporting")  # not plans, stores and other plumbing


def pages() -> dict[str, str]:
    """Return {path in the site: Markdown}."""
    made = {"reference/python/index.md": _page("blendkit", "`import blendkit as bk`: the whole face.")}
    lead = "What the functions of `blendkit` return, and what these results hold. All are frozen."
    made["reference/python/results.md"] = _entries("Results", lead, list(results()))
    for name in PACKAGES:
        made[f"reference/python/{name}.md"] = _page(f"blendkit.{name}", "")
    return made


def public(module: str) -> Iterator[tuple[str, object]]:
    """Yield the public names of a face, functions and classes."""
    face = importlib.import_module(module)
    for name in sorted(face.__all__, key=str.lower):
        found = getattr(face, name)
        if inspect.isfunction(found) or inspect.isclass(found):
            yield name, found


def results() -> Iterator[tuple[str, type]]:
    """Yield the classes that public functions return and, as far as these are dataclasses, what they hold."""
    face = importlib.import_module("blendkit")
    functions = [f for _, f in public("blendkit") if inspect.isfunction(f)]
    found: dict[str, type] = {}
    asked = [c for f in functions for c in _classes(typing.get_type_hints(f).get("return"))]
    while asked:
        one = asked.pop()
        if one.__name__ not in found:
            found[one.__name__] = one
            held = typing.get_type_hints(one) if dataclasses.is_dataclass(one) else {}
            inner = [c for n, hint in held.items() if not n.startswith("_") for c in _classes(hint)]
            asked += [c for c in inner if c.__module__.split(".")[1] in _OF_RESULTS]
    yield from sorted((n, c) for n, c in found.items() if n not in face.__all__)


def _classes(hint: object) -> list[type]:
    """Return blendkit's own classes in a type hint, but for those that only carry its plumbing."""
    inner = [c for part in typing.get_args(hint) for c in _classes(part)]
    own = inspect.isclass(hint) and hint.__module__.startswith("blendkit.") and not hint.__name__.startswith("_")
    return [*([hint] if own and isinstance(hint, type) else []), *inner]


def _page(module: str, lead: str) -> str:
    text = lead or document(importlib.import_module(module))
    return _entries(module, text, list(public(module)))


def _entries(title: str, text: str, found: Sequence[tuple[str, object]]) -> str:
    listed = [f"| [{n}](#{n.lower()}) | {first_line(f)} |" for n, f in found]
    head = [f"# {title}", "", text, "", "| name | |", "|---|---|", *listed, ""]
    return "\n".join(head + [part for n, f in found for part in _entry(n, f)])


def _entry(name: str, thing: object) -> list[str]:
    out = [f"## {name}", "", f"```text\n{name}{_signature(thing)}\n```", "", document(thing), ""]
    if inspect.isclass(thing):
        for key, value in vars(thing).items():
            inner = inspect.unwrap(getattr(value, "__func__", value)) if not isinstance(value, property) else value.fget
            if not key.startswith("_") and (inspect.isfunction(inner)) and inspect.getdoc(inner):
                shown = key if isinstance(value, property) else f"{key}{_signature(inner)}"
                out += [f"**`{shown}`**  ", document(inner), ""]
    return out


@dataclass(frozen=True)
class _Shown:
    """What a signature prints as it is, without quotes."""

    text: str

    def __repr__(self) -> str:
        return self.text


def _signature(thing: object) -> str:
    try:
        found = inspect.signature(thing)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    shown = found.replace(
        parameters=[
            p.replace(annotation=_annotation(p.annotation), default=_default(p)) for p in found.parameters.values()
        ],
        return_annotation=_annotation(found.return_annotation),
    )
    return str(shown)


def _annotation(hint: object) -> object:
    return _Shown(hint) if isinstance(hint, str) else hint


def _default(parameter: inspect.Parameter) -> object:
    """Functions by their names, paths as texts: nothing that differs between two builds."""
    default = parameter.default
    if inspect.isfunction(default):
        return _Shown(default.__name__)
    return str(default) if isinstance(default, Path) else default
