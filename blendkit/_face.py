"""Faces of packages: what is public is named in one place, and imported at its first use (PEP 562)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path


def lazy_face(package: str) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for a package whose `__init__` imports its names under `TYPE_CHECKING`.

    That block is what type checkers and readers see; at run time it is read for where each name lives, so that
    importing a package costs nothing and every name is listed once. Asking for an unknown name raises AttributeError.
    """
    module = sys.modules[package]

    def get(name: str) -> object:
        home = homes_of(Path(str(module.__file__))).get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(importlib.import_module(home[0]), home[1])
        setattr(module, name, value)  # the next access is a plain one
        return value

    def names() -> list[str]:
        return sorted({*vars(module), *homes_of(Path(str(module.__file__)))})

    return get, names


@cache
def homes_of(init: Path) -> dict[str, tuple[str, str]]:
    """Return {public name: (module it lives in, its name there)} of a package's `__init__.py`."""
    import ast

    tree = ast.parse(init.read_text(encoding="utf-8"))
    blocks = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    imports = [n for block in blocks for n in block.body if isinstance(n, ast.ImportFrom)]
    return {a.asname or a.name: (str(n.module), a.name) for n in imports for a in n.names}
