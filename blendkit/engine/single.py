"""One member over a list of audio files: scores into a store, a status for every file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from blendkit.audio import SUFFIXES, Recording, find_recordings, unique_recordings
from blendkit.engine.events import Tell, silent
from blendkit.engine.identity import facts_hash, member_facts
from blendkit.engine.members import build_member, cpu_count
from blendkit.engine.scoring import AudioMember, Grid, score_recordings
from blendkit.errors import BlendkitError
from blendkit.member import TTA, FinishedMember, Member, MemberContext
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.paths import DataFolder, check_files
from blendkit.recipe.plan import make_plan
from blendkit.rows import NameRule
from blendkit.store import LogitStore, Stored
from blendkit.taxonomy import Taxonomy

_NAME = "member"


def score_audio(
    use: str,
    audio: Sequence[Path],
    out: Path,
    *,
    settings: Sequence[str] = (),
    taxonomy: Taxonomy | None = None,
    chunk_s: float = 5.0,
    tell: Tell = silent,
) -> dict[str, Stored]:
    """Score files and folders with one member into the store `out`; return every recording's status.

    settings: `key=value` of the member, paths relative to the working folder (`model=m.onnx`,
    `tta.shifts_s=[-1, 0, 1]`). What the store holds already is not scored again.
    """
    overrides = [f"members.{_NAME}.{s}" for s in settings]
    text = f"recipe: 1\nname: score\nmembers:\n  {_NAME}:\n    use: {use}\n    tta: {{}}\noutput: {_NAME}\n"
    plan = make_plan(parse_recipe(text, "command line", overrides))
    member, model = plan.members[_NAME], plan.recipe.model
    files = check_files(plan, DataFolder(Path(), outside=True))
    known = taxonomy or Taxonomy({})
    context = MemberContext(known.classes, known, NameRule(), chunk_s, cpu_count())
    tta = TTA(tuple(model.members[_NAME].tta.shifts_s), model.members[_NAME].tta.edge)
    facts = member_facts(member, files, context, tta, model.remainder)
    params: dict[str, Any] = {**member.params, **{k: str(files["members", _NAME, k]) for k in member.files}}
    if "space" in params:
        raise BlendkitError(f"member {use!r} reads finished scores; there is nothing to score")

    def build() -> Member:
        made = build_member(member, params, context)
        assert not isinstance(made, FinishedMember)
        return made  # type: ignore[no-any-return]

    def open_store(made: Member) -> LogitStore:
        about = {"facts": facts, "notes": list(made.info.notes), "saw": list(made.info.saw)}
        return LogitStore.create(out, facts_hash(facts), made.info.classes, made.info.covered, about)

    scorer = AudioMember(use, build, tta, None, open_store)
    scorer.store = open_store(build()) if not (out / "manifest.json").exists() else _reopened(out, facts)
    grid = Grid(chunk_s, model.remainder, NameRule())
    return score_recordings([scorer], gather_audio(audio), grid, tell).status


def gather_audio(paths: Sequence[Path]) -> list[Recording]:
    """Return the recordings of files and folders. Raises BlendkitError for paths that hold none."""
    found, problems = [], []
    for path in paths:
        if path.is_dir():
            inside = find_recordings(path)
            found += inside
            problems += [] if inside else [f"{path}: no audio files in this folder"]
        elif path.suffix.lower() not in SUFFIXES or not path.is_file():
            what = "not an audio file" if path.is_file() else "no such file or folder"
            problems.append(f"{path}: {what}")
        else:
            found.append(Recording(path.stem, path))
    if problems:
        raise BlendkitError("nothing to score", problems)
    return unique_recordings(found)


def _reopened(out: Path, facts: dict[str, Any]) -> LogitStore:
    store = LogitStore.open(out)
    if store.made_by != facts_hash(facts):
        raise BlendkitError(
            f"{out}: holds logits of another member or of other settings; choose another --out",
            [f"it holds: {store.about.get('facts')}"],
        )
    store.drop_damaged()
    return store
