"""Recordings through members to saved logits.

In go recordings and the members of a plan; out come logit stores, a status for every recording, and how fast each
member was. What is saved already is not scored again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.scoring.audio_members import AudioMember, MemberOrder, one_shift
    from blendkit.scoring.background_mixing import BackgroundMix
    from blendkit.scoring.budget import Choice, Deadline, Span, Terms
    from blendkit.scoring.budget_planning import dropped_words
    from blendkit.scoring.built_members import build_member, is_finished, member_params
    from blendkit.scoring.cpus import cpu_count
    from blendkit.scoring.feature_saving import fit_features, save_features
    from blendkit.scoring.held_members import GroupDone, HeldMembers, gathered
    from blendkit.scoring.identity import facts_hash, grid_of, member_facts, tta_of
    from blendkit.scoring.opened_members import (
        CPU_ONLY,
        TARGET_CORES,
        Opened,
        Runtime,
        audio_member,
        open_members,
    )
    from blendkit.scoring.run_speed import Throughput, predicted_minutes, runtime_of, throughput, timings
    from blendkit.scoring.scorer import Executor, Scored, score_recordings
    from blendkit.scoring.seen_by_members import saw_of_members
    from blendkit.scoring.shards import Shard, as_shard
    from blendkit.scoring.standalone import Scorer, one_member, score, score_audio
    from blendkit.scoring.statuses import is_odd, to_do
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "CPU_ONLY",
    "TARGET_CORES",
    "AudioMember",
    "BackgroundMix",
    "Choice",
    "Deadline",
    "Executor",
    "GroupDone",
    "HeldMembers",
    "MemberOrder",
    "Opened",
    "Runtime",
    "Scored",
    "Scorer",
    "Shard",
    "Span",
    "Terms",
    "Throughput",
    "as_shard",
    "audio_member",
    "build_member",
    "cpu_count",
    "dropped_words",
    "facts_hash",
    "fit_features",
    "gathered",
    "grid_of",
    "is_finished",
    "is_odd",
    "member_facts",
    "member_params",
    "one_member",
    "one_shift",
    "open_members",
    "predicted_minutes",
    "runtime_of",
    "save_features",
    "saw_of_members",
    "score",
    "score_audio",
    "score_recordings",
    "throughput",
    "timings",
    "to_do",
    "tta_of",
]
