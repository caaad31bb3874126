"""Hashes that say what a number was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from blendkit.audio import Remainder
from blendkit.files import canonical_json, file_hash, text_hash
from blendkit.member import SCORING_FORMAT, TTA, MemberContext, logits_version_of
from blendkit.recipe.plan import MemberPlan
from blendkit.recipe.strict_yaml import KeyPath
from blendkit.registry import MEMBERS, registry

_INLINE_BYTES = 1 << 26  # a graph with weights elsewhere is far smaller


def member_facts(
    member: MemberPlan, files: dict[KeyPath, Path], context: MemberContext, tta: TTA, remainder: Remainder
) -> dict[str, Any]:
    """Return all that a member's logits depend on beside the audio; files count by content, not by name.

    Where the adapter's code lies and which release it comes from do not count: a package may move its modules and
    publish patches without orphaning what its users scored. An adapter whose logits change says so by its
    `logits_version`.
    """
    params: dict[str, Any] = dict(member.params)
    for key in member.files:
        found = [{"sha256": content_hash(path)} for path in paths_of(files, member.name, key)]
        if found:
            params[key] = found if isinstance(params.get(key), (list, tuple)) else found[0]
    taxa = {c: context.taxonomy.table.get(c, {}) for c in context.classes}
    return {
        "use": member.use,
        "distribution": registry(MEMBERS).distribution(member.use),
        "logits_version": logits_version_of(member.factory),
        "scoring": SCORING_FORMAT,
        "params": params,
        "classes": text_hash(canonical_json([list(context.classes), {k: dict(v) for k, v in taxa.items()}])),
        "chunk_s": context.chunk_s,
        "remainder": remainder,
        "tta": {"shifts_s": list(tta.shifts_s), "edge": tta.edge},
        **({} if context.provider == "cpu" else {"provider": context.provider}),  # another runtime, other last bits
    }


def paths_of(files: dict[KeyPath, Path], member: str, key: str) -> list[Path]:
    """Return the file or the files of a member's parameter, in order; none if they are not there."""
    base = ("members", member, key)
    one = [files[base]] if base in files else []
    several = {int(k[3]): p for k, p in files.items() if k[:3] == base and len(k) == 4}
    return one or [several[i] for i in sorted(several)]


def facts_hash(facts: dict[str, Any]) -> str:
    """Return the hash that keys a member's store."""
    return text_hash(canonical_json(facts))


def content_hash(path: Path) -> str:
    """The hash of a file or folder, and of the weights that a small ONNX graph keeps in files beside it."""
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.endswith("-shm"))  # SQLite's locks
        return text_hash(canonical_json([[p.relative_to(path).as_posix(), file_hash(p)] for p in inside]))
    if path.suffix.lower() != ".onnx" or path.stat().st_size > _INLINE_BYTES:
        return file_hash(path)
    import onnx
    from onnx.external_data_helper import ExternalDataInfo

    try:
        tensors = onnx.load(str(path), load_external_data=False).graph.initializer
    except Exception:  # not a graph: the member that needs it will say so in its own words
        return file_hash(path)
    beside = {ExternalDataInfo(t).location for t in tensors if t.data_location == onnx.TensorProto.EXTERNAL}
    found = [path, *(path.parent / name for name in sorted(beside) if (path.parent / name).is_file())]
    return text_hash("".join(file_hash(p) for p in found)) if beside else file_hash(path)
