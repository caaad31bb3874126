"""Open a plan's members: read the finished tables, and give the audio members their stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

from blendkit.audio import Grid
from blendkit.core import Scores, UnknownClasses, as_saw, require_choice
from blendkit.errors import BlendkitError, counted, shorten
from blendkit.graphs import Provider
from blendkit.io import Provenance, read_provenance
from blendkit.member import (
    TTA,
    FileMember,
    FoldedMember,
    FoldEnsemble,
    Member,
    MemberContext,
    shift_notes,
)
from blendkit.recipe import MemberPlan, Plan, RecipeFiles
from blendkit.scoring.audio_members import AudioMember, MemberOrder, one_shift, unheard_notes
from blendkit.scoring.budget import Choice
from blendkit.scoring.built_members import build_member, finished_members, member_params
from blendkit.scoring.cpus import cpu_count
from blendkit.scoring.identity import UNASKED, facts_hash, grid_of, member_facts, tta_of
from blendkit.scoring.isolated_workers import isolated_member
from blendkit.store import OLD_MANIFEST, OWN_FILES, LogitStore, differing_facts, is_store


@dataclass(frozen=True)
class Opened:
    """Members by kind: finished scores (read), and those that need audio; `facts` of all.

    folds: per finished member that knows them, the fold of every recording. sources: per finished member, what its
    file says of its scores. cut: per member that a time budget stopped, the recordings that it did not hear.
    """

    tables: dict[str, Scores]
    audio: tuple[AudioMember, ...]
    facts: dict[str, dict[str, Any]]
    warnings: list[str]
    folds: dict[str, dict[str, str]]
    sources: dict[str, Provenance] = field(default_factory=dict)
    cut: dict[str, frozenset[str]] = field(default_factory=dict)

    def without(self, choice: Choice, cut: dict[str, frozenset[str]]) -> Opened:
        """Return the members that a run's choice leaves, without the shifts that it drops."""
        kept = [m for m in self.audio if m.name not in choice.members]
        audio = tuple(m.unshifted if m.name in choice.shifts and m.unshifted is not None else m for m in kept)
        facts = {n: f for n, f in self.facts.items() if n not in choice.members}
        return replace(self, audio=audio, facts={**facts, **{m.name: m.facts for m in audio}}, cut=cut)


TARGET_CORES = 4  # of Kaggle's CPU machine


@dataclass(frozen=True)
class Runtime:
    """What a machine and its user allow: what runs ONNX graphs, and whether a recipe may name functions to call.

    threads: that each model may use (None: as many as this process has CPUs). cores: of the machine for which a run's
    minutes are predicted. Raises BlendkitError for fewer than one of either.
    """

    provider: Provider = "cpu"
    allow_code: bool = False
    threads: int | None = None
    cores: int = TARGET_CORES

    def __post_init__(self) -> None:
        """Refuse less than one thread or core, and an unknown provider."""
        require_choice(self.provider, get_args(Provider), "provider")
        for what, count in (("threads", self.threads), ("cores", self.cores)):
            if count is not None and count < 1:
                raise BlendkitError(f"{what}: expected a whole number from 1 on, got {count}")

    @property
    def used_threads(self) -> int:
        """The threads that each model uses."""
        return self.threads or cpu_count()


CPU_ONLY = Runtime()
_MOST_HINTS = 5  # lines on what eBird calls the unknown classes


def open_members(
    plan: Plan, context: MemberContext, files: RecipeFiles, stores: Path, *, may_drop_shifts: bool = False
) -> Opened:
    """Read the finished members and open the stores of the others, without building any model.

    may_drop_shifts: members with shifts also get the store of the same member without them. Where neither a taxonomy
    nor a template lists the run's classes, they are those of the finished members, and the others score these.
    """
    model = plan.recipe.model
    tables: dict[str, Scores] = {}
    audio, facts, warnings, folds, sources = [], {}, [], {}, {}
    grid = grid_of(plan, context)
    for name, (made, scores) in finished_members(plan, context, files).items():
        member, tables[name] = plan.members[name], scores
        facts[name] = member_facts(member, files, context, tta_of(model.members[name]), grid)
        sources[name] = _source(member, files)
        if context.classes:  # classes can be checked before anything is scored; rows only afterwards
            ignored = model.members[name].unknown_classes == "ignore"
            tables[name], left = _of_the_runs_classes(name, tables[name], context, ignored)
            warnings += left
        warnings += [f"member {name!r}: {w}" for w in made.warnings()]
        if isinstance(made, FoldedMember) and made.folds:
            folds[name] = dict(made.folds)
    asked = context if context.classes else replace(context, classes=_of_the_tables(tables))
    for name, member in ((n, m) for n, m in plan.members.items() if n not in tables):
        tta, params = tta_of(model.members[name]), member_params(member, files)
        order = _order(member, params, asked, tta, member_facts(member, files, asked, tta, grid), stores, grid)
        facts[name] = order.facts
        audio.append(audio_member(order))
        alone = one_shift(tta) if may_drop_shifts else None
        if alone is not None:
            own = member_facts(member, files, asked, alone, grid)
            audio[-1].unshifted = audio_member(_order(member, params, asked, alone, own, stores, grid))
    return Opened(tables, tuple(audio), {n: facts[n] for n in plan.members}, warnings, folds, sources)


