"""What a search of a recipe's values found, in figures and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blendkit.core import notebook_view
from blendkit.errors import shorten
from blendkit.metrics import Interval
from blendkit.offline.interval_settings import Judging
from blendkit.offline.verdicts import no_proof, seen_caution, share_of_redraws, verdict_meaning
from blendkit.searching import Guarded, Judgement

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Found:
    """The result of a recipe search.

    values: by their address in the recipe; guarded: the nested (held-out) result of the search; before and after: the
    recipe's own figures, the second in-sample; gain: nested minus before; split: how parts were held out; parts: the
    values that were found without each of them; tuned: on how many labelled recordings the recipe itself was tuned
    before, so that its own figure is in-sample, too; labels: what `tuned_on:` names once the recipe
    has these values; judging: how intervals were made; seen: members that learned from labelled recordings themselves.
    """

    values: dict[str, Any]
    guarded: Guarded
    before: float
    after: float
    gain: Interval
    split: str
    notes: tuple[str, ...]
    parts: tuple[dict[str, Any], ...] = ()
    tuned: int = 0
    labels: tuple[str | dict[str, Any], ...] = ()
    judging: Judging = Judging()
    seen: tuple[str, ...] = ()

    def __repr__(self) -> str:
        g = self.guarded
        return f"Found(held out {g.nested:.6f}, in-sample {self.after:.6f}, best alone {g.alone:.6f}: {self.judgement})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per found value: its address in the recipe, and what was found."""
        import pandas as pd

        index = pd.Index(list(self.values), name="address")
        return pd.DataFrame({"value": [self.values[a] for a in self.values]}, index=index, dtype=object)

    def _repr_html_(self) -> str:
        """Show the found values in a notebook."""
        return notebook_view(repr(self), self.to_frame())

    @property
    def judgement(self) -> Judgement:
        """One word for its gain: `undecided`, where members learned from the recordings that were held out."""
        return "undecided" if self.seen else self.guarded.judgement

    @property
    def meaning(self) -> str:
        """What the word for its gain means, and what to do."""
        if self.seen:
            return seen_caution(self.seen)
        own = verdict_meaning(self.judgement, self.guarded.best_member, self.judging.redrawn)
        more = no_proof(self.judgement, self.guarded.gain)
        return f"{own};{more.removesuffix('.').replace(' The', ' the', 1)}" if more else own

    @property
    def beside(self) -> str:
        """What its gain over the recipe as it was says against it; "" for nothing."""
        if self.tuned:
            return "the recipe as it is was tuned on these labels: its own figure is in-sample and cannot be compared"
        if self.gain.estimate <= 0:
            return "and no better than the recipe as it is: keep that"
        if self.gain.low <= 0:
            link = "and" if self.judgement == "not" else "but"
            return f"{link} it may be no better than the recipe as it is: the interval of that gain holds 0"
        return ""

    def said(self) -> tuple[str, ...]:
        """Return the figures with where each is from, and the verdict, in lines for a file."""
        g = self.guarded
        held = f"in-sample, for {shorten(self.seen)} had learned from these" if self.seen else "held out"
        return (
            f"macro-AUC {g.nested:.6f} {held} ({self.split}); {self.after:.6f} on the labels that chose it",
            f"held out, the best input alone has {g.alone:.6f}; better than it in "
            f"{share_of_redraws(g.better, self.judging.redrawn)}",
            f"verdict: {self.judgement}: {self.meaning}{', ' * bool(self.beside)}{self.beside}",
        )
