"""What a constant member weighs: the first line of a result says it."""

from __future__ import annotations

from collections.abc import Sequence

from blendkit.io import CONSTANT
from blendkit.recipe import Plan


def with_weights(plan: Plan, warnings: Sequence[str]) -> list[str]:
    """Return the warnings, those on constant members with the member's share in every blend that takes it."""
    return [text + _shares(plan, text) if CONSTANT in text else text for text in warnings]


def _shares(plan: Plan, text: str) -> str:
    found = []
    for blend, model in plan.recipe.model.blends.items():
        total = sum(abs(w) for w in model.of.values())
        own = [w for name, w in model.of.items() if text.startswith(f"member {name!r}: ")]
        found += [f"{w:g} of {total:g} in {blend!r}" for w in own]
    return f" (its weight: {', '.join(found)})" if found else ""
