"""What-if on saved logits: a recipe with other shares and values, compared with the recipe as it is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import cluster_labels, notebook_view, require_kind
from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.metrics import Interval, paired_bootstrap
from blendkit.offline.cliffs_of_shares import share_cliffs
from blendkit.offline.interval_settings import Judging
from blendkit.offline.offline_files import Place, open_workspaces
from blendkit.offline.sweeps import Sweep, sweep
from blendkit.offline.whatif_axes import Axis, check_shares, read_axis, read_share
from blendkit.offline.workspace import Workspaces
from blendkit.recipe import Recipe, make_plan, open_recipe

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


_SHOWN = 11  # points of a sweep that are compared with the best of it


@dataclass(frozen=True, eq=False, repr=False)
class WhatIf:
    """base: the recipe's own macro-AUC; best: that of the changed one, or of the best point of a sweep.

    gain: the interval of best - base; None and why_not where there is none. swept: every point, None without a sweep.
    alike: of about eleven points of the only axis, those whose difference to the best may be 0 (its interval holds it):
    the labels do not tell them apart. The best of many points is in-sample: the same labels chose it.
    """

    base: float
    best: float
    gain: Interval | None
    swept: Sweep | None
    notes: tuple[str, ...]
    why_not: str = ""
    alike: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        what = "changed" if self.swept is None else f"best of {self.swept.macro.size}{self.where()}"
        bounds = "" if self.gain is None else f" [{self.gain.low:+.6f}, {self.gain.high:+.6f}]"
        return f"WhatIf(base {self.base:.6f}, {what} {self.best:.6f}, gain {self.best - self.base:+.6f}{bounds})"

    def where(self) -> str:
        """Return at which value of each axis the best point lies, as ` at a.x = 0.5`; "" without a sweep."""
        if self.swept is None:
            return ""
        found = zip(self.swept.axes, self.swept.best, strict=True)
        return " at " + ", ".join(f"{a.label} = {a.values[i]}" for a, i in found)

    def points(self) -> list[tuple[tuple[Any, ...], float]]:
        """Return every point of the sweep as ((value of each axis), macro-AUC)."""
        if self.swept is None:
            return []
        values = itertools.product(*(a.values for a in self.swept.axes))
        return list(zip(values, self.swept.macro.ravel().tolist(), strict=True))

    def plot(self) -> Figure:
        """Draw every point of the sweep: a curve, or colours over two axes. Raises BlendkitError without a sweep."""
        from blendkit.figures import draw_curve, draw_heat_map

        if self.swept is None:
            raise BlendkitError("nothing is swept, so there is nothing to draw", ["give a range, as in 0:1:0.05"])
        axes, macro = self.swept.axes, self.swept.macro
        if len(axes) == 1:
            return draw_curve(axes[0].label, axes[0].values, macro, self.base)
        return draw_heat_map([a.label for a in axes], [a.values for a in axes], macro, self.base)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per point: the value of each axis, macro_auc, change."""
        import pandas as pd

        labels = [] if self.swept is None else [a.label for a in self.swept.axes]
        rows = [(*point, macro, macro - self.base) for point, macro in self.points()]
        return pd.DataFrame(rows, columns=[*labels, "macro_auc", "change"])

    def _repr_html_(self) -> str:
        """Show the points in a notebook."""
        return notebook_view(repr(self), self.to_frame())


