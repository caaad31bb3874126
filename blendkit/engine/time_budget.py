"""A run's time budget: where it comes from, what scoring agrees to, and what is said of what it cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from blendkit.core import in_words, seconds_in
from blendkit.engine.rehearsal import rehearse
from blendkit.engine.run_inputs import Inputs
from blendkit.errors import BlendkitError, DeliveryError
from blendkit.events import Emit
from blendkit.recipe import Plan, Recipe, RecipeFiles, make_plan, member_shares, narrowed
from blendkit.scoring import Choice, Deadline, Opened, Runtime, Scored, Terms, dropped_words, one_shift, tta_of

OVER_BUDGET = "the time budget of"  # begins the warning that must not be overlooked


class Ordered(Protocol):
    """What is needed of how a run is to be done."""

    @property
    def runtime(self) -> Runtime:
        """What the machine allows."""
        ...

    @property
    def starting_s(self) -> float:
        """The seconds between the start of the command and that of its work."""
        ...

    @property
    def emit(self) -> Emit:
        """What is called with events."""
        ...


def deadline_of(budget: float | str | Deadline | None, recipe: Recipe, started: float) -> Deadline | None:
    """Return when a run must have delivered: what is asked wins over the recipe's own budget; None without either.

    Raises BlendkitError for an option that is no length of time.
    """
    if isinstance(budget, Deadline):
        return budget
    if budget is None:
        asked = recipe.model.budget
    else:
        try:
            asked = seconds_in(budget)
        except ValueError as error:
            raise BlendkitError(f"budget: {error}") from error
    return None if asked is None else Deadline(asked, started)


def terms_of(
    deadline: Deadline, plan: Plan, inputs: Inputs, opened: Opened, files: RecipeFiles, order: Ordered
) -> Terms:
    """Return what scoring agrees to."""
    model = plan.recipe.model
    optional = frozenset(n for n, m in model.members.items() if m.optional)
    how = partial(rehearse, plan, inputs, opened, files, order.emit, order.starting_s)
    return Terms(deadline, member_shares(model), optional, how, order.runtime.used_threads)


def narrowed_plan(plan: Plan, choice: Choice) -> Plan:
    """Return the plan without what was dropped: that of the recipe which never had it."""
    if not choice:
        return plan
    alone = {n: one_shift(tta_of(plan.recipe.model.members[n])) for n in choice.shifts}
    shifts = {n: tta.shifts_s[0] for n, tta in alone.items() if tta is not None}
    return make_plan(narrowed(plan.recipe, choice.members, shifts))


@dataclass(frozen=True)
class BudgetKept:
    """A run's budget after scoring: what was left out to keep it. plan: as the recipe has it."""

    deadline: Deadline | None
    plan: Plan
    scored: Scored

    @property
    def cut(self) -> list[str]:
        """The recordings that a member did not hear in time, in the order of rows."""
        lost = frozenset().union(*self.scored.cut.values())
        return [r for r in self.scored.status if r in lost]

    def warnings(self) -> list[str]:
        """Return one warning on all that was left out, or none."""
        if self.deadline is None:
            return []
        dropped = dropped_words(self.scored.choice, member_shares(self.plan.recipe.model))
        said = [f"dropped {'; '.join(dropped)}"] if dropped else []
        if self.cut:
            by = Counter({n: len(rs) for n, rs in self.scored.cut.items()})
            who = ", ".join(f"{n!r} {k}" for n, k in by.most_common())
            many = f"{len(self.cut)} of {len(self.scored.status)}"
            said.append(f"cut {many} recordings, whose rows hold the median of each class (by member: {who})")
        return [f"{OVER_BUDGET} {in_words(self.deadline.asked_s)} {'; '.join(said)}"] if said else []

    def report(self) -> dict[str, Any]:
        """Return what run.json says of the budget; nothing without one."""
        if self.deadline is None:
            return {}
        choice = self.scored.choice
        told = {"asked_s": self.deadline.asked_s, "dropped_members": list(choice.members)}
        return {"budget": {**told, "dropped_shifts": list(choice.shifts), "cut_recordings": self.cut}}

    def timings(self) -> dict[str, Any]:
        """Return what timings.json says of the budget, in seconds; nothing without one."""
        if self.deadline is None:
            return {}
        used, reserve = self.deadline.asked_s - self.deadline.left(), self.scored.reserve_s
        return {"budget": {"asked_s": self.deadline.asked_s, "used_s": round(used, 3), "reserve_s": round(reserve, 3)}}

    def late_s(self) -> float:
        """Return by how many seconds the deadline was missed, 0 if it was kept."""
        return 0.0 if self.deadline is None else max(0.0, -self.deadline.left())


def require_time(deadline: Deadline | None) -> None:
    """Raise DeliveryError if the time is over before anything is blended: a run of tables costs nothing before that."""
    if deadline is not None and deadline.left() <= 0:
        asked, spent = deadline.asked_s, deadline.asked_s - deadline.left()
        problems = ["no member needs audio: there is nothing to leave out", "give it more time"]
        raise DeliveryError(
            f"a time budget of {in_words(asked)} is too short: reading took {in_words(spent)}", problems
        )
