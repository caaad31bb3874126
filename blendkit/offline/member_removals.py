"""Members removed one after the other: how a blend falls from all of its members to one of them."""

from __future__ import annotations

from dataclasses import dataclass

from blendkit.errors import BlendkitError
from blendkit.metrics import Bootstrap, Interval
from blendkit.offline.ablation import Ablation, parts, without_parts
from blendkit.offline.comparison import LabelledChunks, Line, Rules, change_lines
from blendkit.offline.workspace import Workspaces
from blendkit.recipe import KeyPath, Plan, Recipe, make_plan


@dataclass(frozen=True)
class Removal:
    """The macro-AUC once one more member was removed, and its change to the one before, paired.

    member: the one removed; "" for the whole, which has no change. left: how many members are left.
    """

    member: str
    left: int
    macro: Interval
    change: Interval | None


def removals(workspaces: Workspaces, recipe: Recipe, alone: Ablation, rules: Rules) -> tuple[Removal, ...]:
    """Remove the members of the recipe's last blend one after the other, until one is left.

    First comes the one whose loss alone costs least (alone: the ablation of the recipe), and so on: an order that is
    not searched for, so that a later removal may cost less than an earlier one. All are measured on the same redrawn
    recordings. Empty for fewer than three members. Raises BlendkitError as `compare_scores` does.
    """
    plan = make_plan(recipe)
    blend, members = _members(plan, alone)
    if len(members) < 3:
        return ()
    workspace, paths = workspaces.workspace(plan), dict(parts(plan))
    made, gone = {"": workspaces.output(recipe)[1]}, list[KeyPath]()
    for name in members[:-1]:
        gone += paths[f"{blend}.of.{name}"]
        try:
            made[name] = without_parts(workspaces, workspace, recipe, tuple(gone))
        except BlendkitError:  # what is left cannot be blended, or its steps need what is gone
            break
    truth = LabelledChunks.of(workspace)
    lines, boot = change_lines(made, truth, rules)
    return tuple(_removal(lines, i, len(members) - i, boot, rules) for i in range(len(lines)))


def _members(plan: Plan, alone: Ablation) -> tuple[str, list[str]]:
    """The last blend, and its members that can be left out, those that cost least first."""
    blend = next((s.name for s in reversed(plan.streams) if s.blend is not None), "")
    cost = {x.name: -x.change.estimate for x in alone.lines if x.change is not None}
    own = [n for n in sorted(cost, key=lambda n: cost[n]) if n.startswith(f"{blend}.of.")]
    return blend, [n.removeprefix(f"{blend}.of.") for n in own]


def _removal(lines: tuple[Line, ...], i: int, left: int, boot: Bootstrap, rules: Rules) -> Removal:
    change = boot.difference(lines[i].name, lines[i - 1].name, rules.judging.level) if i else None
    return Removal(lines[i].name, left, lines[i].macro, change)
