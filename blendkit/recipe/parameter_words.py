"""What a recipe may write for a parameter of an op or a member, in few words."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from blendkit.member import DataFile
from blendkit.ops import Keys, Stream, mark_of, signature
from blendkit.recipe.key_docs import SHARED_DOCS


@dataclass(frozen=True)
class ParameterWords:
    """A parameter as a page shows it. default: as Python writes it, or `required`; note: what its docstring says."""

    name: str
    type: str
    default: str
    note: str = ""


def parameters_in_words(function: Callable[..., Any]) -> list[ParameterWords]:
    """Return the parameters that a recipe may give to an op, a fit or a member, in their order."""
    document, out = inspect.getdoc(function) or "", []
    for name, (hint, context, default) in signature(function).items():
        if context is None:
            shown = "required" if default is inspect.Parameter.empty else repr(default)
            out.append(ParameterWords(name, _type_name(hint), shown, note_on(document, name)))
    return out


def note_on(document: str, name: str) -> str:
    """Return what a docstring says of a parameter, "" if nothing.

    That is what follows `name:` or `a, name:`, else what is said of all parameters of that name, else the sentence that
    has it in a formula.
    """
    text = " ".join(document.split())
    return _stated(text, name) or SHARED_DOCS.get(name, "") or _sentence(text, name)


def _sentence(text: str, name: str) -> str:
    """Return the first sentence with a name between backticks or in a formula, "" if there is none."""
    sentences = re.split(r"(?<=\.) (?=[A-Z`(]|\w+:)", text)
    sentences = [s for s in sentences if not s.startswith("Source:")]
    quoted = [s for s in sentences if f"`{name}`" in s]
    bare = [s for s in sentences if re.search(rf"\b{re.escape(name)}\b", re.sub(r"`[^`]*`", "", s))]
    return next(iter([*quoted, *bare]), "").removesuffix(".")


def _stated(text: str, name: str) -> str:
    """Return what a text says after `name:`, "" if nothing."""
    others = r"(?:,? (?:and )?`?\w+`?){0,4}"
    found = re.search(rf"(?:^|[.;,:(] )(`?){re.escape(name)}`?{others}: (.+?)(?:[;.] |[;.]$|$)", text)
    if found is None:
        return ""
    if found[2].count("(") > found[2].count(")"):  # the sentence ended inside brackets
        return found[2].rpartition(" (")[0]
    cut = found[2].count("`") % 2  # it began inside an example: `name: value` does so and so
    return "" if cut and not found[1] else f"`{name}: {found[2]}" if cut else found[2]


def _type_name(hint: Any) -> str:
    stream, keys = mark_of(hint, Stream), mark_of(hint, Keys)
    if stream is not None:
        return "stream" if stream.space == "any" else f"stream, as {stream.space}"
    if keys is not None:
        return "lists of classes" if "list" in str(hint) else f"numbers by {keys.of.removesuffix('es')}"
    return _plain_name(hint)


def _plain_name(hint: Any) -> str:
    """Return a type in words: `float, at least 0`, `mean or max`, `list of file`."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        if any(isinstance(mark, DataFile) for mark in args[1:]):
            return _plain_name(args[0]).replace("str", "file")
        bounds = _bounds(args[1:])
        return f"{_plain_name(args[0])}, {bounds}" if bounds else _plain_name(args[0])
    if origin is Literal:
        return " or ".join(str(a) for a in args)
    if origin in (Union, UnionType):
        return " or ".join(_plain_name(a) for a in args)
    if origin is list:
        return f"list of {_plain_name(args[0])}"
    if hint is type(None):
        return "null"
    return "mapping" if origin is dict else str(getattr(hint, "__name__", hint))


def _bounds(marks: tuple[Any, ...]) -> str:
    """Return a number's range in words, "" if the marks give none."""
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    given = [(k, getattr(m, k)) for m in marks for k in words if getattr(m, k, None) is not None]
    return ", ".join(f"{words[k]} {v:g}" for k, v in given)
