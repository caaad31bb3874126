"""The blend that is moved: every setting with its figure on one half of the recordings and on the other."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Scores, canonical_json, cluster_labels
from blendkit.errors import BlendkitError
from blendkit.metrics import Bootstrap, Interval, macro_auc, paired_bootstrap
from blendkit.offline import LabelledChunks, Workspaces, blend_sides, read_share
from blendkit.recipe import Recipe, make_plan, with_values
from blendkit.reporting import packed, plain
from blendkit.searching import word_for
from blendkit.studio.drag_path import LEVELS, LastPath
from blendkit.studio.recipe_controls import shares_in
from blendkit.studio.tried_settings import TriedSettings
from blendkit.studio.two_halves import Halves

LEVEL = 0.95
_MOST_CELLS = 2_000_000  # of a blend's labelled scores that a page counts by itself
_REDRAWS, _FEW_REDRAWS = 400, 100  # of the recordings of a half; few where each costs a second
_SAMPLED, _FEW_SAMPLED = 5, 2  # settings of a drag that are redrawn, of all that it passed
_MOST_PASSED = 1001  # settings of one drag that a page can name
_ORIGIN = "the studio"
Values = Mapping[str, Any]


@dataclass(eq=False)
class LiveBlend:
    """A recipe, its saved logits, and every setting that was looked at. One question at a time is answered."""

    recipe: Recipe
    workspaces: Workspaces
    truth: LabelledChunks
    halves: Halves
    looks: TriedSettings = field(default_factory=TriedSettings)
    _last: LastPath = field(default_factory=LastPath)
    _boots: dict[str, Bootstrap] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def cells(self) -> int:
        """The labelled chunks times the classes."""
        return int(self.truth.labelled.sum()) * len(self.truth.classes)

    @property
    def large(self) -> bool:
        """Whether a page has no room for the scores, and a figure takes a second."""
        return self.cells > _MOST_CELLS

    @property
    def redraws(self) -> int:
        """How often the recordings of a half are redrawn."""
        return _FEW_REDRAWS if self.large else _REDRAWS

    def changed(self, values: Values, share: Sequence[Any] | None = None) -> tuple[Recipe, dict[str, Any]]:
        """Return the recipe with other values, and these values. share: (blend, member, share), set after them.

        Raises BlendkitError for an address, value or share that the recipe does not allow.
        """
        found, recipe = dict(values), with_values(self.recipe, values, _ORIGIN)
        if share is not None:
            blend, member, part = share
            asked, key = f"{blend}.{member}={float(part):.9f}", f"blends.{blend}.of"
            try:
                axis = _axis(asked, recipe)
            except BlendkitError:
                if key not in found:
                    raise
                # where one member has all of the weight, the others get the ratio that they have in the recipe again
                recipe = with_values(self.recipe, {k: v for k, v in found.items() if k != key}, _ORIGIN)
                axis = _axis(asked, recipe)
            recipe = axis.applied(recipe, axis.values[0])
            found[f"blends.{blend}.of"] = dict(recipe.model.blends[blend].of)
        return recipe, found

    def settled(self, values: Values, share: Sequence[Any] | None = None) -> dict[str, Any]:
        """Return the `figures` of a setting that is stopped at: no later move of a control overtakes the question."""
        return self.figures(values, share)

    def figures(self, values: Values, share: Sequence[Any] | None = None) -> dict[str, Any]:
        """Return the exact macro-AUC of a setting on each half, its values and the shares of its blends."""
        with self._lock:
            recipe, found = self.changed(values, share)
            scores = self._output(recipe)
            self.looks.passed.add(_key(recipe))
            macro = {
                n: macro_auc(self.truth.truth, scores.values, rows).macro for n, rows in self.halves.each().items()
            }
            return {
                "macro": plain(macro),
                "values": found,
                "shares": shares_in(make_plan(recipe)),
                "looks": len(self.looks),
            }

    def judged(self, values: Values) -> dict[str, Any]:
        """Return the intervals of a setting on each half, its difference to the recipe, and what the looks cost."""
        with self._lock:
            found, recipe = {}, self.changed(values)[0]
            for name, rows in self.halves.each().items():
                base, own = self._boot(self.recipe, name, rows), self._boot(recipe, name, rows)
                both = replace(
                    own, estimate={"now": own.estimate[""], "recipe": base.estimate[""]},
                    replicates={"now": own.replicates[""], "recipe": base.replicates[""]},
                    jackknife={"now": own.jackknife[""], "recipe": base.jackknife[""]},
                )  # fmt: skip
                now, gain = both.interval("now", LEVEL), both.difference("now", "recipe", LEVEL)
                better = _better(own.replicates[""] - base.replicates[""])
                found[name] = {"macro": _bounds(now), "gain": _bounds(gain), "better": better,
                               "judgement": word_for(better), "clusters": own.clusters}  # fmt: skip
            whole = macro_auc(self.truth.truth, self._output(recipe).values, self.truth.labelled).macro
            return {"halves": plain(found), "whole": plain(whole), **self._looked()}

    def passed(self, values: Values, blend: str, member: str, shares: Sequence[float]) -> dict[str, Any]:
        """Count the shares that a drag passed over, redraw a few of them, and return what the looks cost now."""
        with self._lock:
            settings = [self.changed(values, (blend, member, s))[0] for s in shares[:_MOST_PASSED]]
            self.looks.passed.update(map(_key, settings))
            at = (
                np.linspace(0, len(settings) - 1, min(_FEW_SAMPLED if self.large else _SAMPLED, len(settings)))
                .round()
                .astype(int)
            )
            for one in (self.recipe, *(settings[i] for i in np.unique(at).tolist())):
                self._boot(one, "looked", self.halves.looked)
            return self._looked()

    def sides(self, values: Values, blend: str, member: str) -> dict[str, Any]:
        """Return what a page needs to count the figure of any share of a member by itself, on each half.

        `arrays`: the output with none and with all of the member, and the truth; `levels`: shares that the page asks
        `path` for, one level after the other; `why_not`: why every share is a question to the server instead.
        """
        if self.large:
            note = (
                f"{self.cells / 1e6:.1f} million labelled cells are too many for this page: the server counts the path"
            )
            return {"levels": LEVELS, "note": f"{note}, coarse first, and a share between its points when you stop"}
        with self._lock:
            found = self._sides(values, blend, member)
            if isinstance(found, str):
                return {"why_not": found}
            return {n: self._arrays(rows, *found) for n, rows in self.halves.each().items()}

    def path(self, values: Values, blend: str, member: str, shares: Sequence[float]) -> dict[str, Any]:
        """Return the exact figures of each half at some shares of a member, or why there is no path."""
        with self._lock:
            key = canonical_json([_key(self.changed(values)[0]), blend, member])
            found = self._last.get(
                key, lambda: self._sides(values, blend, member), self.truth.truth, self.halves.each()
            )
            if isinstance(found, str):
                return {"why_not": found}
            try:
                return {"shares": list(shares), "macro": plain(found.macro(shares))}
            except BlendkitError as error:
                return {"why_not": error.title}

    def _sides(self, values: Values, blend: str, member: str) -> tuple[NDArray[Any], NDArray[Any]] | str:
        """The output with none and with all of a member; why not, where a share is no weighted mean of these."""
        recipe, _ = self.changed(values)
        try:
            axis = read_share(f"{blend}.{member}=0.5", recipe)
            return blend_sides(self.workspaces, make_plan(recipe), *axis.address)
        except BlendkitError as error:
            return error.title

    def _arrays(self, rows: Bools, a: NDArray[Any], b: NDArray[Any]) -> dict[str, Any]:
        y = self.truth.truth[rows]
        live = np.flatnonzero(y.any(axis=0) & ~y.all(axis=0))
        arrays = {"a": a[rows][:, live], "b": b[rows][:, live], "truth": y[:, live].astype(np.uint8)}
        return {"arrays": plain({n: packed(x) for n, x in arrays.items()})}

    def _output(self, recipe: Recipe) -> Scores:
        return self.workspaces.output(recipe)[1]

    def _boot(self, recipe: Recipe, name: str, rows: Bools) -> Bootstrap:
        key = f"{name} {_key(recipe)}"
        if key not in self._boots:
            scores = self._output(recipe)
            clusters = cluster_labels(self.truth.rows, "recording", rows, self.truth.contents)
            self._boots[key] = paired_bootstrap(self.truth.truth, {"": scores.values}, clusters, self.redraws, 0, rows)
        own = self._boots[key]
        if name == "looked":
            self.looks.add(_key(recipe), own.estimate[""], own.replicates[""])
        return own

    def _looked(self) -> dict[str, Any]:
        return {"looks": len(self.looks), "redrawn": len(self.looks.figures), "optimism": plain(self.looks.optimism())}


def _axis(share: str, recipe: Recipe) -> Any:
    """Return what sets a share; an error speaks of the blend, not of an option that nobody gave."""
    try:
        return read_share(share, recipe)
    except BlendkitError as error:
        raise BlendkitError(error.title.split(": ", 1)[-1], error.problems) from error


def _key(recipe: Recipe) -> str:
    return canonical_json(recipe.model.model_dump())


def _better(drawn: Float64) -> float:
    """The share of redraws with a gain, no change counting half."""
    known = drawn[~np.isnan(drawn)]
    return float(((known > 0) + 0.5 * (known == 0)).mean()) if len(known) else float("nan")


def _bounds(i: Interval) -> dict[str, float]:
    return {"estimate": i.estimate, "low": i.low, "high": i.high, "p": i.p}