def _of_the_tables(tables: Mapping[str, Scores]) -> tuple[str, ...]:
    """The classes of finished members, sorted: the order of a file's columns must not orphan saved logits."""
    return tuple(sorted({c for s in tables.values() for c in s.classes}))


def _order(
    member: MemberPlan, params: dict[str, Any], context: MemberContext, tta: TTA, facts: dict[str, Any], stores: Path,
    grid: Grid,
) -> MemberOrder:  # fmt: skip
    """What is asked of an audio member, with the folder of its logits."""
    return MemberOrder(member, params, context, tta, facts, _folder(stores, member, facts), grid)


def _folder(stores: Path, member: MemberPlan, facts: dict[str, Any]) -> Path:
    return stores / f"{member.use}-{facts_hash(facts)[:12]}"


def _source(member: MemberPlan, files: RecipeFiles) -> Provenance:
    """What a finished member's first file says of its scores: the others name classes, rows or places."""
    found = [p for key in member.files for p in files.of_member(member.name, key)]
    return read_provenance(found[0]) if found else Provenance()


def _of_the_runs_classes(name: str, scores: Scores, context: MemberContext, ignored: bool) -> tuple[Scores, list[str]]:
    """Return scores on the classes of the run, and a note on others that are left out.

    Where others are an error, it says what eBird knows, and the way out.
    """
    source, unknown = f"member {name!r}", sorted(set(scores.classes) - set(context.classes))
    left = [f"{source}: {counted(len(unknown), 'class', 'classes')} that the run lacks left out: {shorten(unknown)}"]
    try:
        policy: UnknownClasses = "ignore" if ignored else "error"
        aligned = scores.align(scores.rows, context.classes, source=source, unknown_classes=policy)
    except BlendkitError as error:
        hints = context.taxonomy.ebird_hints(unknown, context.classes)[:_MOST_HINTS]
        way_out = (
            "`unknown_classes: ignore` on the member leaves them out (`blendkit blend` and `blendkit new` take "
            "--unknown-classes ignore); the run's classes are those of its taxonomy and "
            "template: `taxonomy: []` and `template: null` for none"
        )
        raise BlendkitError(error.title, [*error.problems, *hints, way_out]) from error
    return aligned, left if unknown else []


def audio_member(order: MemberOrder) -> AudioMember:
    """Return an audio member with its store, without building the model yet.

    Raises BlendkitError if the store's folder holds another member's logits.
    """
    member = order.member

    def build() -> Member | FileMember:
        make = partial(build_member, member, order.params, order.context)
        made: Member | FileMember = isolated_member(member.name, make) if member.isolate else make()
        return made

    def open_store(made: Member | FileMember) -> LogitStore:
        info = made.info
        notes = [*info.notes, *shift_notes(info, order.tta), *unheard_notes(made, order.grid)]
        about = {"facts": order.facts, "notes": notes, **as_saw(info.saw).to_json()}
        if isinstance(made, FoldEnsemble):
            about["fold_saw"] = [saw.to_json() for saw in made.fold_saw]
        return LogitStore.create(order.folder, facts_hash(order.facts), info.classes, info.covered, about)

    store = _existing(order.folder, order.facts)
    return AudioMember(
        member.name, build, order.tta, store, open_store, limit_s=member.limit_s, facts=order.facts, order=order
    )


def _existing(folder: Path, facts: Mapping[str, Any]) -> LogitStore | None:
    if not is_store(folder) and not (folder / OLD_MANIFEST).exists():
        if folder.is_dir() and not all(p.name.startswith(OWN_FILES) for p in folder.iterdir()):
            raise BlendkitError(f"{folder}: holds files but is not a logit store; choose another folder")
        return None
    store = LogitStore.open(folder)
    if store.made_by != facts_hash(facts):
        what = f"{folder}: holds logits of another member or of other settings; choose another folder"
        held, asked = ({**UNASKED, **f} for f in (store.about.get("facts") or {}, facts))
        raise BlendkitError(what, [f"{k}: it holds {a}, asked for {b}" for k, a, b in differing_facts(held, asked)])
    store.drop_damaged()
    return store
