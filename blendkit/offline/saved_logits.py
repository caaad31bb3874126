"""Find the saved logits of members whose models, or whose audio, are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blendkit.core import Rows, chunk_rows, compare_names, json_value
from blendkit.engine import Inputs
from blendkit.errors import BlendkitError, shorten
from blendkit.recipe import MemberPlan, Plan, RecipeFiles
from blendkit.scoring import AudioMember, Opened
from blendkit.store import STORE_FACTS, LogitStore


def find_saved(plan: Plan, opened: Opened, files: RecipeFiles, stores: Path) -> None:
    """Give every audio member its store; a model file that is missing counts as the one it was scored with.

    Raises BlendkitError naming, per member without saved logits, what the nearest store was made with.
    """
    problems = []
    for m in opened.audio:
        absent = _absent(plan.members[m.name], files)
        if m.store is None:
            problems += _open_store(m, opened.facts, absent, stores)
    if problems:
        listed = [*problems, "score them first: `blendkit run`"]
        raise BlendkitError(f"{plan.recipe.source}: logits are not saved below {stores}", listed)


def _absent(member: MemberPlan, files: RecipeFiles) -> set[str]:
    """The parameters whose file, or one of whose files, is not there."""
    named = {k: v if isinstance(v, (list, tuple)) else [v] for k, v in member.params.items() if k in member.files}
    return {k for k in member.files if len(files.of_member(member.name, k)) < len(named.get(k, [None]))}


def _open_store(m: AudioMember, facts: dict[str, dict[str, Any]], absent: set[str], stores: Path) -> list[str]:
    wanted = _flat(facts[m.name], absent)
    found = {folder: _flat(made_from, absent) for folder, made_from in _facts_of(stores)}
    fits = [f for f, has in found.items() if has == wanted]
    if len(fits) == 1:
        m.store = LogitStore.open(fits[0])
        m.store.drop_damaged()
        facts[m.name] = m.store.about["facts"]  # with the missing files' hashes, as in the run that made the logits
        return []
    if fits:  # never the newest or the first: the missing file alone says which model is meant
        names = ", ".join(f.name for f in fits)
        return [f"member {m.name!r}: its files {sorted(absent)} are missing, and {len(fits)} stores fit: {names}"]
    near: list[set[str]] = [{k for k in {*has, *wanted} if has.get(k) != wanted.get(k)} for has in found.values()]
    near = [n for n in near if "use" not in n]
    hint = f"; saved with other {shorten(sorted(min(near, key=lambda n: len(set(n)))))}" if near else ""
    return [f"member {m.name!r}: no saved logits{hint}"]


def _facts_of(stores: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The stores in a folder that say what they were made from, each with that."""
    for path in sorted(stores.glob(f"*/{STORE_FACTS}")):
        try:
            made_from = json_value(path.read_text(encoding="utf-8"))["about"]["facts"]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a store whose facts are damaged belongs to no member
        if isinstance(made_from, dict):
            yield path.parent, made_from


def _flat(facts: dict[str, Any], absent: set[str]) -> dict[str, Any]:
    """Facts with one key per parameter of the member, without the parameters whose files are missing."""
    params = {f"params.{k}": v for k, v in facts.get("params", {}).items() if k not in absent}
    return {**{k: v for k, v in facts.items() if k != "params"}, **params}


def saved_rows(inputs: Inputs, opened: Opened, chunk_s: float) -> Rows:
    """Return the rows of the recordings in the data folder; where it has no audio, of all that are saved.

    Raises BlendkitError listing recordings that a member's saved logits lack, or hold beyond the others'.
    """
    known = {m.name: m.store.recordings() for m in opened.audio if m.store is not None}
    present = [r.id for r in inputs.recordings]
    first = next(iter(known))
    wanted = present or list(known[first])
    problems = []
    for name, stored in known.items():
        lacks = [r for r in wanted if r not in stored]
        extra = [] if present else [r for r in stored if r not in known[first]]
        if lacks or extra:
            counts = f"{len(lacks)} of {len(wanted)} missing, {len(extra)} others"
            problems.append(f"member {name!r}: {counts}: {shorten(lacks + extra, 3)}")
            problems += filter(None, [compare_names(wanted, stored, "the run", "the saved logits")])
    if problems:
        raise BlendkitError("recordings are not in the saved logits", [*problems, "score them first: `blendkit run`"])
    rows = chunk_rows({r: known[first][r].chunks for r in wanted}, chunk_s, inputs.names)
    if not len(rows):
        raise BlendkitError("no saved recording has a chunk, so there is nothing to measure")
    return rows
