"""What steps may ask for beside the values."""

from __future__ import annotations

from dataclasses import dataclass, field

from blendkit.core import Contents, NameRule, Taxonomy
from blendkit.recipe import RecipeFiles


@dataclass(frozen=True)
class StepContext:
    """What steps may ask for beside the values: taxonomy, names, the files of fitted steps.

    contents: what the scored recordings sound like, where known: copies of those that a fit saw are found by it.
    """

    taxonomy: Taxonomy = field(default_factory=lambda: Taxonomy({}))
    names: NameRule = field(default_factory=NameRule)
    chunk_s: float = 5.0
    files: RecipeFiles = field(default_factory=RecipeFiles)
    contents: Contents = field(default_factory=dict, repr=False)
