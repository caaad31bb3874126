"""Whether the files of members are those that the recipe's author meant: their hashes against `sha256:`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from blendkit.io import FileContents
from blendkit.recipe.load import Recipe
from blendkit.recipe.plan import MemberPlan
from blendkit.recipe.strict_yaml import KeyPath

Stated = Mapping[str, str | list[str] | dict[str, str]]


def stated_hashes(stated: object) -> set[str]:
    """Return all hashes that a member's `sha256:` states, whatever its form."""
    if isinstance(stated, str):
        return {stated.lower()}
    if isinstance(stated, Mapping):
        stated = list(stated.values())
    return set().union(*map(stated_hashes, stated)) if isinstance(stated, list) else set()


def wrong_hashes(
    recipe: Recipe, member: MemberPlan, found: Mapping[KeyPath, Path], contents: FileContents
) -> Iterator[str]:
    """Yield a line for every file of a member that is not the one that its `sha256:` states, with both hashes.

    found: the member's files by key path; a file that is not there is not checked.
    """
    where = ("members", member.name, "sha256")
    own = {k: p for k, p in found.items() if k[:2] == where[:2]}
    stated = recipe.model.members[member.name].sha256
    if isinstance(stated, str):
        parameters = list(dict.fromkeys(str(k[2]) for k in own))
        if len(own) > 1 or len(parameters) > 1:
            listed = ", ".join(f"{p}: HASH" for p in parameters)
            yield f"{recipe.where(where)}: one hash for {len(own)} files; write `sha256: {{{listed}}}`"
            return
        stated = dict.fromkeys(parameters, stated)
    for parameter, hashes in (stated or {}).items():
        if parameter not in member.files:
            known = ", ".join(member.files) or "none"
            yield f"{recipe.where((*where, parameter))}: no file of {member.use!r}; its files: {known}"
            continue
        if parameter in member.sides:
            if not isinstance(hashes, dict) or set(hashes) != {"oof", "test"}:
                yield f"{recipe.where((*where, parameter))}: two files; write `{parameter}: {{oof: HASH, test: HASH}}`"
                continue
            hashes = hashes[recipe.on]
        elif isinstance(hashes, dict):
            yield f"{recipe.where((*where, parameter))}: expected one hash, or a list of them"
            continue
        paths = [p for k, p in own.items() if k[2] == parameter]
        yield from _compared(f"{recipe.where((*where, parameter))}", paths, hashes, contents)


def _compared(where: str, paths: Sequence[Path], hashes: str | list[str], contents: FileContents) -> Iterator[str]:
    listed = [hashes] if isinstance(hashes, str) else hashes
    if paths and len(paths) != len(listed):
        yield f"{where}: {len(listed)} hashes for {len(paths)} files: give one for each, in their order"
        return
    for path, expected in zip(paths, listed, strict=False):
        real = contents.sha256(path)
        if real != expected.lower():
            yield f"{where}: {path.name} is another file: expected {expected.lower()}, found {real}"
