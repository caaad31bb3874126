"""Hashes that say what a number was made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blendkit.audio import Grid
from blendkit.core import canonical_json, text_hash
from blendkit.member import SCORING_FORMAT, TTA, MemberContext, logits_version_of
from blendkit.recipe import MemberModel, MemberPlan, Plan, RecipeFiles
from blendkit.registry import MEMBERS, registry

UNASKED: dict[str, Any] = {"channels": "mean", "silence": "score"}  # facts that are said where they are others


def grid_of(plan: Plan, context: MemberContext) -> Grid:
    """Return how a plan turns recordings into chunks, in a run with this context."""
    model = plan.recipe.model
    return Grid(model.chunk_s, model.remainder, context.names, dict(context.expected_s), model.channels, model.silence)


def member_facts(
    member: MemberPlan, files: RecipeFiles, context: MemberContext, tta: TTA, grid: Grid
) -> dict[str, Any]:
    """Return all that a member's logits depend on beside the audio; files count by content, not by name.

    Where the adapter's code lies and which release it comes from do not count: a package may move its modules and
    publish patches without orphaning what its users scored. An adapter whose logits change says so by its
    `logits_version`.
    """
    params: dict[str, Any] = dict(member.params)
    for key in member.files:
        found = [{"sha256": files.contents.sha256(path)} for path in files.of_member(member.name, key)]
        if found:
            params[key] = found if isinstance(params.get(key), (list, tuple)) else found[0]
    # logits of before there was a choice stay valid: only what differs from the default is said
    asked = {"channels": 1 if grid.channels == "first" else grid.channels, "silence": grid.silence}
    taxa = {c: context.taxonomy.table.get(c, {}) for c in context.classes}
    return {
        "use": member.use,
        "distribution": registry(MEMBERS).distribution(member.use),
        "logits_version": logits_version_of(member.factory),
        "scoring": SCORING_FORMAT,
        "params": params,
        "classes": text_hash(canonical_json([list(context.classes), {k: dict(v) for k, v in taxa.items()}])),
        "chunk_s": context.chunk_s,
        "remainder": grid.remainder,
        **{k: v for k, v in asked.items() if v != UNASKED[k]},
        "tta": _shifts(tta),
        **({} if context.provider == "cpu" else {"provider": context.provider}),  # another runtime, other last bits
    }


def tta_of(model: MemberModel) -> TTA:
    """Return the augmentation that a member of a recipe asks for."""
    return TTA(tuple(model.tta.shifts_s), model.tta.edge, tuple(model.tta.weights), model.tta.mean)


def _shifts(tta: TTA) -> dict[str, Any]:
    """Return what shifts change of the logits; settings that came later count only where they are used."""
    later = {"weights": list(tta.weights), "mean": tta.mean}
    used = {k: v for k, v in later.items() if v not in ([], "logit")}
    return {"shifts_s": list(tta.shifts_s), "edge": tta.edge, **used}


def facts_hash(facts: Mapping[str, Any]) -> str:
    """Return the hash that keys a member's store."""
    return text_hash(canonical_json(facts))
