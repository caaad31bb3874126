"""A plan's members, opened: finished tables are read, audio members get their stores."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blendkit.audio import Recording
from blendkit.engine.identity import facts_hash, member_facts
from blendkit.engine.inputs import Inputs
from blendkit.engine.scoring import AudioMember
from blendkit.errors import BlendkitError
from blendkit.member import TTA, FinishedMember, Member, MemberContext
from blendkit.recipe.plan import MemberPlan, Plan
from blendkit.recipe.strict_yaml import Path as KeyPath
from blendkit.scores import Scores
from blendkit.store import LogitStore


@dataclass(frozen=True)
class Opened:
    """Members by kind: finished scores (read), and those that need audio; `facts` of all."""

    tables: dict[str, Scores]
    audio: tuple[AudioMember, ...]
    facts: dict[str, dict[str, Any]]
    doubts: list[str]


def open_members(plan: Plan, inputs: Inputs, files: dict[KeyPath, Path], stores: Path) -> Opened:
    """Read the finished members and open the stores of the others, without building any model."""
    model = plan.recipe.model
    context = MemberContext(inputs.classes, inputs.taxonomy, inputs.names, model.chunk_s, cpu_count())
    tables: dict[str, Scores] = {}
    audio, facts, doubts = [], {}, []
    for name, member in plan.members.items():
        tta = TTA(tuple(model.members[name].tta.shifts_s), model.members[name].tta.edge)
        facts[name] = member_facts(member, files, context, tta, model.remainder)
        params = {
            **member.params,
            **{k: str(files["members", name, k]) for k in member.files if ("members", name, k) in files},
        }
        if _is_finished(member):
            made = build_member(member, params, context)
            tables[name] = _read(name, made, member, tta)
            if inputs.classes:  # rows are only known after scoring, classes already now
                policy = model.members[name].unknown_classes
                known = tables[name].align(
                    tables[name].rows, inputs.classes, source=f"member {name!r}", unknown_classes=policy
                )
                tables[name] = known
            doubts += [f"member {name!r}: {w}" for w in made.warnings()]
        else:
            audio.append(_audio_member(name, member, params, context, tta, facts[name], stores))
    return Opened(tables, tuple(audio), facts, doubts)


def cpu_count() -> int:
    """Return the CPUs this process may use, which containers and schedulers limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def build_member(member: MemberPlan, params: dict[str, Any], context: MemberContext) -> Any:
    """Call the adapter's factory; its own errors get the member's name."""
    try:
        made = member.factory(context, **params)
    except BlendkitError as error:
        raise BlendkitError(f"member {member.name!r}: {error.title}", error.problems) from error
    if not isinstance(made, (Member, FinishedMember)):
        raise BlendkitError(
            f"member {member.name!r}: {member.use} gave a {type(made).__name__}, "
            "which has neither info and predict nor space and read"
        )
    return made


def silent_recordings(inputs: Inputs) -> tuple[Recording, ...]:
    """Return the template's recordings, which have no file: members hear silence in their place."""
    return tuple(Recording(r, Path()) for r in inputs.expected_s)


def _is_finished(member: MemberPlan) -> bool:
    """A finished member says in its parameters which space its values are in."""
    return "space" in member.params


def _read(name: str, made: FinishedMember, member: MemberPlan, tta: TTA) -> Scores:
    if tta != TTA():
        raise BlendkitError(f"member {name!r}: tta moves audio windows; {member.use} reads finished scores")
    try:
        return made.read()
    except BlendkitError as error:
        raise BlendkitError(f"member {name!r}: {error.title}", error.problems) from error


def _audio_member(
    name: str,
    member: MemberPlan,
    params: dict[str, Any],
    context: MemberContext,
    tta: TTA,
    facts: dict[str, Any],
    stores: Path,
) -> AudioMember:
    made_by = facts_hash(facts)
    folder = stores / f"{member.use}-{made_by[:12]}"

    def build() -> Member:
        made: Member = build_member(member, params, context)
        return made

    def open_store(made: Member) -> LogitStore:
        info = made.info
        about = {"facts": facts, "notes": list(info.notes), "saw": list(info.saw)}
        return LogitStore.create(folder, made_by, info.classes, info.covered, about)

    return AudioMember(name, build, tta, _existing(folder, made_by), open_store)


def _existing(folder: Path, made_by: str) -> LogitStore | None:
    if not (folder / "manifest.json").exists():
        return None
    store = LogitStore.open(folder)
    store.drop_damaged()
    return store if store.made_by == made_by else None
