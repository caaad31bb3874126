"""What steps may ask for beside the values."""

from __future__ import annotations

from dataclasses import dataclass, field

from blendkit.core import NameRule, Taxonomy
from blendkit.recipe import RecipeFiles


@dataclass(frozen=True)
class StepContext:
    """What steps may ask for beside the values: taxonomy, names, and the files of fitted steps."""

    taxonomy: Taxonomy = field(default_factory=lambda: Taxonomy({}))
    names: NameRule = field(default_factory=NameRule)
    chunk_s: float = 5.0
    files: RecipeFiles = field(default_factory=RecipeFiles)
