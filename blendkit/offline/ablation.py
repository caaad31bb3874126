"""Ablation: leave one part of a recipe out at a time, to measure what each step, gate and member contributes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from blendkit.blending import make_streams
from blendkit.core import Scores, notebook_view
from blendkit.errors import BlendkitError
from blendkit.events import Emit, ignore_note, silent
from blendkit.metrics import Interval
from blendkit.offline.comparison import LabelledChunks, Line, Rules, change_lines
from blendkit.offline.offline_files import Place, open_workspaces
from blendkit.offline.workspace import Workspace, Workspaces, audio_members
from blendkit.recipe import GateStep, KeyPath, OpStep, Plan, Recipe, check_files, make_plan, only_streams, without

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Ablation:
    """What each part of a recipe contributes.

    whole: the recipe's own line; lines: the recipe without each part, changes against the whole; needed: {part: why} of
    parts without which the recipe cannot run.
    """

    whole: Line
    lines: tuple[Line, ...]
    needed: dict[str, str]
    clusters: int
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        whole = f"{self.whole.name} {self.whole.macro.estimate:.6f}"
        return f"Ablation({whole}, {len(self.lines)} parts, {self.clusters} clusters redrawn)"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per part: the macro-AUC without it, and the change against the whole with its bounds."""
        import pandas as pd

        rows = [
            (x.name, x.macro.estimate, x.change.estimate, x.change.low, x.change.high, x.change.p, x.holm)
            for x in self.lines
            if x.change is not None
        ]
        columns = ["part", "macro_auc", "change", "change_low", "change_high", "p", "p_holm"]
        return pd.DataFrame(rows, columns=columns).set_index("part")

    def plot(self) -> Figure:
        """Draw what is lost without each part, the most first, with its interval."""
        from blendkit.figures import draw_forest

        lost = {x.name: turned(x.change) for x in self.lines if x.change is not None}
        order = sorted(lost, key=lambda n: -lost[n].estimate)
        return draw_forest({n: lost[n] for n in order}, "macro-AUC of the whole minus that without the part", zero=0)

    def _repr_html_(self) -> str:
        """Show the parts in a notebook."""
        return notebook_view(repr(self), self.to_frame())


def turned(change: Interval) -> Interval:
    """Return the interval of b - a for that of a - b."""
    return replace(change, estimate=-change.estimate, low=-change.high, high=-change.low)


def parts(plan: Plan) -> Iterator[tuple[str, tuple[KeyPath, ...]]]:
    """Yield (name, key paths) of everything that can be left out: steps, gates, and inputs of blends.

    Conversions are no parts: they change nothing by themselves, and the steps after them need them.
    """
    for stream in plan.streams:
        if stream.blend is not None and sum(w != 0 for w in stream.weights.values()) > 1:
            for name in stream.inputs:
                yield f"{stream.name}.of.{name}", tuple(_weights(plan, stream.path, name))
        for step in stream.steps:
            own = f"{stream.name}.{step.label}"
            if isinstance(step, OpStep) or len(step.ops) > 1:
                yield own, (step.path,)
            if isinstance(step, GateStep):
                yield from ((f"{own}.{g.label}", (g.path,)) for g in step.gates)


def _weights(plan: Plan, path: KeyPath, name: str) -> Iterator[KeyPath]:
    """Every place where a blend weighs an input."""

    def below(at: object, so_far: KeyPath) -> Iterator[KeyPath]:
        if isinstance(at, dict):
            for key, value in at.items():
                if key == name and isinstance(value, (int, float)):
                    yield (*so_far, key)
                else:
                    yield from below(value, (*so_far, key))
        elif isinstance(at, list):
            for i, value in enumerate(at):
                yield from below(value, (*so_far, i))

    blend = plan.recipe.raw[str(path[0])][str(path[1])]
    for key in ("of", "weights_by"):
        yield from below(blend.get(key), (*path, key))


def ablate(
    recipe: Recipe | Path | str,
    *,
    overrides: Sequence[str] = (),
    place: Place | None = None,
    rules: Rules | None = None,
    emit: Emit = silent,
) -> Ablation:
    """Measure a recipe's output without each of its parts, from saved logits; see `ablate_parts`."""
    workspaces, loaded = open_workspaces(recipe, overrides, place, emit)
    return ablate_parts(workspaces, loaded, rules or Rules())


def ablate_parts(workspaces: Workspaces, recipe: Recipe, rules: Rules) -> Ablation:
    """Measure a recipe's output without each of its parts, all on the same redrawn recordings.

    Raises BlendkitError where nothing can be left out, and as `compare_scores` does.
    """
    plan = make_plan(recipe)
    workspace = workspaces.workspace(plan)
    scores = {recipe.model.name: workspaces.streams(plan, (recipe.model.output,))[recipe.model.output]}
    needed: dict[str, str] = {}
    for name, paths in parts(plan):
        try:
            scores[name] = without_parts(workspaces, workspace, recipe, paths)
        except BlendkitError as error:
            needed[name] = (error.problems or [error.title])[0]
    if len(scores) < 2:
        reasons = [f"{n}: {w}" for n, w in needed.items()]
        raise BlendkitError(f"{recipe.source}: nothing can be left out of this recipe", reasons)
    truth = LabelledChunks.of(workspace)
    (whole, *lines), boot = change_lines(scores, truth, rules)
    return Ablation(whole, tuple(lines), needed, boot.clusters, tuple(workspace.notes))


def without_parts(
    workspaces: Workspaces, workspace: Workspace, recipe: Recipe, paths: tuple[KeyPath, ...]
) -> Scores:  # fmt: skip
    """Return the output of a recipe without the keys at some paths, on the rows and classes of a workspace.

    Raises BlendkitError for a recipe that cannot run without them.
    """
    output = recipe.model.output
    plan = make_plan(only_streams(without(recipe, paths), output, []))
    around = replace(workspace.around, files=check_files(plan, workspaces.data, audio_members(plan)))
    # on the workspace's rows and classes, even where the smaller recipe would have others: changes must be paired
    members = {n: s for n, s in workspace.members.items() if n in plan.members}
    return make_streams(plan, members, around, note=ignore_note, memo=workspace.memo, wanted=(output,))[output]
