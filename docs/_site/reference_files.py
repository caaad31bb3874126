"""Reference pages of files: formats, the keys of recipes, events, run.json and the store."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from words import JOURNAL_LINE, RUN_JSON, STORE_FACTS, STORE_FILES, STORE_PART, STORED, TIMINGS_JSON

import blendkit
from blendkit.events import EVENT_KEYS, EVENTS
from blendkit.recipe import recipe_schema
from blendkit.registry import GEO_MODELS, READERS, WRITERS, registry

MODELS = {
    "RecipeModel": "The recipe",
    "MemberModel": "A member",
    "StreamModel": "A stream",
    "BlendModel": "A blend",
    "step keys": "A step, beside its op",
    "TTAModel": "`tta:`",
    "Fill": "`fill_uncovered:`",
    "Where": "`where:`",
    "WeightsBy": "`weights_by:`",
    "ClassGroup": "A list of classes in `weights_by:`",
    "ColumnSplit": "`split:` in `weights_by:`",
    "FitLabels": "`fit:`",
    "NamesModel": "`names:`",
}


def pages() -> dict[str, str]:
    """Return {path in the site: content}, Markdown and the schema itself."""
    schema = recipe_schema()
    return {
        "reference/formats.md": _formats(),
        "reference/recipe.md": _recipe(schema),
        "reference/events.md": _events(),
        "reference/run_json.md": _run_json(),
        "reference/store.md": _store(),
        "recipe.schema.json": json.dumps(schema, indent=1, ensure_ascii=False) + "\n",
    }


STORE_LEAD = """\
A store is a folder of saved logits (or features). Any number of processes fill one, each with a journal of its own, and
the folder holds the union of its journals and its index. Nothing in it is changed in place. A damaged or edited line,
index or part is an error that says which file to remove, or is scored again."""
PART_LEAD = """\
Parquet, zstd. The schema's metadata has `blendkit.space`, `blendkit.made_by` and `blendkit.covered`."""
JOURNAL_LEAD = """\
`["HASH", {...}]`: the first 16 hexadecimal digits of the SHA-256 of the object's text, then the object. A last line
that was cut short is left out, and said; `{"end": true}` is the last line of a process that ended in order."""
FORMATS_LEAD = """\
Score files and detections are told by their content, never by their name; `--format NAME`, or `format:` in a recipe,
names one. `blendkit formats show FILE` says what blendkit sees in a file."""
RECIPE_LEAD = """\
Made from the [schema](../recipe.schema.json) that `blendkit schema` prints. Save it beside your recipes, and an editor
that reads `# yaml-language-server: $schema=recipe.schema.json` completes keys, ops and parameters.

What a schema cannot say, `blendkit check` says: names of streams, which space an op takes, loops, streams that nothing
uses, an op twice without an `id:`, time zones, patterns, weights of `tta:` by number, a time limit without
`isolate: true`, keys of `defaults:` that no member uses, and a whole number that is written as 1.0."""
EVENTS_LEAD = """\
With `--json` a command prints one line of JSON per event, to the standard output:

```text
{"spec_version": 1, "timestamp": "2026-11-28T18:15:02.311+00:00", "event": "done", "payload": {"rows": 192, ...}}
```

`spec_version` is of this envelope, `timestamp` is in UTC, `event` is one of the names below, and `payload` holds its
keys. A figure that is not a number is null. New keys and events may come; old ones keep their meaning."""
RUN_LEAD = """\
`run.json` says all that a result depends on. Nothing in it varies between equal runs, so that two runs can be compared
by its hash."""


def formats() -> Iterator[tuple[str, str, str, str]]:
    """Yield (what it does, name, about, space) of every installed format."""
    for group, does in ((READERS, "reads"), (WRITERS, "writes")):
        for name in registry(group).names():
            entry = registry(group).get(name)
            yield does, name, entry.about, entry.space


def _formats() -> str:
    rows = [f"| `{n}` | {does} | {about} | {space} |" for does, n, about, space in formats()]
    known = registry(GEO_MODELS)
    places = [f"| `{n}` | {(known.get(n).__doc__ or '').splitlines()[0]} |" for n in known.names()]
    head = ["# Formats", "", FORMATS_LEAD, "", "| name | | what it is | space |", "|---|---|---|---|"]
    more = ["", "## Models of places", "", "For `blendkit fit places`.", "", "| name | what it is |", "|---|---|"]
    return "\n".join([*head, *rows, *more, *places, ""])


def _recipe(schema: dict[str, Any]) -> str:
    parts = ["# Keys of a recipe", "", RECIPE_LEAD, ""]
    for name, title in MODELS.items():
        model = schema if name == "RecipeModel" else schema["$defs"][name]
        model = next((a for a in model.get("anyOf", ()) if "properties" in a), model)
        required = model.get("required", ())
        parts += [f"## {title}", "", "| key | meaning | default |", "|---|---|---|"]
        for key, value in model["properties"].items():
            parts.append(f"| `{key}` | {_escaped(value.get('description', ''))} | {_default(value, key in required)} |")
        parts.append("")
    return "\n".join(parts)


def _default(key: dict[str, Any], required: bool) -> str:
    return "required" if required else f"`{_escaped(json.dumps(key['default']))}`" if "default" in key else ""


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def emitted() -> dict[str, set[str]]:
    """Return {event: keys of its payload, where the code names them}, from every call in the package."""
    found: dict[str, set[str]] = {}
    for path in Path(blendkit.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("emit", "event", "_emit"):
                keys = found.setdefault(str(node.args[0].value), set())
                for given in node.args[1:2]:
                    names = given.keys if isinstance(given, ast.Dict) else ()
                    keys |= {str(k.value) for k in names if isinstance(k, ast.Constant)}
    return found


def _events() -> str:
    told = {n: keys if isinstance(keys, str) else ", ".join(f"`{k}`" for k in keys) for n, keys in EVENT_KEYS.items()}
    rows = [f"| `{n}` | {text} | {told[n]} |" for n, text in sorted(EVENTS.items())]
    return "\n".join(["# Events", "", EVENTS_LEAD, "", "| event | meaning | keys |", "|---|---|---|", *rows, ""])


def _store() -> str:
    parts = [_table("The store", STORE_LEAD, ("file", "what it holds"), STORE_FILES)]
    key = ("key", "what it holds")
    parts.append(_table("store.json", "The facts; `sha256` is over all others.", key, STORE_FACTS, 2))
    parts.append(_table("A part", PART_LEAD, ("column", "what it holds"), STORE_PART, 2))
    parts.append(_table("A line of a journal", JOURNAL_LEAD, key, JOURNAL_LINE, 2))
    parts.append(
        _table("An entry of a recording", "As it stands in a line and, by columns, in an index.", key, STORED, 2)
    )
    return "\n".join(parts)


def _run_json() -> str:
    head = ("key", "what it holds")
    first = _table("run.json", RUN_LEAD, head, RUN_JSON)
    return f"{first}\n{_table('timings.json', 'What differs between equal runs.', head, TIMINGS_JSON, 2)}"


def _table(title: str, lead: str, head: tuple[str, str], rows: dict[str, str], level: int = 1) -> str:
    lines = [f"| `{key}` | {text} |" for key, text in rows.items()]
    return "\n".join([f"{'#' * level} {title}", "", lead, "", f"| {head[0]} | {head[1]} |", "|---|---|", *lines, ""])
