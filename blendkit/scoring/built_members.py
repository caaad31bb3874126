"""Build members, and read those whose scores are finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from blendkit.audio import Recording
from blendkit.core import Scores
from blendkit.errors import BlendkitError, broken
from blendkit.member import TTA, FileMember, FinishedMember, Member, MemberContext
from blendkit.recipe import MemberPlan, Plan, RecipeFiles
from blendkit.scoring.identity import tta_of

Read = tuple[FinishedMember, Scores]


def finished_members(plan: Plan, context: MemberContext, files: RecipeFiles) -> dict[str, Read]:
    """Build and read the finished members, in the plan's order.

    Without audio, the run's recordings are those of its template. Where these are others than the score files have, it
    is no list of recordings: detections that mean none of them are read on those of the score files.
    """

    def one(name: str, around: MemberContext) -> Read:
        member = plan.members[name]
        made = build_member(member, member_params(member, files), around)
        return made, _read(name, made, member, tta_of(plan.recipe.model.members[name]))

    done: dict[str, Read] = {}
    failed: dict[str, BlendkitError] = {}
    names = [n for n, m in plan.members.items() if is_finished(m)]
    for name in names:
        try:
            done[name] = one(name, context)
        except BlendkitError as error:
            failed[name] = error
    if failed:
        around = _recordings_of_tables(context, [s for _, s in done.values()])
        if around is None:
            raise next(iter(failed.values()))
        done |= {name: one(name, around) for name in failed}
    return {n: done[n] for n in names}


def _recordings_of_tables(context: MemberContext, tables: Sequence[Scores]) -> MemberContext | None:
    """The context with the recordings of tables; None where the run has audio, or a template of any of theirs."""
    ends = {str(r): 0.0 for s in tables for r in s.rows.recordings()}
    for s in tables:
        for r, end in zip(s.rows.recording, s.rows.end_s.tolist(), strict=True):
            ends[r] = max(ends[r], end)
    if not ends or not context.recordings or any(r.path.name or r.id in ends for r in context.recordings):
        return None
    return replace(context, recordings=tuple(Recording(r, Path()) for r in ends), expected_s=ends)


def build_member(member: MemberPlan, params: dict[str, Any], context: MemberContext) -> Any:
    """Call the adapter's factory; the message of an error names the member."""
    try:
        made = member.factory(context, **params)
    except BlendkitError as error:
        raise BlendkitError(f"member {member.name!r}: {error.title}", error.problems) from error
    except Exception as error:  # an adapter may be a third party's: the message names its module
        raise broken(f"member {member.name!r}", member.factory, error) from error
    kinds = (FinishedMember,) if is_finished(member) else (Member, FileMember)
    if not isinstance(made, kinds):
        wanted = "space, read and warnings" if is_finished(member) else "info and predict (or predict_files)"
        raise BlendkitError(
            f"member {member.name!r}: {member.use} gave a {type(made).__name__} without {wanted}",
            ["a factory with a parameter `space` gives finished scores, any other an audio member"],
        )
    if isinstance(made, Member) and not is_finished(member) and made.info.batch < 1:
        raise BlendkitError(f"member {member.name!r}: batch must be at least 1, got {made.info.batch}")
    return made


def is_finished(member: MemberPlan) -> bool:
    """Return whether a member gives finished scores, without building it: only then it has a parameter `space`."""
    return member.finished


def _read(name: str, made: FinishedMember, member: MemberPlan, tta: TTA) -> Scores:
    if tta != TTA():
        raise BlendkitError(f"member {name!r}: tta moves audio windows; {member.use} reads finished scores")
    try:
        return made.read()
    except BlendkitError as error:
        raise BlendkitError(f"member {name!r}: {error.title}", error.problems) from error
    except Exception as error:
        raise broken(f"member {name!r}: read", type(made), error) from error


def member_params(member: MemberPlan, files: RecipeFiles) -> dict[str, Any]:
    """Return a member's parameters with its files as absolute paths."""
    params = dict(member.params)
    for key in member.files:
        found = [str(p) for p in files.of_member(member.name, key)]
        if found:
            params[key] = found if isinstance(params.get(key), (list, tuple)) else found[0]
    return params
