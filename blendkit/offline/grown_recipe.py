"""What a search of a whole recipe found, with what each step is worth and how it got there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blendkit.core import notebook_view
from blendkit.offline.found_values import Found
from blendkit.recipe import Recipe, recipe_text, with_values

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Worth:
    """A step of the found chain, and what the figure on all labels loses without it (in-sample).

    again: how many of the searches without a part found a step of its op on this stream, too.
    """

    stream: str
    step: str
    worth: float
    again: int


@dataclass(frozen=True)
class Climb:
    """Where a search stood after a round: the figure of its chain on all labels, and that of the chains that the
    searches without a part had by then, on the positives of these parts."""

    round: int
    in_sample: float
    nested: float


@dataclass(frozen=True, eq=False, repr=False)
class Grown:
    """A found recipe.

    found: its values and their judgement; worths: of its steps; looks: chains measured; rounds: whole ones of the
    search on all labels, which those on parts do not exceed; climb: the rounds that changed its chain; finished: every
    search ended by itself, not by the clock.
    """

    recipe: Recipe
    found: Found
    worths: tuple[Worth, ...]
    looks: int
    rounds: int
    climb: tuple[Climb, ...]
    finished: bool

    def __repr__(self) -> str:
        return f"Grown({len(self.worths)} steps in {self.rounds} rounds; {self.found!r})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per step of the chain: its stream, its worth on the labels that chose it, found how often."""
        import pandas as pd

        rows = [(w.stream, w.step, w.worth, w.again) for w in self.worths]
        return pd.DataFrame(rows, columns=["stream", "step", "worth", "again"])

    def _repr_html_(self) -> str:
        """Show the steps in a notebook."""
        return notebook_view(repr(self), self.to_frame())

    def text(self) -> str:
        """Return the found recipe as YAML, with what is known of it as comments."""
        tuned = with_values(self.recipe, {"tuned_on": list(self.found.labels)}, "search")
        return recipe_text(tuned, self.found.said())

    def plot(self) -> Figure:
        """Draw the climb: the figure on the labels that chose, and the held-out one, round by round."""
        from blendkit.figures import draw_climb

        rounds, inside, held = zip(*((c.round, c.in_sample, c.nested) for c in self.climb), strict=True)
        return draw_climb(rounds, inside, held, self.found.guarded.alone)
