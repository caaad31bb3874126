"""blendkit: blend, post-process and honestly evaluate several models on the same audio chunks.

Nothing heavy is imported here; public names load on first use (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face
from blendkit._version import __version__

if TYPE_CHECKING:
    from blendkit.core import LabelTable, NameRule, Rows, Scores, Taxonomy
    from blendkit.engine import run
    from blendkit.errors import BlendkitError
    from blendkit.recipe import load_recipe
    from blendkit.store import LogitStore
else:
    __getattr__, __dir__ = lazy_face(__name__)

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
