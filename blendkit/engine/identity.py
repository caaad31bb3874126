"""Hashes that say what a number was made from."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from blendkit.audio import Remainder
from blendkit.files import canonical_json, file_hash, text_hash
from blendkit.member import TTA, MemberContext
from blendkit.recipe.plan import MemberPlan
from blendkit.recipe.strict_yaml import Path as KeyPath


def member_facts(
    member: MemberPlan, files: dict[KeyPath, Path], context: MemberContext, tta: TTA, remainder: Remainder
) -> dict[str, Any]:
    """Return all that a member's logits depend on beside the audio; files count by content, not by name."""
    params: dict[str, Any] = dict(member.params)
    for key in member.files:
        path = files.get(("members", member.name, key))
        if path is not None:
            params[key] = {"sha256": file_hash(path)}
    taxa = {c: context.taxonomy.table.get(c, {}) for c in context.classes}
    return {
        "use": member.use,
        "adapter": _adapter(member),
        "params": params,
        "classes": text_hash(canonical_json([list(context.classes), {k: dict(v) for k, v in taxa.items()}])),
        "chunk_s": context.chunk_s,
        "remainder": remainder,
        "tta": {"shifts_s": list(tta.shifts_s), "edge": tta.edge},
    }


def facts_hash(facts: dict[str, Any]) -> str:
    """Return the hash that keys a member's store."""
    return text_hash(canonical_json(facts))


def _adapter(member: MemberPlan) -> str:
    """Package and version that the adapter comes from."""
    package = member.factory.__module__.partition(".")[0]
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package
