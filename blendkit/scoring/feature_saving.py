"""Features of recordings: one member without a recipe, whose blocks go into a feature store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from blendkit.audio import Channels
from blendkit.core import NameRule, as_saw, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.member import TTA, FeatureMember, Member, RecordingAudio, check_window, features_of
from blendkit.scoring.background_mixing import BackgroundMix
from blendkit.scoring.built_members import build_member
from blendkit.scoring.feature_audio import FeatureAudio
from blendkit.scoring.identity import facts_hash
from blendkit.scoring.opened_members import CPU_ONLY, Runtime
from blendkit.scoring.recording_keys import other_audio_said
from blendkit.scoring.shards import Shard
from blendkit.scoring.standalone import NAME, Scorer, given_paths, one_member, own_share
from blendkit.scoring.statuses import stored, to_do
from blendkit.store import FeatureStore, Stored, require_features
from blendkit.temporaries import remove_abandoned_scratch


def fit_features(
    member: str,
    audio: Sequence[Path | str] | Path | str,
    out: Path | str,
    *,
    names: Sequence[str] = (),
    settings: Sequence[str] = (),
    chunk_s: float = 5.0,
    channels: Channels = "mean",
    mix: BackgroundMix | None = None,
    shard: Shard | str | None = None,
    replace: bool = False,
    runtime: Runtime = CPU_ONLY,
    emit: Emit = silent,
) -> dict[str, Stored]:
    """Save a member's features of audio into the feature store `out`; return every recording's status.

    names: features, or `blocks` for all blocks (default: these and the embedding). mix: makes the features of copies
    that are mixed with background audio, `<id>#mix1` and so on, not of the audio itself. See `score` for the rest.
    """
    scorer = one_member(
        member, given_paths(audio), settings=settings, chunk_s=chunk_s, channels=channels, runtime=runtime
    )
    return save_features(own_share(scorer, shard), names, Path(out), mix=mix, replace=replace, emit=emit)


def save_features(
    scorer: Scorer,
    names: Sequence[str],
    out: Path,
    *,
    mix: BackgroundMix | None = None,
    replace: bool = True,
    emit: Emit = silent,
) -> dict[str, Stored]:
    """Save a member's features of every chunk into the feature store `out`; return every recording's status.

    names: features, or `blocks` for all blocks the model has (default: these and the embedding). mix: see
    `fit_features`. What is stored already is not made again; replace: see `score`.
    Raises BlendkitError if the member gives none, or not these, with the nearest.
    """
    remove_abandoned_scratch()
    if scorer.tta != TTA():
        raise BlendkitError("features are made of unshifted windows: leave out `tta`")
    if scorer.left_out:
        emit("left_out", {"files": list(scorer.left_out)})
    made = build_member(scorer.member, scorer.params, scorer.context)
    if not isinstance(made, FeatureMember) or not isinstance(made, Member):
        raise BlendkitError(f"{scorer.member.use!r} gives logits only, no features")
    if scorer.member.isolate:
        raise BlendkitError("features are made in blendkit's own process: leave out `isolate`")
    check_window(NAME, made.info, scorer.context.chunk_s)
    wanted = _feature_names(scorer.member.use, made, names)
    shapes = {n: made.feature_shapes[n] for n in wanted}
    facts = {k: v for k, v in scorer.facts.items() if k not in ("classes", "tta", "silence")}
    learned = as_saw(made.info.saw)
    about = {"facts": facts, "notes": list(made.info.notes), **(learned.to_json() if len(learned) else {})}
    source = FeatureAudio.of(scorer.recordings, scorer.grid, mix)
    store = FeatureStore.create(out, facts_hash(facts), shapes, {**about, **source.facts})
    store.manifest.drop_damaged()
    known = store.manifest.recordings()
    if said := other_audio_said(out, known, source.recordings, source.keys, "features", replaces=replace):
        emit("store", {"name": scorer.member.use, "notes": said})
    todo = [r for r in source.recordings if r.id not in known or known[r.id].key != source.keys[r.id]]
    emit("scoring", to_do(len(source.recordings), len(todo)))
    with closing(source.decoded(todo, made.info.rate, store)) as coming:
        for group in coming:
            rows = chunk_rows({p.recording: p.chunks for p in group}, scorer.context.chunk_s, NameRule())
            at = {r: i for i, r in enumerate(rows.recordings())}  # values follow the rows, not the group's order
            own = sorted(group, key=lambda p: at.get(p.recording, len(at)))
            jobs = [RecordingAudio(p.recording, p.by_rate[made.info.rate], p.chunks) for p in own]
            values = features_of(made, made.info, wanted, jobs, scorer.context.chunk_s)
            store.write(rows, values, {p.recording: stored(p, source.keys[p.recording]) for p in group})
            emit("scored", {"recordings": [p.recording for p in group], "status": [p.status for p in group]})
            del group, own, jobs  # their samples go before the next ones come
    store.finish()
    known = store.manifest.recordings()
    return {r.id: known[r.id] for r in source.recordings}


def _feature_names(who: str, made: FeatureMember, names: Sequence[str]) -> list[str]:
    shapes = made.feature_shapes
    blocks = list(made.blocks)
    asked = names or ["blocks", *(["embedding"] if "embedding" in shapes else [])]
    wanted = list(dict.fromkeys(n for name in asked for n in (blocks if name == "blocks" else [name])))
    require_features(who, wanted, shapes)
    return wanted
