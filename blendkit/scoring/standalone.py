"""One member over a list of audio files: scores into a store, a status for every file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blendkit.audio import Channels, Grid, Recording, Silence, find_audio
from blendkit.core import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.member import TTA, MemberContext
from blendkit.recipe import DataFolder, MemberPlan, check_files, make_plan, parse_recipe
from blendkit.remote import is_remote
from blendkit.scoring.audio_members import MemberOrder
from blendkit.scoring.built_members import is_finished, member_params
from blendkit.scoring.identity import grid_of, member_facts, tta_of
from blendkit.scoring.opened_members import CPU_ONLY, Opened, Runtime, audio_member
from blendkit.scoring.run_speed import predicted_minutes, runtime_of, throughput
from blendkit.scoring.scorer import Executor, score_recordings
from blendkit.scoring.shards import Shard, as_shard
from blendkit.store import Stored, is_store, verify_store

NAME = "member"


@dataclass(frozen=True)
class Scorer:
    """One member without a recipe: its plan, parameters, context and facts (what its logits depend on)."""

    member: MemberPlan
    params: dict[str, Any]
    context: MemberContext
    facts: dict[str, Any]
    tta: TTA
    grid: Grid
    recordings: list[Recording]
    left_out: tuple[str, ...] = ()


def one_member(
    use: str,
    audio: Sequence[Path | str],
    *,
    settings: Sequence[str] = (),
    taxonomy: Taxonomy | None = None,
    chunk_s: float = 5.0,
    channels: Channels = "mean",
    silence: Silence = "score",
    runtime: Runtime = CPU_ONLY,
) -> Scorer:
    """Check a member's settings and find its files and recordings, without building the model.

    settings: `key=value` of the member, paths relative to the working folder (`model=m.onnx`,
    `tta.shifts_s=[-1, 0, 1]`). Raises BlendkitError for what a member alone cannot do.
    """
    overrides = [f"members.{NAME}.{s}" for s in settings]
    text = (
        f"recipe: 1\nname: score\nmembers:\n  {NAME}:\n    use: {json.dumps(use)}\noutput: {NAME}\n"
        f"chunk_s: {float(chunk_s)!r}\nchannels: {json.dumps(channels)}\nsilence: {json.dumps(silence)}\n"
    )
    with _in_words_of(use):
        plan = make_plan(parse_recipe(text, use, overrides, written=False))
    member, model = plan.members[NAME], plan.recipe.model.members[NAME]
    unused = {"steps", "fill_uncovered", "missing_rows", "unknown_classes", "optional"} & model.model_fields_set
    if unused or is_finished(member):
        why = f"{', '.join(sorted(unused))} belong to recipes" if unused else f"{use!r} reads finished scores"
        raise BlendkitError(f"score gives a model's own logits; {why}")
    with _in_words_of(use):
        files = check_files(plan, DataFolder(Path(), outside=True))
    known, found = taxonomy or Taxonomy({}), find_audio(audio)
    context = MemberContext(
        classes=known.classes,
        taxonomy=known,
        chunk_s=chunk_s,
        threads=runtime.used_threads,
        recordings=found.recordings,
        provider=runtime.provider,
        allow_code=runtime.allow_code,
    )
    tta = tta_of(model)
    grid = grid_of(plan, context)
    facts = member_facts(member, files, context, tta, grid)
    params = member_params(member, files)
    return Scorer(member, params, context, facts, tta, grid, list(found.recordings), found.left_out)


@contextmanager
def _in_words_of(use: str) -> Iterator[None]:
    """Name a member's settings as they were given, not as keys of the recipe that was made of them."""
    try:
        yield
    except BlendkitError as error:
        own = re.compile(rf"^{re.escape(use)}: members\.{NAME}(\.(?=[^:]+: )|: )")
        problems = [own.sub(lambda found: "" if found[1] == ": " else "--set ", p) for p in error.problems]
        raise BlendkitError(error.title.replace("this recipe", "this member"), problems) from error


def score(
    member: str,
    audio: Sequence[Path | str] | Path | str,
    out: Path | str,
    *,
    settings: Sequence[str] = (),
    taxonomy: Taxonomy | None = None,
    chunk_s: float = 5.0,
    channels: Channels = "mean",
    silence: Silence = "score",
    shard: Shard | str | None = None,
    verify: bool = False,
    replace: bool = False,
    runtime: Runtime = CPU_ONLY,
    executor: Executor = score_recordings,
    emit: Emit = silent,
) -> dict[str, Stored]:
    """Score audio (files, folders, addresses) with one member into the store `out`; return every recording's status.

    settings: `key=value` of the member. taxonomy: the target classes, default the member's own. channels: what members
    hear of several channels: their mean, the first, the loudest, or a number from 1. silence: `floor` does not give
    windows of digital silence to the model; their logits are -15. shard: only this share (`2/8`) of the recordings;
    other processes may fill the same store with the others at the same time. What the store holds already is not scored
    again (verify: unless its part does not match its hash), and a damaged recording never stops the rest. replace:
    whether logits of other audio under the same name, which the store holds, give way. executor: what scores, such as
    `Dask` with workers on many machines; default this process. Raises BlendkitError for what a member alone cannot do,
    for paths that hold no audio, and for such logits without `replace`.
    """
    scorer = one_member(
        member,
        given_paths(audio),
        settings=settings,
        taxonomy=taxonomy,
        chunk_s=chunk_s,
        channels=channels,
        silence=silence,
        runtime=runtime,
    )
    if verify and is_store(Path(out)):
        emit("store", {"name": member, "notes": verify_store(Path(out))})
    own = own_share(scorer, shard)
    return score_audio(own, Path(out), replace=replace, runtime=runtime, executor=executor, emit=emit)


def own_share(scorer: Scorer, shard: Shard | str | None) -> Scorer:
    """Return the scorer with the recordings of a shard alone. Raises BlendkitError as `as_shard`."""
    if shard is None:
        return scorer
    own = as_shard(shard)
    return replace(scorer, recordings=[r for r in scorer.recordings if own.holds(r.id)])


def given_paths(audio: Sequence[Path | str] | Path | str) -> list[Path | str]:
    """Return one place or several as a list; addresses stay texts."""
    listed = [audio] if isinstance(audio, (Path, str)) else list(audio)
    return [a if is_remote(a) else Path(a) for a in listed]


def score_audio(
    scorer: Scorer,
    out: Path,
    *,
    replace: bool = True,
    runtime: Runtime = CPU_ONLY,
    executor: Executor = score_recordings,
    emit: Emit = silent,
) -> dict[str, Stored]:
    """Score files with one member into the store `out`; return every recording's status.

    What the store holds already is not scored again; replace: see `score`. Of what was scored, the event `speed` says
    how fast it was, and how long 700 recordings would take on a machine of `runtime`'s cores.
    """
    if scorer.left_out:
        emit("left_out", {"files": list(scorer.left_out)})
    s = scorer
    member = audio_member(MemberOrder(s.member, s.params, s.context, s.tta, s.facts, out, s.grid, replace))
    scored = executor([member], scorer.recordings, scorer.grid, emit, None)
    opened, runtime = Opened({}, (member,), {}, [], {}), runtime_of(scored, runtime)
    for speed in throughput(opened, runtime):
        told = {"x_real_time": speed.x_real_time, "minutes": predicted_minutes(opened, scored, runtime)}
        emit("speed", {**told, "threads": runtime.used_threads, "cores": runtime.cores})
    return scored.status
