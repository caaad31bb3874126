"""New plugins: a package with an entry point, an adapter, its test and a README, that passes as it is."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Literal

from blendkit.errors import BlendkitError
from blendkit.registry import MEMBERS, OPS, READERS, WRITERS, registry
from blendkit.store import new_folder
from blendkit.testing.scaffold_texts import (
    MEMBER,
    MEMBER_TEST,
    OP,
    OP_TEST,
    PROJECT,
    READER,
    READER_SAMPLE,
    READER_TEST,
    README,
    WRITER,
    WRITER_TEST,
)

PluginKind = Literal["member", "op", "reader", "writer"]
_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_LONGEST = 40
_TABLE_NOTE = "\nIf your model's scores already lie in a file, no code is needed: `use: table`."


@dataclass(frozen=True)
class _Form:
    """What the package of one kind of plugin holds. made: the object that its entry point names."""

    group: str
    made: str
    code: str
    test: str
    use: str
    more: str = ""
    files: Mapping[str, str] | None = None


_FORMS: dict[PluginKind, _Form] = {
    "member": _Form(
        MEMBERS, "member", MEMBER, MEMBER_TEST, "blendkit score $name AUDIO --out logits", _TABLE_NOTE
    ),
    "op": _Form(OPS, "step", OP, OP_TEST, "blendkit ops show $name"),
    "reader": _Form(
        READERS, "reader", READER, READER_TEST, "blendkit formats show sample.csv",
        "\n`sample.csv` is a small file of the format: put a real one in its place.",
        {"sample.csv": READER_SAMPLE},
    ),
    "writer": _Form(
        WRITERS, "writer", WRITER, WRITER_TEST,
        "blendkit detect SCORES --threshold 0.5 --format $name --out found",
    ),
}  # fmt: skip


def new_plugin(kind: PluginKind, name: str, folder: Path | str | None = None) -> tuple[Path, ...]:
    """Write the package of a new plugin that passes its own test, and return its files.

    name: what recipes and commands will call it; folder: must not be there yet (default: `blendkit-NAME`). Raises
    BlendkitError for a name that is taken or cannot be one.
    """
    form = _FORMS[kind]
    _check_name(kind, name, form.group)
    place = Path(folder) if folder is not None else Path(f"blendkit-{name.replace('_', '-')}")
    module = f"blendkit_{name.replace('-', '_')}"
    given = {"kind": kind, "name": name, "module": module, "group": form.group, "made": form.made,
             "dist": f"blendkit-{name.replace('_', '-')}"}  # fmt: skip
    given |= {"use": Template(form.use).substitute(given), "more": form.more}
    held = {
        "pyproject.toml": PROJECT,
        "README.md": README,
        f"{module}.py": form.code,
        f"test_{module}.py": form.test,
        **(form.files or {}),
    }
    with new_folder(place) as new:
        for file, text in held.items():
            filled = Template(text).substitute(given).rstrip() + "\n"
            (new / file).write_text(filled, encoding="utf-8", newline="\n")
    return tuple(place / file for file in held)


def _check_name(kind: PluginKind, name: str, group: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise BlendkitError(
            f"{name!r} cannot be the name of {_a(kind)}",
            [f"expected small letters, digits, and - or _ between them, at most {_LONGEST}, such as night-owls"],
        )
    found = registry(group)
    if name in found.entries or name in found.blocked:
        source = found.source(name) if name in found.entries else "a plugin that is blocked"
        raise BlendkitError(f"there is {_a(kind)} {name!r} already: {source}", ["choose another name"])
    module = f"blendkit_{name.replace('-', '_')}"
    if importlib.util.find_spec(module) is not None:
        raise BlendkitError(f"there is a package {module!r} already", ["choose another name"])


def _a(kind: PluginKind) -> str:
    return f"an {kind}" if kind == "op" else f"a {kind}"
