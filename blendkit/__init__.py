"""blendkit: blend, post-process and honestly evaluate several models on the same audio chunks.

Nothing heavy is imported here; public names load on first use (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blendkit.engine.local import run as run
    from blendkit.errors import BlendkitError as BlendkitError
    from blendkit.labels import LabelTable as LabelTable
    from blendkit.recipe import load_recipe as load_recipe
    from blendkit.rows import NameRule as NameRule
    from blendkit.rows import Rows as Rows
    from blendkit.scores import Scores as Scores
    from blendkit.store import LogitStore as LogitStore
    from blendkit.taxonomy import Taxonomy as Taxonomy

__version__ = "0.1.0"

_WHERE = {
    "BlendkitError": "blendkit.errors",
    "LabelTable": "blendkit.labels",
    "LogitStore": "blendkit.store",
    "NameRule": "blendkit.rows",
    "Rows": "blendkit.rows",
    "Scores": "blendkit.scores",
    "Taxonomy": "blendkit.taxonomy",
    "load_recipe": "blendkit.recipe",
    "run": "blendkit.engine.local",
}
__all__ = [
    "BlendkitError",
    "LabelTable",
    "LogitStore",
    "NameRule",
    "Rows",
    "Scores",
    "Taxonomy",
    "__version__",
    "load_recipe",
    "run",
]


def __getattr__(name: str) -> object:
    import importlib

    if name not in _WHERE:
        raise AttributeError(f"module 'blendkit' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
