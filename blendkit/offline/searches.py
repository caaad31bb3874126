"""Search weights or values of a recipe on saved logits, measure the result, and add it to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from blendkit.core import require_choice, require_kind, text_hash
from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.offline.chain_growth import Growth, grow_recipe
from blendkit.offline.comparison import LabelledChunks
from blendkit.offline.found_values import Found
from blendkit.offline.grown_recipe import Grown
from blendkit.offline.interval_settings import Judging
from blendkit.offline.offline_files import Place, open_workspaces
from blendkit.offline.recipe_search import greedy_weights, grid_values, line_weights
from blendkit.offline.stack_search import stack_weights
from blendkit.offline.whatif_axes import check_shares, read_axis, read_share
from blendkit.offline.workspace import Workspaces
from blendkit.recipe import Recipe, filled_text, make_plan, with_values
from blendkit.searching import StackLoss, append_entry


@dataclass(frozen=True)
class GreedySearch:
    """Weights of the output's blend by greedy selection with replacement: how many members are picked."""

    steps: int = 20

    def __post_init__(self) -> None:
        """Refuse a selection of nothing."""
        if self.steps < 1:
            raise BlendkitError(f"a greedy search picks at least one member, got {self.steps} steps")


@dataclass(frozen=True)
class LineSearch:
    """Weights of the output's blend by coordinate ascent on the exact weight path.

    by: also for every class_name (Aves ...) or every class, pulled towards those of all classes.
    """

    by: Literal["class_name", "class"] | None = None

    def __post_init__(self) -> None:
        """Refuse another grouping."""
        if self.by is not None:
            require_choice(self.by, ("class_name", "class"), "groups of a search")


@dataclass(frozen=True)
class GridSearch:
    """Values of steps (`PATH=FIRST:LAST:STEP`) and shares (`BLEND.MEMBER=FIRST:LAST:STEP`), one at a time."""

    over: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()


@dataclass(frozen=True)
class StackSearch:
    """Coefficients of members' logits for every class, held together by taxon and by all classes.

    out: a file for them, which a recipe applies and which is refused on the recordings that they were fitted on;
    audio: a folder of these, so that copies of them under other names are refused, too.
    """

    loss: StackLoss = "logistic"
    negative: bool = False
    out: Path | None = None
    audio: Path | None = None

    def __post_init__(self) -> None:
        """Refuse another loss."""
        require_choice(self.loss, get_args(StackLoss), "loss of a stack")


def search(
    recipe: Recipe | Path | str,
    method: GreedySearch | LineSearch | GridSearch | StackSearch | None = None,
    *,
    overrides: Sequence[str] = (),
    place: Place | None = None,
    judging: Judging | None = None,
    ledger: Path | None = None,
    emit: Emit = silent,
) -> Found:
    """Search a recipe's weights or values on its saved logits; the default is greedy selection.

    The result is also measured on recordings that the search did not see: quarters of the recordings, held out in turn.
    ledger: a file to which the result is added, with the nested figure. Raises BlendkitError for a recipe
    whose output has no relative weights, for unknown paths, and as a run does.
    """
    kinds = (GreedySearch, LineSearch, GridSearch, StackSearch)
    require_kind(method or GreedySearch(), kinds, "method of a search", "as in search(recipe, LineSearch())")
    method, judging = method or GreedySearch(), judging or Judging()
    workspaces, loaded = open_workspaces(recipe, overrides, place, emit)
    if isinstance(method, GreedySearch):
        found = greedy_weights(workspaces, loaded, method.steps, judging=judging)
    elif isinstance(method, LineSearch):
        found = line_weights(workspaces, loaded, by=method.by, judging=judging)
    elif isinstance(method, StackSearch):
        found = stack_weights(
            workspaces, loaded, loss=method.loss, negative=method.negative, judging=judging, out=method.out,
            audio=method.audio,
        )  # fmt: skip
    else:
        found = _grid(workspaces, loaded, method, judging)
    if ledger is not None:
        _add_to_ledger(ledger, workspaces, loaded, found)
    return found


def search_recipe(
    recipe: Recipe | Path | str,
    how: Growth | None = None,
    *,
    overrides: Sequence[str] = (),
    place: Place | None = None,
    judging: Judging | None = None,
    ledger: Path | None = None,
    looks: Path | None = None,
    emit: Emit = silent,
) -> Grown:
    """Search a whole chain: steps of every member, the blend with its weights, and steps after it.

    Starts from a recipe whose output is a blend, from equal weights or from an input alone, and changes one thing at a
    time. Neighbours of the best chains are measured round by round until none is better, or the time is over; the same
    is repeated without each quarter of the recordings, and what comes of it is measured there. looks: a file of all
    figures, from which a search that was stopped goes on. Raises BlendkitError as `search` does.
    """
    workspaces, loaded = open_workspaces(recipe, overrides, place, emit)
    grown = grow_recipe(workspaces, loaded, how or Growth(), judging or Judging(), looks)
    if ledger is not None:
        _add_to_ledger(ledger, workspaces, loaded, grown.found)
    return grown


def _grid(workspaces: Workspaces, recipe: Recipe, method: GridSearch, judging: Judging) -> Found:
    axes = [read_axis(o, "--over") for o in method.over] + [read_share(s, recipe) for s in method.shares]
    if not axes:
        ways = ["a value: --over seqhead.gaussian.sigma=0.5:2:0.5", "a share: --share eos7.seqhead=0.1:0.9:0.2"]
        raise BlendkitError("nothing to search: name a value or a share", ways)
    check_shares(axes)
    for axis in axes:
        axis.applied(recipe, axis.values[0])  # an unknown path fails now, before any work
    return grid_values(workspaces, recipe, axes, judging=judging)


def _add_to_ledger(path: Path, workspaces: Workspaces, recipe: Recipe, found: Found) -> None:
    """Add the result to the ledger, under a name of its own; its figure is the nested one."""
    plan = make_plan(with_values(recipe, found.values, "search"))
    about = {"recipe": f"{recipe.model.name} (searched)", "sha256": text_hash(filled_text(plan))}
    workspace = workspaces.workspace(plan)
    seen = {"in_sample": found.after, "values": found.values, "judgement": found.judgement}
    seen |= {"rows": int(workspace.labelled.sum()), "on": LabelledChunks.of(workspace).measured_on}
    seen |= {"tuned": True} if found.seen else {}  # no figure on what members or steps learned from is held out
    append_entry(path, {"kind": "oof", "from": "search", "oof": found.guarded.nested, **about, **seen})