def whatif(
    recipe: Recipe | Path | str,
    *,
    shares: Sequence[str] = (),
    sweeps: Sequence[str] = (),
    overrides: Sequence[str] = (),
    place: Place | None = None,
    judging: Judging | None = None,
    emit: Emit = silent,
) -> WhatIf:
    """Measure a recipe with other shares and values, from saved logits: no audio, no model.

    shares: `BLEND.MEMBER=SHARE`, the ratio of the other members unchanged; sweeps: `PATH=VALUE`; both may give a range
    FIRST:LAST:STEP or a list A,B,C. overrides: `path=value`. A share is swept along the exact weight path where
    possible. Raises BlendkitError for nothing to change, for more than two ranges, and as a run does.
    """
    for what, given in (("shares", shares), ("sweeps", sweeps), ("overrides", overrides)):
        require_kind(given, (list, tuple), what, f"give a list: {what}=[...]")
    judging = judging or Judging()
    workspaces, changed = open_workspaces(recipe, overrides, place, emit)
    base = open_recipe(recipe, on=changed.on).recipe
    changed, axes = _axes(changed, shares, sweeps, bool(overrides))
    swept = sweep(workspaces, changed, axes) if axes else None
    found = _against(workspaces, base, changed, swept, judging)
    shared = [a.address for a in swept.axes if not isinstance(a.address, str)] if swept else []
    own = [text for blend, member in shared for text in share_cliffs(workspaces, base, blend, member)]
    return replace(found, notes=(*found.notes, *own))


def _axes(recipe: Recipe, shares: Sequence[str], sweeps: Sequence[str], changed: bool) -> tuple[Recipe, list[Axis]]:
    """Apply the axes that have one value, and return those that have several."""
    found = [read_share(s, recipe) for s in shares] + [read_axis(s, "--sweep") for s in sweeps]
    check_shares(found)
    if not found and not changed:
        raise BlendkitError(
            "nothing to change: give --share, --sweep or --set",
            ["as in --share eos7.seqhead=0.1 --sweep seqhead.site_hour_prior.strength=0:1:0.05"],
        )
    wide = [a for a in found if len(a.values) > 1]
    if len(wide) > 2:
        raise BlendkitError(
            f"{len(wide)} sweeps; at most two can be shown as a table or a plot", [a.origin for a in wide]
        )
    for axis in found:
        changed_recipe = axis.applied(recipe, axis.values[0])  # an unknown path fails now, before any work
        recipe = changed_recipe if len(axis.values) == 1 else recipe
    return recipe, wide


def _against(workspaces: Workspaces, base: Recipe, changed: Recipe, swept: Sweep | None, judging: Judging) -> WhatIf:
    """Compare the changed recipe with the one as it is: the interval of the difference, or why there is none."""
    best = changed if swept is None else swept.recipe(changed, swept.best)
    (workspace, old), (other, new) = workspaces.output(base), workspaces.output(best)
    figures = workspace.auc(old).macro, other.auc(new).macro
    notes = tuple(workspaces.workspace(make_plan(base)).notes)
    labels = cluster_labels(workspace.rows, judging.clusters, workspace.labelled, workspace.around.contents)
    if len(other.rows) != len(workspace.rows):
        return WhatIf(*figures, None, swept, notes, "the changed recipe has other rows")
    some = _some_points(swept)
    each = {
        repr(v): workspaces.output(r, quiet=True)[1].values
        for v, r in zip(some, _recipes(changed, swept, some), strict=True)
    }
    both = {"base": old.values, "best": new.values, **each}
    try:
        boot = paired_bootstrap(workspace.truth, both, labels, judging.replicates, judging.seed, workspace.labelled)
    except BlendkitError as error:
        return WhatIf(*figures, None, swept, notes, error.title)
    gaps = {v: boot.difference(repr(v), "best", judging.level) for v in some}
    alike = tuple(v for v in some if gaps[v].low <= 0 <= gaps[v].high)
    return WhatIf(*figures, boot.difference("best", "base", judging.level), swept, notes, alike=alike)


def _some_points(swept: Sweep | None) -> list[Any]:
    """Return about eleven values of the only axis, the best among them; none of two axes, or without one."""
    if swept is None or len(swept.axes) != 1:
        return []
    values, (best,) = swept.axes[0].values, swept.best
    at = {*np.linspace(0, len(values) - 1, min(_SHOWN, len(values))).round().astype(int).tolist(), best}
    return [values[i] for i in sorted(at)]


def _recipes(recipe: Recipe, swept: Sweep | None, values: Sequence[Any]) -> list[Recipe]:
    return [] if swept is None else [swept.axes[0].applied(recipe, v) for v in values]
